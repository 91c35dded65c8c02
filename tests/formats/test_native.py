from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from isojoule.errors import FormatError
from isojoule.formats.native import (
    pack_samples,
    read_native,
    unpack_samples,
    write_native,
)
from isojoule.records import (
    Accelerator,
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "runs_v1.json"


def run_of_schema_1() -> Run:
    """A run that fills every field of schema 1."""
    channel = Channel("cpu0_energy_j", "cpu", "energy_j", "cpu0", "measured", 262144.0)
    return Run(
        run_id="20260102T030405006-abcdef",
        name="training",
        workload=Workload(
            name="mlp-1x512",
            phase="train",
            model="mlp",
            task="reference-suite",
            mode="device-only",
            batch_size=8,
            n_samples=1578,
            n_samples_per_epoch=1578,
            n_params=4199946,
            forward_flop_per_sample=8398848,
            training_flop_per_sample=16807936,
        ),
        hardware=Hardware(
            name="NVIDIA A40",
            accelerators=(Accelerator("NVIDIA A40", "nvidia", "GPU-1", 2**35, 300.0),),
            cpu_name="AMD EPYC 7543",
            n_cpus=64,
            n_threads=8,
            memory_bytes=2**38,
            host="node17",
            software={"python": "3.11.7"},
        ),
        energies=(
            ComponentEnergy("gpu", 1234.5, "counter"),
            ComponentEnergy("cpu", 100.25, "modelled"),
            ComponentEnergy("dram", None, "absent"),
        ),
        duration_s=12.5,
        started_at=datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC),
        status="complete",
        windows=(
            Window(
                "epoch",
                "train",
                0,
                0.5,
                12.0,
                (ComponentEnergy("gpu", 1.0, "counter"),),
            ),
        ),
        samples=Samples((channel,), np.array([0.0, 12.5]), np.array([[np.nan, 3.25]])),
        gpu_utilization_fraction=0.5,
        power_limit_w=300.0,
        origin="nvml, cpu-model",
        command=("python", "train.py"),
        exit_code=0,
        warnings=("a doubt",),
        tags={"device": "cuda:0"},
        isojoule_version="0.1.0",
    )


def run_of_schema_2() -> Run:
    """A run that fills every field that schema 2 has."""
    run = run_of_schema_1()
    channel = Channel(
        "gpu0_energy_j",
        "gpu",
        "energy_j",
        "gpu0",
        gain_error_fraction=0.05,
        averaging_s=1.0,
        resolution=0.001,
        origin="nvmlDeviceGetTotalEnergyConsumption",
    )
    bounded = ComponentEnergy("gpu", 1234.5, "counter", 1170.0, 1299.0, 0.05)
    return replace(
        run,
        energies=(bounded, *run.energies[1:]),
        samples=Samples((channel,), np.array([0.0, 12.5]), np.array([[np.nan, 3.25]])),
        start_s=0.25,
        refresh_s={"gpu0_energy_j": 0.1},
        sampling_period_s=0.1,
        left_out=("memory",),
    )


def run_of_schema_3() -> Run:
    """A run that fills every field that schema 3 has."""
    run = run_of_schema_2()
    return replace(
        run,
        workload=replace(
            run.workload,
            family="cnn",
            settings={"precision": "float32"},
            activation_bytes_per_sample=4096,
        ),
        gpu_memory_utilization_fraction=0.25,
        measures={"loader_fraction": 0.125},
    )


def full_run() -> Run:
    """A run that fills every field."""
    run = run_of_schema_3()
    return replace(
        run,
        workload=replace(
            run.workload,
            n_validation_samples_per_epoch=394,
            input_shape=(1, 128, 64),
        ),
        windows=(replace(run.windows[0], scores={"val_loss": 0.5}),),
    )


def test_a_run_comes_back_from_its_file_as_it_was(tmp_path):
    write_native(tmp_path / "runs.json", [full_run(), replace(full_run(), run_id="b")])
    assert read_native(tmp_path / "runs.json") == [
        full_run(),
        replace(full_run(), run_id="b"),
    ]


def test_a_file_of_schema_1_stays_readable():
    assert read_native(GOLDEN) == [run_of_schema_1()]


def test_a_file_of_schema_2_stays_readable():
    assert read_native(DATA / "runs_v2.json") == [run_of_schema_2()]


def test_a_file_of_schema_3_stays_readable():
    assert read_native(DATA / "runs_v3.json") == [run_of_schema_3()]


def test_a_file_of_schema_4_stays_readable():
    assert read_native(DATA / "runs_v4.json") == [full_run()]


def test_samples_come_back_from_their_blob():
    samples = full_run().samples
    assert unpack_samples(pack_samples(samples), where="x") == samples


def test_samples_without_a_reading_come_back_too():
    channels = full_run().samples.channels
    none = Samples(channels, np.empty(0), np.empty((len(channels), 0)))
    assert unpack_samples(pack_samples(none), where="x") == none


@pytest.mark.parametrize("blob", [b"", b"junk", pack_samples(full_run().samples)[:-9]])
def test_a_damaged_blob_is_told(blob):
    with pytest.raises(FormatError, match="samples of run 7 are damaged"):
        unpack_samples(blob, where="run 7")


def test_a_newer_schema_is_refused_in_one_clear_line(tmp_path):
    path = tmp_path / "runs.json"
    text = GOLDEN.read_text().replace('"schema_version":1', '"schema_version":9')
    path.write_text(text)
    with pytest.raises(FormatError, match="schema 9, this isojoule reads up to 4"):
        read_native(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"energy_j":1234.5', '"energy_j":"many"', "energy_j"),
        ('"energy_j":1234.5', '"energy_j":-1', "gpu energy is -1"),
        ('"component":"gpu"', '"component":"tpu"', "Invalid enum value"),
        ('"name":"training",', "", "missing required field `name`"),
        ("[0.0,12.5]", "[12.5,0.0]", "backwards"),
        ("[0.0,12.5]", '["a","b"]', "array of numbers"),
        ('"kind":"isojoule-runs"', '"kind":"something"', "something"),
        ("]}\n", "", "truncated"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(tmp_path, old, new, told):
    path = tmp_path / "runs.json"
    text = GOLDEN.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=told) as caught:
        read_native(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_native(tmp_path / "nowhere.json")
