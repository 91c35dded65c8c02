"""isojoule study link as a user meets it."""

import json

import pytest

from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.store import RunStore
from link_runs import make_link_run, suite_like_runs


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["study", "link", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def runs_file(tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, suite_like_runs("train", "test"))
    return str(path)


def test_text_has_a_table_per_question_for_each_block(isojoule, runs_file):
    code, out, err = isojoule(runs_file)
    assert (code, err) == (0, "")
    assert "train on NVIDIA H200, scope gpu, measured" in out
    assert "test on NVIDIA H200, scope gpu, measured" in out
    assert out.count("Energy against one quantity") == 2
    assert out.count("Predicting a family that was left out") == 2
    assert "Training over test, energy per sample" in out
    assert "Of what is known before a run, " in out


def test_json_is_one_document(isojoule, runs_file):
    code, out, _ = isojoule(runs_file, "--json", "--phase", "train", "--level", "0.9")
    document = json.loads(out)
    assert code == 0
    assert document["level"] == 0.9
    assert [b["phase"] for b in document["blocks"]] == ["train"]
    assert document["left_out"] == [{"reason": "not of phase train", "n_runs": 20}]


def test_a_folder_is_a_store_and_so_is_no_input(isojoule, tmp_path, monkeypatch):
    root = tmp_path / "store"
    with RunStore.open(root) as store:
        for run in suite_like_runs():
            store.add(run)
    document = json.loads(isojoule(str(root), "--json")[1])
    assert document["n_runs"] == 20
    monkeypatch.setenv("ISOJOULE_STORE", str(root))
    assert json.loads(isojoule("--json")[1]) == document
    assert json.loads(isojoule("--store", str(root), "--json")[1]) == document


def test_several_inputs_are_taken_together_and_nothing_counts_twice(
    isojoule, runs_file, tmp_path
):
    other = tmp_path / "other.json"
    write_native(other, [make_link_run("new", 3)])
    document = json.loads(isojoule(runs_file, str(other), runs_file, "--json")[1])
    assert document["n_runs"] == 81
    assert document["left_out"] == [{"reason": "given twice", "n_runs": 40}]


@pytest.mark.slow
def test_out_is_a_folder_with_page_tables_and_figures(isojoule, runs_file, tmp_path):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    out = tmp_path / "link"
    code, told, err = isojoule(runs_file, "--out", str(out))
    assert code == 0
    assert "Of what is known before a run" in told
    assert err == f"link.html, 5 figures and the tables are in {out}\n"
    assert sorted(p.name for p in out.iterdir()) == ["figures", "link.html", "tables"]
    assert {p.suffix for p in (out / "tables").iterdir()} == {".csv", ".md"}
    assert len(list((out / "figures").iterdir())) == 15
    page = (out / "link.html").read_text()
    assert page.count("<svg") == 5


def test_figures_can_be_left_out(isojoule, runs_file, tmp_path):
    code, out, _ = isojoule(
        runs_file, "--out", str(tmp_path / "link"), "--no-figures", "--json"
    )
    assert code == 0
    assert json.loads(out)["n_runs"] == 40
    assert not (tmp_path / "link" / "figures").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "cannot read nowhere.csv: No such file or directory"),
        (["--phase", "tset"], "no phase 'tset': did you mean test"),
        (["--hardware", "V100"], "no hardware 'V100'"),
        (["--scope", "wall"], "40 without an energy in scope wall"),
        (["--level", "95"], "Invalid value for '--level'"),
    ],
)
def test_bad_input_is_one_line_and_2(isojoule, runs_file, arguments, told):
    inputs = [] if arguments[0].endswith("csv") else [runs_file]
    code, out, err = isojoule(*inputs, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_an_empty_store_says_what_to_do(isojoule, tmp_path):
    root = tmp_path / "store"
    RunStore.open(root).close()
    code, _, err = isojoule("--store", str(root))
    assert (code, err) == (
        2,
        "isojoule: there are no runs: measure some, or name a file\n",
    )


def test_mixing_has_to_be_asked_for(isojoule, tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, [make_link_run(), make_link_run(size=2, source="declared")])
    assert len(json.loads(isojoule(str(path), "--json")[1])["blocks"]) == 2
    (block,) = json.loads(isojoule(str(path), "--json", "--allow-mixed")[1])["blocks"]
    assert block["provenance"] == "declared and measured"


@pytest.mark.slow
def test_it_works_on_every_published_table(isojoule, cross_hardware, delrey_table):
    for path in (delrey_table, *sorted(cross_hardware.glob("*.parquet"))):
        code, out, _ = isojoule(str(path), "--json")
        assert code == 0
        assert json.loads(out)["blocks"], path
