from comparison.submitted import rules, submission
from isojoule.comparison.checks.too_short import find_short_runs
from isojoule.records import Hardware, Run, Workload


def run(duration_s):
    return Run(
        run_id="r1",
        name="devtest",
        workload=Workload("devtest"),
        hardware=Hardware("h"),
        energies=(),
        duration_s=duration_s,
        origin="emissions.csv line 2",
    )


def found(**stated):
    return list(find_short_runs([submission(**stated)], rules()))


def test_a_stated_training_below_a_minute_is_a_warning():
    (finding,) = found(duration_s=45)
    assert (finding.check, finding.severity) == ("too-short", "warning")
    assert "45 s" in finding.text
    assert "1 min 0 s" in finding.mail


def test_records_below_a_minute_are_named_with_their_file():
    (finding,) = found(runs=(run(59.0), run(60.0)))
    assert finding.evidence == (("record 'devtest'", "emissions.csv line 2"),)


def test_long_enough_and_unknown_durations_say_nothing():
    assert not found(duration_s=60, runs=(run(None), run(3600.0)))
    assert not found(duration_s="soon")
