import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isojoule.errors import FormatError
from isojoule.formats.codecarbon import (
    WRITTEN,
    is_codecarbon,
    read_codecarbon,
    write_codecarbon,
)
from isojoule.observations import observe
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload

DATA = Path(__file__).parents[1] / "data" / "codecarbon"


def sources(run):
    return {e.component: e.source for e in run.energies}


def energies_j(run):
    return {e.component: e.energy_j for e in run.energies}


def test_version_1_2_has_one_total_of_unknown_kind_and_no_hardware():
    (run,) = read_codecarbon(DATA / "emissions_1.2.csv")
    assert energies_j(run) == {"node": pytest.approx(900_000.0)}  # 0.25 kWh
    assert sources(run) == {"node": "declared"}
    assert run.duration_s == 3600.5
    assert (run.name, run.workload.name) == ("sed-baseline", "sed-baseline")
    assert run.hardware.name == "hardware of emissions_1.2.csv"
    assert run.tags["country_iso_code"] == "FRA"
    assert run.tags["ended_at_local"] == "2021-06-14T18:05:09"
    assert run.started_at is None
    assert run.left_out[0] == "memory"
    (doubt,) = run.warnings
    assert "does not say which: declared" in doubt


def test_rows_of_one_run_hold_the_sum_so_far_and_only_the_last_counts():
    first, second = read_codecarbon(DATA / "emissions_2.1.csv")
    assert energies_j(first) == {
        "gpu": pytest.approx(288_000.0),  # 0.08 kWh
        "cpu": pytest.approx(72_000.0),
        "dram": pytest.approx(7_200.0),
    }
    assert sources(first) == {"gpu": "measured", "cpu": "declared", "dram": "modelled"}
    assert first.duration_s == 1200.0
    assert "1 earlier rows hold the sum so far and are left out" in first.warnings
    assert first.hardware.name == "NVIDIA A40"
    assert first.hardware.n_cpus == 16
    assert first.hardware.memory_bytes == 16 * 2**30
    assert first.origin == "CodeCarbon, emissions_2.1.csv line 3"
    assert second.name == "sed-large"


def test_zero_energy_of_a_gpu_that_is_there_is_not_measured():
    _, run = read_codecarbon(DATA / "emissions_2.1.csv")
    assert sources(run)["gpu"] == "absent"
    assert any("GPU-UUID in CUDA_VISIBLE_DEVICES" in w for w in run.warnings)


def test_a_pue_that_was_multiplied_in_is_divided_out():
    (run,) = read_codecarbon(DATA / "emissions_2.3.csv")
    assert run.gpu_energy_j == pytest.approx(0.15 / 1.5 * 3.6e6)
    assert run.dram_energy_j == pytest.approx(0.03 / 1.5 * 3.6e6)
    assert run.hardware.name == "2x NVIDIA A100-SXM4-40GB"
    assert len(run.hardware.accelerators) == 2
    assert run.tags["codecarbon_version"] == "2.3.4"
    for what in ("PUE 1.5", "gpu_ids", "shares of this process"):
        assert any(what in w for w in run.warnings)
    seen = observe(run)
    assert (seen.scope, seen.provenance) == ("gpu", "measured")


def test_without_a_gpu_there_is_no_gpu_energy_and_the_cpu_names_the_hardware():
    (run,) = read_codecarbon(DATA / "emissions_3.0.csv")
    assert sources(run) == {"cpu": "declared", "dram": "modelled"}
    assert run.hardware.name == run.hardware.cpu_name == "AMD EPYC 9R14"
    assert run.hardware.accelerators == ()
    assert run.tags["cloud_region"] == "ca-central-1"
    assert observe(run).provenance == "declared"


def test_version_3_3_has_utilization():
    (run,) = read_codecarbon(DATA / "emissions_3.3.csv")
    assert run.gpu_utilization_fraction == 0.875
    assert run.gpu_energy_j == pytest.approx(2_160_000.0)
    assert run.hardware.software == {"os": "Linux-6.8.0-x86_64", "python": "3.12.3"}


def test_tasks_are_runs_of_their_own():
    load, train = read_codecarbon(DATA / "tasks_3.3.csv")
    assert (load.name, train.name) == ("load data", "train")
    assert load.gpu_utilization_fraction is None  # 0 is also what it writes unread
    assert train.gpu_utilization_fraction == 0.9
    assert train.tags["project_name"] == "finetune"


@pytest.fixture
def table(tmp_path):
    """Writes a table with columns and cells changed, and reads it."""

    def read(**cells: str):
        with (DATA / "emissions_3.3.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        path = tmp_path / "emissions.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, row.keys())
            writer.writeheader()
            writer.writerow(row | cells)
        return read_codecarbon(path)

    return read


