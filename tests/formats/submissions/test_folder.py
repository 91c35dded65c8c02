"""Which files in a folder belong to which submission."""

import os

import pytest

from isojoule.errors import FormatError
from isojoule.formats.submissions import read_submissions
from isojoule.submissions import Place

A = "A_B_task4_1"
B = "C_D_task4_1"


def by_label(handed):
    return {s.label: s for s in handed.submissions}


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
