import time

import numpy as np
import pytest

from builders import make_run
from isojoule.errors import FormatError
from isojoule.formats.delrey_traces import (
    COLUMNS,
    FILE_NAME,
    is_delrey_traces,
    read_delrey_traces,
    with_traces,
)
from isojoule.formats.table import write_parquet
from isojoule.tables import Table

pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")

ROW = {
    "run_id": "a-one",
    "t_ms": 0,
    "power_w": 119.25,
    "gpu_util_pct": 50,
    "mem_util_pct": 25,
    "mem_used_mib": 1024,
    "gpu_temp_c": 55,
    "host_cpu_pct": 10.0,
    "host_rss_mb": 2000,
}


@pytest.fixture
def write(tmp_path):
    """Writes rows to a Parquet file and returns its path."""

    def call(*rows, without=()):
        path = tmp_path / FILE_NAME
        labels = {name: "" for name in ROW if name not in without}
        write_parquet(path, Table.from_rows("power", rows, labels=labels))
        return path

    return call


def test_readings_arrive_in_our_channels_and_units_in_order_of_time(write):
    path = write(ROW | {"t_ms": 1001, "power_w": 120.5}, ROW, ROW | {"run_id": "b"})
    traces = read_delrey_traces(path)
    assert sorted(traces) == ["a-one", "b"]
    samples = traces["a-one"]
    assert samples.time_s == pytest.approx([0.0, 1.001])
    assert samples.series("gpu0_power_w").tolist() == [119.25, 120.5]
    assert samples.series("gpu0_utilization_fraction").tolist() == [0.5, 0.5]
    assert samples.series("gpu0_memory_utilization_fraction")[0] == 0.25
    assert samples.series("gpu0_memory_bytes")[0] == 2.0**30
    assert samples.series("gpu0_temperature_c")[0] == 55.0
    assert samples.series("cpu_utilization_fraction")[0] == pytest.approx(0.1)
    assert samples.series("process_memory_bytes")[0] == 2e9


def test_what_was_not_read_is_not_a_number(write):
    path = write(ROW, ROW | {"t_ms": 1000, "host_rss_mb": None})
    resident = read_delrey_traces(path)["a-one"].series("process_memory_bytes")
    assert np.isnan(resident).tolist() == [False, True]


def test_runs_without_readings_stay_as_they_are(write):
    path = write(ROW, ROW | {"t_ms": 1000})
    with_, without = make_run("a"), make_run("b")
    first, second = with_traces([with_, without], path)
    assert len(first.samples.time_s) == 2
    assert second is without


def test_no_rows_are_no_traces(write):
    assert read_delrey_traces(write()) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"power_w": -1.0}, "run a-one: a power_w cannot be"),
        ({"t_ms": None}, "run a-one: a t_ms cannot be"),
    ],
)
def test_impossible_values_name_their_run(write, change, told):
    with pytest.raises(FormatError, match=told):
        read_delrey_traces(write(ROW | change))


def test_another_table_is_told_what_it_lacks(write):
    path = write(ROW, without=("power_w", "t_ms"))
    with pytest.raises(FormatError, match="no column power_w, t_ms"):
        read_delrey_traces(path)
    assert not is_delrey_traces(["run_id", "t_ms"])
    assert is_delrey_traces(["run_id", "t_ms", *COLUMNS])


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FormatError, match="cannot read"):
        read_delrey_traces(tmp_path / "power.parquet")


@pytest.mark.slow
def test_the_published_readings_are_read_whole_in_a_few_seconds(delrey_table):
    begun = time.perf_counter()
    traces = read_delrey_traces(delrey_table.with_name(FILE_NAME))
    assert time.perf_counter() - begun < 10
    assert len(traces) == 309
    assert sum(len(samples.time_s) for samples in traces.values()) == 928_121
