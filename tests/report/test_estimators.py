"""The study of the estimators as sentences, data, tables, figures, page and files."""

import json
from datetime import UTC, datetime

import pytest

from estimator_studies import own_study, published_study
from isojoule.errors import StoreError
from isojoule.report.estimators import estimators_document, write_estimators

pytest.importorskip("sklearn", reason="the published folds need the study extra")

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


def test_the_document_is_json_and_keeps_full_numbers(published):
    document = estimators_document(published)
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["n_runs_of"] == {"train": 96, "test": 24, "table10": 24, "own": 120}
    assert again["leak"]["n_configurations"] == 24
    assert again["leak"]["test_seen_fraction"] == 1.0
    row = next(r for r in again["table_10"] if r["estimate"] == "mlco2_energy_j")
    assert row["mape_fraction"] == pytest.approx(0.6)
    assert row["verdict"] == "differs"
    ridge = next(
        r
        for r in again["tables_8_9"]
        if (r["target"], r["model"]) == ("power_w", "ridge")
    )
    assert ridge["published_rmse_w"] == 28.463241
    assert ridge["rmse_j"] is None
    assert {r["split"] for r in again["grouped"]} >= {"published-folds", "gpu"}


def test_the_document_of_own_runs_has_no_published_part(own):
    document = estimators_document(own)
    assert document["judged_on"] == "own runs"
    assert document["leak"] is None
    assert document["tables_8_9"] == document["table_10"] == document["held_out"] == []
    assert document["grouped"]


@pytest.mark.slow
def test_files_are_written_with_the_page_first(published, tmp_path):
    pytest.importorskip("matplotlib")
    written = write_estimators(published, tmp_path / "out", now=NOW)
    assert written[0].name == "estimators.html"
    assert all(path.stat().st_size for path in written)
    names = {str(path.relative_to(tmp_path / "out")) for path in written}
    assert "tables/estimators-tables-8-9.csv" in names
    assert "tables/estimators-table-10.md" in names
    assert {f"figures/estimators-rmse{e}" for e in (".svg", ".png", ".pdf")} <= names
    page = written[0].read_text("utf-8")
    assert "<script" not in page
    assert page.count("<svg") == 4


def test_without_figures_the_page_says_so(own, tmp_path):
    written = write_estimators(own, tmp_path, with_figures=False, now=NOW)
    assert not any("figures" in str(path.relative_to(tmp_path)) for path in written)
    assert "The figures were left out." in written[0].read_text("utf-8")


def test_a_file_in_the_way_is_told_of(own, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError, match="it is a file; name a folder"):
        write_estimators(own, tmp_path / "out", with_figures=False)
    assert (tmp_path / "out").read_text() == "mine"
