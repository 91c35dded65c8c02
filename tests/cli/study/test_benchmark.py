"""isojoule study benchmark as a user meets it."""

import json
import re

import pytest

from benchmark_runs import on_a_line
from isojoule.cli import main
from isojoule.formats.native import write_native
from many_machines import make_many

pytest.importorskip("sklearn")


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["study", "benchmark", *(str(a) for a in arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tables"
    path.mkdir()
    write_native(path / "line.json", on_a_line())
    write_native(path / "many.json", make_many("AB", n_workloads=12))
    return path


FEW = ("--methods", "dual,log-linear", "--k", "2", "--seeds", "2")


def test_text_has_a_table_per_split_the_best_and_the_bars(isojoule, folder):
    code, out, err = isojoule(folder, *FEW)
    assert code == 0
    for title in (
        "Files",
        "random split: mean over 2 files",
        "by-model split: mean over 2 files",
        "The best for each number of references",
        "Bars, by-model split",
    ):
        assert title in out
    assert "dual / all" in out
    assert "log-linear / medoid:2" in out
    assert "pairs of machines" in err


def test_json_is_one_document_with_stable_keys(isojoule, folder):
    code, out, _ = isojoule("--data", folder, *FEW, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["schema_version"] == 1
    assert document["settings"]["ks"] == ["2"]
    assert [(s["name"], s["n_pairs"]) for s in document["sources"]] == [
        ("line", 2),
        ("many", 2),
    ]
    dual = [c for c in document["contenders"] if c["contender"] == "dual / all"]
    assert [(c["split"], c["k"], c["is_published"]) for c in dual] == [
        ("random", 2, True),
        ("by-model", 2, True),
    ]
    for contender in dual:
        assert contender["sources"]["line"]["male"] == pytest.approx(0, abs=1e-9)
        many = contender["sources"]["many"]["male"]
        assert contender["male"] == pytest.approx(many / 2)
        assert contender["coverage"] is None
        assert contender["width_factor"] is None
    assert {(b["split"], b["k"]) for b in document["best"]} == {
        ("random", 2),
        ("by-model", 2),
    }
    assert {(b["quantity"], b["k"]) for b in document["bars"]} == {
        ("ratio", 2),
        ("coverage", 2),
    }
    assert "pairs" not in document  # tens of thousands: they are in a table of --out


def test_a_folder_and_its_files_give_the_same(isojoule, folder):
    files = sorted(folder.iterdir())
    of_folder = json.loads(isojoule(folder, *FEW, "--json")[1])
    assert json.loads(isojoule(*files, *FEW, "--json")[1]) == of_folder


def test_a_file_that_cannot_be_read_is_skipped_with_a_note(isojoule, folder):
    (folder / "broken.json").write_text("{")
    (folder / "README.md").write_text("no table")
    code, out, _ = isojoule(folder, *FEW, "--json")
    (note,) = [n for n in json.loads(out)["notes"] if "broken" in n]
    assert code == 0
    assert note.startswith("broken.json left out: ")


def test_splits_and_selectors_can_be_chosen(isojoule, folder):
    _, out, _ = isojoule(
        *(folder, *FEW, "--json", "--split", "random", "--selectors", "medoid")
    )
    document = json.loads(out)
    assert {c["split"] for c in document["contenders"]} == {"random"}
    chosen = {c["selector"] for c in document["contenders"] if not c["is_published"]}
    assert chosen == {"medoid"}


def test_out_is_a_folder_with_the_document_and_the_tables(isojoule, folder, tmp_path):
    out = tmp_path / "found"
    code, _, err = isojoule(folder, *FEW, "--out", out)
    assert code == 0
    assert f"benchmark.json and the tables are in {out}" in err
    document = json.loads((out / "benchmark.json").read_text())
    lines = (out / "tables" / "benchmark-contenders.csv").read_text().splitlines()
    assert len(lines) == 1 + len(document["contenders"])
    short = {"files", "top-random", "top-by-model", "best", "bars"}
    written = {path.name for path in (out / "tables").iterdir()}
    assert written == {f"benchmark-{name}.md" for name in short} | {
        f"benchmark-{name}.csv"
        for name in short | {"contenders", "sources", "pairs", "skipped"}
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a folder of tables"),
        (["EMPTY"], "no table of runs in"),
        (["nowhere.csv"], "no table of runs in nowhere.csv: nowhere.csv left out"),
        (
            ["FOLDER", "--k", "0"],
            "positive whole numbers and all, with commas; got '0'",
        ),
        (["FOLDER", "--k", "two"], "got 'two'"),
        (["FOLDER", "--k", ","], "no number of references"),
        (["FOLDER", "--methods", "duel"], "no method 'duel': did you mean dual"),
        (["FOLDER", "--method", "duel"], "no method 'duel': did you mean dual"),
        (["FOLDER", "--selectors", "medoids"], "did you mean medoid?"),
        (["FOLDER", "--min-shared", "13"], "no pair of machines can be judged"),
        (["FOLDER", "--max-workloads", "3"], "must be at least 8, got 3"),
        (["FOLDER", "--seeds", "0"], "Invalid value for '--seeds'"),
        (["FOLDER", "--third-machines", "some"], "Invalid value for"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(isojoule, folder, tmp_path, arguments, told):
    (tmp_path / "empty").mkdir()
    places = {"FOLDER": folder, "EMPTY": tmp_path / "empty"}
    code, out, err = isojoule(*(places.get(a, a) for a in arguments))
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_two_tables_of_one_name_are_refused(isojoule, folder, tmp_path):
    write_native(tmp_path / "line.json", on_a_line())
    code, _, err = isojoule(folder, tmp_path / "line.json")
    assert code == 2
    assert "two tables are named line: rename one" in err


@pytest.mark.slow
def test_dual_on_published_measurements_errs_as_was_found_before(isojoule, zeus_table):
    pytest.importorskip("duckdb")
    document = json.loads(
        isojoule(zeus_table, "--methods", "dual", "--k", "2", "--json")[1]
    )
    dual = {
        c["split"]: c
        for c in document["contenders"]
        if re.fullmatch("dual / all", c["contender"])
    }
    # research on the same table: median over pairs of MdAPE 32 % at random, 61 % by
    # model; the mean is of the same size.
    assert 0.2 < dual["random"]["mdape"] < 0.6
    assert 0.4 < dual["by-model"]["mdape"] < 1.0
    assert dual["by-model"]["n_pairs"] == 12


def test_ctrl_c_ends_with_130(isojoule, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "isojoule.studies.benchmark.running.study_benchmark", interrupted
    )
    code, out, err = isojoule(folder, *FEW)
    assert (code, out) == (130, "")
    assert "interrupted" in err
