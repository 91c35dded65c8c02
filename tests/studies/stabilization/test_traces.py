import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.records import Channel, Samples
from isojoule.studies.stabilization.traces import Trace, has_trace, trace_of
from trainings import POWER, make_training


def samples(time_s, *rows):
    channels = tuple(channel for channel, _ in rows)
    values = np.array([values for _, values in rows], dtype=float)
    return Samples(channels, np.array(time_s, dtype=float), values)


def traced(time_s, *rows, **changes):
    return trace_of(make_training(samples=samples(time_s, *rows), **changes))


def test_cards_are_added_up_and_a_failed_reading_is_the_one_before():
    other = Channel("gpu1_power_w", "gpu", "power_w", "gpu1")
    trace = traced([0, 1, 2], (POWER, [np.nan, 100, 110]), (other, [50, np.nan, 60]))
    assert trace.power_w.tolist() == [150, 150, 170]
    assert trace.channels == ("gpu0_power_w", "gpu1_power_w")


def test_a_reading_of_power_goes_before_a_counter_and_a_card_before_the_plug():
    counter = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")
    plug = Channel("plug_power_w", "wall", "power_w", "plug")
    trace = traced([0, 1], (plug, [500, 500]), (counter, [0, 99]), (POWER, [100, 101]))
    assert trace.power_w.tolist() == [100, 101]
    assert traced([0, 1], (plug, [500, 510])).power_w.tolist() == [500, 510]


def test_a_counter_gives_the_power_until_its_next_reading():
    counter = Channel("cpu_energy_j", "cpu", "energy_j", "cpu", counter_range_j=1000.0)
    trace = traced([0, 1, 3, 4], (counter, [900, 950, 50, 80]))
    # 50 J in 1 s; 100 J to the wrap-around and after in 2 s; 30 J in 1 s; held
    assert trace.power_w.tolist() == [50, 50, 30, 30]


def test_the_idle_before_the_run_is_left_out():
    trace = traced([-2, -1, 0, 1], (POWER, [10, 10, 100, 100]))
    assert trace.time_s.tolist() == [0, 1]


def test_steps_hold_the_mean_power_of_readings_that_last_until_the_next():
    trace = Trace(np.array([0.0, 1.0, 3.0, 4.0]), np.array([100.0, 200.0, 50.0, 50.0]))
    steps = trace.averaged(2.0)
    assert steps.time_s.tolist() == [0, 2]
    assert steps.power_w.tolist() == [150, 125]
    assert (trace.period_s, trace.duration_s) == (1.0, 4.0)
    assert trace.since(1.0).time_s.tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"samples": None}, "has no samples"),
        (
            {
                "samples": samples(
                    [0, 1],
                    (Channel("t", "gpu", "temperature_c", "gpu0"), [40, 41]),
                )
            },
            "no readings of power",
        ),
        ({"samples": samples([0, 1], (POWER, [np.nan] * 2))}, "no readings of power"),
        ({"samples": samples([0], (POWER, [100]))}, "no readings of power"),
    ],
)
def test_a_run_without_power_says_so(changes, told):
    with pytest.raises(InsufficientDataError, match=told):
        trace_of(make_training(**changes))


def test_whether_there_is_a_trace_is_told_by_the_channels():
    assert has_trace(samples([0, 1], (POWER, [1, 2])))
    assert not has_trace(None)
