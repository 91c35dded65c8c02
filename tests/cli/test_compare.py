"""isojoule compare and the bundle, as a user has them."""

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders import make_run
from isojoule.cli import main
from isojoule.cli.comparison_files import file_names
from isojoule.formats.bundle import read_bundle, write_bundle
from isojoule.formats.calibration import CalibrationFile, write_calibration
from isojoule.records import Hardware, Workload

KWH = 3.6e6

RULES = """
edition = "A small challenge"
hardware = "NVIDIA A100 40GB"
baseline = "Baseline_1"
n_draws = 200

[phases.train]
method = "single-median"
baseline_energy_kwh = 1.0
references = [{ name = "crnn", energy_kwh = 0.100 }]

[metrics.score]

[cohorts."single systems"]
where = { ensemble = "no" }

[fields]
label = "label"
team = "team"
scores.score = "score"
energy_kwh.train = "train_energy_kwh"
reference_energy_kwh.crnn.train = "reference_kwh"
"""

TABLE = """label,team,ensemble,score,train_energy_kwh,reference_kwh
Baseline_1,Organizers,no,0.300,1.000,0.100
North_1,North,no,0.450,3.00,0.200
South_1,South,yes,0.600,8.00,0.100
South_2,South,no,0.400,about 2,0.100
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "submissions.csv"
    path.write_text(TABLE)
    return path


def compared(capsys, *arguments):
    assert main(["compare", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_energies_are_scaled_by_the_reference_of_each_site(table, rules, capsys):
    """North's reference takes 0.2 kWh where the organizers' takes 0.1."""
    found = compared(capsys, table, "--rules", rules)
    energies_j = {
        s["label"]: s["energies"]["train"]["energy_j"]
        for s in found["systems"]
        if "train" in s["energies"]
    }
    assert energies_j == pytest.approx(
        {"Baseline_1": 1.0 * KWH, "North_1": 1.5 * KWH, "South_1": 8.0 * KWH}
    )
    ranks = {r["label"]: r["rank"] for r in found["rankings"]["score.score"]}
    assert ranks == {"South_1": 1, "North_1": 2, "South_2": 3, "Baseline_1": 4}
    weighted = {
        s["label"]: s["weighted_scores"].get("train", {}).get("score")
        for s in found["systems"]
    }
    assert weighted["North_1"] == pytest.approx(0.45 * 1.0 / 1.5)


def test_what_cannot_be_read_is_told_and_the_others_are_ranked(table, rules, capsys):
    found = compared(capsys, table, "--rules", rules)
    south = next(s for s in found["systems"] if s["label"] == "South_2")
    assert south["stated_energies_j"]["train"]["text"] == "about 2"
    assert south["stated_energies_j"]["train"]["line"] == 5
    assert "train" in south["refusals"]
    told = [f for f in found["findings"] if f["label"] == "South_2"]
    assert any(f["check"] == "unreadable" for f in told)


def test_all_files_are_written_and_the_bundle_gives_the_same_numbers(
    table, rules, tmp_path, capsys
):
    out = tmp_path / "ranking"
    asked = ["compare", str(table), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures", "--seed", "7"]) == 0
    written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert {"comparison.html", "comparison.json", "bundle.zip"} <= written
    assert {"tables/systems.csv", "tables/caps.md", "tables/fronts.tex"} <= written
    assert "mails/South.txt" in written
    bundle = read_bundle(out / "bundle.zip")
    assert bundle.settings == {"seed": 7}
    assert bundle.results == (out / "comparison.json").read_bytes()
    page = tmp_path / "again.html"
    capsys.readouterr()
    report = ["report", str(out / "bundle.zip"), "--out", str(page), "--json"]
    assert main(report) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"path": str(page), "is_same": True}
    assert "bit for bit" in told.err
    assert page.exists()


def test_a_folder_in_an_archive_comes_back_from_its_bundle(
    table, rules, tmp_path, capsys
):
    archive = tmp_path / "submissions.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for team, kwh in (("North", 3.0), ("South", 8.0)):
            label = f"{team}_lab_task4_1"
            meta = f"label: {label}\nscore: 0.5\ntrain_energy_kwh: {kwh}\n"
            file.writestr(f"{label}/{label}.meta.yaml", meta + "reference_kwh: 0.1\n")
    out = tmp_path / "ranking"
    asked = ["compare", str(archive), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    capsys.readouterr()
    page = tmp_path / "again.html"
    assert main(["report", str(out / "bundle.zip"), "--out", str(page)]) == 0
    assert "bit for bit" in capsys.readouterr().err


def test_a_link_that_was_refused_does_not_change_the_numbers(rules, tmp_path, capsys):
    folder = tmp_path / "handed" / "North_lab_task4_1"
    folder.mkdir(parents=True)
    meta = "label: North_1\nscore: 0.5\ntrain_energy_kwh: 3.0\nreference_kwh: 0.1\n"
    (folder / "North_lab_task4_1.meta.yaml").write_text(meta)
    (folder / "secret.csv").symlink_to(rules)
    out = tmp_path / "ranking"
    asked = ["compare", str(folder.parent), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    assert "the link leaves the folder" in capsys.readouterr().out
    page = tmp_path / "page.html"
    assert main(["report", str(out / "bundle.zip"), "--out", str(page)]) == 0
    assert "bit for bit" in capsys.readouterr().err


def test_numbers_that_differ_from_the_bundle_are_told(table, rules, tmp_path, capsys):
    out = tmp_path / "ranking"
    asked = ["compare", str(table), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    bundle = read_bundle(out / "bundle.zip")
    results = bundle.results.replace(b'"seed": 0', b'"seed": 1')
    software = {**bundle.software, "numpy": "1.0"}
    other = replace(bundle, results=results, software=software)
    write_bundle(out / "other.zip", other)
    capsys.readouterr()
    report = ["report", str(out / "other.zip"), "--out", str(tmp_path / "page.html")]
    assert main(report) == 3
    told = capsys.readouterr().err
    assert "1 values differ from those in the bundle: seed;" in told
    assert "numpy 1.0 there" in told


def test_people_read_the_ranking_and_what_needs_attention(table, rules, capsys):
    assert main(["compare", str(table), "--rules", str(rules)]) == 0
    told = capsys.readouterr().out
    assert "A small challenge: by score" in told
    assert "4 submissions of 3 teams; 3 with train energy" in told
    assert "South: " in told


def test_settings_of_the_command_line_go_before_those_of_the_rules(
    table, rules, capsys
):
    found = compared(
        capsys, table, "--rules", rules, "--level", 0.5, "--exponent", 0, "--seed", 3
    )
    assert (found["level"], found["seed"]) == (0.5, 3)
    north = next(s for s in found["systems"] if s["label"] == "North_1")
    assert north["weighted_scores"]["train"]["score"] == pytest.approx(0.45)


def test_check_ends_with_3_where_an_error_is_left(table, rules, capsys):
    asked = ["compare", str(table), "--rules", str(rules), "--check"]
    table.write_text(TABLE.replace("8.00", "-8.00"))
    assert main(asked) == 3
    waiver = '[[waivers]]\ncheck = "{}"\nlabel = "*"\nreason = "known"\n'
    ids = {f["check"] for f in found_errors(table, rules, capsys)}
    rules.write_text(RULES + "".join(waiver.format(i) for i in ids))
    assert main(asked) == 0


def found_errors(table, rules, capsys):
    capsys.readouterr()
    assert main(["compare", str(table), "--rules", str(rules), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    return [f for f in found if f["severity"] == "error"]


@pytest.mark.parametrize("name", ["dcase2022", "dcase2023", "starter"])
def test_packaged_rules_are_printed(name, capsys):
    assert main(["compare", "--print-rules", name]) == 0
    assert "edition" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give SUBMISSIONS and --rules"),
        (["TABLE"], "give SUBMISSIONS and --rules"),
        (["TABLE", "--rules", "nothing"], "no rules file 'nothing': there are dcase"),
        (["TABLE", "--rules", "missing.toml"], "cannot read missing.toml"),
        (["missing.csv", "--rules", "RULES"], "missing.csv"),
        (["EMPTY", "--rules", "RULES"], "no submission could be read"),
        (["--print-rules", "dcase1999"], "no rules file 'dcase1999'"),
        (["TABLE", "--rules", "SLIP"], "no 'exponnt'; did you mean exponent"),
        (["TABLE", "--rules", "AMENDS"], "no submission to amend 'North_2'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments, message, table, rules, tmp_path, capsys
):
    slip, amends = tmp_path / "slip.toml", tmp_path / "amends.toml"
    slip.write_text("exponnt = 1\n" + RULES)
    amends.write_text(
        RULES + '[[amendments]]\nlabel = "North_2"\nfield = "n_params"\nvalue = 1\n'
        'reason = "r"\n'
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    places = {
        "TABLE": table,
        "RULES": rules,
        "SLIP": slip,
        "AMENDS": amends,
        "EMPTY": empty,
    }
    asked = [str(places.get(a, a)) for a in arguments]
    assert main(["compare", *asked]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not told.out


def test_teams_of_any_name_have_a_mail_of_their_own(rules, tmp_path, capsys):
    table = tmp_path / "hostile.csv"
    table.write_text(
        TABLE + '"../../x_1","../../x",no,0.1,-1,0.1\n"<b>_1","<b>",no,0.1,-1,0.1\n'
        '"b_1","b",no,0.1,-1,0.1\n'
    )
    out = tmp_path / "ranking"
    asked = ["compare", str(table), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    mails = [p.name for p in (out / "mails").iterdir()]
    assert len(mails) == 4
    assert not [name for name in mails if set(name) & set("/<>")]
    assert not list(tmp_path.parent.glob("x*.txt"))


def test_names_of_mails_differ_where_case_does_not_count():
    names = file_names(["North", "north", "con", "-5", "Süd", "../x"])
    assert names[0] == "North"
    assert len({name.casefold() for name in names}) == 6
    assert not {"con", "-5"} & set(names)


def test_what_an_earlier_comparison_wrote_and_this_one_not_is_removed(
    table, rules, tmp_path, capsys
):
    out = tmp_path / "ranking"
    asked = ["compare", str(table), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    assert (out / "mails" / "South.txt").exists()
    (out / "mails" / "note.md").write_text("ours")
    table.write_text("\n".join(TABLE.splitlines()[:3]))
    assert main([*asked, "--no-figures"]) == 0
    assert not (out / "mails" / "South.txt").exists()
    assert (out / "mails" / "note.md").exists()


@pytest.mark.parametrize("name", ["ranking", "ranking/bundle.zip"])
def test_what_a_comparison_wrote_is_not_compared(name, table, rules, tmp_path, capsys):
    asked = ["compare", str(table), "--rules", str(rules), "--no-figures"]
    assert main([*asked, "--out", str(tmp_path / "ranking")]) == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / name), "--rules", str(rules)]) == 2
    assert "isojoule report" in capsys.readouterr().err


def test_a_broken_bundle_is_told_as_one(tmp_path, capsys):
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"PK nothing")
    assert main(["report", str(path), "--out", str(tmp_path / "page.html")]) == 2
    assert "is no bundle of a comparison" in capsys.readouterr().err


def test_the_folder_of_one_submission_comes_back_from_its_bundle(
    rules, tmp_path, capsys
):
    folder = tmp_path / "solo"
    (folder / "training_codecarbon").mkdir(parents=True)
    (folder / "training_codecarbon" / "training_tot_kwh.txt").write_text("1.5")
    out = tmp_path / "ranking"
    asked = ["compare", str(folder), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    page = tmp_path / "page.html"
    assert main(["report", str(out / "bundle.zip"), "--out", str(page)]) == 0
    assert "bit for bit" in capsys.readouterr().err


def test_an_error_of_a_file_counts_for_check(table, rules, capsys):
    table.write_text(TABLE + "North_9,North,no,0.1,1.0,0.1,more,cells\n")
    assert main(["compare", str(table), "--rules", str(rules), "--check"]) == 3


def test_what_nobody_states_is_told(table, rules, capsys):
    rules.write_text(RULES.replace('"train_energy_kwh"', '"train_kwh"'))
    found = compared(capsys, table, "--rules", rules)
    told = [p["text"] for p in found["problems"]]
    assert any("no submission states energy_kwh.train" in text for text in told)


def calibration(path, hardware, **energies_j):
    """Write a calibration: each model trains for so much, and tests for a tenth."""
    runs = tuple(
        replace(
            make_run(name, hardware=hardware, energy_j=energy_j * share),
            run_id=f"{name}-{phase}",
            workload=Workload(name, phase),
        )
        for name, energy_j in energies_j.items()
        for phase, share in (("train", 1.0), ("test", 0.1))
    )
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    write_calibration(
        path, CalibrationFile(Hardware(hardware), {}, runs, made_at, "0.1")
    )


def test_calibrations_of_the_suite_bring_energies_to_the_organizers(
    rules, tmp_path, capsys
):
    """There 100 and 400 J, here 50 and 250 J: 300 J there are 183.3 J here."""
    calibration(tmp_path / "ours.json", "ours", low=50.0, high=250.0)
    folder = tmp_path / "handed" / "North_lab_task4_1"
    folder.mkdir(parents=True)
    energy_kwh = 300 / KWH
    meta = f"label: North_1\nscore: 0.5\ntrain_energy_kwh: {energy_kwh!r}\n"
    (folder / "North_lab_task4_1.meta.yaml").write_text(meta)
    calibration(folder / "suite.json", "theirs", low=100.0, high=400.0)
    start = RULES.index("references = ")
    text = RULES[:start] + RULES[RULES.index("[metrics.score]") :]
    text = text.replace("single-median", "dual").replace(
        'reference_energy_kwh.crnn.train = "reference_kwh"', ""
    )
    rules.write_text('calibration = "ours.json"\n' + text)
    found = compared(capsys, folder.parent, "--rules", rules)
    (north,) = found["systems"]
    assert north["energies"]["train"]["energy_j"] == pytest.approx(550 / 3)
    out = tmp_path / "ranking"
    asked = ["compare", str(folder.parent), "--rules", str(rules), "--out", str(out)]
    assert main([*asked, "--no-figures"]) == 0
    capsys.readouterr()
    page = tmp_path / "page.html"
    assert main(["report", str(out / "bundle.zip"), "--out", str(page)]) == 0
    assert "bit for bit" in capsys.readouterr().err
