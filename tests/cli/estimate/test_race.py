"""isojoule estimate race as a user meets it."""

import json
from dataclasses import replace

import pytest

from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.records import ComponentEnergy, Hardware, Run, Window, Workload
from score_curves import saturating


@pytest.fixture
def race(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["estimate", "race", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def written(path, energy_kwh, limit):
    scores = saturating(12, limit=limit, constant=2.0, noise=0.002)
    rows = [f"{i},{energy_kwh},60,{s}" for i, s in enumerate(scores)]
    path.write_text("\n".join(["epoch,energy_kwh,duration_s,f1", *rows]) + "\n")
    return path


@pytest.fixture
def logs(tmp_path):
    return [
        written(tmp_path / "small.csv", 0.01, 0.8),
        written(tmp_path / "large.csv", 0.03, 0.9),
    ]


def test_the_whole_trainings_are_ranked(race, logs):
    code, out, _ = race(*logs, "--epochs", "50", "--json")
    assert code == 0
    document = json.loads(out)
    first, second = document["contenders"]
    assert (first["name"], second["name"]) == ("small.csv", "large.csv")
    assert first["energy_j"] == pytest.approx(50 * 36_000.0, rel=0.01)
    assert first["probability_cheapest"] == 1.0
    assert document["front"] is None


def test_scores_are_predicted_where_asked(race, logs):
    asked = ("--epochs", "15", "--score", "f1", "--bounds", "0", "1")
    _, out, _ = race(*logs, *asked, "--json")
    document = json.loads(out)
    assert document["front"] == ["small.csv", "large.csv"]
    assert document["contenders"][1]["score"] == pytest.approx(0.9, abs=0.02)
    _, text, _ = race(*logs, *asked)
    assert "large.csv reaches the best score" in text


def test_out_writes_a_page_a_table_and_figures(race, logs, tmp_path):
    out = tmp_path / "out"
    code, _, err = race(*logs, "--epochs", "50", "--out", out)
    assert code == 0
    assert "race.html" in err
    assert "Which training takes less" in (out / "race.html").read_text()
    assert (out / "figures" / "race.png").exists()
    assert (out / "tables" / "race.csv").read_text().count("\n") == 3
    race(*logs, "--epochs", "50", "--out", tmp_path / "bare", "--no-figures")
    assert not (tmp_path / "bare" / "figures").exists()


def make_run(run_id, energy_j, *, hardware="A40", source="sampled", name="r"):
    energies = (ComponentEnergy("gpu", 10 * energy_j, source),)
    windows = tuple(
        Window(
            "train",
            "train",
            i,
            60.0 * i,
            60.0 * (i + 1),
            (ComponentEnergy("gpu", energy_j, source),),
        )
        for i in range(10)
    )
    return Run(
        run_id,
        name,
        Workload("w"),
        Hardware(hardware),
        energies,
        duration_s=600.0,
        windows=windows,
    )


def test_all_runs_of_a_file_take_part(race, tmp_path):
    runs = [make_run("a1", 100.0), make_run("b2", 200.0), make_run("c3", 150.0)]
    write_native(
        tmp_path / "runs.json", [*runs, replace(runs[0], run_id="d4", windows=())]
    )
    _, out, _ = race(tmp_path / "runs.json", "--epochs", "20", "--json")
    names = [c["name"] for c in json.loads(out)["contenders"]]
    assert names == ["r a1", "r c3", "r b2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hardware": "V100"}, "differ in hardware (A40, V100)"),
        ({"source": "modelled"}, "differ in provenance (measured, modelled)"),
    ],
)
def test_what_differs_is_not_compared_unless_asked(race, tmp_path, options, message):
    runs = [make_run("a1", 100.0), make_run("b2", 200.0, **options)]
    write_native(tmp_path / "runs.json", runs)
    asked = (tmp_path / "runs.json", "--epochs", "20")
    code, _, err = race(*asked)
    assert code == 2
    assert message in err
    assert race(*asked, "--allow-mixed")[0] == 0


def test_one_training_is_no_race(race, logs):
    code, _, err = race(logs[0], "--epochs", "50")
    assert code == 2
    assert "at least two trainings" in err


def test_the_same_log_twice_is_refused(race, logs):
    code, _, err = race(logs[0], logs[0], "--epochs", "50")
    assert code == 2
    assert "is there twice" in err


def test_more_epochs_than_planned_are_refused(race, logs):
    code, _, err = race(*logs, "--epochs", "5")
    assert code == 2
    assert "only epochs 0 to 4 are planned" in err


def test_a_score_that_is_not_there_is_refused(race, logs):
    code, _, err = race(*logs, "--epochs", "50", "--score", "auc")
    assert code == 2
    assert "no score 'auc'" in err
