from dataclasses import replace

import numpy as np
import pytest

from estimator_runs import make_training
from isojoule.formats import read_runs
from isojoule.studies.estimators.table10 import (
    ALL_RUNS,
    BY_SIZE,
    GREEN_ALGORITHMS,
    score_table10,
)


@pytest.fixture(scope="module")
def tables():
    pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")
    from builders import skip_or_fail
    from conftest import DATA

    folder = DATA / "delrey2024"
    if not folder.is_dir():
        skip_or_fail(f"measurements not found at {folder}; set ISOJOULE_DATA")
    names = ("table10_test", "regression_train", "regression_test")
    return [read_runs(folder / f"{name}.parquet") for name in names]


def rows_of(table):
    return {(row.subset, row.estimate): row for row in table.rows}


@pytest.mark.parametrize(
    ("estimate", "printed_kj"),
    [
        ("online_power_energy_j", 10.67),
        ("online_epoch_energy_j", 7.23),
        ("offline_power_energy_j", 27.76),
        ("offline_epoch_energy_j", 50.00),
        ("mlco2_energy_j", 159.36),
        (BY_SIZE, 132.54),
    ],
)
def test_the_published_table_is_met_within_two_percent(tables, estimate, printed_kj):
    figure, *others = tables
    table = score_table10(figure, [run for part in others for run in part])
    row = rows_of(table)[ALL_RUNS, estimate]
    assert row.errors.n == 368
    assert row.errors.rmse == pytest.approx(printed_kj * 1e3, rel=0.02)
    assert row.verdict == "within tolerance"
    assert table.n_also_trained == 141


def test_the_figure_has_another_green_algorithms_than_the_table(tables):
    row = rows_of(score_table10(tables[0]))[ALL_RUNS, GREEN_ALGORITHMS]
    assert row.errors.rmse == pytest.approx(112.90e3, abs=5)
    assert row.verdict == "unpublished"


def test_errors_of_single_runs_are_those_of_the_figure(tables):
    rows = rows_of(score_table10(tables[0]))
    online = rows[ALL_RUNS, "online_epoch_energy_j"].errors
    assert online.mape == pytest.approx(0.018, abs=5e-4)
    assert online.mdape == pytest.approx(0.012, abs=5e-4)
    old_left_out = rows["without GTX 750 Ti", "mlco2_energy_j"].errors
    assert (old_left_out.n, old_left_out.rmse) == (358, pytest.approx(139.7e3, abs=50))


def test_rows_without_gpu_use_leave_the_print_alone(tables):
    row = rows_of(score_table10(tables[0]))[ALL_RUNS, BY_SIZE]
    assert row.n_without == 10
    assert row.verdict == "rows missing"


def figure_run(place, *, use=0.5, model="vgg16", gpu="RTX 3090", **estimates):
    run = make_training(model, gpu=gpu, power_w=200.0)
    return replace(
        run,
        gpu_utilization_fraction=use,
        measures={"clean_position": float(place), **estimates},
    )


def test_an_error_is_against_gpu_and_memory_together():
    table = score_table10([figure_run(1, mlco2_energy_j=210e3)])
    row = rows_of(table)[ALL_RUNS, "mlco2_energy_j"]
    assert row.errors.bias == 5000.0
    assert table.relative["mlco2_energy_j"] == pytest.approx([210 / 205 - 1])
    assert np.isnan(table.relative["online_power_energy_j"]).all()


def test_memory_counts_by_its_size():
    table = score_table10([figure_run(1)])
    expected_j = 1000 * (350 * 0.5 + 16 * 0.3725)
    assert rows_of(table)[ALL_RUNS, BY_SIZE].errors.bias == expected_j - 205e3


def test_the_use_of_the_same_run_goes_before_that_of_its_configuration():
    asked = figure_run(1, use=None)
    same, repeat = figure_run(1, use=0.9), figure_run(2, use=0.1)

    def use_of(*others):
        bias = rows_of(score_table10([asked], others))[ALL_RUNS, BY_SIZE].errors.bias
        return (bias + 205e3 - 16 * 0.3725e3) / 350e3

    assert use_of(same, repeat) == pytest.approx(0.9)
    assert use_of(repeat, figure_run(3, use=0.3)) == pytest.approx(0.2)
