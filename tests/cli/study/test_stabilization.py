"""isojoule study stabilization as a user meets it."""

import json

import pytest

from isojoule.cli import main
from isojoule.cli.study.stabilization import parse_numbers
from isojoule.formats.native import write_native
from isojoule.store import RunStore
from trainings import make_training


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["study", "stabilization", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def runs_file(tmp_path):
    path = tmp_path / "runs.json"
    runs = [make_training(name, has_samples=False) for name in "abc"]
    write_native(path, [*runs, make_training("d", windows=())])
    return str(path)


def test_text_tells_shares_rules_and_what_was_left_out(isojoule, runs_file):
    code, out, _ = isojoule(runs_file)
    assert code == 0
    assert "Stable by epoch" in out
    assert "Where the window of 5 epochs begins" in out
    assert "3 of 4 runs studied; left out: 1 have no windows of epochs." in out
    assert "one by 0 % (RMSE 0 kJ), over 3 runs." in out


def test_json_is_one_document_of_what_was_asked(isojoule, runs_file):
    code, out, _ = isojoule(
        *(runs_file, "--json", "--start", "4", "--window", "3", "--starts", "0:2,9"),
        *("--windows", "1,2", "--runs", "2", "--draws", "7", "--truth", "recording"),
    )
    document = json.loads(out)
    assert code == 0
    asked = ("start", "window", "truth", "n_draws", "n_used")
    assert [document[name] for name in asked] == [4, 3, "recording", 7, 2]
    tried = {(row["start"], row["window"]) for row in document["sweep"]}
    assert tried == {(s, w) for s in (0, 1, 2, 9) for w in (1, 2)}


def test_a_folder_is_a_store_and_so_is_no_input(isojoule, tmp_path, monkeypatch):
    root = tmp_path / "store"
    with RunStore.open(root) as store:
        for name in "ab":
            store.add(make_training(name, has_samples=False))
    document = json.loads(isojoule(str(root), "--json")[1])
    assert document["n_runs"] == 2
    monkeypatch.setenv("ISOJOULE_STORE", str(root))
    assert json.loads(isojoule("--json")[1]) == document


@pytest.mark.slow
def test_out_has_a_page_tables_and_figures(isojoule, runs_file, tmp_path):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    out = tmp_path / "found"
    code, text, err = isojoule(runs_file, "--out", str(out), "--draws", "9")
    assert code == 0
    assert "Stable by epoch" not in text
    assert "stabilization.html, 6 figures and the tables are in" in err
    assert (out / "stabilization.html").exists()
    assert (out / "tables" / "rules.csv").exists()
    assert (out / "figures" / "sweep-map.png").exists()


def test_figures_may_be_left_out(isojoule, runs_file, tmp_path):
    out = tmp_path / "found"
    isojoule(runs_file, "--out", str(out), "--no-figures", "--draws", "9")
    assert not (out / "figures").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--starts", "5:1"), "--starts: a range goes up, to at most 10000; got '5:1'"),
        (("--starts", "1-5"), "--starts takes whole numbers and ranges such as"),
        (("--windows", ","), "--windows needs at least one number"),
        (("--windows", "0"), "every window must be at least 1, got 0"),
        (("--start", "28"), "fits into none of 3 runs, the longest has 30 epochs"),
        (("--environment", "home"), "no environment 'home': there are lab"),
        (("--hardware", "A100"), "no hardware 'A100'"),
        (("--scope", "wall"), "3 have epochs without an energy of scope wall"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(isojoule, runs_file, arguments, told):
    code, out, err = isojoule(runs_file, *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_lists_are_numbers_and_ranges_each_once():
    assert parse_numbers("3, 0:2,1", "--starts") == (0, 1, 2, 3)


def test_del_reys_table_without_its_readings_says_so(isojoule, delrey_table, tmp_path):
    for name in ("runs.parquet", "epochs.parquet"):
        (tmp_path / name).write_bytes(delrey_table.with_name(name).read_bytes())
    code, out, err = isojoule(
        *(str(tmp_path / "runs.parquet"), "--runs", "3", "--draws", "2"),
        *("--starts", "10", "--windows", "5", "--json"),
    )
    assert code == 0
    assert "power.parquet is not there" in err
    assert json.loads(out)["n_used"] == 3


@pytest.mark.slow
def test_del_reys_runs_are_searched_with_the_readings_beside_them(
    isojoule, delrey_table
):
    code, out, err = isojoule(
        *(str(delrey_table), "--runs", "4", "--settings", "sane", "--draws", "2"),
        *("--starts", "10", "--windows", "5", "--json"),
    )
    assert code == 0
    assert "are taken from" in err
    (row,) = json.loads(out)["detectors"]
    assert (row["detector"], row["n_runs"]) == ("FLUSS with care", 4)
