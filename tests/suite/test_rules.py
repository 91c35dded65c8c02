from dataclasses import replace

import numpy as np
import pytest

from builders import make_run
from isojoule.records import Channel, Samples, Window
from isojoule.suite import FAST, STANDARD, Rules
from isojoule.suite.rules import broken_rules, count_readings

LOAD = Channel("cpu0_utilization_fraction", "cpu", "utilization_fraction", "cpu0")


def finished(*, duration_s=60.0, load=0.0, idle_s=5.0):
    """Idle, then work, then idle; one reading each second."""
    time_s = np.arange(0.0, duration_s + 2 * idle_s + 1)
    idle = (time_s < idle_s) | (time_s > idle_s + duration_s)
    values = np.where(idle, load, 1.0)[None]
    end_s = idle_s + duration_s
    return replace(
        make_run(),
        samples=Samples((LOAD,), time_s, values),
        start_s=idle_s,
        duration_s=duration_s,
        windows=(
            Window("idle before", "idle", None, 0.0, idle_s),
            Window("idle after", "idle", None, end_s, end_s + idle_s),
        ),
    )


def test_a_run_as_the_rules_want_it_breaks_none():
    assert broken_rules(finished(), STANDARD, is_steady=True) == ()


def test_readings_are_counted_within_the_run():
    assert count_readings(finished()) == 61
    assert count_readings(make_run()) == 0


def test_what_broke_a_rule_is_told():
    short = broken_rules(finished(duration_s=30.0), STANDARD, is_steady=False)
    assert short == (
        "run rule broken: it lasted 30 s, less than 1 min 0 s",
        "run rule broken: 31 readings, fewer than 60",
        "run rule broken: pace and power were not steady after 30 s of warming up",
    )


def test_a_machine_that_others_use_is_told():
    before, after = broken_rules(finished(load=0.4), STANDARD, is_steady=True)
    assert before.startswith("run rule broken: the CPU was 40% busy idle before, with")
    assert "idle after" in after


def test_loads_that_may_be_of_the_work_before_do_not_count():
    assert broken_rules(finished(load=0.4, idle_s=1.0), FAST, is_steady=True) == ()


def test_a_missing_idle_is_told():
    run = replace(finished(), windows=())
    (told,) = broken_rules(run, STANDARD, is_steady=True)
    assert "no idle was recorded" in told


@pytest.mark.parametrize(
    ("changes", "standard"),
    [
        ({}, True),
        ({"n_repeats": 3, "n_epochs": 10}, True),
        ({"min_duration_s": 59.0}, False),
        ({"n_steps": 100}, False),
        ({"idle_s": 0.0}, False),
        ({"whole_epochs": False}, False),
    ],
)
def test_only_what_is_no_shorter_than_the_standard_is_standard(changes, standard):
    assert replace(STANDARD, **changes).is_standard is standard
    assert not FAST.is_standard


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"n_repeats": 0}, "one repeat"),
        ({"n_steps": 0}, "one step"),
        ({"min_duration_s": 0.0}, "positive time"),
        ({"idle_s": -1.0}, "negative"),
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        Rules(**wrong)
