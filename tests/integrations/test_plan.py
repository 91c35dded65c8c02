import pytest

from isojoule.integrations import StopRule
from isojoule.integrations.plan import EpochPlan

PRICE = StopRule(price_j_per_point=100.0)
BUDGET = StopRule(budget_j=1000.0)


def test_nothing_asked_for_is_a_forecast_alone():
    plan = EpochPlan.of({"tags": {"a": "b"}})
    assert plan == EpochPlan((), True, None, (), None)


def test_one_name_or_several_one_change_or_several():
    assert EpochPlan.of({"monitor": "val_f1"}).monitor == ("val_f1",)
    assert EpochPlan.of({"monitor": ["a", "b"]}).monitor == ("a", "b")
    assert EpochPlan.of({"change_at": 5}).changes_at == (5,)
    assert EpochPlan.of({"change_at": {9, 5}}).changes_at == (5, 9)
    assert EpochPlan.of({"change_at": None}).changes_at == ()


def test_a_change_that_the_rule_knows_of_is_one_for_the_forecast_too():
    rule = StopRule(budget_j=1.0, changes_at=(3,))
    assert EpochPlan.of({"stop": rule, "change_at": 7}).changes_at == (3, 7)


def test_a_price_needs_a_score_and_a_budget_needs_none():
    with pytest.raises(ValueError, match="a price per point needs a score"):
        EpochPlan.of({"stop": PRICE})
    assert EpochPlan.of({"stop": PRICE, "monitor": "val_f1"}).stop is PRICE
    assert EpochPlan.of({"stop": BUDGET}).stop is BUDGET


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"stop": 5.0}, TypeError, "stop takes a StopRule, got float"),
        ({"on_forecast": 5.0}, TypeError, "can be called"),
        ({"on_forecast": print, "forecast": False}, ValueError, "never called"),
        ({"change_at": 0}, ValueError, "after the first, which is 0, got 0"),
        ({"change_at": [4, -2]}, ValueError, "got -2"),
    ],
)
def test_what_cannot_be_followed_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        EpochPlan.of(options)


def test_a_loss_is_not_taken_for_a_score_that_should_rise():
    with pytest.raises(ValueError, match=r"val_loss looks like .* better the lower"):
        EpochPlan.of({"monitor": "val_loss", "stop": StopRule(price_j_per_point=1.0)})
    rule = StopRule(price_j_per_point=1.0, mode="min")
    assert EpochPlan.of({"monitor": "val_loss", "stop": rule}).stop is rule
