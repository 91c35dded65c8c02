"""isojoule carbon as a user meets it."""

import json

import pytest

from builders import make_run
from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.store import RunStore

ONE_KWH_J = 3.6e6


@pytest.fixture
def store(tmp_path):
    root = tmp_path / "store"
    with RunStore.open(root) as opened:
        opened.add(make_run("first", energy_j=ONE_KWH_J))
        opened.add(make_run("second", energy_j=2 * ONE_KWH_J))
    return str(root)


@pytest.fixture
def carbon(capsys, store):
    """Runs the command here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["carbon", "--store", store, *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def figures(carbon, *arguments: str) -> dict[str, float]:
    code, out, err = carbon(*arguments, "--json")
    assert (code, err) == (0, "")
    return {run["name"]: run["emissions_g"] for run in json.loads(out)["runs"]}


OWN = ("--intensity", "50", "--source", "by hand")


def test_all_runs_of_the_store_are_told_where_none_is_named(carbon):
    assert figures(carbon, *OWN) == {"first": 50.0, "second": 100.0}


def test_a_run_is_named_by_the_beginning_of_its_id(carbon):
    assert figures(carbon, *OWN, "sec") == {"second": 100.0}


def test_a_record_file_and_a_tidy_table_serve_as_well_as_the_store(carbon, tmp_path):
    records, table = tmp_path / "runs.json", tmp_path / "table.csv"
    write_native(records, [make_run("third", energy_j=3 * ONE_KWH_J)])
    table.write_text("workload,hardware,energy_j\nfourth,one,14.4e6\n")
    assert figures(carbon, *OWN, "first", str(records), str(table)) == {
        "third": 150.0,
        "fourth": 200.0,
        "first": 50.0,
    }


def test_files_alone_need_no_store(capsys, tmp_path):
    records = tmp_path / "runs.json"
    write_native(records, [make_run("third", energy_j=ONE_KWH_J)])
    missing = str(tmp_path / "none")
    assert main(["carbon", "--store", missing, *OWN, str(records)]) == 0
    assert "50 g CO2eq" in capsys.readouterr().out


def test_the_country_gives_intensity_year_and_source(carbon):
    code, out, _ = carbon("--country", "FR", "first")
    assert code == 0
    assert "56 g CO2eq, measured" in out
    assert "Intensity: France, 56.04 g CO2eq/kWh, mean of 2023; Ember" in out
    assert "PUE" not in out


def test_a_pue_adds_a_line_and_changes_none(carbon):
    without = carbon("--country", "FR", "first")[1].splitlines()
    with_pue = carbon("--country", "FR", "--pue", "1.5", "first")[1].splitlines()
    (added,) = [line for line in with_pue if line not in without]
    assert "with PUE    84.1 g CO2eq" in added  # 56.039 x 1.5
    assert [line for line in with_pue if line != added] == without


def test_a_scope_that_a_run_does_not_have_is_told_as_unknown(carbon):
    code, out, _ = carbon("--country", "FR", "--scope", "wall", "first")
    assert code == 0
    assert "not known: no energy in scope wall" in out


def test_the_list_has_every_country_as_text_and_as_json(carbon):
    code, out, _ = carbon("--list", "--json")
    rows = json.loads(out)
    assert code == 0
    assert {"France", "Poland", "United States"} <= {row["country"] for row in rows}
    assert all(row["year"] and row["source"] for row in rows)
    assert "Poland" in carbon("--list")[1]


def test_the_block_of_a_model_card_has_grams_and_place(carbon):
    code, out, _ = carbon("--country", "FR", "--model-card", "first")
    assert code == 0
    assert out.startswith("---\nco2_eq_emissions:\n  emissions: 56.039\n")
    assert 'geographical_location: "France"' in out
    assert "training_type" not in out


def test_the_block_of_a_model_card_tells_the_kind_of_training_where_asked(carbon):
    _, out, _ = carbon(
        *(*OWN, "--country", "Bavaria", "first"),
        *("--model-card", "--training-type", "fine-tuning"),
    )
    assert 'training_type: "fine-tuning"' in out
    assert 'geographical_location: "Bavaria"' in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--country FR"),
        (("--country", "FR", "--model-card"), "about one run, 2 were found"),
        (
            ("--country", "FR", "--model-card", "--pue", "1.2", "first"),
            "no place for --pue",
        ),
        (("--country", "FR", "--model-card", "--json", "first"), "no place for --json"),
        (
            ("--country", "FR", "--model-card", "--scope", "wall", "first"),
            "run first-one has no energy in scope wall",
        ),
        ((*OWN, "--model-card", "first"), "name it with --country"),
        ((*OWN, "--training-type", "fine-tuning"), "no place for --training-type"),
        (("--country", "Frnace"), "no country 'Frnace': did you mean France"),
        (("--country", "FR", "--source", "me"), "--intensity and --source"),
        (("--intensity", "30"), "--intensity and --source"),
        (("--intensity", "30", "--source", ""), "needs a source"),
        (("--intensity", "-1", "--source", "me"), "'--intensity'"),
        (("--country", "FR", "--pue", "0.9"), "'--pue'"),
        (("--country", "FR", "--scope", "rack"), "'--scope'"),
        (("--country", "FR", "third"), "no run 'third'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(carbon, arguments, told):
    code, out, err = carbon(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
