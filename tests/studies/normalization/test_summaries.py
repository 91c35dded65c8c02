from dataclasses import replace
from math import inf, isnan, nan

import pytest

from isojoule.studies.normalization.document import study_document
from isojoule.studies.normalization.results import Claim, Scored, StudyResult
from isojoule.studies.normalization.summaries import (
    offered_fraction,
    pair_means,
    summarize,
)

ONE = Scored(
    *("A", "B", "random", 0, "dual", (), "all", 1.0, 2, 4),
    r2=0.5,
    mse_kwh2=1.0,
    mdape=0.1,
    male=0.2,
    nonpositive_fraction=0.0,
)


def scored(target, seed, **changes):
    return replace(ONE, target=target, seed=seed, **changes)


SCORES = (
    scored("B", 0, mdape=0.1),
    scored("B", 1, mdape=0.5),
    scored("C", 0, mdape=1.0, r2=nan),
    scored("C", 1, mdape=2.0, male=inf),
    scored("D", 0, mdape=4.0, r2=nan),
    scored("D", 1, mdape=9.0, r2=nan),
)


def result_of(*scores):
    claim = Claim("i", "t", "cannot tell", "m", "random", 0.1, nan, nan, 0.95, 2)
    return StudyResult(
        "references", "x.csv", scores, (), (claim,), (("A", "Z", "why"),), ("a note",)
    )


def test_a_method_has_the_median_over_pairs_of_the_mean_over_splits():
    (summary,) = summarize(result_of(*SCORES))
    assert summary.n_pairs == 3
    assert summary.medians["mdape"] == pytest.approx(1.5)  # of 0.3, 1.5 and 6.5
    assert summary.lows["mdape"] == pytest.approx(1.0)  # seed 0: 0.1, 1 and 4
    assert summary.highs["mdape"] == pytest.approx(2.0)


def test_undefined_scores_are_left_out_and_infinite_ones_are_not():
    (summary,) = summarize(result_of(*SCORES))
    assert summary.medians["r2"] == 0.5
    assert pair_means(SCORES, "r2")["A", "C"] == 0.5
    assert isnan(pair_means(SCORES, "r2")["A", "D"])
    assert pair_means(SCORES, "male")["A", "C"] == inf


def test_methods_splits_features_and_samplings_are_apart():
    others = (
        scored("B", 0, method="linear"),
        scored("B", 0, features=("flop",)),
        scored("B", 0, split="by-model"),
        scored("B", 0, sampling="random", fraction=0.2),
    )
    assert len(summarize(result_of(*SCORES, *others))) == 5


def test_two_references_are_two_whatever_share_they_are():
    two = [
        scored(t, 0, sampling="random", fraction=f) for t, f in (("B", 0.1), ("C", 0.2))
    ]
    assert {offered_fraction(s) for s in two} == {None}
    (summary,) = summarize(result_of(*two))
    assert (summary.n_pairs, summary.fraction) == (2, None)
    assert offered_fraction(replace(two[0], method="linear")) == 0.1


def test_the_document_has_keys_that_stay_and_nothing_json_cannot_hold():
    document = study_document(result_of(*SCORES))
    assert list(document) == [
        *("study", "source", "methods", "claims", "skipped", "notes", "scores")
    ]
    (method,) = document["methods"]
    assert list(method) == [
        *("split", "method", "features", "sampling", "fraction"),
        *("n_pairs", "n_references", "r2", "mse_kwh2", "mdape", "male"),
        *("nonpositive_fraction", "single_splits"),
    ]
    assert method["single_splits"]["mdape"] == {"low": 1.0, "high": 2.0}
    assert document["scores"][2]["r2"] is None
    assert document["scores"][3]["male"] is None
    assert document["claims"][0]["low"] is None
    assert document["skipped"] == [{"source": "A", "target": "Z", "reason": "why"}]
    assert document["notes"] == ["a note"]
