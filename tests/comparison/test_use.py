"""Tests of training and use together."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import published, system
from isojoule.comparison.budget import Doubt
from isojoule.comparison.use import (
    MAX_SYSTEMS,
    Use,
    break_even,
    break_evens,
    use_of,
)


def test_a_use_is_the_training_and_so_many_passes():
    use = use_of(system("a", 2.0, 0.5))
    assert use.energy_j(0) == pytest.approx(2.0 * 3.6e6)
    assert use.energy_j(3) == pytest.approx(3.5 * 3.6e6)


@pytest.mark.parametrize("n", [-1, nan, inf])
def test_uses_are_a_number_from_zero_on(n):
    with pytest.raises(ValueError, match="from 0 on"):
        Use("a", 1.0, 1.0).energy_j(n)


def test_the_dearer_training_pays_from_the_break_even_on():
    """2 kWh more for the training, 0.5 kWh less for a pass: after 4 passes."""
    lean, trained = system("lean", 1.0, 0.7), system("trained", 3.0, 0.2)
    for pair in ((lean, trained), (trained, lean)):
        found = break_even(*pair)
        assert found.n_inferences == pytest.approx(4)
        assert (found.cheaper_below, found.cheaper_above) == ("lean", "trained")
        assert found.reason == ""
        assert found.is_clear is True


@pytest.mark.parametrize(
    ("a_kwh", "b_kwh"),
    [
        ((1.0, 1.0), (2.0, 2.0)),
        ((1.0, 1.0), (1.0, 2.0)),
        ((1.0, 1.0), (2.0, 1.0)),
        ((0.0, 0.0), (1e-300, 1e-300)),
    ],
)
def test_a_system_that_is_never_dearer_has_no_break_even(a_kwh, b_kwh):
    a, b = system("a", *a_kwh), system("b", *b_kwh)
    for pair in ((a, b), (b, a)):
        found = break_even(*pair)
        assert found.n_inferences is None
        assert (found.cheaper_below, found.cheaper_above) == ("a", "a")
        assert found.reason == "a is never dearer"


def test_equal_systems_need_the_same():
    found = break_even(system("a", 1.0, 0.1), system("b", 1.0, 0.1))
    assert found.reason == "both need the same"
    assert (found.n_inferences, found.cheaper_below, found.is_clear) == 3 * (None,)


@pytest.mark.parametrize("lacking", [system("b", 1.0), system("b", nan, 0.1)])
def test_a_system_that_lacks_an_energy_is_named(lacking):
    found = break_even(system("a", 1.0, 0.1), lacking)
    assert found.n_inferences is None
    assert found.reason == "b lacks an energy of train or test"


def doubted(made, *doubts):
    energies = {p: replace(e, doubts=doubts) for p, e in made.energies.items()}
    return replace(made, energies=energies)


@pytest.mark.parametrize(
    ("doubt", "team", "is_clear"),
    [
        # ln(1.2) is 0.182; 1.645 x sqrt(2) x 0.1 is 0.233, and x 0.05 is 0.116.
        (Doubt("repeats", 0.1, "system"), "T", False),
        (Doubt("repeats", 0.05, "system"), "T", True),
        (Doubt("reference", 0.1, "site", "r"), "T", True),
        (Doubt("reference", 0.1, "site", "r"), "U", False),
        (Doubt("reference", 0.1, "all", "r"), "U", True),
    ],
)
def test_a_difference_is_clear_beyond_the_errors_that_are_not_shared(
    doubt, team, is_clear
):
    a = doubted(system("a", 1.0, 1.2, team="T"), doubt)
    b = doubted(system("b", 1.2, 1.0, team=team), doubt)
    assert break_even(a, b, level=0.9).is_clear is is_clear


def test_errors_of_opposite_effect_add_up_instead_of_cancelling():
    up, down = (
        Doubt("reference", 0.06, "site", "r", sensitivity=sign) for sign in (1.0, -1.0)
    )
    a = doubted(system("a", 1.0, 1.2, team="T"), up)
    b = doubted(system("b", 1.2, 1.0, team="T"), down)
    # 1.645 x 0.12 is 0.197, over ln(1.2) = 0.182.
    assert break_even(a, b, level=0.9).is_clear is False


def with_score(label, train_kwh, test_kwh, psds1):
    return system(label, train_kwh, test_kwh, scores={"psds1": psds1})


def test_pairs_are_of_the_fronts_alone_by_rising_training():
    systems = (
        with_score("beaten", 5.0, 0.9, 0.2),
        with_score("best", 9.0, 0.8, 0.9),
        with_score("quick", 2.0, 0.5, 0.3),
        with_score("light", 7.0, 0.1, 0.3),
        with_score("untested", 1.0, None, 0.2),
    )
    pairs = [(b.a, b.b) for b in break_evens(systems, rules())]
    assert pairs == [("quick", "light"), ("quick", "best"), ("light", "best")]


def test_a_front_of_thousands_is_cut_to_the_best_scores():
    systems = tuple(with_score(f"{i:05}", 1.0 + i, 1.0 + i, i) for i in range(2000))
    found = break_evens(systems, rules())
    assert len(found) == MAX_SYSTEMS * (MAX_SYSTEMS - 1) // 2
    assert min(b.a for b in found) == f"{2000 - MAX_SYSTEMS:05}"


def test_rules_without_both_phases_have_no_break_even():
    one_phase = rules(phases={"train": rules().phases["train"]})
    assert break_evens((with_score("a", 1.0, 1.0, 0.5),), one_phase) == ()
    assert break_evens((), rules()) == ()


def test_break_evens_of_2023_are_where_the_totals_cross(dcase_folder):
    systems = published(dcase_folder, 2023)
    uses = {s.label: use_of(s) for s in systems}
    found = break_evens(systems, rules())
    crossing = [b for b in found if b.n_inferences is not None]
    assert crossing
    for pair in crossing:
        below, above = uses[pair.cheaper_below], uses[pair.cheaper_above]
        assert below.label != above.label
        n = pair.n_inferences
        assert below.energy_j(n) == pytest.approx(above.energy_j(n), rel=1e-9)
        assert below.energy_j(n * 0.9) < above.energy_j(n * 0.9)
        assert below.energy_j(n * 1.1) > above.energy_j(n * 1.1)
    for pair in (b for b in found if b.n_inferences is None):
        other = pair.b if pair.cheaper_below == pair.a else pair.a
        for n in np.geomspace(1e-3, 1e6, 10):
            cheap = uses[pair.cheaper_below].energy_j(n)
            assert cheap <= uses[other].energy_j(n) * (1 + 1e-12)
