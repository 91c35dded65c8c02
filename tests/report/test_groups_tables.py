import pytest

from group_studies import studied
from isojoule.formats.table import encode_csv
from isojoule.report.groups_tables import (
    cleaning_table,
    groups_table,
    groups_tables,
    overview_table,
    pairs_table,
    recurring_table,
    removed_table,
    shortened,
    trade_table,
)
from isojoule.report.markdown import to_markdown


@pytest.fixture(scope="module")
def study():
    return studied()


def result_of(study, name):
    return next(r for r in study.factors if r.factor.name == name)


def test_the_overview_turns_each_widest_ratio_above_one(study):
    (row,) = overview_table(result_of(study, "batch_size")).rows()
    assert (row["context"], row["first"], row["second"]) == ("all", "40", "10")
    assert row["ratio"] == pytest.approx(4.0)
    assert row["ratio_low"] < 4 < row["ratio_high"]
    assert (row["n_groups"], row["n"], row["band"]) == (3, 15, "large")
    assert "confounded_with" not in row


def test_what_is_confounded_has_a_column_where_there_is_any(study):
    rows = overview_table(result_of(study, "hardware")).rows()
    assert {row["confounded_with"] for row in rows} == {"allocated RAM"}
    assert sorted(row["context"] for row in rows) == ["best", "large", "small"]


def test_columns_of_groups_carry_the_unit(study):
    table = groups_table(result_of(study, "model"), study.quantity)
    row = table.rows()[0]
    assert row["value"] == "small"
    assert row["median_j_per_sample"] == pytest.approx(102 / 50_000)
    assert row["median_low_j_per_sample"] is None  # five runs are too few for 95 %
    assert "5 runs are too few" in row["reason"]


def test_pairs_show_ratios_of_energies_and_differences_of_scores(study):
    energy = pairs_table(result_of(study, "model"), study.quantity)
    assert "ratio" in energy.rows()[0]
    assert "difference_j_per_sample" not in energy.rows()[0]
    scores = next(r for r in study.score_factors if r.factor.name == "model")
    quantity = scores.comparisons[0].quantity
    row = pairs_table(scores, quantity).rows()[0]
    assert row["difference"] == pytest.approx(0.01)
    assert "ratio" not in row


def test_cleaning_lists_steps_and_the_runs_they_took(study):
    taken = {
        row["step"]: row["n_removed"] for row in cleaning_table(study.cleaned).rows()
    }
    assert taken["did not end by itself"] == 1
    assert sum(taken.values()) == 1
    (row,) = removed_table(study.cleaned).rows()
    assert row["run_id"] == "net/data/10-A-None-999-0"


def test_recurring_pairs_and_the_trade_off_have_a_row_each(study):
    (row,) = recurring_table(result_of(study, "hardware")).rows()
    assert (row["first"], row["second"], row["n"], row["n_higher"]) == ("A", "B", 3, 3)
    rows = trade_table(study.trade_offs[0]).rows()
    assert [row["configuration"] for row in rows[:2]] == [
        "small, batch 40, A",
        "small, batch 20, A",
    ]
    assert rows[0]["on_front"] is True


def test_all_tables_can_be_written(study):
    tables = groups_tables(study)
    assert sorted(tables) == [
        "cleaning",
        "comparisons",
        "groups",
        "pairs",
        "recurring",
        "removed",
        "score-comparisons",
        "score-groups",
        "score-pairs",
        "score-trends",
        "trade-off",
        "trends",
    ]
    for table in tables.values():
        assert encode_csv(table).count("\n") == table.n_rows + 1
        assert to_markdown(table)
    row = tables["comparisons"].rows()[0]
    assert row["quantity"] == "energy_j_per_sample"
    assert row["context"].startswith("best, data, batch 10, train, gpu, measured")


def test_long_tables_are_cut_and_say_so(study):
    table = groups_table(result_of(study, "model"), study.quantity)
    assert shortened(table, 6) == table
    short = shortened(table, 2)
    assert (short.n_rows, short.rows()) == (2, table.rows()[:2])
    assert short.title.endswith(": the first 2 of 6, all are in the files")
