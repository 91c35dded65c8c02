import pytest

from isojoule.errors import FormatError
from isojoule.estimators.epochs import epochs_of
from isojoule.formats import read_runs
from isojoule.formats.delrey_epochs import COLUMNS, read_delrey_epochs
from isojoule.formats.table import write_parquet
from isojoule.tables import Table

pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")

FROZEN = {
    "run_id": "a",
    "epoch": 0,
    "phase": "frozen",
    "start_s": 0.0,
    "end_s": 30.0,
    "energy_gpu_j": 4000.0,
    "energy_ram_j": 100.0,
    "boundary_quality": "good",
    "boundary_anchor": "end",
}
TUNED = FROZEN | {"epoch": 1, "phase": "finetune", "start_s": 30.0, "end_s": 70.0}


def write(path, *rows, without=()):
    labels = {name: "" for name in COLUMNS if name not in without}
    write_parquet(path, Table.from_rows("epochs", rows, labels=labels))
    return path


def test_epochs_are_windows_that_tell_their_part_of_the_training(tmp_path):
    found = read_delrey_epochs(write(tmp_path / "e.parquet", TUNED, FROZEN))
    first, second = found["a"].windows
    assert (first.name, first.phase, first.epoch) == ("frozen", "train", 0)
    assert (second.name, second.start_s, second.end_s) == ("finetune", 30.0, 70.0)
    assert [(e.component, e.energy_j, e.source) for e in first.energies] == [
        ("gpu", 4000.0, "sampled"),
        ("dram", 100.0, "modelled"),
    ]
    assert found["a"].tags == {"boundary_quality": "good", "boundary_anchor": "end"}


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_memory_that_was_not_read_is_absent(tmp_path, unknown):
    row = FROZEN | {"energy_ram_j": unknown}
    found = read_delrey_epochs(write(tmp_path / "e.parquet", row))
    assert found["a"].windows[0].energies[1].source == "absent"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"end_s": -1.0}, "run a: window 'frozen' ends before it starts"),
        ({"energy_gpu_j": -5.0}, "run a: gpu energy is -5.0 J"),
        ({"start_s": None}, "run a: "),
    ],
)
def test_impossible_epochs_name_their_run(tmp_path, change, told):
    path = write(tmp_path / "e.parquet", TUNED, FROZEN | change)
    with pytest.raises(FormatError, match=told):
        read_delrey_epochs(path)


def test_another_table_beside_the_runs_is_told_apart(tmp_path):
    path = write(tmp_path / "epochs.parquet", FROZEN, without=("boundary_anchor",))
    with pytest.raises(FormatError, match="no column boundary_anchor; move it away"):
        read_delrey_epochs(path)


def test_the_published_runs_have_their_epochs(delrey_table):
    runs = {run.run_id: run for run in read_runs(delrey_table)}
    raw = [run for run in runs.values() if run.windows]
    assert len(raw) == 309
    assert sum(len(run.windows) for run in raw) == 22_642
    assert {run.tags["block"] for run in raw} == {"1"}
    quality = [run.tags["boundary_quality"] for run in raw]
    assert [quality.count(q) for q in ("good", "medium", "low")] == [272, 19, 18]
    assert all(
        any("inferred from the power trace" in w for w in r.warnings) for r in raw
    )
    assert all(
        [w.name for w in run.windows[9:11]] == ["frozen", "finetune"] for run in raw
    )
    # Seven runs have no energy of the memory: their node is the card.
    cards = [r for r in raw if r.windows[0].energies[1].energy_j is None]
    assert len(cards) == 7
    for run in raw[:20]:
        node_j = sum(e.energy_j for e in epochs_of(run, scope="node"))
        whole_j = sum(e.energy_j or 0.0 for e in run.energies)
        assert node_j == pytest.approx(whole_j, rel=0.07)
