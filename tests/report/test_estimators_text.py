from datetime import UTC, datetime

import pytest

from estimator_runs import make_training
from estimator_studies import FEW, own_study, published_study
from isojoule.report.estimators_text import (
    calculators_text,
    coverage_text,
    grouped_text,
    percent_text,
    printed_tables,
    table10_parts,
    table10_text,
)
from isojoule.report.tables import NOT_KNOWN
from isojoule.studies.estimators.running import study_estimators

pytest.importorskip("sklearn", reason="the published folds need the study extra")

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


def test_printed_digits_stand_beside_the_recomputed_ones(published):
    tables = printed_tables(published)
    assert list(tables) == ["power_w", "epoch_energy_j", "stable_epoch_energy_j"]
    rows = {row["model"]: row for row in tables["epoch_energy_j"].rows()}
    assert rows["kernel ridge"]["printed"] == "0.746654"
    assert rows["kernel ridge"]["verdict"] == "differs"
    assert rows["lookup (no model)"]["printed"] == NOT_KNOWN
    assert rows["lookup (no model)"]["verdict"] == "not theirs"
    whole, _, decimals = str(rows["ridge"]["rmse"]).partition(".")
    assert whole.isdigit()
    assert len(decimals) == 6


def test_table_10_is_in_kilojoules(published):
    rows = {row["estimate"]: row for row in table10_text(published).rows()}
    assert rows["online, power"]["printed"] == "10.67"
    assert rows["online, power"]["mape"] == "1 %"
    assert rows["Green Algorithms, memory in use"]["printed"] == NOT_KNOWN
    parts = table10_parts(published)
    assert parts.columns[1].heading == "all runs (24)"


def test_scores_stand_in_one_cell_for_each_way_to_hold_out(own):
    table = grouped_text(own, "power_w")
    headings = [column.heading for column in table.columns]
    assert headings[:3] == [
        "estimator",
        "random fifths of the runs",
        "fifths of the configurations",
    ]
    row = next(r for r in table.rows() if r["contender"] == "lookup (no model)")
    assert str(row["random-folds"]).startswith("1.00 / ")
    assert str(row["random-folds"]).endswith(" %")


def test_who_answers_nothing_is_not_in_the_tables():
    runs = [make_training(repeat=n) for n in range(6)]
    study = study_estimators(runs, contenders=FEW)
    names = [row["contender"] for row in grouped_text(study, "power_w").rows()]
    assert names == ["lookup (no model)"]
    assert coverage_text(study, "power_w").n_rows == 0
    assert any("kernel-ridge answers nothing" in s.casefold() for s in study.notes)


def test_calculators_show_both_powers(own):
    powers = [row["figure"] for row in calculators_text(own).rows()]
    assert powers == ["as specified", "limit of the driver"] * 2


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, NOT_KNOWN), (0.125, "12.5 %"), (1e-7, "10⁻⁵ %"), (12.0, "1200 %")],
)
def test_shares_are_written_in_percent(fraction, text):
    assert percent_text(fraction) == text
