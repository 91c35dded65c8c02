import pytest

from isojoule.errors import FormatError
from isojoule.formats import PARQUET_SIGNS, READERS, format_of, read_runs
from isojoule.formats.delrey import COLUMNS, MEASURES, is_delrey, read_delrey
from isojoule.formats.table import write_parquet
from isojoule.observations import observe
from isojoule.tables import Table
from isojoule.units import BYTES_PER_GIB

pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")

ROW = {
    "run_id": "cloud-1",
    "config_id": "RTX3090|vgg16|chess|b32|s128|r16",
    "train_mode": "frozen backbone, head only",
    "block": 2,
    "environment": "Cloud",
    "gpu": "RTX 3090",
    "architecture": "vgg16",
    "dataset": "chess",
    "batch_size": 32,
    "input_size": 128,
    "gflops_forward": 10.0,
    "params_total": 14_000_000,
    "n_train": 1000,
    "n_val": 400,
    "ram_total_gb": 16,
    "gpu_memory_gb": 24,
    "gpu_power_limit_w": 350.0,
    "epochs_trained": 20,
    "duration_s": 100.0,
    "energy_total_j": 21000.0,
    "energy_gpu_j": 20000.0,
    "energy_ram_j": 1000.0,
    "mean_gpu_power_w": 200.0,
    "gpu_util_pct": 50.0,
    "gpu_mem_util_pct": 25.0,
    "gpu_mem_used_mb": 1024.0,
    "host_cpu_pct": 10.0,
    "host_rss_mb": 2000.0,
    "f1": 0.9,
    "paper_split": "train",
}


@pytest.fixture
def read(tmp_path):
    """Writes rows to a Parquet file and reads it back."""

    def call(*rows, without=()):
        path = tmp_path / "runs.parquet"
        labels = {name: "" for name in ROW if name not in without}
        write_parquet(path, Table.from_rows("runs", rows, labels=labels))
        return read_delrey(path)

    return call


def test_every_column_arrives_in_our_names_and_units(read):
    (run,) = read(ROW)
    work = run.workload
    assert (work.name, work.model, work.task) == (
        "vgg16/chess/32/128px",
        "vgg16",
        "chess",
    )
    assert work.variant == "layers frozen backbone, head only"
    assert (work.n_samples, work.n_samples_per_epoch) == (20_000, 1000)
    assert work.forward_flop_per_sample == 1e10
    assert (work.n_validation_samples_per_epoch, work.input_shape) == (400, (128, 128))
    assert run.hardware.name == "RTX 3090"
    assert run.hardware.memory_bytes == 16 * BYTES_PER_GIB
    assert run.hardware.accelerators[0].memory_bytes == 24 * BYTES_PER_GIB
    assert (run.gpu_energy_j, run.dram_energy_j) == (20000.0, 1000.0)
    assert [e.source for e in run.energies] == ["sampled", "modelled"]
    assert run.gpu_utilization_fraction == 0.5
    assert run.gpu_memory_utilization_fraction == 0.25
    assert run.power_limit_w == 350.0
    assert run.tags["config_id"] == "RTX3090|vgg16|chess|b32|s128|r16"
    assert run.tags["paper_split"] == "train"
    assert run.measures == {
        "n_epochs": 20.0,
        "n_validation_samples": 400.0,
        "input_side_pixels": 128.0,
        "mean_gpu_power_w": 200.0,
        "f1": 0.9,
        "gpu_memory_bytes": 2.0**30,
        "resident_bytes": 2e9,
        "cpu_utilization_fraction": 0.1,
    }


def test_an_observation_is_one_epoch_of_the_gpu_alone(read):
    seen = observe(read(ROW)[0])
    assert (seen.energy_j, seen.duration_s) == (1000.0, 5.0)
    assert (seen.scope, seen.provenance) == ("gpu", "measured")
    assert seen.work_flop == 1e13
    whole = observe(read(ROW)[0], scope="node")
    assert (whole.energy_j, whole.provenance) == (1050.0, "modelled")


def test_a_sum_is_split_by_the_mean_power_and_that_is_said(read):
    row = ROW | {"energy_gpu_j": None, "energy_ram_j": None}
    (run,) = read(row)
    assert (run.gpu_energy_j, run.dram_energy_j) == (20000.0, 1000.0)
    assert "split by the mean GPU power" in run.warnings[0]
    (unknown,) = read(row | {"energy_total_j": None})
    assert [e.source for e in unknown.energies] == ["absent", "absent"]
    assert unknown.left_out == ("CPU", "memory")


def test_unknown_epochs_leave_the_samples_unknown(read):
    (run,) = read(ROW | {"epochs_trained": None})
    assert run.workload.n_samples is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"energy_gpu_j": -1.0}, "row 1: energy_gpu_j is -1.0, which cannot be"),
        ({"duration_s": float("nan")}, "row 1: duration_s is nan, which cannot be"),
        ({"energy_gpu_j": None, "energy_total_j": 5.0}, "row 1: dram energy is -19995"),
    ],
)
def test_impossible_values_name_their_row(read, change, told):
    with pytest.raises(FormatError, match=told):
        read(ROW | change)


def test_another_table_is_told_what_it_lacks(read):
    with pytest.raises(FormatError, match="no column gpu_util_pct, train_mode"):
        read(ROW, without=("train_mode", "gpu_util_pct"))


def test_it_is_known_by_its_columns_alone(read, tmp_path):
    read(ROW)
    assert format_of(tmp_path / "runs.parquet") == "delrey"
    (tmp_path / "runs.parquet").rename(tmp_path / "runs.data")
    assert format_of(tmp_path / "runs.data") == "delrey"
    assert read_runs(tmp_path / "runs.data")[0].run_id == "cloud-1"
    assert not is_delrey(["workload", "hardware", "energy_j"])
    assert PARQUET_SIGNS.keys() <= READERS.keys()


def test_any_other_parquet_file_is_a_tidy_table(tmp_path):
    path = tmp_path / "a.parquet"
    row = {"workload": "w", "hardware": "A40", "energy_j": 5.0}
    write_parquet(path, Table.from_rows("t", [row], labels=dict.fromkeys(row, "")))
    assert format_of(path) == "tidy"


def test_the_published_table_is_read_whole(delrey_table):
    runs = read_runs(delrey_table)
    assert len(runs) == 1270
    assert sum(observe(run) is None for run in runs) == 4
    assert len({run.run_id for run in runs}) == 1270
    assert {run.hardware.name for run in runs} == {"GTX 750 Ti", "RTX 3070", "RTX 3090"}
    assert len({run.workload.name for run in runs}) == 23
    split = [run for run in runs if any("split by" in w for w in run.warnings)]
    assert len(split) == 625
    assert {"stable_duration_s", "accuracy", "f1"} <= MEASURES.keys() | COLUMNS.keys()
