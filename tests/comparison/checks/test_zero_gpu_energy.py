import pytest

from comparison.submitted import rules, submission
from isojoule.comparison.checks.zero_gpu_energy import find_zero_gpu_energy
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload


def found(made):
    return list(find_zero_gpu_energy([made], rules()))


def run(*energies, has_gpu=True):
    devices = (Accelerator("Tesla K80", "nvidia"),) if has_gpu else ()
    return Run(
        run_id="r1",
        name="training",
        workload=Workload("training"),
        hardware=Hardware("Tesla K80", devices),
        energies=tuple(ComponentEnergy(*energy) for energy in energies),
        duration_s=3600.0,
        origin="emissions.csv line 2",
    )


def test_an_energy_of_0_with_a_device_named_is_an_error():
    (finding,) = found(submission(train_kwh="0", device="Tesla K80"))
    assert (finding.check, finding.severity) == ("zero-gpu-energy", "error")
    assert "train" in finding.text
    assert "Tesla K80" in finding.mail


def test_an_energy_of_0_without_a_device_is_not_its_matter():
    assert not found(submission(train_kwh="0", device=None))


@pytest.mark.parametrize("gpu", [("gpu", None, "absent"), ("gpu", 0.0, "measured")])
def test_a_record_that_names_a_board_without_energy_is_an_error(gpu):
    (finding,) = found(submission(runs=(run(gpu, ("cpu", 100.0, "declared")),)))
    assert finding.severity == "error"
    assert dict(finding.evidence) == {
        "record": "emissions.csv line 2",
        "device": "Tesla K80",
    }


def test_a_record_with_energy_of_its_board_is_right():
    assert not found(submission(runs=(run(("gpu", 5.0, "measured")),)))


def test_a_total_may_hold_the_board():
    assert not found(submission(runs=(run(("node", 5.0, "declared")),)))
    assert not found(submission(runs=(run(("wall", 5.0, "measured")),)))


def test_a_record_without_a_board_needs_none():
    only_cpu = run(("cpu", 5.0, "measured"), has_gpu=False)
    assert not found(submission(runs=(only_cpu,)))
