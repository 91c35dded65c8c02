from math import inf, nan

import pytest

from isojoule.studies.benchmark.bars import BARS, asked
from isojoule.studies.benchmark.contenders import is_within, word_of


def bars_at(quantity, k):
    return [
        bar
        for bar, at in asked((1, 2, 3, 4, 6, None))
        if (bar.quantity, at) == (quantity, k)
    ]


@pytest.mark.parametrize(
    ("quantity", "k", "met", "missed"),
    [
        ("ratio", 2, 0.75, 0.751),
        ("ratio", 4, 0.6, 0.601),
        ("ratio", None, 0.4, inf),
        ("beats", 3, 0.7, 0.699),
        ("beats", None, 1.0, 0.0),
        ("coverage", 1, 0.85, 0.849),
        ("coverage", None, 0.95, 0.951),
    ],
)
def test_a_bar_is_met_on_its_edge_and_missed_behind_it(quantity, k, met, missed):
    (bar,) = bars_at(quantity, k)
    assert bar.is_met(met) is True
    assert bar.is_met(missed) is False
    assert bar.is_met(nan) is None


def test_only_what_was_tried_is_judged():
    assert list(asked((5,))) == []
    assert {(bar.quantity, k) for bar, k in asked((3,))} == {
        ("beats", 3),
        ("coverage", 3),
    }
    assert len(BARS) == 5


def test_all_is_more_than_any_number():
    assert is_within(6, None)
    assert is_within(None, None)
    assert not is_within(None, 6)
    assert is_within(2, 2)
    assert not is_within(3, 2)
    assert (word_of(None), word_of(3)) == ("all", "3")
