"""isojoule study estimators as a user meets it."""

import json

import pytest

from estimator_runs import make_published_like, make_trainings
from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.store import RunStore

pytest.importorskip("sklearn", reason="the regressions need the study extra")


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["study", "estimators", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def runs_file(tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, make_trainings(n_repeats=2))
    return path


@pytest.mark.slow
def test_own_runs_are_scored_on_the_terminal(isojoule, runs_file):
    code, out, _ = isojoule(runs_file)
    assert code == 0
    assert "fifths of the configurations" in out
    assert "kernel ridge" in out
    assert "coverage of 90% intervals" in out
    assert "Table 10" not in out.replace("as in Table 10", "")


@pytest.mark.slow
def test_json_holds_everything_and_nothing_else(isojoule, runs_file):
    code, out, err = isojoule(runs_file, "--json", "--level", "0.8", "--scope", "node")
    document = json.loads(out)
    assert code == 0
    assert (document["level"], document["scope"]) == (0.8, "node")
    assert {row["contender"] for row in document["grouped"]} >= {"ridge", "lookup"}
    assert "estimators by folds" in err


@pytest.mark.slow
def test_a_folder_of_published_tables_is_known_by_its_content(isojoule, tmp_path):
    tables = {}
    for run in make_published_like():
        tables.setdefault(run.tags.get("delrey_table", "runs"), []).append(run)
    for name, runs in tables.items():
        write_native(tmp_path / f"{name}.json", runs)
    (tmp_path / "notes.csv").write_text("day,weather\n1,rain\n")
    code, out, err = isojoule(tmp_path)
    assert code == 0
    assert "Table 8: mean power of the GPU" in out
    assert "Table 10: total energy" in out
    assert out.count("What the published test measures: recall.") == 1
    assert "notes.csv left out: it holds no runs" in err


@pytest.mark.slow
def test_the_folder_of_a_store_is_read_as_one(isojoule, tmp_path):
    with RunStore.open(tmp_path / "store", create=True) as store:
        for run in make_trainings(n_repeats=1):
            store.add(run)
    for arguments in ((tmp_path / "store",), ("--store", tmp_path / "store")):
        code, out, _ = isojoule(*arguments, "--json")
        assert (code, json.loads(out)["n_runs"]) == (0, 24)


@pytest.mark.slow
def test_files_are_written_and_the_tables_not_printed(isojoule, runs_file, tmp_path):
    code, out, err = isojoule(runs_file, "--out", tmp_path / "out", "--no-figures")
    assert code == 0
    assert (tmp_path / "out" / "estimators.html").exists()
    assert "the page is estimators.html" in err
    assert "Of new configurations" in out
    assert "MAPE, errors pooled" not in out


@pytest.mark.parametrize(
    ("content", "told"),
    [("day,weather\n1,rain\n", "has no column"), (None, "No such file")],
)
def test_a_file_without_runs_is_one_line_and_exit_2(isojoule, tmp_path, content, told):
    path = tmp_path / "weather.csv"
    if content:
        path.write_text(content)
    code, out, err = isojoule(path)
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_without_any_runs_is_told(isojoule, tmp_path):
    (tmp_path / "weather.csv").write_text("day,weather\n1,rain\n")
    code, _, err = isojoule(tmp_path)
    assert code == 2
    assert "holds runs: name a file of runs" in err


def test_the_help_has_examples(isojoule):
    code, out, _ = isojoule("--help")
    assert code == 0
    assert "isojoule study estimators delrey2024/ --out estimators" in out
