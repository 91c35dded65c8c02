"""isojoule study groups as a user meets it."""

import json

import pytest

from group_runs import make_training
from group_studies import trainings
from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.store import RunStore


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["study", "groups", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def runs_file(tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, trainings())
    return str(path)


def test_text_has_the_cleaning_a_table_per_factor_and_sentences(isojoule, runs_file):
    code, out, err = isojoule(runs_file)
    assert (code, err) == (0, "")
    assert "Cleaning, step by step" in out
    assert "Groups by hardware" in out
    assert "Groups by batch size" in out
    assert "Energy and f1" in out
    assert "Eta squared is 0.73: large in 3." in out


def test_json_is_one_document(isojoule, runs_file):
    code, out, _ = isojoule(
        runs_file, "--json", "--by", "model", "--within", "hardware", "--level", "0.9"
    )
    document = json.loads(out)
    assert (code, document["level"]) == (0, 0.9)
    (factor,) = document["factors"]
    assert (factor["factor"], factor["held"]) == ("model", ["hardware"])
    assert "task" in {c["factor"] for c in factor["comparisons"][0]["confounded_with"]}


def test_within_none_compares_across_everything(isojoule, runs_file):
    document = json.loads(
        isojoule(runs_file, "--json", "--by", "hardware", "--within", "none")[1]
    )
    (comparison,) = document["factors"][0]["comparisons"]
    assert comparison["n"] == 45


def test_a_folder_is_a_store_and_so_is_no_input(isojoule, tmp_path, monkeypatch):
    root = tmp_path / "store"
    with RunStore.open(root) as store:
        for run in trainings():
            store.add(run)
    document = json.loads(isojoule(str(root), "--json")[1])
    assert document["n_runs"] == 45
    monkeypatch.setenv("ISOJOULE_STORE", str(root))
    assert json.loads(isojoule("--json")[1])["n_compared"] == document["n_compared"]


def test_conditions_quantities_and_corrections_are_taken(isojoule, runs_file):
    document = json.loads(
        isojoule(
            *(runs_file, "--json", "--where", "hardware=a", "--quantity", "power"),
            *("--correction", "fdr_bh", "--min-epochs", "50", "--whole-batches"),
        )[1]
    )
    assert document["cleaning"]["steps"][0]["n_after"] == 30
    assert (document["quantity"], document["correction"]) == ("mean_power_w", "fdr_bh")
    steps = {s["name"]: s["parameters"] for s in document["cleaning"]["steps"]}
    assert steps["of too few epochs"] == {"min_epochs": 50}


@pytest.mark.slow
def test_published_cleaning_takes_outliers_with_its_seed(isojoule, tmp_path):
    path = tmp_path / "runs.json"
    runs = [make_training(100.0 + i, model=m) for m in "ab" for i in range(20)]
    write_native(path, runs)
    code, out, _ = isojoule(str(path), "--json", "--published-cleaning", "--seed", "4")
    cleaning = json.loads(out)["cleaning"]
    assert code == 0
    assert cleaning["steps"][-1]["parameters"]["seed"] == 4
    assert len(cleaning["steps"][-1]["removed"]) == 4
    assert cleaning["seed_spread"]["seeds"] == [4, 5, 6, 7, 8]


@pytest.mark.slow
def test_out_is_a_folder_with_page_tables_and_figures(isojoule, runs_file, tmp_path):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    out = tmp_path / "groups"
    code, told, err = isojoule(runs_file, "--out", str(out))
    assert code == 0
    assert "Eta squared is" in told
    assert err.endswith(f"groups.html, 7 figures and the tables are in {out}\n")
    assert sorted(p.name for p in out.iterdir()) == ["figures", "groups.html", "tables"]
    assert {p.suffix for p in (out / "tables").iterdir()} == {".csv", ".md"}
    assert (out / "groups.html").read_text().count("<svg") == 7


def test_figures_can_be_left_out(isojoule, runs_file, tmp_path):
    out = tmp_path / "groups"
    code, told, _ = isojoule(runs_file, "--out", str(out), "--no-figures", "--json")
    assert code == 0
    assert json.loads(told)["n_runs"] == 45
    assert not (out / "figures").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "cannot read nowhere.csv: No such file or directory"),
        (["--by", "colour"], "no factor 'colour'"),
        (["--where", "hardware"], "'hardware' is no NAME=VALUE"),
        (["--where", "hardware=C"], "no value of hardware 'C': there are A, B"),
        (["--score", "f2"], "no score 'f2': did you mean f1"),
        (["--min-epochs", "99"], "45 of too few epochs"),
        (["--quantity", "joules"], "Invalid value for '--quantity'"),
        (["--level", "95"], "Invalid value for '--level'"),
        (["--scope", "wall"], "45 without an energy of the scope"),
    ],
)
def test_bad_input_is_one_line_and_2(isojoule, runs_file, arguments, told):
    inputs = [] if arguments[0].endswith("csv") else [runs_file]
    code, out, err = isojoule(*inputs, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_runs_that_are_all_alike_say_what_to_do(isojoule, tmp_path):
    path = tmp_path / "runs.json"
    write_native(path, [make_training(e) for e in (1.0, 2.0, 3.0)])
    code, _, err = isojoule(str(path))
    assert code == 2
    assert "name a tag with --by, or add runs" in err


@pytest.mark.slow
def test_the_published_table_needs_no_options(isojoule, delrey_table):
    code, out, _ = isojoule(str(delrey_table), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["quantity"] == "energy_j_per_sample"
    assert sum(len(f["comparisons"]) for f in document["factors"]) == 62
    (board,) = document["trade_offs"]
    assert board["score"] == "f1"


@pytest.mark.slow
def test_it_works_on_every_published_table(isojoule, cross_hardware):
    for path in sorted(cross_hardware.glob("*.parquet")):
        code, out, err = isojoule(str(path), "--json")
        assert code == 0, (path, err)
        assert json.loads(out)["factors"], path
