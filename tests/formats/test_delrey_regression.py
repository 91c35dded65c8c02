import pytest

from isojoule.errors import FormatError
from isojoule.formats import format_of, read_runs
from isojoule.formats.delrey_regression import (
    LIMITS_W,
    N_PARAMS,
    TABLE_TAG,
    read_delrey_regression,
    read_delrey_table10,
)
from isojoule.formats.table import write_parquet
from isojoule.studies.estimators import parts
from isojoule.tables import Table
from isojoule.units import BYTES_PER_GIB

pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")

ROW = {
    "clean_position": 7,
    "config_id": "RTX3070|inception_v3|caltech101|b64|s75|r32",
    "gpu": "RTX 3070",
    "architecture": "inception_v3",
    "dataset": "caltech101",
    "batch_size": 64,
    "ram_total_gb": 32,
    "n_train": 3059,
    "n_val": 6085,
    "gflops_forward": 0.41669401,
    "image_height": 75,
    "image_width": 75,
    "gpu_cuda_cores": 5888,
    "gpu_memory_gb": 8,
    "gpu_tdp_spec_w": 220,
    "mean_gpu_power_w": 100.0,
    "mean_epoch_energy_kj": 0.5,
    "mean_stable_epoch_energy_kj": 0.4,
    "cv_fold": 3,
    "gpu_util_pct": 40.0,
    "total_energy_kj": 10.5,
    "epoch_index_max": 20,
    "duration_s": 100.0,
    "duration_source": "published figure",
}
FIGURE_ROW = {
    "row": 0,
    "energy_true_kj": 10.5,
    "ga_kj": 11.0,
    "mlco2_kj": 24.0,
    "online_power_kj": 10.4,
    "online_epoch_kj": 10.6,
    "offline_power_kj": 10.0,
    "offline_epoch_kj": 9.0,
    "gpu": "RTX 3070",
    "architecture": "vgg16",
    "dataset": "chess",
    "batch_size": 32,
    "input_size": 128,
    "ram_total_gb": 32,
    "clean_position": 7,
    "duration_s": 100.0,
    "epoch_index_max": 20,
    "mean_gpu_power_w": 100.0,
    "gpu_util_pct": 40.0,
    "also_in_regression_train": True,
}


@pytest.fixture
def write(tmp_path):
    """Writes rows to a Parquet file."""

    def call(*rows, without=()):
        path = tmp_path / "rows.parquet"
        labels = {name: "" for name in rows[0] if name not in without}
        write_parquet(path, Table.from_rows("rows", rows, labels=labels))
        return path

    return call


def test_inputs_and_targets_arrive_in_our_names_and_units(write):
    (run,) = read_delrey_regression(write(ROW))
    work = run.workload
    assert work.name == "inception_v3/caltech101/64/75px"
    assert (work.batch_size, work.input_shape) == (64, (75, 75))
    assert (work.n_samples_per_epoch, work.n_validation_samples_per_epoch) == (
        3059,
        6085,
    )
    assert work.forward_flop_per_sample == pytest.approx(416_694_010.0, rel=1e-12)
    assert run.hardware.memory_bytes == 32 * BYTES_PER_GIB
    (board,) = run.hardware.accelerators
    assert (board.name, board.memory_bytes) == ("RTX 3070", 8 * BYTES_PER_GIB)
    assert run.measures == {
        "n_cuda_cores": 5888.0,
        "gpu_tdp_w": 220.0,
        "mean_gpu_power_w": 100.0,
        "mean_epoch_energy_j": 500.0,
        "mean_stable_epoch_energy_j": 400.0,
        "epoch_index_max": 20.0,
        "clean_position": 7.0,
    }
    assert run.gpu_utilization_fraction == 0.4
    assert run.tags == {
        TABLE_TAG: "regression_train",
        "config_id": ROW["config_id"],
        "cv_fold": "3",
        "duration_source": "published figure",
    }


def test_there_is_one_epoch_more_than_the_highest_index(write):
    (run,) = read_delrey_regression(write(ROW))
    assert run.workload.n_epochs == 21


def test_the_limit_of_the_driver_is_not_the_power_as_specified(write):
    (run,) = read_delrey_regression(write(ROW))
    assert run.power_limit_w == run.hardware.accelerators[0].power_limit_w == 240.0
    assert run.measures["gpu_tdp_w"] == 220.0


