"""The published protocol on measurements of four cards, and the claims."""

import pytest

from isojoule.formats import read_runs
from isojoule.studies.normalization.features import study_features
from isojoule.studies.normalization.references import study_references
from isojoule.studies.normalization.regressions import study_regressions
from isojoule.studies.normalization.running import Settings
from isojoule.studies.normalization.summaries import summarize

pytest.importorskip("sklearn")
pytest.importorskip("duckdb")


@pytest.fixture
def zeus_runs(zeus_table):
    return read_runs(zeus_table)


def full(result):
    """Summaries of the fits to the whole training part, by split and method."""
    return {(s.split, s.method): s for s in summarize(result) if s.sampling == "all"}


# What an independent computation gave: medians over the pairs.
INDEPENDENT_R2 = {
    "single-low": 0.24,
    "single-high": 0.73,
    "dual": 0.73,
    "linear": 0.83,
    "poly2": 0.76,
}
INDEPENDENT_MDAPE = {
    "single-low": 0.50,
    "single-high": 0.45,
    "dual": 0.32,
    "linear": 2.87,
    "poly2": 1.12,
}


def test_random_splits_give_what_an_independent_computation_gave(zeus_runs):
    found = full(study_references(zeus_runs))
    for metric, independent in (("r2", INDEPENDENT_R2), ("mdape", INDEPENDENT_MDAPE)):
        for method, value in independent.items():
            summary = found["random", method]
            assert summary.n_pairs == 12
            assert summary.medians[metric] == pytest.approx(value, abs=0.006), method


def test_networks_that_were_not_seen_are_much_harder(zeus_runs):
    found = full(study_references(zeus_runs))
    # All five networks are left out in turn: nothing is drawn.
    assert found["by-model", "dual"].medians["mdape"] == pytest.approx(0.61, abs=0.03)
    assert found["by-model", "linear"].medians["mdape"] > 10
    assert found["by-model", "linear"].medians["r2"] < 0


def test_support_vectors_in_kwh_and_standardized_are_different_methods(zeus_runs):
    found = full(study_regressions(zeus_runs))
    in_kwh = found["random", "svr"].medians
    standardized = found["random", "svr-standardized"].medians
    assert in_kwh["r2"] == pytest.approx(0.74, abs=0.01)
    assert standardized["r2"] == pytest.approx(0.56, abs=0.01)
    assert found["random", "log-linear"].medians["mdape"] < 0.35


def test_four_cards_do_not_tell_what_holds_for_others(zeus_runs):
    claims = study_references(zeus_runs).claims
    assert len(claims) == 5 * 2 * 2
    assert {c.verdict for c in claims} == {"cannot tell"}
    low = {c.split: c for c in claims if c.id == "dual-beats-single-low"}
    assert low["random"].difference > 0


def test_flop_are_not_known_and_that_is_said(zeus_runs):
    result = study_features(zeus_runs)
    assert "flop left out: known too rarely (flop of 0, params of 24 workloads)" in (
        result.notes
    )
    assert {s.features for s in result.scores} == {(), ("params",)}
    assert [c.id for c in result.claims] == ["params-alone-hurt"] * 4


@pytest.mark.slow
@pytest.mark.parametrize("study", [study_references, study_regressions, study_features])
def test_it_works_on_every_published_table(cross_hardware, study):
    for path in sorted(cross_hardware.glob("*.parquet")):
        runs = read_runs(path)[:2000]  # of metaqure an eighth: it has 2000 workloads
        phase = max(r.workload.phase for r in runs)
        result = study(runs, settings=Settings(phase=phase, n_seeds=2))
        assert result.scores, path
        assert result.panels, path
