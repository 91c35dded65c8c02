import pytest

from isojoule.studies.stabilization.panel import Panel
from isojoule.studies.stabilization.rules import Rule, judge_rules
from trainings import epochs_of_pairs

RUNS = [
    epochs_of_pairs((10, 1), (20, 1), (20, 1), (20, 1)),
    epochs_of_pairs((10, 1), (10, 1), (20, 1), (20, 1), (20, 1)),
    epochs_of_pairs((10, 1), (20, 1)),
]


def test_a_rule_is_judged_on_the_runs_it_has_an_estimate_for():
    rule = Rule("own", "own", (1, 2, None), looks_ahead=True)
    fixed = Rule("two", "two", (2, 2, 2))
    own, two = judge_rules(Panel.of(RUNS), [rule, fixed], 2)
    assert (own.n_without, own.n_too_short, own.errors["epoch"].n_runs) == (1, 0, 2)
    assert own.errors["epoch"].mape_fraction == pytest.approx(0.0)
    # 20 W for 4 s of 70 J, and for 5 s of 80 J.
    assert own.errors["power"].mape_fraction == pytest.approx((10 / 70 + 20 / 80) / 2)
    assert own.median_start == 1.5
    assert own.median_seen_fraction == pytest.approx((3 / 4 + 4 / 5) / 2)
    assert (two.n_without, two.n_too_short, two.errors["power"].n_runs) == (0, 1, 2)


def test_a_rule_without_any_answer_is_told_as_such():
    (judged,) = judge_rules(Panel.of(RUNS), [Rule("none", "none", (None,) * 3)], 2)
    assert (judged.n_without, judged.median_start) == (3, None)
    assert judged.errors["power"].n_runs == 0


def test_the_next_epoch_is_one_later_where_there_is_one():
    rule = Rule("own", "own", (1, None), looks_ahead=True).next
    assert (rule.starts, rule.name, rule.looks_ahead) == ((2, None), "own+1", True)
