import numpy as np
import pytest

from isojoule.studies.stabilization.fluss import (
    DETECTORS,
    SETTINGS,
    Arcs,
    CarefulFluss,
    PublishedFluss,
    compile_for,
    lowest_valley,
)
from isojoule.studies.stabilization.profiles import corrected_arcs, nearest_like
from isojoule.studies.stabilization.traces import Trace, trace_of
from trainings import make_training

PUBLISHED, CAREFUL = DETECTORS["published"], DETECTORS["sane"]


def judged(heights, first=0, last=None):
    heights = np.array(heights, dtype=float)
    arcs = Arcs(
        np.arange(len(heights)) * 10.0, heights, first, last or len(heights) - 1
    )
    return CarefulFluss("x")._judge(arcs, 10.0)


def naive_nearest(series, m, *, by_shape):
    """Return the nearest stretch of each by looking at all that do not overlap much."""
    stretches = [np.array(series[i : i + m]) for i in range(len(series) - m + 1)]
    if by_shape:
        stretches = [(s - s.mean()) / s.std() for s in stretches]
    zone = -(-m // 4)
    found = []
    for i, one in enumerate(stretches):
        distances = [
            np.inf if abs(i - j) <= zone else float(((one - other) ** 2).sum())
            for j, other in enumerate(stretches)
        ]
        found.append(int(np.argmin(distances)))
    return found


def test_the_lowest_valley_is_the_one_that_is_higher_on_both_sides():
    assert lowest_valley(np.array([3.0, 1.0, 2.0, 0.5, 0.5, 4.0])) == (3, 4)
    assert lowest_valley(np.array([0.0, 1.0, 0.7, 1.0, 0.0])) == (2, 2)
    assert lowest_valley(np.array([3.0, 1.0, 2.0, 1.0, 2.0])) == (1, 1)


@pytest.mark.parametrize("heights", [[1.0], [1.0, 1.0], [0.0, 1.0, 2.0], [2.0, 1.0]])
def test_what_falls_to_an_end_is_no_valley(heights):
    assert lowest_valley(np.array(heights)) is None


def test_a_change_is_at_the_middle_of_a_flat_minimum():
    change = judged([1, 0.5, 0.02, 0.02, 0.02, 0.6, 1])
    assert (change.time_s, change.height, change.reason) == (30.0, 0.02, "")


def test_a_shallow_minimum_is_no_change_and_says_how_low_it_is():
    change = judged([1, 0.5, 0.3, 0.5, 1])
    assert (change.time_s, change.height) == (None, 0.3)
    assert change.reason == "the lowest minimum is 0.30, above 0.1"


def test_the_edge_of_what_is_excluded_is_no_change():
    change = judged([1, 1, 0.01, 0.5, 0.6, 0.8, 1, 1], first=2, last=5)
    assert (change.time_s, change.reason) == (None, "the arc curve has no minimum")


def test_too_few_readings_are_told():
    short = Trace(np.arange(72.0), np.ones(72))
    change = PUBLISHED.find(short, epoch_s=20.0)
    assert change.time_s is None
    assert "69 readings are too few: 30 at either end" in change.reason
    shorter = Trace(np.arange(50.0), np.ones(50))
    told = CAREFUL.find(shorter, epoch_s=20.0).reason
    assert told == "49 s are too short for epochs of 20 s"
    one = Trace(np.zeros(1), np.ones(1))
    assert CAREFUL.find(one, epoch_s=20.0).reason == "there are too few readings"


def test_too_many_readings_are_told_and_not_waited_for():
    long = Trace(np.arange(40_000.0), np.ones(40_000))
    assert "too many to compare" in PUBLISHED.find(long, epoch_s=20.0).reason


def test_every_setting_names_detectors():
    assert {name for names in SETTINGS.values() for name in names} == set(DETECTORS)


@pytest.mark.slow
@pytest.mark.parametrize("by_shape", [True, False])
def test_the_nearest_stretches_are_those_of_a_naive_search(by_shape):
    series = np.random.default_rng(1).standard_normal(60)
    found = nearest_like(series, 8, by_shape=by_shape)
    assert found.tolist() == naive_nearest(series, 8, by_shape=by_shape)


@pytest.mark.slow
def test_the_published_procedure_is_that_of_stumpy_step_by_step():
    stumpy = pytest.importorskip("stumpy")
    trace = trace_of(make_training(n_epochs=12, switch=5, noise_w=4.0))
    change = PUBLISHED.find(trace, epoch_s=20.0)
    power_w = np.floor(trace.power_w)[:-3]
    state = np.random.get_state()  # noqa: NPY002
    try:
        profile = stumpy.stump(power_w, m=10)
        theirs, places = stumpy.fluss(profile[:, 1], L=10, n_regimes=2, excl_factor=3)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert change.arcs.heights == pytest.approx(theirs, abs=1e-10)
    assert change.time_s == trace.time_s[places[0]]
    assert (change.arcs.first, change.arcs.last) == (30, len(theirs) - 31)


@pytest.mark.slow
def test_cut_watts_and_whole_ones_differ_only_below_a_watt():
    trace = trace_of(make_training(n_epochs=12, switch=5, noise_w=4.0))
    whole = Trace(trace.time_s, np.floor(trace.power_w))
    cut = PUBLISHED.find(trace, epoch_s=20.0)
    assert PUBLISHED.find(whole, epoch_s=20.0).time_s == cut.time_s
    exact = DETECTORS["published-unrounded"].find(whole, epoch_s=20.0)
    assert exact.time_s == cut.time_s


@pytest.mark.slow
def test_fast_readings_are_averaged_to_one_a_second_before():
    fast = trace_of(make_training(n_epochs=12, switch=5, noise_w=4.0, period_s=0.1))
    change = PublishedFluss("x").find(fast, epoch_s=20.0)
    assert len(change.arcs.time_s) == 239 - 3 - 9


@pytest.mark.slow
@pytest.mark.parametrize("noise_w", [0.0, 3.0])
@pytest.mark.parametrize("period_s", [0.1, 1.0, 4.0])
def test_with_care_a_step_of_power_is_found_within_a_quarter_of_an_epoch(
    noise_w, period_s
):
    run = make_training(
        n_epochs=40, switch=12, watts=(150, 200), noise_w=noise_w, period_s=period_s
    )
    change = CAREFUL.find(trace_of(run), epoch_s=20.0)
    assert change.time_s == pytest.approx(12 * 20.0, abs=5.0)
    assert change.height < 0.1


@pytest.mark.slow
def test_with_care_nothing_is_found_where_nothing_changes():
    found = [
        CAREFUL.find(
            trace_of(make_training(switch=None, noise_w=3.0, seed=seed, n_epochs=40)),
            epoch_s=20.0,
        ).time_s
        for seed in range(20)
    ]
    assert found == [None] * 20


@pytest.mark.slow
def test_as_published_something_is_found_where_nothing_changes():
    trace = trace_of(make_training(switch=None, noise_w=3.0, n_epochs=40))
    assert PUBLISHED.find(trace, epoch_s=20.0).time_s is not None


@pytest.mark.slow
def test_a_power_that_never_moves_is_answered():
    trace = trace_of(make_training(switch=None, n_epochs=40))
    PUBLISHED.find(trace, epoch_s=20.0)  # whatever it says: all places are alike
    assert CAREFUL.find(trace, epoch_s=20.0).time_s is None
    off = trace_of(make_training(switch=None, n_epochs=40, watts=(0.0, 0.0)))
    assert CAREFUL.find(off, epoch_s=20.0).time_s is None


@pytest.mark.slow
def test_the_global_generator_and_the_threads_stay_as_they_were():
    numba = pytest.importorskip("numba")
    n_threads = numba.get_num_threads()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    compile_for(DETECTORS)
    trace = trace_of(make_training(n_epochs=12, switch=5, noise_w=4.0))
    for detector in DETECTORS.values():
        detector.find(trace, epoch_s=20.0)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert numba.get_num_threads() == n_threads


@pytest.mark.slow
def test_arcs_are_counted_as_by_hand():
    # Ideal curve of ones: heights are the counts, cut at 1, the ends set to 1.
    nearest = np.array([1, 0, 1, 4, 3, 4])
    heights, place = corrected_arcs(nearest, np.full(6, 4.0), 1, 1)
    # arcs 0-1, 1-0, 2-1, 3-4, 4-3, 5-4: over 0: 2, 1: 1, 2: 0, 3: 2, 4: 1
    assert heights.tolist() == [1.0, 0.25, 0.0, 0.5, 0.25, 1.0]
    assert place == 2
