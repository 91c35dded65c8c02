from math import inf, nan
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from isojoule.report.normalization_groups import grouped, split_of
from isojoule.report.normalization_scores import (
    METRICS,
    draw_fractions,
    draw_overview,
    frame_metric,
)
from normalization_results import make_scored

pytest.importorskip("matplotlib", reason="figures need the plots extra")

R2, MSE, MDAPE, MALE, NONPOSITIVE = METRICS


def texts_of(figure):
    root = ET.fromstring(figure.figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def test_the_published_metrics_come_first_and_the_honest_ones_beside_them():
    headings = [metric.heading for metric in METRICS]
    assert headings == ["R²", "MSE [kWh²]", "MdAPE [%]", "MALE", "not positive [%]"]


def test_r2_ends_at_minus_one():
    assert frame_metric(R2, np.array([-800.0, 0.9])).low == pytest.approx(-1.06)
    assert frame_metric(R2, np.array([-0.4, 0.9])).low == pytest.approx(-0.46)
    assert frame_metric(R2, np.array([0.5, nan])).low == pytest.approx(-0.06)


def test_errors_have_a_log_axis_that_infinity_does_not_set():
    frame = frame_metric(MALE, np.array([0.1, 10.0, inf, nan]))
    assert frame.is_log
    assert 0.05 < frame.low < 0.1
    assert 10 < frame.high < 20


def test_an_axis_of_one_value_or_none_still_has_room():
    one = frame_metric(MDAPE, np.array([5.0]))
    assert one.low < 4 < 6 < one.high
    for values in ([], [inf], [0.0]):
        frame = frame_metric(MALE, np.array(values))
        assert 0 < frame.low < frame.high < inf
    assert frame_metric(NONPOSITIVE, np.array([0.0])).high > 4


@pytest.mark.slow
def test_the_overview_shows_every_fit_in_both_splits_beside_each_other():
    scores = [
        make_scored(split=split, method=method, target=target, r2=-5.0, male=inf)
        for split in ("random", "by-model")
        for method in ("single-low", "dual")
        for target in ("B", "C")
    ]
    scores.append(make_scored(method="dual", sampling="medoid", fraction=0.1))
    figure = draw_overview(scores, "stem")
    texts = texts_of(figure)
    assert {"single-low", "dual", "dual by medoid"} <= set(texts)
    assert {metric.heading for metric in METRICS} <= set(texts)
    assert {"random split", "by-model split"} <= set(texts)
    assert "3 methods on 2 pairs" in figure.figure.alt


@pytest.mark.slow
@pytest.mark.parametrize("is_spread_over_pairs", [True, False])
def test_the_share_of_references_is_drawn_by_sampling(is_spread_over_pairs):
    scores = [
        make_scored(
            split=split, sampling=sampling, fraction=fraction, seed=seed, r2=value
        )
        for split in ("random", "by-model")
        for sampling in ("random", "min-max", "medoid")
        for fraction in (0.1, 0.15, 1.0)
        for seed, value in enumerate((0.2, nan))
    ]
    figure = draw_fractions(
        grouped(scores, split_of),
        "stem",
        title="Number of references",
        is_spread_over_pairs=is_spread_over_pairs,
    )
    texts = texts_of(figure)
    assert {"10", "15", "100", "references [%]"} <= set(texts)
    assert {f"{s} references" for s in ("random", "min-max", "medoid")} <= set(texts)
    assert {"random", "by-model"} <= set(texts)
    over = "middle half of the pairs" if is_spread_over_pairs else "over splits"
    assert over in figure.figure.caption


@pytest.mark.slow
def test_a_sampling_that_is_nowhere_defined_leaves_a_gap():
    scores = [
        make_scored(sampling="random", fraction=0.5),
        make_scored(sampling="medoid", fraction=0.5, r2=nan, mse_kwh2=nan, mdape=nan),
    ]
    figure = draw_fractions(
        {"row": scores}, "stem", title="t", is_spread_over_pairs=False
    )
    assert "medoid references" in texts_of(figure)
