from pathlib import Path

import pytest

from builders import make_run
from isojoule.errors import FormatError, UnknownNameError
from isojoule.formats import EXPORTS, READERS, SIGNS, format_of, read_runs, writer_for

DATA = Path(__file__).parents[1] / "data"
FOREIGN = {
    "codecarbon": "codecarbon/*.csv",
    "nvidia-smi": "nvidia_smi/*.csv",
    "carbontracker": "carbontracker/*.log",
    "zeus": "zeus/*.csv",
    "pyjoules": "pyjoules/*.csv",
}
FILES = [(name, path) for name, g in FOREIGN.items() for path in sorted(DATA.glob(g))]


@pytest.mark.parametrize(
    ("name", "path"), FILES, ids=lambda value: getattr(value, "name", value)
)
def test_every_golden_file_is_known_by_how_it_begins_and_by_one_sign_alone(name, path):
    head = path.read_text()[:8192]
    assert [sign for sign, fits in SIGNS.items() if fits(head)] == [name]
    assert format_of(path) == name
    assert read_runs(path) == READERS[name](path)
    assert len({run.run_id for run in read_runs(path)}) == len(read_runs(path))


def test_every_sign_has_a_reader_and_a_golden_file():
    assert SIGNS.keys() == FOREIGN.keys()
    assert SIGNS.keys() <= READERS.keys()
    assert {name for name, _ in FILES} == SIGNS.keys()


def test_what_looks_like_no_program_is_a_tidy_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("workload,hardware,energy_j\nw,A40,5\n")
    assert format_of(path) == "tidy"
    path = tmp_path / "runs.json"
    path.write_text('{"kind":"isojoule-runs"}')
    assert format_of(path) == "native"


def test_a_format_can_be_asked_for(tmp_path):
    path = tmp_path / "log"
    path.write_bytes((DATA / "nvidia_smi" / "nounits.csv").read_bytes())
    assert read_runs(path, file_format="nvidia-smi")[0].gpu_energy_j == 300.0
    with pytest.raises(FormatError, match="not a table of Zeus"):
        read_runs(path, file_format="zeus")
    with pytest.raises(
        UnknownNameError, match="no file format 'zeuss': did you mean zeus"
    ):
        read_runs(path, file_format="zeuss")


@pytest.mark.parametrize(
    ("name", "ending"), [(n, e) for n, endings in EXPORTS.items() for e in endings]
)
def test_every_export_is_read_back_as_what_it_is(tmp_path, name, ending):
    if ending == ".parquet":
        pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")
    path = tmp_path / f"runs{ending}"
    writer_for(path, file_format=name)(path, [make_run()])
    assert format_of(path) == name


def test_an_ending_that_a_format_does_not_have_is_told(tmp_path):
    with pytest.raises(
        UnknownNameError, match=r"no file ending '\.json': there are \.csv"
    ):
        writer_for(tmp_path / "a.json", file_format="codecarbon")
    with pytest.raises(UnknownNameError, match="no file format 'csv'"):
        writer_for(tmp_path / "a.csv", file_format="csv")
