"""Submissions written by hand, and the fields of rules to read them with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from isojoule.formats.submissions import read_submissions
from isojoule.submissions import Handed

FIELDS = {
    "label": ("system",),
    "name": ("name",),
    "team": ("team",),
    "is_baseline": ("is_baseline",),
    "energy_kwh.train": ("train_kwh", "energy_training"),
    "energy_kwh.test": ("test_kwh", "energy_test"),
    "reference_energy_kwh.baseline.test": ("reference_kwh", "energy_baseline"),
    "scores.psds1": ("psds1", "psds1_eval_full"),
    "scores.psds1.low": ("psds1_lo",),
    "scores.psds1.high": ("psds1_hi",),
    "n_params": ("params", "system_complexity_params"),
    "n_macs": ("macs",),
    "n_subsystems": ("members",),
    "training_time": ("time", "system_complexity_time"),
}

META = """\
# Submission information
submission:
  label: {label}
  name: a system
system:
  complexity:
    total_parameters: 1.2M
    macs: 930.902M
  description:
    ensemble_method_subsystem_count: !!null
energy_training: {train}
energy_test: {test}
psds1: 0.4
"""


@pytest.fixture
def fields() -> dict[str, tuple[str, ...]]:
    """Rules.fields of a small challenge."""
    return dict(FIELDS)


@pytest.fixture
def hand_in(tmp_path: Path, fields) -> Callable[..., Handed]:
    """Write files below one folder and read them as submissions."""
    root = tmp_path / "handed"

    def read(files: dict[str, str | bytes], **options: object) -> Handed:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(data)
        return read_submissions(root, fields, **options)

    return read


@pytest.fixture
def read_file(tmp_path: Path, fields) -> Callable[[str, str | bytes], Handed]:
    """Write one file and read the submissions in it."""

    def read(name: str, content: str | bytes) -> Handed:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_submissions(path, fields)

    return read


@pytest.fixture
def meta() -> Callable[..., str]:
    """Text of a meta file."""

    def write(label: str, *, train: str = "", test: str = "") -> str:
        return META.format(label=label, train=train, test=test)

    return write


@pytest.fixture
def emissions() -> Callable[..., str]:
    """Text of an emissions.csv of CodeCarbon 2.3: GPU, CPU, RAM as 8, 1, 1 parts."""
    columns = (
        "timestamp,project_name,run_id,duration,emissions,cpu_energy,gpu_energy,"
        "ram_energy,energy_consumed,codecarbon_version,gpu_count,gpu_model,pue"
    )

    def write(*energies_kwh: float, pue: float = 1.0) -> str:
        rows = [
            f"2024-05-06T07:0{n}:09,sed,run{n},3600.0,9.9,{e / 10},{e * 8 / 10},"
            f"{e / 10},{e},2.3.4,2,2 x NVIDIA A40,{pue}"
            for n, e in enumerate(energies_kwh)
        ]
        return "\n".join([columns, *rows, ""])

    return write