def test_rows_of_one_run_that_do_not_grow_are_not_summed_up(tmp_path):
    lines = (DATA / "emissions_2.1.csv").read_text().splitlines()
    path = tmp_path / "emissions.csv"
    path.write_text("\n".join([lines[0], lines[2], lines[1]]))
    assert [run.duration_s for run in read_codecarbon(path)] == [1200.0, 600.0]


def test_a_total_that_is_not_the_sum_of_its_parts_is_told(table):
    (run,) = table(energy_consumed="0.9")
    assert "the parts add up to 0.776 kWh, energy_consumed is 0.9 kWh" in run.warnings


def test_several_kinds_of_gpus_keep_the_name_that_runs_them_together(table):
    (run,) = table(gpu_model="1 x NVIDIA A402 x NVIDIA L4", gpu_count="3")
    assert run.hardware.name == "1 x NVIDIA A402 x NVIDIA L4"


def test_gpus_of_other_makers_are_theirs(table):
    (run,) = table(gpu_model="4 x AMD Instinct MI250X", gpu_count="4")
    assert run.hardware.name == "4x AMD Instinct MI250X"
    assert {a.vendor for a in run.hardware.accelerators} == {"amd"}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"gpu_energy": "-1"}, "line 2: gpu_energy is -1, which cannot be"),
        ({"cpu_energy": "much"}, "line 2: cpu_energy is 'much', not a number"),
        ({"cpu_energy": "inf"}, "line 2: cpu_energy is inf"),
        ({"duration": ""}, "line 2: duration is empty; remove the line"),
        ({"timestamp": "noon"}, "timestamp is 'noon', expected one like 2026-11-21T10"),
    ],
)
def test_an_impossible_cell_is_told_with_its_line(table, cells, message):
    with pytest.raises(FormatError, match=message):
        table(**cells)


def test_a_header_alone_is_told(tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text((DATA / "emissions_3.0.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(FormatError, match="a header and no runs"):
        read_codecarbon(path)


def test_the_same_row_is_the_same_run_wherever_its_file_lies(tmp_path):
    copy = tmp_path / "other.csv"
    copy.write_text((DATA / "emissions_3.3.csv").read_text())
    (here,), (there,) = (
        read_codecarbon(DATA / "emissions_3.3.csv"),
        read_codecarbon(copy),
    )
    assert here.run_id == there.run_id
    assert here.run_id.startswith("20261030T200000-")


RUN = Run(
    run_id="20261121T101112-abc123",
    name="r50",
    workload=Workload("resnet50"),
    hardware=Hardware(
        "2x NVIDIA A40",
        (Accelerator("NVIDIA A40", "nvidia"),) * 2,
        cpu_name="AMD EPYC 7543",
        n_cpus=64,
        memory_bytes=256 * 2**30,
        software={"os": "Linux 6.8", "python": "3.12.3"},
    ),
    energies=(
        ComponentEnergy("gpu", 3.6e6, "counter"),
        ComponentEnergy("cpu", 1.8e6, "modelled"),
    ),
    duration_s=3600.0,
    started_at=datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC),
    gpu_utilization_fraction=0.5,
)


def test_a_run_is_written_in_their_columns_and_units(tmp_path):
    path = tmp_path / "emissions.csv"
    write_codecarbon(path, [RUN])
    assert path.read_text() == (DATA / "written.csv").read_text()
    assert is_codecarbon(path.read_text())
    (back,) = read_codecarbon(path)
    assert (back.gpu_energy_j, back.cpu_energy_j) == (3.6e6, 1.8e6)
    assert back.dram_energy_j is None
    assert back.hardware.name == "2x NVIDIA A40"
    assert back.workload.name == "resnet50"


def test_what_is_not_known_stays_empty_and_emissions_always(tmp_path):
    path = tmp_path / "emissions.csv"
    gpu = ComponentEnergy("gpu", None, "absent")
    write_codecarbon(path, [replace(RUN, energies=(gpu, RUN.energies[1]))])
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == WRITTEN
    for name in ("gpu_energy", "energy_consumed", "emissions", "longitude"):
        assert row[name] == ""
    assert row["cpu_energy"] == "0.5"


def test_a_file_that_a_spreadsheet_saved_again_reads_as_before(tmp_path):
    with (DATA / "emissions_2.1.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    # Longitudes and energies get a decimal comma; versions and names have none.
    numbers = re.compile(r"-?[0-9]+[.][0-9]+(e-?[0-9]+)?")
    saved = tmp_path / "emissions_2.1.csv"
    with saved.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows(
            [c.replace(".", ",") if numbers.fullmatch(c) else c for c in row]
            for row in rows
        )
    assert is_codecarbon(saved.read_text("utf-8-sig"))
    assert [energies_j(run) for run in read_codecarbon(saved)] == [
        energies_j(run) for run in read_codecarbon(DATA / "emissions_2.1.csv")
    ]
