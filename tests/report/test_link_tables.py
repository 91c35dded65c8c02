import pytest

from isojoule.report.link_tables import (
    block_title,
    correlations_table,
    fitted_lengths_table,
    lengths_table,
    link_tables,
    overview_table,
    predictors_table,
    ratios_table,
    setup_title,
    workloads_table,
)
from isojoule.studies.link import study_link
from link_runs import make_link_run, suite_like_runs


@pytest.fixture(scope="module")
def study():
    return study_link(suite_like_runs("train", "test"))


def test_titles_tell_everything_that_energies_have_in_common(study):
    block = study.blocks[0].block
    assert setup_title(block.setup) == "NVIDIA H200, scope gpu, measured"
    assert block_title(block) == "train on NVIDIA H200, scope gpu, measured"
    (other,) = study_link([make_link_run(settings={"tf32": "on"})]).blocks
    assert setup_title(other.block.setup).endswith("measured, tf32 on")


def test_every_workload_has_a_row_with_its_family(study):
    rows = workloads_table(study.blocks[0].block).rows()
    assert len(rows) == 20
    row = next(r for r in rows if r["workload"] == "mlp-4")
    assert (row["family"], row["n_repeats"], row["n_steps"]) == ("mlp", 1, 125)
    assert row["energy_j"] == pytest.approx(12.0)


def test_correlations_have_rows_for_all_and_for_each_family(study):
    rows = correlations_table(study.blocks[0]).rows()
    assert [r["family"] for r in rows if r["quantity"] == "n_params"] == [
        "all",
        "cnn",
        "crnn",
        "mlp",
        "rnn",
    ]
    overview = overview_table(study.blocks[0]).rows()
    assert len(overview) == 9
    assert overview[0]["quantity"] == "forward FLOP"
    assert "family" not in overview[0]


def test_a_row_tells_why_there_is_no_interval(study):
    (duration,) = (
        r for r in overview_table(study.blocks[0]).rows() if r["quantity"] == "duration"
    )
    assert duration["pearson"] == pytest.approx(1.0)
    assert duration["pearson_low"] is None
    assert duration["reason"] == "the agreement is complete: no interval is known"


def test_predictors_are_in_the_order_of_their_error(study):
    males = [r["male"] for r in predictors_table(study.blocks[0]).rows() if r["male"]]
    assert males == sorted(males)


def test_ratios_begin_with_all_families(study):
    first, *others = ratios_table(study.phases[0]).rows()
    assert first["family"] == "all"
    assert first["energy_ratio"] == pytest.approx(3.0)
    assert len(others) == 4


def test_people_are_shown_the_lengths_that_were_fitted_and_machines_all():
    runs = [make_link_run(n_epochs=n, repeat=n) for n in (1, 2, 4, 8)]
    runs += [make_link_run("cnn", n_epochs=n, repeat=n) for n in (1, 2)]
    (linked,) = study_link(runs).blocks
    assert [r["workload"] for r in lengths_table(linked).rows()] == ["cnn-1", "mlp-1"]
    (row,) = fitted_lengths_table(linked).rows()
    assert row["energy_j_per_sample"] == pytest.approx(3e-3)
    assert row["energy_offset_low_j"] <= row["energy_offset_high_j"]
    assert "energy_low_j_per_sample" in lengths_table(linked).rows()[0]


def test_files_have_one_table_per_question_with_the_block_in_front(study):
    tables = link_tables(study)
    assert set(tables) == {
        "workloads",
        "correlations",
        "predictors",
        "lengths",
        "train-test",
    }
    for name, table in tables.items():
        assert [c.name for c in table.columns][:5] == [
            "hardware",
            "scope",
            "provenance",
            "variant",
            "phase",
        ], name
    assert tables["workloads"].n_rows == 40
    assert {r["phase"] for r in tables["predictors"].rows()} == {"train", "test"}
