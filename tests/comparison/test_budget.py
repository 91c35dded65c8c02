"""The uncertainty budget by hand."""

from math import exp, log, sqrt

import pytest

from builders import make_run
from comparison.submitted import figure
from isojoule.comparison.budget import (
    Doubt,
    are_parts,
    bounds_of,
    model_doubts,
    repeats_log_std,
    rounding_of,
    shares_of,
    system_doubts,
    total_log_std,
)
from isojoule.comparison.rules import Errors
from isojoule.submissions import Figure, Place


def test_variances_add_up_and_shares_are_parts_of_their_sum():
    doubts = [Doubt("a", 0.3, "system"), Doubt("b", 0.4, "site")]
    assert total_log_std(doubts) == pytest.approx(0.5)
    assert shares_of(doubts) == pytest.approx({"b": 0.64, "a": 0.36})
    assert list(shares_of(doubts)) == ["b", "a"]
    assert shares_of([]) == {}


def test_bounds_are_factors_up_and_down():
    low_j, high_j = bounds_of(100.0, [Doubt("a", 0.5, "system")], 0.95)
    factor = exp(1.959963984540054 * 0.5)
    assert (low_j, high_j) == pytest.approx((100 / factor, 100 * factor))
    assert bounds_of(100.0, [], 0.95) == (100.0, 100.0)


@pytest.mark.parametrize("n_references", [1, 2, 5])
def test_the_parts_of_a_conversion_make_its_whole_error(n_references):
    parts = model_doubts(0.4, n_references, of="r", at="A100")
    assert total_log_std(parts) == pytest.approx(0.4)
    own, site, everybody = (d.log_std**2 for d in parts)
    assert site == pytest.approx(everybody)
    assert own / (site + everybody) == pytest.approx(n_references)
    assert [d.shared for d in parts] == ["system", "site", "all"]


def test_with_one_reference_half_of_the_error_is_its_own():
    own, site, everybody = model_doubts(0.4, 1, of="r", at="A100")
    assert own.log_std**2 == pytest.approx(0.08)
    assert site.log_std**2 == everybody.log_std**2 == pytest.approx(0.04)


def test_repeats_are_pooled_with_the_prior_of_one_run():
    errors = Errors(repeat_fraction=0.1)
    assert repeats_log_std([50.0], errors) == pytest.approx(0.1)
    assert repeats_log_std([50.0, 50.0], errors) == pytest.approx(0.1 / 2)
    half = log(60 / 50) / 2
    expected = sqrt((0.1**2 + 2 * half**2) / 4)
    assert repeats_log_std([50.0, 60.0], errors) == pytest.approx(expected)


def test_a_figure_without_a_last_digit_is_not_rounded():
    assert rounding_of(figure("0.032")) == pytest.approx(0.001 / 0.032 / sqrt(12))
    assert rounding_of(figure("40")) == pytest.approx(1 / 40 / sqrt(12))
    exact = Figure(text="0.032", value=0.032, place=Place("entries.csv", 1))
    assert rounding_of(exact) == 0.0


@pytest.mark.parametrize(
    ("text", "energies_j", "expected"),
    [
        ("100", [5, 95], True),  # a training that was resumed
        ("1.0", [0.96, 0.07], True),  # 1.03, to a digit
        ("90", [5, 95], False),
        ("100", [98, 103], False),  # repeats
        ("103", [98, 103], False),
        ("3", [1, 1, 3], False),
        ("150", [60, 95], True),  # 155: a part is a little more than what was stated
        ("120", [100, 101], False),  # repeats of another scope
    ],
)
def test_runs_that_add_up_to_the_figure_are_parts_of_it(text, energies_j, expected):
    assert are_parts(figure(text), energies_j) is expected


def repeats_of(text, *energies_j):
    runs = [make_run("w", energy_j=e) for e in energies_j]
    (line,) = [
        d
        for d in system_doubts(
            figure(text), runs, phase=runs[0].workload.phase, errors=Errors()
        )
        if d.source == "repeats of the system"
    ]
    return line.log_std


def test_only_whole_runs_tell_the_scatter():
    assert repeats_of("100", 5.0, 95.0) == pytest.approx(Errors().repeat_fraction)
    half = log(103 / 98) / 2
    expected = sqrt((Errors().repeat_fraction ** 2 + 2 * half**2) / 4)
    assert repeats_of("100", 98.0, 103.0) == pytest.approx(expected)
