from math import log, nan

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.studies.intervals import mean_interval
from isojoule.studies.predictors import (
    PREDICTORS,
    compare_predictors,
    leave_family_out,
)

NAMES = (
    "flop",
    "n_params",
    "moved_bytes",
    "n_steps",
    "duration_s",
    "gpu_utilization_fraction",
    "gpu_memory_utilization_fraction",
)
FAMILIES = np.array([f for f in ("cnn", "crnn", "mlp", "rnn") for _ in range(6)])


def made_columns(n=24, seed=0, **given):
    rng = np.random.default_rng(seed)
    columns = {name: np.exp(rng.normal(0, 1.5, n)) for name in NAMES}
    return {**columns, "energy_j": np.exp(rng.normal(0, 1, n)), **given}


def by_name(comparison):
    return {score.predictor: score for score in comparison.scores}


def predictor(name):
    return next(p for p in PREDICTORS if p.name == name)


def naive_line(x, y, families):
    """Return ln(predicted / true), fitted with numpy without the family, one by one."""
    out = []
    for i, family in enumerate(families):
        others = [j for j, other in enumerate(families) if other != family]
        slope, offset = np.polyfit(np.log(x[others]), np.log(y[others]), 1)
        out.append(offset + slope * log(x[i]) - log(y[i]))
    return out


def test_a_line_is_fitted_without_the_family_that_it_predicts():
    columns = made_columns()
    found = leave_family_out(predictor("flop"), columns, FAMILIES)
    expected = naive_line(columns["flop"], columns["energy_j"], FAMILIES)
    assert found == pytest.approx(expected)


def test_a_constant_is_the_geometric_mean_of_the_others():
    columns = {"energy_j": np.array([2.0, 8.0, 16.0, 4.0])}
    families = np.array(["a", "a", "b", "b"])
    found = leave_family_out(predictor("constant"), columns, families)
    # Mean of b is 8, of a is 4.
    assert np.exp(found) == pytest.approx([8 / 2, 8 / 8, 4 / 16, 4 / 4])


def test_the_roofline_takes_its_ceilings_from_the_other_families():
    rng = np.random.default_rng(2)
    flop, moved = np.exp(rng.normal(0, 2, (2, 24)))
    duration_s = np.maximum(flop / 5.0, moved / 3.0)
    columns = made_columns(
        flop=flop,
        moved_bytes=moved,
        duration_s=duration_s,
        energy_j=7 * duration_s**0.9,
    )
    found = leave_family_out(predictor("roofline"), columns, FAMILIES)
    assert found == pytest.approx(np.zeros(24), abs=1e-9)


def test_scores_by_hand():
    # Two families whose constants are each other's: all predictions off by 2.
    columns = made_columns(4, energy_j=np.array([1.0, 1.0, 2.0, 2.0]))
    scored = by_name(compare_predictors(columns, list("aabb"), level=0.95))
    constant = scored["constant"]
    assert constant.male.value == pytest.approx(log(2))
    assert constant.mdape_fraction == pytest.approx((1.0 + 0.5) / 2)
    # Spread about the mean: 4 * (ln 2 / 2) ** 2; errors: 4 * ln 2 ** 2.
    assert constant.r2_log == pytest.approx(1 - 4)
    assert constant.male.reason == "2 families: an interval needs 3"


def test_what_made_the_energy_wins_and_the_rest_is_behind():
    columns = made_columns()
    rng = np.random.default_rng(9)
    columns["energy_j"] = columns["flop"] * np.exp(rng.normal(0, 0.05, 24))
    comparison = compare_predictors(columns, FAMILIES.tolist(), level=0.95)
    scored = by_name(comparison)
    best = min(scored.values(), key=lambda s: s.male.value)
    assert best.predictor in {"flop", "flop+params", "flop+params+bytes", "additive"}
    assert scored["flop"].beats_constant is True
    assert scored["n_params"].is_tied is False
    assert scored["n_params"].behind_best.low > 0
    assert scored[best.predictor].behind_best is None
    assert [s.male.value for s in comparison.scores] == sorted(
        s.male.value for s in comparison.scores
    )


def test_predictors_that_need_a_run_are_held_against_each_other_only():
    columns = made_columns()
    columns["energy_j"] = columns["duration_s"].copy()
    scored = by_name(compare_predictors(columns, FAMILIES.tolist(), level=0.95))
    assert scored["duration"].behind_best is None
    assert scored["gpu_utilization"].behind_best.value == pytest.approx(
        scored["gpu_utilization"].male.value - scored["duration"].male.value
    )
    before = [s for s in scored.values() if not s.needs_run]
    assert sum(s.behind_best is None for s in before) == 1


