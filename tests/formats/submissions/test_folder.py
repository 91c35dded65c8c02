"""Folders of submissions: what belongs to which, and which energy counts."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builders import make_run
from isojoule.errors import FormatError
from isojoule.formats.calibration import CalibrationFile, write_calibration
from isojoule.formats.native import encode_runs
from isojoule.formats.submissions import read_submissions
from isojoule.records import (
    Accelerator,
    ComponentEnergy,
    Hardware,
    Run,
    Workload,
)
from isojoule.submissions import Place

KWH = 3.6e6
A = "A_B_task4_1"
B = "C_D_task4_1"


def by_label(handed):
    return {s.label: s for s in handed.submissions}


def record(run_id: str, phase: str, energy_j: float, **changes) -> Run:
    run = Run(
        run_id=run_id,
        name="work",
        workload=Workload("work", phase),
        hardware=Hardware("one", (Accelerator("NVIDIA A40", "nvidia"),)),
        energies=(
            ComponentEnergy("gpu", energy_j, "counter"),
            ComponentEnergy("cpu", energy_j / 2, "counter"),
        ),
        duration_s=100.0,
    )
    return replace(run, **changes)


def test_declared_energies_and_those_of_the_recipe_come_together(hand_in, meta):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/devtest_codecarbon/devtest_tot_kwh.txt": "0.0201234567890123\n",
            f"{A}/evaluation_codecarbon/eval_tot_kwh.txt": "0.03\n",
        }
    )
    (s,) = handed.submissions
    assert s.energies["train"].place == Place(
        f"{A}/{A}.meta.yaml", 11, "energy_training"
    )
    assert s.energies["test"].value == pytest.approx(0.0201234567890123 * KWH)
    assert s.energies["test"].step is None
    place = Place(f"{A}/devtest_codecarbon/devtest_tot_kwh.txt", 1, "kWh")
    assert s.energies["test"].place == place
    assert s.energies["eval"].value == pytest.approx(0.03 * KWH)
    assert s.problems == handed.problems == ()
    assert [f.path for f in handed.files] == [
        f"{A}/{A}.meta.yaml",
        f"{A}/devtest_codecarbon/devtest_tot_kwh.txt",
        f"{A}/evaluation_codecarbon/eval_tot_kwh.txt",
    ]


def test_a_declared_energy_counts_before_that_of_a_file_and_both_are_named(
    hand_in, meta
):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
        }
    ).submissions
    assert s.energies["train"].text == "1.5"
    (problem,) = s.problems
    assert problem.severity == "warning"
    assert f"{A}.meta.yaml:11" in problem.text
    assert "training_tot_kwh.txt:1" in problem.text


def test_figures_that_round_to_each_other_agree(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5456789012345",
        }
    ).submissions
    assert s.problems == ()


def test_a_total_counts_before_an_emissions_csv(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5",
            f"{A}/training_codecarbon/emissions.csv": emissions(1.7),
        }
    ).submissions
    assert s.energies["train"].text == "1.5"
    assert "1.7 kWh" in s.problems[0].text
    assert len(s.runs) == 1


def test_an_emissions_csv_gives_energy_scope_and_device(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/exp/n/version_0/codecarbon/emissions_training.csv": emissions(1.7),
        }
    ).submissions
    energy = s.energies["train"]
    assert energy.value == pytest.approx(1.7 * KWH)
    assert (energy.scope, energy.provenance, energy.step) == ("node", "declared", None)
    assert energy.place.line == 2
    assert energy.place.field == "energy_consumed"
    assert s.n_tracked_devices is not None
    assert s.n_tracked_devices.value == 2
    assert s.device == "NVIDIA A40"
    assert s.tracker == "codecarbon 2.3.4"
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 3600.0
    (run,) = s.runs
    assert run.workload.phase == "train"
    assert run.gpu_energy_j == pytest.approx(1.36 * KWH)


def test_the_scope_of_the_rules_chooses_the_column(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(1.0),
        },
        scope="gpu",
    ).submissions
    assert s.energies["train"].value == pytest.approx(0.8 * KWH)
    assert (s.energies["train"].scope, s.energies["train"].provenance) == (
        "gpu",
        "measured",
    )


def test_a_scope_that_codecarbon_does_not_have_is_no_energy(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(1.0),
        },
        scope="wall",
    ).submissions
    assert s.energies["train"].value is None
    assert s.problems[0].severity == "error"


def test_a_pue_is_divided_out_and_said(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/emissions_training.csv": emissions(3.0, pue=1.5),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(2.0 * KWH)
    assert "PUE 1.5" in s.problems[0].text


def test_rows_of_one_file_are_added_and_said(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/training_codecarbon/emissions.csv": emissions(1.0, 0.5),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(1.5 * KWH)
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 7200.0
    assert "sum of 2 runs" in s.problems[0].text


def test_names_of_the_2024_recipe_are_the_systems_own_even_misspelt(
    hand_in, meta, emissions
):
    folder = f"{A}/exp/n/version_0/codecarbon"
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{folder}/emissions_baseline_training.csv": emissions(1.0),
            f"{folder}/emissions_baseline_test.csv": emissions(0.1),
            f"{folder}/emissions_basleline_eval.csv": emissions(0.2),
        }
    ).submissions
    found = {phase: e.value for phase, e in s.energies.items()}
    assert found == pytest.approx({"train": KWH, "test": 0.1 * KWH, "eval": 0.2 * KWH})
    assert s.references == ()
    assert [p.severity for p in s.problems] == ["note"] * 3
    assert "folder called baseline" in s.problems[0].text


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


def test_records_are_added_by_phase_and_kept(hand_in, meta):
    runs = [record("1", "train", 10.0), record("2", "train", 5.0)]
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/train.json": encode_runs(runs),
            f"{A}/test.json": encode_runs([record("3", "test", 2.0)]),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(15.0)
    assert (s.energies["train"].scope, s.energies["train"].provenance) == (
        "gpu",
        "measured",
    )
    assert s.energies["test"].value == pytest.approx(2.0)
    assert s.energies["test"].place.line == 2
    assert sorted(r.run_id for r in s.runs) == ["1", "2", "3"]
    assert s.device == "NVIDIA A40"


def test_the_same_record_in_two_files_counts_once(hand_in, meta):
    data = encode_runs([record("1", "train", 10.0)])
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/a.json": data, f"{A}/b.json": data}
    ).submissions
    assert s.energies["train"].value == 10.0


def test_records_that_did_not_end_or_are_parts_are_left_out(hand_in, meta):
    runs = [
        record("1", "train", 10.0),
        record("2", "train", 9.0, status="interrupted"),
        record("3", "train", 8.0, tags={"rank": "0", "world_size": "2"}),
    ]
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/r.json": encode_runs(runs)}
    ).submissions
    assert s.energies["train"].value == 10.0
    assert [p.place and p.place.line for p in s.problems] == [3, 4]


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
    )
    path = tmp_path / "calibration.json"
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    write_calibration(path, CalibrationFile(Hardware("one"), {}, runs, made_at, "1"))
    good = path.read_bytes()
    files = {f"{A}/{A}.meta.yaml": meta(A), f"{A}/c.json": good}
    (s,) = hand_in(files).submissions
    assert s.calibration is not None
    found = {name: o.energy_j for name, o in s.calibration.observations.items()}
    assert found == {"cnn": 6.0, "mlp": 1.0}
    assert s.energies == {}
    (s,) = hand_in({f"{A}/c.json": good.replace(b"7.0", b"3.0")}).submissions
    assert s.calibration is None
    assert "changed" in s.problems[0].text


def test_without_a_meta_file_the_folder_is_the_submission(hand_in):
    (s,) = hand_in(
        {"some team/x/training_codecarbon/training_tot_kwh.txt": "1"}
    ).submissions
    assert (s.label, s.scores) == ("some team", {})
    assert [p.severity for p in s.problems] == ["warning", "note"]


def test_one_submission_can_be_handed_in_alone(hand_in):
    handed = hand_in(
        {
            "training_codecarbon/training_tot_kwh.txt": "1",
            "devtest_codecarbon/devtest_tot_kwh.txt": "0.1",
        }
    )
    (s,) = handed.submissions
    assert s.label == "handed"
    assert s.energies.keys() == {"train", "test"}


def test_folders_called_by_labels_are_submissions_even_inside_a_team(hand_in):
    handed = hand_in(
        {f"team/A_B_task4_{n}/training_tot_kwh.txt": str(n) for n in (1, 2)}
    )
    assert {s.label: s.energies["train"].text for s in handed.submissions} == {
        "A_B_task4_1": "1",
        "A_B_task4_2": "2",
    }


def test_what_lies_beside_the_systems_of_a_team_is_shared_by_them(hand_in, meta):
    handed = hand_in(
        {
            "x/A_B_task4_1/A_B_task4_1.meta.yaml": meta("A_B_task4_1", train="1"),
            "x/A_B_task4_2/A_B_task4_2.meta.yaml": meta("A_B_task4_2", train="2"),
            "x/baseline/devtest_tot_kwh.txt": "0.03",
            f"{B}/{B}.meta.yaml": meta(B, train="3"),
        }
    )
    found = by_label(handed)
    assert [r.energy.text for r in found["A_B_task4_1"].references] == ["0.03"]
    assert [r.energy.text for r in found["A_B_task4_2"].references] == ["0.03"]
    assert found[B].references == ()


def test_meta_files_in_one_folder_share_it_by_the_beginnings_of_names(hand_in, meta):
    handed = hand_in(
        {
            "A_B_task4_1.meta.yaml": meta("A_B_task4_1"),
            "A_B_task4_10.meta.yaml": meta("A_B_task4_10"),
            "A_B_task4_10_training_tot_kwh.txt": "10",
            "A_B_task4_1_training_tot_kwh.txt": "1",
            "training_tot_kwh.txt": "7",
        }
    )
    found = {s.label: s.energies["train"].text for s in handed.submissions}
    assert found == {"A_B_task4_1": "1", "A_B_task4_10": "10"}


def test_a_file_that_belongs_to_nobody_is_said(hand_in, meta):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{B}/{B}.meta.yaml": meta(B),
            "training_tot_kwh.txt": "7",
        }
    )
    (problem,) = handed.problems
    assert problem.place == Place("training_tot_kwh.txt")
    assert all(s.energies == {} for s in handed.submissions)


def test_a_phase_that_nothing_says_is_not_made_up(hand_in, meta, emissions):
    (s,) = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/emissions.csv": emissions(1.0)}
    ).submissions
    assert s.energies == {}
    assert "which phase" in s.problems[0].text
    assert len(s.runs) == 1


def test_a_malformed_meta_file_does_not_take_the_measured_energies(hand_in):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": "submission: [\n  label: x\n",
            f"{A}/training_codecarbon/training_tot_kwh.txt": "1.5",
            f"{B}/{B}.meta.yaml": b"label: \xff",
            f"{B}/training_codecarbon/training_tot_kwh.txt": "n/a",
        }
    )
    a, b = handed.submissions
    assert (a.label, a.energies["train"].text) == (A, "1.5")
    assert a.problems[0].severity == "error"
    assert a.problems[0].place is not None
    assert a.problems[0].place.line in {1, 2, 3}
    assert "UTF-8" in b.problems[0].text
    assert b.energies["train"].value is None


def test_the_label_of_the_meta_file_counts_and_its_name_where_it_has_none(hand_in):
    handed = hand_in(
        {
            "x/x.meta.yaml": "submission: {label: L_M_task4_1}\nenergy_training: 1\n",
            "y/N_O_task4_1.meta.yaml": "energy_training: 1\n",
        }
    )
    assert [s.label for s in handed.submissions] == ["L_M_task4_1", "N_O_task4_1"]
    assert "no label" in handed.submissions[1].problems[0].text


def test_two_folders_with_one_label_are_told_with_both_places(hand_in, meta):
    handed = hand_in(
        {"a/x.meta.yaml": meta(A, train="1"), "b/x.meta.yaml": meta(A, train="2")}
    )
    assert [s.energies["train"].text for s in handed.submissions] == ["1"]
    (problem,) = handed.problems
    assert problem.place == Place("b/x.meta.yaml", 3, "submission.label")
    assert "a/x.meta.yaml:3" in problem.text


def test_damaged_trackers_files_are_said_and_the_rest_is_read(hand_in, meta, emissions):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, test="0.1"),
            f"{A}/training_codecarbon/emissions.csv": emissions(1.0) + "cut,off\n",
            f"{A}/r.json": '{"kind":"isojoule-runs","schema_version":4,"runs":[{}]}',
            f"{A}/deep.json": '{"kind":"isojoule-runs","runs":' + "[" * 100_000,
            f"{A}/new.json": '{"kind":"isojoule-runs","schema_version":99,"runs":[]}',
        }
    ).submissions
    assert s.energies.keys() == {"test"}
    assert [p.severity for p in s.problems] == ["error"] * 4
    csv_problem = next(p for p in s.problems if "emissions" in str(p.place))
    assert csv_problem.place is not None
    assert csv_problem.place.line == 3


def test_other_files_are_neither_read_nor_kept(hand_in, meta):
    handed = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/output.csv": "filename,onset\nx,1\n",
            f"{A}/hparams.yaml": "a: [",
            f"{A}/._{A}.meta.yaml": b"\x00\x05",
            f"{A}/__MACOSX/x.meta.yaml": "a",
            f"{A}/log.json": "{}",
            f"{A}/notes.txt": "3",
        }
    )
    assert [f.path for f in handed.files] == [f"{A}/{A}.meta.yaml"]
    assert handed.problems == handed.submissions[0].problems == ()


def test_a_packed_file_is_noted_and_not_opened(hand_in, meta):
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A), f"{A}/more.zip": b"PK\x03\x04"})
    assert [(p.severity, p.place) for p in handed.problems] == [
        ("note", Place(f"{A}/more.zip"))
    ]


def test_a_folder_with_one_table_in_it_is_that_table(hand_in):
    handed = hand_in(
        {"results/t.csv": "system,train_kwh\nA,1\nB,2\n", "results/README.md": "x"}
    )
    assert [s.label for s in handed.submissions] == ["A", "B"]
    assert handed.submissions[0].energies["train"].place.file == "results/t.csv"


def test_an_empty_folder_says_what_is_expected(hand_in, tmp_path):
    (tmp_path / "handed").mkdir()
    handed = hand_in({})
    assert handed.submissions == ()
    assert "meta.yaml" in handed.problems[0].text


def test_nothing_there_is_an_error_that_says_what_to_give(tmp_path, fields):
    with pytest.raises(FormatError, match="folder or a zip"):
        read_submissions(tmp_path / "missing", fields)


def test_a_pipe_is_not_waited_for(tmp_path, fields, hand_in, meta):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FormatError):
        read_submissions(tmp_path / "pipe.csv", fields)
    (tmp_path / "handed").mkdir()
    os.mkfifo(tmp_path / "handed" / "pipe.csv")
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A)})
    assert handed.problems[0].place == Place("pipe.csv")


def test_links_that_leave_the_folder_are_refused(hand_in, meta, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "training_tot_kwh.txt").write_text("9")
    own = tmp_path / "handed" / A
    (own / "data").mkdir(parents=True)
    (own / "data" / "devtest_tot_kwh.txt").write_text("0.1")
    (own / "training_tot_kwh.txt").symlink_to(secret / "training_tot_kwh.txt")
    (own / "all").symlink_to(secret)
    (own / "lost_tot_kwh.txt").symlink_to(own / "nowhere")
    (own / "again").symlink_to(own)
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A)})
    (s,) = handed.submissions
    assert s.energies.keys() == {"test"}
    assert {str(p.place): p.severity for p in handed.problems} == {
        f"{A}/again": "note",
        f"{A}/all": "error",
        f"{A}/lost_tot_kwh.txt": "error",
        f"{A}/training_tot_kwh.txt": "error",
    }


def test_hostile_names_are_kept_but_cannot_steer(hand_in, meta):
    folder = "<img src=x onerror=alert(1)>\n\x1b[2J"
    handed = hand_in(
        {f"{folder}/training_tot_kwh.txt": "1", f"{A}/x.meta.yaml": meta(A)}
    )
    (hostile,) = [s for s in handed.submissions if s.label != A]
    shown = "<img src=x onerror=alert(1)>\\x0a\\x1b[2J"
    assert hostile.label == shown
    assert hostile.energies["train"].place.file == f"{shown}/training_tot_kwh.txt"


def test_a_name_that_is_no_text_can_be_shown(tmp_path, fields):
    folder = tmp_path / "in" / os.fsdecode(b"\xff")
    folder.mkdir(parents=True)
    (folder / "training_tot_kwh.txt").write_text("1")
    (s,) = read_submissions(tmp_path / "in", fields).submissions
    assert s.label == "\\udcff"
    assert s.label.encode()


def test_folders_too_deep_are_noted(hand_in, meta):
    deep = "/".join("d" * 9)
    handed = hand_in(
        {f"{A}/{A}.meta.yaml": meta(A), f"{A}/{deep}/training_tot_kwh.txt": "1"}
    )
    assert handed.submissions[0].energies == {}
    assert "not opened" in handed.problems[0].text


def test_the_order_is_that_of_the_paths(hand_in, meta):
    labels = [f"T{n}_X_task4_1" for n in (3, 1, 2)]
    handed = hand_in({f"{x}/{x}.meta.yaml": meta(x) for x in labels})
    assert [s.label for s in handed.submissions] == sorted(labels)


def test_an_emissions_csv_that_is_garbage_is_complained_about_and_kept(hand_in, meta):
    name = f"{A}/codecarbon/emissions_training.csv"
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A), name: b"\x00\xff\x13\xfe" * 99})
    (s,) = handed.submissions
    (problem,) = s.problems
    assert (problem.severity, problem.place) == ("error", Place(name))
    assert name in [f.path for f in handed.files]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", "\ufefftimestamp".encode("utf-16"), b'"' * 200_000]
)
def test_what_is_called_emissions_and_is_none_is_never_passed_over(
    hand_in, meta, content
):
    name = f"{A}/training/Emissions (1).csv"
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A), name: content})
    (problem,) = handed.submissions[0].problems
    assert problem.severity == "error"
    assert problem.place is not None
    assert problem.place.file == name


def as_a_spreadsheet_saves_it(text):
    """Semicolons between the cells, commas in the numbers."""
    rows = [line.split(",") for line in text.splitlines()]
    cells = [[c if c == "2.3.4" else c.replace(".", ",") for c in row] for row in rows]
    return "\ufeff" + "".join(";".join(row) + "\r\n" for row in cells)


def quoted(text):
    rows = [line.split(",") for line in text.splitlines()]
    return "".join(",".join(f'"{c}"' for c in row) + "\n" for row in rows)


def without_emissions(text):
    rows = [line.split(",") for line in text.splitlines()]
    at = rows[0].index("emissions")
    return "".join(",".join(row[:at] + row[at + 1 :]) + "\n" for row in rows)


@pytest.mark.parametrize(
    "saved",
    [
        as_a_spreadsheet_saves_it,
        quoted,
        without_emissions,
        lambda text: text.replace(",", "\t"),
        lambda text: as_a_spreadsheet_saves_it(without_emissions(text)),
    ],
)
@pytest.mark.parametrize("name", ["emissions_training.csv", "training.csv"])
def test_an_emissions_csv_that_was_saved_again_simply_works(
    hand_in, meta, emissions, saved, name
):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/codecarbon/{name}": saved(emissions(1.75)),
        }
    ).submissions
    assert s.problems == ()
    assert s.energies["train"].value == pytest.approx(1.75 * KWH)
    assert s.runs[0].gpu_energy_j == pytest.approx(1.4 * KWH)
    assert s.tracker == "codecarbon 2.3.4"


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


def test_the_highest_version_of_a_run_counts_and_says_so(hand_in, meta, emissions):
    folder = f"{A}/exp/n/version"
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{folder}_0/codecarbon/emissions_training.csv": emissions(1.0),
            f"{folder}_2/codecarbon/emissions_training.csv": emissions(2.0),
            f"{folder}_10/codecarbon/emissions_training.csv": emissions(3.0),
        }
    ).submissions
    assert s.energies["train"].value == pytest.approx(3 * KWH)
    assert len(s.problems) == 2
    for problem in s.problems:
        assert problem.place == s.energies["train"].place
        assert "the highest version counts" in problem.text
        assert "amend it in the rules" in problem.text


def test_records_of_two_versions_are_not_added(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A),
            f"{A}/version_0/r.json": encode_runs([record("1", "train", 10.0)]),
            f"{A}/version_1/r.json": encode_runs([record("2", "train", 7.0)]),
        }
    ).submissions
    assert s.energies["train"].value == 7.0
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 100.0
    assert "the highest version counts" in s.problems[0].text


def test_a_conflict_stands_at_the_figure_that_counts(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="1.5"),
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
        }
    ).submissions
    assert s.problems[0].place == s.energies["train"].place
    assert "amend it in the rules" in s.problems[0].text


def test_what_is_not_read_gives_way_to_what_was_measured(hand_in, meta):
    (s,) = hand_in(
        {
            f"{A}/{A}.meta.yaml": meta(A, train="about 2") + "energy_baseline: ~3\n",
            f"{A}/training_codecarbon/training_tot_kwh.txt": "2.5",
            f"{A}/baseline/devtest_tot_kwh.txt": "0.03",
        }
    ).submissions
    assert s.energies["train"].text == "2.5"
    assert [r.energy.text for r in s.references] == ["0.03"]
    assert "error" not in {p.severity for p in s.problems}
    assert any("'about 2'" in p.text for p in s.problems)
    assert any("'~3'" in p.text for p in s.problems)


def test_a_label_that_comes_twice_is_told_to_its_team(hand_in, meta):
    handed = hand_in(
        {"a/x.meta.yaml": meta(A, train="1"), "b/x.meta.yaml": meta(A, train="2")}
    )
    (s,) = handed.submissions
    (problem,) = s.problems
    assert problem.severity == "warning"
    assert "a/x.meta.yaml:3" in problem.text
    assert "b/x.meta.yaml:3" in problem.text


def test_links_have_their_place(hand_in, meta, tmp_path):
    (tmp_path / "handed").mkdir()
    (tmp_path / "handed" / "emissions.csv").symlink_to(tmp_path / "else.csv")
    handed = hand_in({f"{A}/{A}.meta.yaml": meta(A)})
    assert [p.place for p in handed.problems] == [Place("emissions.csv")]


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
