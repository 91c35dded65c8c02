from math import inf, nan

import pytest

from isojoule.comparison.ranking import RankInterval
from isojoule.report.comparison.words import (
    count_text,
    kwh_text,
    named,
    number_text,
    p_text,
    place_text,
    plural,
    range_text,
    rank_text,
    score_text,
    sentence,
    share_text,
    shown,
    tau_text,
)
from isojoule.submissions import Place


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.036, "0.0360"),
        (1.39, "1.39"),
        (446.6, "447"),
        (5955.2, "5955"),
        (-0.25, "\N{MINUS SIGN}0.250"),
        (2e6, "2.00e+06"),
        (2e-6, "2.00e\N{MINUS SIGN}06"),
        (nan, "\N{EN DASH}"),
        (inf, "\N{EN DASH}"),
        (None, "\N{EN DASH}"),
    ],
)
def test_numbers_have_three_digits_and_are_rarely_powers_of_ten(value, text):
    assert number_text(value) == text


def test_energies_are_told_in_kwh():
    assert kwh_text(3.6e6) == "1.00"


@pytest.mark.parametrize(
    ("count", "text"),
    [(1.11242e6, "1.11 M"), (930.9e6, "931 M"), (999_900, "1.00 M"), (512, "512")],
)
def test_counts_have_a_prefix(count, text):
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1.0, "100 %")],
)
def test_a_probability_is_never_rounded_to_certainty(share, text):
    assert share_text(share) == text


def test_marks_that_cannot_be_seen_are_made_visible():
    assert shown("a\u202eb\x00\n") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+000A⟩"
    assert shown("Žofie 模型 <b>") == "Žofie 模型 <b>"


def test_a_tie_has_an_equals_sign():
    assert rank_text(RankInterval("a", 3, 2, 5, 0.1, ("b",))) == "3 ="
    assert rank_text(RankInterval("a", 3, 3, 3, 0.1)) == "3"


def test_texts_for_what_is_known_and_what_is_not():
    assert range_text("1", "2") == "1\N{EN DASH}2"
    assert range_text("\N{EN DASH}", "2") == ""
    assert place_text(Place("a.csv", 3, "kwh")) == "a.csv:3, kwh"
    assert place_text(Place("a.txt")) == "a.txt"
    assert tau_text(-0.187) == "\N{MINUS SIGN}0.19"
    assert p_text(0.0002) == "<0.001"
    assert p_text(0.0316) == "0.032"
    assert score_text(0.4, 3) == "0.400"
    assert score_text(0.4, None) == "0.400"
    assert score_text(None, 3) == "\N{EN DASH}"


def test_lists_and_sentences():
    assert named("abcdefg", 5) == "a, b, c, d, e and 2 more"
    assert plural(1, "system") == "1 system"
    assert plural(1200, "system") == "1,200 systems"
    assert sentence("two digits") == "Two digits."
    assert sentence("") == ""
