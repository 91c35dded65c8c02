import numpy as np
import pytest

from isojoule.estimators.forecast import (
    drift_share,
    predict_sum,
    student_quantile,
    warmup_share,
)


def predict(values, n_left, **options):
    values = np.asarray(values, dtype=float)
    return predict_sum(values, np.arange(len(values)), n_left=n_left, **options)


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [  # Abramowitz & Stegun, Table 26.10
        (0.95, 3, 2.353),
        (0.95, 10, 1.812),
        (0.95, 120, 1.658),
        (0.975, 5, 2.571),
        (0.995, 10, 3.169),
    ],
)
def test_quantiles_are_those_of_the_tables(probability, freedom, quantile):
    assert student_quantile(probability, freedom) == pytest.approx(quantile, rel=2e-3)


def test_the_warm_up_fades():
    # 5 % at once, 5 % / e after 80 s.
    assert warmup_share(0.0) == 0.05
    assert warmup_share(80.0) == pytest.approx(0.018394, rel=1e-4)
    assert warmup_share(4000.0) < 1e-20


def test_the_drift_has_a_floor_and_many_long_epochs_average_the_rest():
    # Epochs of 400 s, one seen and one to come: f(1) + f(1) - 2 / e, of 0.1 %.
    apart = 2 - 2 * np.exp(-1)
    assert drift_share(1, 1, 400.0) == pytest.approx(
        np.sqrt(0.001**2 * apart + 0.0005**2)
    )
    assert drift_share(1e4, 1e4, 4000.0) == pytest.approx(0.0005, rel=0.01)
    assert drift_share(5, 100, 1.0) < drift_share(5, 100, 100.0)


def test_equal_epochs_go_on_like_that_but_not_with_certainty():
    found = predict([100.0] * 10, 20)
    assert found.value == pytest.approx(2000.0)
    assert 0 < found.half_width(0.9) < 0.02 * 2000
    assert found.half_width(0.99) > found.half_width(0.9) > found.half_width(0.5)


def test_a_single_stable_epoch_gives_a_wide_interval():
    one, ten = predict([100.0], 20), predict([100.0] * 10, 20)
    assert one.value == pytest.approx(2000.0)
    assert one.half_width(0.9) > 2.5 * ten.half_width(0.9)


def test_one_or_two_stable_epochs_may_be_off_whatever_they_scatter():
    for n_seen, share in ((1, 0.05), (2, 0.03), (3, 0.0)):
        found = predict([100.0] * n_seen, 20)
        assert found.variances["few epochs"] == pytest.approx((share * 2000.0) ** 2)
        assert found.scale >= share * 2000.0


def test_one_odd_epoch_counts_for_little_and_widens():
    calm = predict([100.0] * 20, 30)
    odd = predict([100.0] * 19 + [400.0], 30)
    # One in twenty, taken as one in thirty: 300 J / 30 more per epoch.
    assert odd.value == pytest.approx(30 * 110.0, rel=1e-3)
    assert odd.half_width(0.9) > 5 * calm.half_width(0.9)
    assert odd.variances["odd epochs"] > 0.9 * odd.scale**2


def test_a_pattern_is_carried_on_place_by_place():
    heavy = [100.0, 100.0, 160.0] * 5
    # 15 epochs are over: the next are light, light, heavy, light.
    found = predict(heavy, 4, period=3)
    assert found.value == pytest.approx(460.0)
    assert predict(heavy, 3.5, period=3).value == pytest.approx(410.0)


def test_a_part_of_an_epoch_is_a_part_of_its_energy():
    assert predict([100.0] * 5, 0.5).value == pytest.approx(50.0)


def test_a_trend_widens_the_interval():
    rising = predict(np.linspace(100, 110, 20), 40)
    random = np.random.default_rng(0)
    scattered = predict(random.permutation(np.linspace(100, 110, 20)), 40)
    assert rising.half_width(0.9) > 1.5 * scattered.half_width(0.9)
    assert rising.variances["trend"] > scattered.variances["trend"] == 0


def test_doubts_add_up():
    bare = predict([100.0] * 10, 20)
    found = predict([100.0] * 10, 20, doubts={"a": 0.03, "b": 0.04})
    assert found.variances["a"] == pytest.approx(60.0**2)
    assert found.scale**2 == pytest.approx(bare.scale**2 + 100.0**2)


@pytest.mark.parametrize(("n_seen", "n_left"), [(3, 50), (8, 100), (30, 20)])
def test_intervals_cover_trainings_that_only_scatter(n_seen, n_left):
    random = np.random.default_rng(n_seen)
    inside = 0
    for _ in range(400):
        epochs = 100 * (1 + 0.01 * random.standard_normal(n_seen + n_left))
        found = predict(epochs[:n_seen], n_left)
        off = abs(found.value - epochs[n_seen:].sum())
        inside += off <= found.half_width(0.9)
    # A wander that is not there is reckoned with: above 90 %, by how much is open.
    assert inside / 400 > 0.87


def test_intervals_cover_trainings_that_wander():
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        wander = np.zeros(90)
        for i in range(1, 90):
            wander[i] = 0.8 * wander[i - 1] + 0.6 * 0.02 * random.standard_normal()
        epochs = 100 * (1 + wander + 0.005 * random.standard_normal(90))
        found = predict(epochs[20:50], 40)
        inside += abs(found.value - epochs[50:].sum()) <= found.half_width(0.9)
    assert 0.85 <= inside / 400 <= 0.99