def test_the_sum_is_split_by_the_mean_power_of_the_gpu(write):
    (run,) = read_delrey_regression(write(ROW))
    assert run.gpu_energy_j == 10_000.0
    assert run.dram_energy_j == pytest.approx(500.0)
    assert [e.source for e in run.energies] == ["sampled", "modelled"]


@pytest.mark.parametrize(
    ("change", "sources"),
    [
        ({"total_energy_kj": None}, ["absent", "absent"]),
        ({"duration_s": None}, ["modelled"]),
    ],
)
def test_a_sum_that_cannot_be_split_stays_one(write, change, sources):
    (run,) = read_delrey_regression(write(ROW | change))
    assert [e.source for e in run.energies] == sources


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        ("inception_v3", "frozen backbone, head only"),
        ("vgg16", "10 frozen epochs then full fine-tuning"),
    ],
)
def test_the_layers_that_are_trained_follow_from_the_network(write, model, layers):
    (run,) = read_delrey_regression(write(ROW | {"architecture": model}))
    assert run.workload.settings == {"layers": layers}


def test_rows_without_folds_are_those_of_the_test_part(write):
    (run,) = read_delrey_regression(write(ROW, without=("cv_fold",)))
    assert run.tags[TABLE_TAG] == "regression_test"


def test_the_six_estimates_become_measures_in_joules(write):
    (run,) = read_delrey_table10(write(FIGURE_ROW))
    assert run.tags[TABLE_TAG] == "table10_test"
    assert run.tags["also_in_regression_train"] == "True"
    assert run.workload.input_shape == (128, 128)
    assert {n: v for n, v in run.measures.items() if n.endswith("energy_j")} == {
        "green_algorithms_energy_j": 11_000.0,
        "mlco2_energy_j": 24_000.0,
        "online_power_energy_j": 10_400.0,
        "online_epoch_energy_j": 10_600.0,
        "offline_power_energy_j": 10_000.0,
        "offline_epoch_energy_j": 9_000.0,
    }


@pytest.mark.parametrize(
    ("row", "name"),
    [(ROW, "delrey-regression"), (FIGURE_ROW, "delrey-table10")],
)
def test_the_tables_are_known_by_their_columns(write, row, name):
    path = write(row)
    assert format_of(path) == name
    assert len(read_runs(path)) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mean_gpu_power_w": -1.0}, "row 1: mean_gpu_power_w is -1.0, which cannot"),
        ({"batch_size": 0}, "row 1: batch_size .* must be positive, got 0"),
        ({"gpu_util_pct": float("nan")}, "row 1: gpu_util_pct is nan"),
        ({"duration_s": 200.0}, "row 1: dram energy is -9500.0 J"),
    ],
)
def test_impossible_values_name_their_row(write, change, told):
    with pytest.raises(FormatError, match=told):
        read_delrey_regression(write(ROW | change))


def test_another_table_is_told_what_it_lacks(write):
    path = write(ROW, without=("gpu_cuda_cores", "n_val"))
    with pytest.raises(FormatError, match="no column gpu_cuda_cores, n_val"):
        read_delrey_regression(path)
    with pytest.raises(FormatError, match="no column energy_true_kj, ga_kj"):
        read_delrey_table10(path)


def test_the_study_looks_for_the_tag_that_is_written():
    assert parts.TABLE_TAG == TABLE_TAG


def test_the_published_tables_are_read_whole(delrey_table):
    train, test, figure = (
        read_runs(delrey_table.with_name(f"{name}.parquet"))
        for name in ("regression_train", "regression_test", "table10_test")
    )
    assert [len(part) for part in (train, test, figure)] == [857, 368, 368]
    assert len({run.tags["config_id"] for run in train}) == 48
    assert len({run.run_id for run in (*train, *test, *figure)}) == 857 + 368 + 368
    folds = [run.tags["cv_fold"] for run in train]
    assert [folds.count(str(n)) for n in range(5)] == [172, 172, 171, 171, 171]


def test_limits_and_parameters_are_those_of_the_table_of_runs(delrey_table):
    runs = read_runs(delrey_table)
    assert {r.hardware.name: r.power_limit_w for r in runs} == LIMITS_W
    assert {r.workload.model: r.workload.n_params for r in runs} == N_PARAMS
    layers = {(r.workload.model, r.workload.settings["layers"]) for r in runs}
    train = read_runs(delrey_table.with_name("regression_train.parquet"))
    assert layers == {(r.workload.model, r.workload.settings["layers"]) for r in train}
