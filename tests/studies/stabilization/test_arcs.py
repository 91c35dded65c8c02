import numpy as np
import pytest

from isojoule.studies.stabilization.arcs import parabola, sampled_curve

WIDTHS = (80, 333)


def test_the_parabola_is_the_expected_number_of_arcs():
    # 4 stretches: 2 i (4 - i) / 4
    assert parabola(4).tolist() == [0.0, 1.5, 2.0, 1.5]


def test_the_parabola_is_what_random_arcs_come_to():
    random = np.random.default_rng(0)
    n, n_draws = 50, 400
    crossed = np.zeros(n)
    for _ in range(n_draws):
        for i, j in enumerate(random.integers(0, n, size=n)):
            low, high = min(i, j), max(i, j)
            crossed[low:high] += 1
    # An arc from i to j crosses what lies between: half a place later than counted.
    assert crossed / n_draws == pytest.approx(parabola(n), abs=0.06 * n)


def test_the_sampled_curve_is_near_the_parabola_and_its_own_each_time():
    first = sampled_curve(300)
    assert first == pytest.approx(parabola(300), abs=0.02 * 300)
    first[:] = 0.0
    assert sampled_curve(300)[150] > 0


def test_the_global_generator_is_left_alone():
    # The generator that stumpy would set the seed of.
    np.random.seed(5)  # noqa: NPY002
    sampled_curve(120)
    after = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert np.random.random() == after  # noqa: NPY002


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_sampled_curve_is_that_of_stumpy(width):
    stumpy = pytest.importorskip("stumpy")
    nearest = np.random.default_rng(width).integers(0, width, size=width)
    state = np.random.get_state()  # noqa: NPY002
    try:
        theirs, place = stumpy.fluss(nearest, L=5, n_regimes=2, excl_factor=2)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    ours, our_place = stumpy.fluss(
        nearest, L=5, n_regimes=2, excl_factor=2, custom_iac=sampled_curve(width)
    )
    assert ours == pytest.approx(theirs, abs=1e-11)
    assert our_place.tolist() == place.tolist()
