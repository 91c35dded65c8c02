"""Reference runs in a folder of submissions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders import make_run
from handed_records import record
from isojoule.formats.calibration import CalibrationFile, write_calibration
from isojoule.formats.native import encode_runs
from isojoule.formats.submissions import read_submissions
from isojoule.records import (
    Hardware,
    Workload,
)
from isojoule.submissions import Place

A = "A_B_task4_1"


def references_read(tmp_path, files, names, rules=None):
    root = tmp_path / A
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (s,) = read_submissions(
        root, rules or {"energy_kwh.test": ("energy_test",)}, reference_names=names
    ).submissions
    return s


def test_a_folder_called_baseline_holds_references(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/baseline/codecarbon/emissions_baseline_test.csv": emissions(0.1, 0.2),
            f"{A}/baseline/codecarbon/emissions_baseline_training.csv": emissions(0.7),
        }
    ).submissions
    found = [(r.name, r.phase, r.energy.text) for r in s.references]
    assert found == [
        ("baseline", "test", "0.1"),
        ("baseline", "test", "0.2"),
        ("baseline", "train", "0.7"),
    ]
    assert s.energies.keys() == {"train"}
    assert s.runs == ()
    assert {p.severity for p in s.problems} == {"note"}


def test_a_declared_reference_counts_before_a_measured_one(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A) + "energy_baseline: 0.04\n",
            f"{A}/baseline/devtest_codecarbon/devtest_tot_kwh.txt": "0.03",
        }
    ).submissions
    assert [r.energy.text for r in s.references] == ["0.04"]
    assert "0.03 kWh" in s.problems[0].text


def test_the_baseline_as_a_submission_is_not_its_own_reference(hand_in, meta):
    label = "Baseline_task4_1"
    (s,) = hand_in(
        {
            f"{label}/{label}.meta.yaml": meta(label),
            f"{label}/training_codecarbon/training_tot_kwh.txt": "1.4",
        }
    ).submissions
    assert s.is_baseline
    assert s.energies["train"].text == "1.4"
    assert s.references == ()


def test_a_reference_folder_names_the_model_of_the_rules(tmp_path, meta):
    root = tmp_path / A
    (root / "reference_crnn_big").mkdir(parents=True)
    (root / f"{A}.meta.yaml").write_text(meta(A))
    (root / "reference_crnn_big" / "test_tot_kwh.txt").write_text("0.05")
    rules = {
        "energy_kwh.test": ("energy_test",),
        "reference_energy_kwh.crnn.test": ("x",),
        "reference_energy_kwh.crnn_big.test": ("y",),
    }
    (s,) = read_submissions(root, rules).submissions
    assert [(r.name, r.energy.text) for r in s.references] == [("crnn_big", "0.05")]


def test_repeats_of_a_reference_are_not_added(hand_in, meta):
    runs = [record("1", "test", 10.0), record("2", "test", 12.0)]
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/baseline/r.json": encode_runs(runs)}
    ).submissions
    assert [r.energy.value for r in s.references] == [10.0, 12.0]
    assert s.runs == ()


def test_a_calibration_is_read_and_a_changed_one_is_said(hand_in, meta, tmp_path):
    runs = (
        replace(make_run("cnn", energy_j=5.0), run_id="1"),
        replace(make_run("cnn", energy_j=7.0), run_id="2"),
        replace(make_run("mlp", energy_j=1.0), run_id="3"),
        replace(
            make_run("cnn", energy_j=0.5), run_id="4", workload=Workload("cnn", "test")
        ),
    )
    path = tmp_path / "calibration.json"
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    write_calibration(path, CalibrationFile(Hardware("one"), {}, runs, made_at, "1"))
    good = path.read_bytes()
    files = {f"{A}/{A}.meta.yaml": meta(A), f"{A}/c.json": good}
    (s,) = hand_in(files).submissions
    assert s.calibration is not None
    found = {name: o.energy_j for name, o in s.calibration.observations.items()}
    assert found == {"cnn (train)": 6.0, "mlp (train)": 1.0, "cnn (test)": 0.5}
    assert s.energies == {}
    (s,) = hand_in({f"{A}/c.json": good.replace(b"7.0", b"3.0")}).submissions
    assert s.calibration is None
    assert "changed" in s.problems[0].text


@pytest.mark.parametrize("folder", ["baseline", "reference", "reference_runs/a"])
def test_the_only_reference_of_the_rules_is_what_a_folder_of_references_holds(
    tmp_path, meta, folder
):
    files = {"x.meta.yaml": meta(A), f"{folder}/test_tot_kwh.txt": "0.05"}
    for names, rules in (
        ({"test": ["crnn"]}, None),
        ({"test": ["crnn"], "train": ["crnn_short"]}, None),
        ({"train": ["crnn"]}, None),  # of an inference, the rules of 2023 say
        ({}, {"reference_energy_kwh.crnn.test": ("x",)}),
    ):
        s = references_read(tmp_path, files, names, rules)
        found = [(r.name, r.phase, r.energy.text) for r in s.references]
        assert found == [("crnn", "test", "0.05")]


@pytest.mark.parametrize(
    "path",
    [
        "reference_large/test_tot_kwh.txt",
        "baseline/large/test_tot_kwh.txt",
        "baseline/large_test_tot_kwh.txt",
    ],
)
def test_of_several_references_a_name_on_the_way_tells(tmp_path, meta, path):
    names = {"test": ["small", "large"]}
    s = references_read(tmp_path, {"x.meta.yaml": meta(A), path: "0.05"}, names)
    assert [(r.name, r.energy.text) for r in s.references] == [("large", "0.05")]


def test_a_run_that_may_be_of_several_references_is_a_problem_that_names_them(
    tmp_path, meta
):
    files = {"x.meta.yaml": meta(A), "baseline/test_tot_kwh.txt": "0.05"}
    s = references_read(tmp_path, files, {"test": ["small", "large"]})
    assert s.references == ()
    assert s.energies == {}
    (problem,) = s.problems
    assert problem.severity == "warning"
    assert "small, large" in problem.text
    assert problem.place == Place("baseline/test_tot_kwh.txt", 1, "kWh")


def test_a_folder_of_one_experiment_has_its_reference_in_a_folder(tmp_path):
    for folder, text in (("training_codecarbon", "1.5"), ("baseline/x", "0.1")):
        path = tmp_path / "mine" / folder.replace("/x", "/training_codecarbon")
        path.mkdir(parents=True)
        (path / "training_tot_kwh.txt").write_text(text)
    handed = read_submissions(tmp_path / "mine", {})
    (found,) = handed.submissions
    assert found.energies["train"].text == "1.5"
    (reference,) = found.references
    assert reference.energy.text == "0.1"
