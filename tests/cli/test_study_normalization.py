"""isojoule study references, regressions and features as a user meets them."""

import json

import pytest

from isojoule.cli import main
from isojoule.formats import write_tidy_csv
from isojoule.formats.native import write_native
from isojoule.store import RunStore
from many_machines import make_many

pytest.importorskip("sklearn")

STUDIES = ("references", "regressions", "features")


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["study", *(str(a) for a in arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "energies.json"
    write_native(path, make_many(with_features=True))
    return path


@pytest.mark.parametrize("study", STUDIES)
def test_text_has_medians_claims_and_notes(isojoule, table, study):
    code, out, err = isojoule(study, table)
    assert (code, err) == (0, "")
    assert "Medians over pairs" in out
    assert "by-model" in out
    assert "cannot tell" in out or "holds" in out or "does not hold" in out
    assert "by-model split: 4 splits of a pair instead of 5" in out


@pytest.mark.parametrize("study", STUDIES)
def test_json_is_one_document(isojoule, table, study):
    code, out, _ = isojoule(study, table, "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["study"], document["source"]) == (study, "energies.json")
    assert {m["split"] for m in document["methods"]} == {"random", "by-model"}
    assert all(m["n_pairs"] == 6 for m in document["methods"])
    assert document["skipped"] == []
    fits = {(s["source"], s["target"], s["split"]) for s in document["scores"]}
    assert len(fits) == 12


def test_json_of_references_prints_the_published_protocol(isojoule, zeus_table):
    pytest.importorskip("duckdb")
    document = json.loads(isojoule("references", zeus_table, "--json")[1])
    full = {
        (m["split"], m["method"]): m
        for m in document["methods"]
        if m["sampling"] == "all"
    }
    published = {"none", "single-low", "single-high", "dual", "linear", "poly2"}
    assert published < {method for _, method in full}
    assert full["random", "dual"]["mdape"] == pytest.approx(0.32, abs=0.07)
    assert full["by-model", "dual"]["mdape"] == pytest.approx(0.61, abs=0.03)
    assert full["by-model", "linear"]["mdape"] > 10


def test_options_choose_what_is_done(isojoule, table):
    code, out, _ = isojoule(
        *("references", table, "--json", "--split", "random", "--seeds", "2"),
        *("--pairs", "A:B", "--pairs", "C:A", "--metric", "r2", "--level", "0.9"),
    )
    document = json.loads(out)
    assert code == 0
    assert {(s["source"], s["target"]) for s in document["scores"]} == {
        ("A", "B"),
        ("C", "A"),
    }
    assert {s["seed"] for s in document["scores"]} == {0, 1}
    assert {s["split"] for s in document["scores"]} == {"random"}
    assert {c["level"] for c in document["claims"]} == {0.9}
    assert all(c["metric"].startswith("R2 of") for c in document["claims"])


def test_features_can_be_chosen(isojoule, table):
    document = json.loads(
        isojoule("features", table, "--features", "params", "--json")[1]
    )
    assert {tuple(m["features"]) for m in document["methods"]} == {(), ("params",)}


def test_a_table_a_store_and_several_files_give_the_same(isojoule, table, tmp_path):
    runs = make_many(with_features=True)
    expected = json.loads(isojoule("references", table, "--json")[1])
    root = tmp_path / "store"
    with RunStore.open(root) as store:
        for run in runs:
            store.add(run)
    parts = []
    for machine in "ABC":
        parts.append(tmp_path / f"{machine}.csv")
        write_tidy_csv(parts[-1], [r for r in runs if r.hardware.name == machine])
    for given in ([root], parts):
        found = json.loads(isojoule("references", *given, "--json")[1])
        assert found["methods"] == expected["methods"]
        assert found["scores"] == expected["scores"]
    stored = json.loads(isojoule("references", "--store", root, "--json")[1])
    assert stored["scores"] == expected["scores"]
    assert stored["source"] == "store"


@pytest.mark.slow
def test_jobs_do_not_change_a_character(isojoule, table):
    pytest.importorskip("joblib")
    alone = isojoule("regressions", table, "--json")[1]
    assert isojoule("regressions", table, "--json", "--jobs", "2")[1] == alone


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_out_is_a_folder_with_page_tables_and_figures(isojoule, table, tmp_path, study):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    out = tmp_path / "found"
    code, told, err = isojoule(study, table, "--pairs", "A:B", "--out", out)
    assert code == 0
    assert f"files are in {out}, the page is {study}.html" in err
    assert "Medians over pairs" not in told
    assert (out / f"{study}.html").exists()
    assert {p.suffix for p in (out / "tables").iterdir()} == {".csv", ".md", ".tex"}
    assert {p.suffix for p in (out / "figures").iterdir()} == {".pdf", ".png"}


def test_figures_can_be_left_out(isojoule, table, tmp_path):
    out = tmp_path / "found"
    code, _, _ = isojoule("references", table, "--out", out, "--no-figures")
    assert code == 0
    assert (out / "references.html").exists()
    assert not (out / "figures").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["references", "nowhere.csv"], "cannot read nowhere.csv"),
        (["references", "TABLE", "--pairs", "A:D"], "no hardware 'D'"),
        (["references", "TABLE", "--pairs", "A"], "SOURCE:TARGET, or all; got 'A'"),
        (["references", "TABLE", "--pairs", "A:A"], "are the same machine"),
        (["references", "TABLE", "--min-shared", "21"], "none of 6 ordered pairs"),
        (["references", "TABLE", "--min-shared", "1"], "must be at least 5, got 1"),
        (["references", "TABLE", "--phase", "tset"], "no phase 'tset'"),
        (["references", "TABLE", "--power-limit", "9"], "no power limit '9'"),
        (["references", "TABLE", "--seeds", "0"], "Invalid value for '--seeds'"),
        (["references", "TABLE", "--metric", "rmse"], "Invalid value for '--metric'"),
        (["references", "TABLE", "--split", "some"], "Invalid value for '--split'"),
        (["references", "TABLE", "--backend", "dask"], "two jobs or more"),
        (["features", "TABLE", "--features", "flops"], "did you mean flop?"),
        (["features", "TABLE", "--features", "power"], "does not take power"),
        (["features", "TABLE", "--features", ""], "name flop, params or both"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(isojoule, table, arguments, told):
    given = [str(table) if a == "TABLE" else a for a in arguments]
    code, out, err = isojoule(*given)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("study", STUDIES)
def test_one_machine_is_refused(isojoule, tmp_path, study):
    path = tmp_path / "one.json"
    write_native(path, make_many("A", with_features=True))
    code, _, err = isojoule(study, path)
    assert code == 2
    assert "two machines or more, the runs are of A: add runs" in err


def test_a_split_by_model_of_one_network_is_refused(isojoule, tmp_path):
    path = tmp_path / "one.json"
    write_native(path, make_many(n_models=1))
    code, _, err = isojoule("regressions", path, "--split", "by-model")
    assert code == 2
    assert "A to B: by-model: all shared workloads are of one network, net0" in err
    document = json.loads(isojoule("regressions", path, "--json")[1])
    assert len(document["skipped"]) == 6
    assert {m["split"] for m in document["methods"]} == {"random"}
