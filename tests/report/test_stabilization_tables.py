import pytest

from isojoule.report.markdown import to_markdown
from isojoule.report.stabilization_error_tables import (
    best_table,
    choices_table,
    draws_table,
    groups_table,
    rules_table,
    sweep_table,
)
from isojoule.report.stabilization_tables import (
    agreement_table,
    left_out_table,
    runs_table,
    scores_table,
    shares_table,
    stabilization_tables,
)
from isojoule.studies.stabilization.study import study_stabilization
from stabilized import make_stabilization_study
from trainings import make_training


@pytest.fixture(scope="module")
def study():
    return make_stabilization_study()


def rows_where(table, **wanted):
    return [
        row
        for row in table.rows()
        if all(row[name] == value for name, value in wanted.items())
    ]


def test_shares_are_told_for_all_and_each_environment(study):
    (row,) = rows_where(
        shares_table(study), environment="all", detector="FLUSS as published"
    )
    # Changes at 30, 198 and 208 s, in epochs 1, 9 and 10.
    assert (row["n_runs"], row["n_unchanged"]) == (3, 0)
    assert row["by_5_fraction"] == pytest.approx(1 / 3)
    assert row["by_9_fraction"] == pytest.approx(2 / 3)
    assert row["by_10_fraction"] == 1.0
    (careful,) = rows_where(
        shares_table(study), environment="lab", detector="FLUSS with care"
    )
    assert (careful["n_runs"], careful["n_unchanged"]) == (2, 1)


def test_published_shares_stand_beside_their_own_runs_only(study):
    assert rows_where(shares_table(study), detector="published figure")
    other = study_stabilization([make_training(has_samples=False)])
    assert not rows_where(shares_table(other), detector="published figure")


def test_one_environment_is_told_once():
    study = study_stabilization([make_training(has_samples=False)])
    assert {row["environment"] for row in shares_table(study).rows()} == {"all"}


def test_scores_are_shares_of_what_could_be_judged(study):
    (row,) = rows_where(scores_table(study), detector="FLUSS as published")
    assert row["first_fraction"] == pytest.approx(1 / 3)
    assert row["near_fraction"] == pytest.approx(2 / 3)
    assert row["false_edge_fraction"] == 1.0
    (row,) = rows_where(
        scores_table(study), detector="FLUSS as published, watts not cut"
    )
    assert (row["n_controls"], row["false_fraction"]) == (0, None)


def test_agreement_with_the_table_is_told(study):
    (row,) = rows_where(agreement_table(study), other="fluss_s of the table")
    assert (row["n_runs"], row["equal_fraction"], row["near_fraction"]) == (1, 0.0, 1.0)


def test_each_run_has_a_row_with_what_each_detector_says(study):
    by_id = {row["run_id"]: row for row in runs_table(study).rows()}
    assert by_id["b"]["published_change_s"] == 30.0
    assert by_id["b"]["sane_change_s"] is None
    assert by_id["b"]["sane_reason"] == "the lowest minimum is 0.40, above 0.1"
    assert by_id["d"]["published_reason"] == "has no samples"
    assert by_id["a"]["switch_epoch"] == 10
    assert by_id["a"]["regimes"] == "0 10"


def test_runs_that_are_left_out_are_named(study):
    rows = {row["reason"]: row for row in left_out_table(study).rows()}
    assert rows["have no windows of epochs"]["examples"] == "e"
    (blind,) = [reason for reason in rows if reason.startswith("has no samples")]
    assert rows[blind]["examples"] == "d"


def test_errors_are_told_for_both_truths_and_every_group(study):
    rows = groups_table(study).rows()
    keys = {(row["environment"], row["model"], row["truth"]) for row in rows}
    assert ("office", "net", "recording") in keys
    assert ("all", "all", "epochs") in keys
    (row,) = rows_where(groups_table(study), environment="all", truth="epochs")
    assert (row["n_runs"], row["n_fitting"]) == (4, 3)


def test_the_best_start_is_sought_where_all_runs_are_long_enough(study):
    (row,) = rows_where(best_table(study), environment="office", model="net")
    assert (row["window"], row["epoch_start"]) == (5, 10)
    assert row["epoch_mape_fraction"] == pytest.approx(0.0)
    (every,) = rows_where(best_table(study), environment="all")
    assert every["epoch_start"] <= 9  # run b has 14 epochs


def test_sweeps_hold_every_choice_and_some_of_them_on_request(study):
    assert sweep_table(study).n_rows == len(study.grids) * 31 * 4
    some = choices_table(study, (10, 99), (1, 5), "some")
    assert [(row["start"], row["window"]) for row in some.rows()] == [(10, 1), (10, 5)]


def test_rules_and_draws_are_told(study):
    labels = [row["rule"] for row in rules_table(study).rows()]
    assert labels[:2] == ["epoch 10", "epoch 11"]
    (row,) = rows_where(draws_table(study), first=10, window=5)
    assert row["n_runs"] == 3
    assert row["power_low_mape_fraction"] <= row["power_mean_mape_fraction"]
    assert row["power_mean_mape_fraction"] <= row["power_high_mape_fraction"]


def test_all_tables_can_be_written(study):
    tables = stabilization_tables(study)
    assert len(tables) == 10
    assert all(to_markdown(table).startswith("### ") for table in tables.values())
