"""isojoule suite, where a command does more than call one function."""

import json

import pytest

from isojoule.cli import main
from isojoule.formats.calibration import write_calibration
from isojoule.formats.native import write_native
from isojoule.store import RunStore
from suite.test_calibration import GOOD, calibration_of, reference_run


@pytest.fixture
def isojoule(capsys):
    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_check_says_what_is_wrong_once_and_exits_with_2(isojoule, tmp_path):
    short = [
        reference_run(name, duration_s=20.0, warnings=("a doubt",), run_id=name)
        for name in ("mlp-1x512", "rnn-1x128", "cnn-1x128")
    ]
    write_calibration(tmp_path / "c.json", calibration_of(*short))
    code, out, _ = isojoule("suite", "check", str(tmp_path / "c.json"))
    assert code == 2
    assert "error    shorter than 60 s: cnn-1x128, mlp-1x512, rnn-1x128" in out
    assert "a doubt (and 2 more)" in out
    assert "NOT accepted" in out


def test_normalize_takes_two_calibrations_together(isojoule, tmp_path):
    from dataclasses import replace

    from isojoule.records import Hardware

    other = Hardware("Other")
    write_calibration(tmp_path / "a.json", calibration_of(*GOOD))
    twice = [
        replace(
            run,
            run_id=f"{run.run_id}-b",
            hardware=other,
            energies=tuple(replace(e, energy_j=2 * e.energy_j) for e in run.energies),
        )
        for run in GOOD
    ]
    write_calibration(
        tmp_path / "b.json", replace(calibration_of(*twice), hardware=other)
    )
    code, out, _ = isojoule(
        *("normalize", str(tmp_path / "a.json"), str(tmp_path / "b.json")),
        *("--from", "Card", "--to", "Other", "--method", "dual", "--json"),
    )
    assert code == 0
    estimates = {e["workload"]: e["energy_j"] for e in json.loads(out)["estimates"]}
    # Medians of 6000 and 6100 J and of 9000 and 9050 J, twice.
    assert estimates["mlp-1x512"] == pytest.approx(12_100)
    assert estimates["cnn-1x128"] == pytest.approx(18_050)


@pytest.mark.slow
def test_runs_of_jobs_that_nobody_waited_for_come_into_the_store(isojoule, tmp_path):
    left = tmp_path / "store" / "jobs" / "mlp-1x512"
    with RunStore.open(tmp_path / "store"):
        left.mkdir(parents=True)
        write_native(left / "a.json", GOOD[:1])
    code, *_ = isojoule(
        *("suite", "run", "rnn-1x128", "--steps", "200", "--fast", "--phase", "test"),
        *("--store", str(tmp_path / "store"), "--out", str(tmp_path / "c.json")),
    )
    assert code == 0
    with RunStore.open(tmp_path / "store") as store:
        assert GOOD[0].run_id in {run.run_id for run in store.runs()}
    assert list(left.glob("*.json")) == []


def test_an_option_for_slurm_is_a_pair(isojoule, tmp_path):
    code, _, err = isojoule(
        *("suite", "run", "rnn-1x128", "--launcher", "local", "--slurm", "gpu"),
        *("--store", str(tmp_path / "store")),
    )
    assert code == 2
    assert "NAME=VALUE" in err
