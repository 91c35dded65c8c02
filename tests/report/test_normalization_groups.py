from math import nan

from isojoule.report.normalization_groups import (
    MAX_PAIRS_DRAWN,
    drawn_pairs,
    fit_label,
    grouped,
    is_by_fraction,
    known_means,
    known_values,
    pairs_of,
)
from normalization_results import make_scored, make_study


def test_groups_keep_the_order_of_first_appearance():
    assert grouped([3, 1, 4, 1, 5], lambda n: n % 2) == {1: [3, 1, 1, 5], 0: [4]}


def test_few_pairs_are_all_drawn():
    scores = [make_scored(target=t) for t in "CB"]
    assert drawn_pairs(make_study(scores)) == (("A", "C"), ("A", "B"))


def test_of_many_pairs_those_with_the_most_workloads_are_drawn_in_their_order():
    scores = [make_scored(target=f"{i}", n_tested=2 + i % 2) for i in range(25)]
    study = make_study(scores)
    drawn = drawn_pairs(study)
    assert len(pairs_of(study)) == 25
    assert drawn == tuple(("A", f"{i}") for i in range(1, 25, 2))
    assert len(drawn) == MAX_PAIRS_DRAWN


def test_a_series_is_what_is_offered_a_share_of_the_references():
    assert is_by_fraction(make_scored(sampling="min-max", fraction=0.1))
    assert not is_by_fraction(make_scored())
    just_two = make_scored(method="dual", sampling="medoid", fraction=0.05)
    assert not is_by_fraction(just_two)


def test_fits_are_named_by_method_features_and_sampling():
    assert fit_label("dual", ()) == "dual"
    assert fit_label("linear", ("flop", "params")) == "linear + FLOP + parameters"
    assert fit_label("dual", (), "medoid") == "dual by medoid"


def test_what_is_undefined_does_not_count():
    scores = [
        make_scored(target="B", seed=0, r2=0.5),
        make_scored(target="B", seed=1, r2=nan),
        make_scored(target="B", seed=2, r2=1.0),
        make_scored(target="C", r2=nan),
    ]
    assert known_values(scores, "r2") == [0.5, 1.0]
    assert known_means(scores, "r2") == [0.75]
