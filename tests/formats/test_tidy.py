import pytest

from isojoule.errors import FormatError, MissingExtraError
from isojoule.formats import WRITERS, read_runs, writer_for
from isojoule.formats.tidy import read_tidy
from isojoule.observations import observe

HEAD = "workload_id,hardware,energy_j"


@pytest.fixture
def table(tmp_path):
    """Writes lines to a CSV and reads it back."""

    def read(*lines: str):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines) + "\n")
        return read_tidy(path)

    return read


def test_every_column_arrives_in_our_names_and_units(table):
    (run,) = table(
        "source,task,phase,workload_id,model,batch_size,hardware,n_devices,energy_j,"
        "duration_s,gpu_util_pct,flops_per_sample,params,samples_processed,"
        "power_limit_w,repeat,scope,provenance",
        "lab,cifar,inference,cifar/r50/8,r50,8,A40,2,100.5,4,75,3e9,2.5e7,50,300,1,gpu,"
        "measured",
    )
    assert run.workload.name == "cifar/r50/8"
    assert (run.workload.model, run.workload.task) == ("r50", "cifar")
    assert run.workload.phase == "inference"
    assert run.workload.batch_size == 8
    assert run.workload.work_flop == 1.5e11
    assert run.workload.n_params == 2.5e7
    assert run.hardware.name == "2x A40"
    assert run.gpu_energy_j == 100.5
    assert run.energies[0].provenance == "measured"
    assert run.duration_s == 4.0
    assert run.gpu_utilization_fraction == 0.75
    assert run.power_limit_w == 300.0
    assert run.origin == "table.csv row 1"
    assert run.tags == {"source": "lab", "repeat": "1"}


def test_three_columns_are_enough_and_the_rest_is_not_stated(table):
    (run,) = table(HEAD, "w,A40,5")
    seen = observe(run)
    assert (seen.energy_j, seen.scope, seen.provenance) == (5.0, None, "declared")
    assert (seen.phase, seen.duration_s) == ("train", None)


def test_an_empty_energy_is_not_measured(table):
    runs = table(HEAD, "w,A40,", "v,A40,null")
    assert [observe(run) for run in runs] == [None, None]


def test_flop_count_for_one_sample_where_no_row_knows_its_samples(table):
    (run,) = table(f"{HEAD},flops_per_sample", "w,A40,5,1e9")
    assert run.workload.work_flop == 1e9
    known, unknown = table(
        f"{HEAD},flops_per_sample,samples_processed", "w,A40,5,1e9,3", "v,A40,5,1e9,"
    )
    assert known.workload.work_flop == 3e9
    assert unknown.workload.work_flop is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([HEAD, "w,A40,0"], "row 1: energy_j is 0, must be positive"),
        ([HEAD, "w,A40,1", "w,A40,-2"], "row 2: energy_j is -2, must be positive"),
        ([HEAD, "w,A40,nan"], "row 1: energy_j is nan"),
        ([HEAD, "w,A40,inf"], "row 1: energy_j is inf"),
        ([HEAD, "w,A40,1 kWh"], "row 1: energy_j is '1 kWh', not a number"),
        ([HEAD, ",A40,1"], "row 1: workload is empty"),
        ([HEAD, "w,,1"], "row 1: hardware is empty"),
        ([HEAD, "w,A40"], "row 1 has 2 cells, the header 3"),
        ([f"{HEAD},duration_s", "w,A40,1,-1"], "duration_s is -1"),
        ([f"{HEAD},scope", "w,A40,1,rack"], "scope is 'rack', must be one of gpu"),
        ([f"{HEAD},provenance", "w,A40,1,felt"], "provenance is 'felt'"),
        (["workload_id,hardware", "w,A40"], "no column 'energy_j'"),
        (["hardware,energy_j", "A40,1"], "no column 'workload'"),
        (["workload_id,workload,hardware,energy_j", "w,w,A40,1"], "columns twice"),
        ([HEAD], "has no rows"),
        ([f"{HEAD},gpu_util_pct", "w,A40,1,5000"], "GPU utilization is 5000%"),
        ([f"{HEAD},n_devices", "w,A40,1,1.7"], "n_devices is 1.7, must be a whole"),
        ([""], "no column 'workload'"),
    ],
)
def test_an_impossible_table_is_refused_with_the_row(table, lines, told):
    with pytest.raises(FormatError, match=told):
        table(*lines)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xff\xfe\x00workload")
    with pytest.raises(FormatError, match="not a CSV table"):
        read_tidy(path)


def test_a_broken_parquet_file_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(FormatError, match="not a Parquet table"):
        read_tidy(path)


def test_parquet_without_duckdb_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(MissingExtraError, match=r"isojoule\[parquet\]"):
        read_tidy(path)


@pytest.mark.parametrize("ending", WRITERS)
def test_what_is_exported_is_read_back_with_the_same_energies(tmp_path, table, ending):
    runs = table(
        f"{HEAD},phase,duration_s,scope,provenance,flops_per_sample,samples_processed",
        "w,A40,100.5,train,2,gpu,measured,10,7",
        "v,A40,3e-3,inference,,wall,modelled,,",
        "u,V100,,train,1,,,,",
    )
    path = tmp_path / f"runs{ending}"
    writer_for(path)(path, runs)
    back = read_runs(path)
    assert [observe(run) for run in back] == [observe(run) for run in runs]


def test_the_published_table_is_read_whole(zeus_table):
    runs = read_tidy(zeus_table)
    assert len(runs) == 1609
    assert len({run.hardware.name for run in runs}) == 4
    assert len({run.workload.name for run in runs}) == 74
    assert all(run.energies[0].energy_j > 0 for run in runs)
