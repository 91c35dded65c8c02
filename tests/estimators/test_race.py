import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.estimators.race import RaceRule, race
from score_curves import epochs_with, saturating


def training(mean_j, *, n=10, seed=0, limit=None):
    """A training that scatters by 1 %, with scores where a limit of them is given."""
    rng = np.random.default_rng(seed)
    energies_j = mean_j * (1 + 0.01 * rng.standard_normal(n))
    scores = [None] * n
    if limit is not None:
        scores = saturating(n, limit=limit, constant=2.0, noise=0.002, seed=seed)
    return epochs_with(scores, energy_j=energies_j)


def named(found):
    return {c.name: c for c in found.contenders}


def test_the_cheapest_comes_first_with_its_predicted_energy():
    found = race({"b": training(200.0), "a": training(100.0)}, RaceRule(n_epochs=50))
    assert [c.name for c in found.contenders] == ["a", "b"]
    first = found.contenders[0]
    assert first.energy_j == pytest.approx(5000.0, rel=0.02)
    assert first.energy_low_j < 5000 < first.energy_high_j
    assert first.probability_cheapest == 1.0
    assert first.alike == ()


def test_two_of_the_same_energy_cannot_be_told_apart():
    found = named(
        race(
            {
                "a": training(100.0, seed=1),
                "same": training(100.0, seed=2),
                "twice": training(200.0, seed=3),
            },
            RaceRule(n_epochs=50),
        )
    )
    assert found["a"].alike == ("same",)
    assert found["same"].alike == ("a",)
    assert found["twice"].alike == ()
    shares = [c.probability_cheapest for c in found.values()]
    assert sum(shares) == pytest.approx(1.0)
    assert 0.1 < found["a"].probability_cheapest < 0.9


def test_twins_are_each_the_cheapest_in_half_of_the_draws():
    epochs = training(100.0)
    found = race({"a": epochs, "b": epochs}, RaceRule(n_epochs=50))
    # Of 4,000 draws, three standard errors of a half are 0.024.
    shares = [c.probability_cheapest for c in found.contenders]
    assert shares == pytest.approx([0.5, 0.5], abs=0.024)


def test_scores_make_a_front():
    found = named(
        race(
            {
                "good": training(100.0, n=12, seed=1, limit=0.9),
                "dear": training(200.0, n=12, seed=2, limit=0.8),
                "dearest": training(400.0, n=12, seed=3, limit=0.95),
            },
            RaceRule(n_epochs=20, bounds=(0.0, 1.0)),
        )
    )
    assert found["good"].score == pytest.approx(0.9, abs=0.02)
    assert found["good"].score_low <= 0.9 <= found["good"].score_high
    assert found["good"].probability_front == 1.0
    assert found["dear"].probability_front < 0.05
    assert found["dearest"].probability_best > 0.9


def test_a_loss_is_best_where_it_is_lowest():
    trainings = {
        "high": epochs_with([1 - s for s in saturating(12, limit=0.5, constant=2.0)]),
        "low": epochs_with([1 - s for s in saturating(12, limit=0.9, constant=2.0)]),
    }
    found = named(race(trainings, RaceRule(n_epochs=15, mode="min")))
    assert found["low"].probability_best > 0.95
    assert found["low"].score == pytest.approx(0.1, abs=0.02)
    assert found["low"].score_low <= found["low"].score <= found["low"].score_high


def test_a_training_that_is_over_is_known():
    epochs = training(100.0, limit=0.9)
    found = named(race({"a": epochs, "b": training(300.0)}, RaceRule(n_epochs=10)))
    spent_j = sum(e.energy_j for e in epochs)
    best = max(e.score for e in epochs)
    assert found["a"].energy_j == pytest.approx(spent_j)
    assert (found["a"].score_low, found["a"].score_high) == (best, best)


def test_what_trains_is_called():
    called = []

    def train():
        called.append(True)
        return training(100.0)

    found = race({"a": train, "b": training(300.0)}, RaceRule(n_epochs=20))
    assert called == [True]
    assert found.contenders[0].n_seen == 10


def test_each_may_have_its_own_number_of_epochs():
    planned = {"short": 20, "long": 60}
    found = race(
        {"short": training(200.0), "long": training(100.0)}, RaceRule(n_epochs=planned)
    )
    assert [c.name for c in found.contenders] == ["short", "long"]
    with pytest.raises(ValueError, match="how many epochs are planned of 'b'"):
        race({"a": training(1.0), "b": training(1.0)}, RaceRule(n_epochs={"a": 20}))


def test_too_few_scores_leave_the_energy():
    trainings = {"a": training(100.0, n=4, limit=0.9), "b": training(300.0)}
    found = named(race(trainings, RaceRule(n_epochs=20)))
    assert found["a"].score is None
    assert "from 4 scores in 4 epochs" in found["a"].notes[-1]
    assert found["b"].notes == ()


@pytest.mark.parametrize(
    ("n_seen", "n_epochs", "is_told"),
    [(11, 20, False), (12, 20, True), (15, 60, True), (15, 61, False), (6, 90, False)],
)
def test_scores_far_ahead_of_few_are_not_predicted(n_seen, n_epochs, is_told):
    trainings = {"a": training(100.0, n=n_seen, limit=0.9), "b": training(300.0)}
    found = named(race(trainings, RaceRule(n_epochs=n_epochs)))["a"]
    known = (found.score, found.score_low, found.score_high, found.probability_best)
    assert [value is not None for value in known] == [is_told] * 4
    assert any("needs 12 scores, and at most 3 epochs" in n for n in found.notes) is (
        not is_told
    )
    assert found.probability_cheapest == 1.0


def test_the_same_seed_gives_the_same_probabilities():
    trainings = {"a": training(100.0, seed=1), "b": training(100.3, seed=2)}
    rule = RaceRule(n_epochs=50, seed=3)
    assert race(trainings, rule) == race(trainings, rule)


@pytest.mark.parametrize(
    ("trainings", "error", "message"),
    [
        ({"a": training(1.0)}, InsufficientDataError, "at least two trainings"),
        ({"a": training(1.0), "b": []}, InsufficientDataError, "b has no epochs"),
        (
            {"a": training(1.0), "b": training(1.0, n=1)},
            InsufficientDataError,
            "the energy of b is not known yet",
        ),
        (
            {"a": training(1.0), "b": training(1.0)[:4] + training(1.0)[5:]},
            ValueError,
            "epoch 3 is followed by epoch 5",
        ),
        ({"a": training(1.0), "b": training(1.0, n=40)}, ValueError, "plan more"),
        (
            {"a": training(1.0), "b": epochs_with([0.1, float("nan"), 0.2])},
            ValueError,
            "the score of epoch 1 of b is nan",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(trainings, error, message):
    with pytest.raises(error, match=message):
        race(trainings, RaceRule(n_epochs=30))


@pytest.mark.parametrize("options", [{"mode": "up"}, {"level": 0.0}])
def test_a_rule_that_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match="must"):
        RaceRule(n_epochs=10, **options)
