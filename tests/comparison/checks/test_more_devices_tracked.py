from comparison.submitted import rules, submission
from isojoule.comparison.checks.more_devices_tracked import find_more_devices_tracked
from isojoule.records import Accelerator, Hardware, Run, Workload


def found(**stated):
    return list(find_more_devices_tracked([submission(**stated)], rules()))


def run_on(n):
    devices = (Accelerator("A100", "nvidia"),) * n
    return Run(
        run_id="r1",
        name="training",
        workload=Workload("training"),
        hardware=Hardware("node", devices),
        energies=(),
        origin="emissions.csv line 2",
    )


def test_more_tracked_than_used_is_a_warning_with_both_numbers():
    (finding,) = found(n_devices=1, n_tracked_devices=8)
    assert (finding.check, finding.severity) == ("more-devices-tracked", "warning")
    assert "1 device used, 8 in the tracker's file" in finding.text
    assert "gpu_ids" in finding.mail


def test_the_devices_of_a_record_count_as_tracked():
    (finding,) = found(n_devices=1, runs=(run_on(1), run_on(4)))
    assert ("devices tracked", "4: emissions.csv line 2") in finding.evidence


def test_as_many_or_an_unknown_number_say_nothing():
    assert not found(n_devices=4, n_tracked_devices=4)
    assert not found(n_devices=4, n_tracked_devices=1)
    assert not found(n_devices=None, n_tracked_devices=8)
    assert not found(n_devices=1, runs=(run_on(1),))