def test_two_that_say_the_same_are_tied():
    columns = made_columns()
    columns["n_params"] = columns["flop"] ** 2
    rng = np.random.default_rng(9)
    columns["energy_j"] = columns["flop"] * np.exp(rng.normal(0, 0.5, 24))
    scored = by_name(compare_predictors(columns, FAMILIES.tolist(), level=0.95))
    first, second = scored["flop"], scored["n_params"]
    assert first.male.value == pytest.approx(second.male.value)
    assert "or its parts go together" in scored["flop+params"].reason


def test_what_is_known_for_few_does_not_shrink_the_comparison():
    columns = made_columns()
    columns["flop"][2:] = nan
    comparison = compare_predictors(columns, FAMILIES.tolist(), level=0.95)
    scored = by_name(comparison)
    told = "known and positive for 2 of 24 workloads, needs half of them"
    assert scored["flop"].reason == scored["roofline"].reason == told
    assert len(comparison.workloads) == 24


def test_all_are_judged_on_the_workloads_where_all_can_predict():
    columns = made_columns()
    columns["n_params"][:3] = nan
    columns["gpu_utilization_fraction"][5] = 0.0  # it has no logarithm
    comparison = compare_predictors(columns, FAMILIES.tolist(), level=0.95)
    assert {s.n_workloads for s in comparison.scores} == {20}
    assert comparison.workloads == (3, 4, *range(6, 24))


@pytest.mark.parametrize(
    ("n", "families", "told"),
    [
        (6, "aaaaaa", "leaving a family out needs 2"),
        (2, "ab", "too few workloads to fit any predictor"),
    ],
)
def test_it_says_when_it_cannot_tell(n, families, told):
    comparison = compare_predictors(made_columns(n), list(families), level=0.95)
    assert told in comparison.reason
    assert not any(score.male for score in comparison.scores)


def test_an_explosion_is_no_prediction():
    columns = made_columns()
    columns["flop"] = np.where(FAMILIES == "cnn", 1e300, 1 + np.arange(24) * 1e-6)
    columns["energy_j"] = np.exp(np.arange(24) * 1.0)
    with pytest.raises(InsufficientDataError, match=r"without cnn: .* infinity"):
        leave_family_out(predictor("flop"), columns, FAMILIES)


def _of_families(rng, n_families, shift_sd):
    """Columns of ten workloads in each of some families that lie off one line."""
    place = np.repeat(np.arange(n_families), 10)
    log_flop = rng.uniform(0, 6, len(place)) + rng.normal(0, 1, n_families)[place]
    shift = rng.normal(0, shift_sd, n_families)[place]
    log_energy = 0.8 * log_flop + shift + rng.normal(0, 0.3, len(place))
    return {"flop": np.exp(log_flop), "energy_j": np.exp(log_energy)}, place.astype(str)


def _resampled(rng, errors, families):
    """Return the bootstrap interval over families, 95 %."""
    means = np.array([errors[families == f].mean() for f in np.unique(families)])
    draws = means[rng.integers(0, len(means), (300, len(means)))].mean(axis=1)
    return np.quantile(draws, [0.025, 0.975])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_families", "shift_sd", "rate", "bootstrap_rate"),
    [(4, 0.5, 0.82, 0.67), (4, 0.0, 0.93, 0.77), (10, 0.5, 0.89, 0.84)],
)
def test_how_often_the_interval_of_male_covers_is_as_documented(
    n_families, shift_sd, rate, bootstrap_rate
):
    # Folds share their training data, so it covers less often than it says.
    rng, flop, n_trials = np.random.default_rng(4), predictor("flop"), 800
    cases = [_of_families(rng, n_families, shift_sd) for _ in range(n_trials)]
    errors = [np.abs(leave_family_out(flop, *case)) for case in cases]
    true, hits = np.mean([e.mean() for e in errors]), np.zeros(2)
    for error, (_, families) in zip(errors, cases, strict=True):
        found = mean_interval(error, level=0.95, groups=list(families))
        low, high = _resampled(rng, error, families)
        hits += (found.low <= true <= found.high, low <= true <= high)
    # Three standard errors of a rate of 0.8 in 800 trials: 0.04.
    assert hits / n_trials == pytest.approx([rate, bootstrap_rate], abs=0.04)
