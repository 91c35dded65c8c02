import json

import pytest

from isojoule.cli import main

LOG = """epoch,energy_j,duration_s,f1
0,2,2,0.5
1,1,2,0.77
2,3,2,0.80
3,3,2,0.79
"""
TABLE = """gpu,total_kwh,kwh_at_best,kwh_at_95pct
A40,4,2,1
T4,6,2,1
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text(LOG)
    return str(path)


def test_logs_and_tables_are_put_together(tmp_path, log, capsys):
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    assert main(["study", "convergence", log, str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [t["total_j"] for t in found["trainings"]] == [9, 14.4e6, 21.6e6]
    assert found["best_over_share"] == {"n": 3, "median": 2, "low": 2, "high": 2}
    assert found["total_over_share"] == {"n": 3, "median": 4, "low": 3, "high": 6}


def test_people_read_a_table_and_two_sentences(log, capsys):
    assert main(["study", "convergence", log, "--score", "f1"]) == 0
    told = capsys.readouterr().out
    assert "Reaching the best score took 2 times the energy until 95 % of it." in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv"], "missing.csv"),
        (["LOG", "--score", "psds"], "no score 'psds'"),
        (["LOG", "--share", "0"], "--share"),
        ([], "Missing argument"),
        (["LOG", "TABLE", "--share", "0.9"], "different shares of the best score"),
    ],
)
def test_bad_input_is_one_line(arguments, message, log, tmp_path, capsys):
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    places = {"LOG": log, "TABLE": str(table)}
    asked = [places.get(a, a) for a in arguments]
    assert main(["study", "convergence", *asked]) == 2
    assert message in capsys.readouterr().err
