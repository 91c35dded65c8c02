from math import inf, nan

import pytest

from isojoule.report.normalization_tables import (
    claims_table,
    coefficients_table,
    data_tables,
    file_tables,
    for_people,
    pairs_table,
    points_table,
    scores_table,
    skipped_table,
    summary_table,
)
from normalization_results import (
    CLAIMS,
    make_panel,
    make_result,
    make_scored,
    make_study,
)


def test_the_summary_is_a_median_over_pairs_of_means_over_splits():
    scores = [
        make_scored(target=target, seed=seed, mdape=mdape, male=inf)
        for target, of_pair in (("B", (0.1, 0.3)), ("C", (0.5, 0.7)), ("D", (2, 8)))
        for seed, mdape in enumerate(of_pair)
    ]
    (row,) = summary_table(make_study(scores)).rows()
    assert row["mdape_fraction"] == pytest.approx(0.6)  # of 0.2, 0.6 and 5
    assert row["male"] == inf
    assert row["n_pairs"] == 3
    assert row["n_references"] == 8


def test_both_splits_stand_in_the_summary():
    rows = summary_table(make_result()).rows()
    splits = {row["split"] for row in rows if row["method"] == "dual"}
    assert splits == {"random", "by-model"}


def test_a_pair_has_mean_and_range_over_its_splits():
    scores = [
        make_scored(seed=0, r2=0.2, mse_kwh2=1.0),
        make_scored(seed=1, r2=0.6, mse_kwh2=3.0),
        make_scored(seed=2, r2=nan, mse_kwh2=5.0),
    ]
    (row,) = pairs_table(make_study(scores), scores).rows()
    assert (row["r2"], row["r2_low"], row["r2_high"]) == (0.4, 0.2, 0.6)
    assert (row["mse_kwh2"], row["mse_low_kwh2"], row["mse_high_kwh2"]) == (3, 1, 5)
    assert row["n_splits"] == 3
    assert row["is_drawn"] is True


def test_what_is_undefined_in_every_split_is_not_known():
    scores = [make_scored(r2=nan)]
    (row,) = pairs_table(make_study(scores), scores).rows()
    assert row["r2"] is None
    assert row["r2_low"] is None


def test_two_references_have_no_share_for_it_differs_between_pairs():
    scores = [
        make_scored(method="dual", sampling="min-max", fraction=f, target=t)
        for f, t in ((0.1, "B"), (0.2, "C"))
    ]
    (row,) = summary_table(make_study(scores)).rows()
    assert row["reference_fraction"] is None
    assert row["n_pairs"] == 2


def test_claims_say_what_holds_with_their_interval():
    first, second = claims_table(CLAIMS).rows()
    assert (first["verdict"], first["low"], first["high"]) == ("holds", 0.08, 0.35)
    assert second["verdict"] == "cannot tell"


def test_left_out_pairs_are_named_with_the_reason():
    (row,) = skipped_table(make_result()).rows()
    assert row["source"] == "GPU A"
    assert row["reason"] == "4 shared workloads, 8 are needed"


def test_coefficients_and_marks_of_panels_are_rows():
    panel = make_panel(features=("flop",), feature_values={"flop": (1.0, 2.0, 3.0)})
    (row,) = coefficients_table([panel]).rows()
    assert (row["coefficient"], row["value"]) == ("source energy [J/J]", 2.0)
    small, _, large = points_table([panel]).rows()
    assert small["is_reference"] is False
    assert (large["workload"], large["predicted_energy_j"]) == ("large", 7.2e8)
    assert large["flop"] == 3.0


def test_every_fit_is_kept_for_others():
    result = make_result()
    assert scores_table(result).n_rows == len(result.scores)
    assert set(data_tables(result)) == {"scores", "points"}


def test_people_read_what_was_fitted_in_one_column_and_no_ranges():
    scores = [
        make_scored(features=("flop",)),
        make_scored(sampling="min-max", fraction=0.15),
        make_scored(method="dual", sampling="random", fraction=0.1),
    ]
    table = for_people(pairs_table(make_study(scores), scores))
    names = [column.name for column in table.columns]
    assert names[:4] == ["source", "target", "split", "fit"]
    assert not any("low" in name or "high" in name for name in names)
    fits = table.columns[3].values
    assert fits == ("linear + flop", "linear by min-max, 15 %", "dual by random")


def test_people_read_the_interval_of_a_claim():
    names = [column.name for column in for_people(claims_table(CLAIMS)).columns]
    assert {"difference", "low", "high"} <= set(names)
    assert "id" not in names


def test_a_study_of_nothing_has_empty_tables():
    tables = file_tables(make_study())
    assert {name: table.n_rows for name, table in tables.items()} == {
        "summary": 0,
        "pairs": 0,
        "claims": 0,
        "coefficients": 0,
        "skipped": 0,
    }
