import pytest

from isojoule.formats.submissions import read_submissions
from isojoule.submissions import Place


def labels(handed):
    return [s.label for s in handed.submissions]


def test_a_row_becomes_a_submission_with_places(read_file):
    handed = read_file(
        "t.csv",
        "system,team,train_kwh,test_kwh,reference_kwh,psds1,psds1_lo,psds1_hi,params,"
        "macs,members,time,note\n"
        "A_B_task4_1,AB,1.39,0.019,0.032,0.326,0.325,0.327,1.1M,930.902M,5,"
        "18h (2 GTX 3090),hello\n",
    )
    (s,) = handed.submissions
    assert (s.label, s.team, s.is_baseline) == ("A_B_task4_1", "AB", False)
    assert s.energies["train"].value == pytest.approx(1.39 * 3.6e6)
    assert s.energies["train"].place == Place("t.csv", 2, "train_kwh")
    assert s.energies["train"].text == "1.39"
    assert s.energies["test"].step == pytest.approx(3600.0)
    (reference,) = s.references
    assert (reference.name, reference.phase) == ("baseline", "test")
    assert reference.energy.value == pytest.approx(115_200.0)
    score = s.scores["psds1"]
    assert (score.value, score.low, score.high) == (0.326, 0.325, 0.327)
    assert s.n_params is not None
    assert s.n_params.value == 1.1e6
    assert s.n_macs is not None
    assert s.n_macs.value == 930_902_000
    assert s.n_subsystems is not None
    assert s.n_subsystems.value == 5
    assert s.training_duration_s is not None
    assert s.training_duration_s.value == 64_800.0
    assert s.n_devices is not None
    assert (s.n_devices.value, s.device) == (2.0, "GTX 3090")
    assert s.cells == {"note": "hello"}
    assert s.problems == handed.problems == ()


def test_the_file_is_kept_with_its_hash(read_file):
    content = b"system,train_kwh\nA,1\n"
    (file,) = read_file("t.csv", content).files
    assert (file.path, file.content) == ("t.csv", content)
    assert (
        file.sha256
        == ("b1ad7bbb70a1bc16cb8d7aba8ab6d22c7ac8ae5c3b5d9c07cb0a0ea2b2e0f9de")
        or len(file.sha256) == 64
    )


def test_the_first_column_that_holds_something_counts(read_file):
    handed = read_file("t.csv", "system,train_kwh,energy_training\nA,,2\nB,1,2\n")
    assert [s.energies["train"].text for s in handed.submissions] == ["2", "1"]
    assert handed.submissions[1].cells == {"energy_training": "2"}


def test_an_empty_cell_is_no_figure(read_file):
    (s,) = read_file("t.csv", "system,train_kwh,psds1\nA,,\n").submissions
    assert (s.energies, s.scores, s.n_params) == ({}, {}, None)


def test_the_team_of_a_label_stands_before_the_task(read_file):
    handed = read_file(
        "t.csv",
        "system,train_kwh\nChen_CHT_task4a_3,1\nNam_KAIST_task4_SED_2,1\nsolo,1\n"
        "Baseline (AudioSet),1\n",
    )
    teams = [s.team for s in handed.submissions]
    assert teams == ["Chen_CHT", "Nam_KAIST", "solo", "Baseline"]


def test_the_baseline_is_told_by_its_flag_or_its_name(read_file):
    handed = read_file(
        "t.csv",
        "system,is_baseline,train_kwh\nA,1,1\nBaseline_task4_1,,1\nBaseline_task4_2,0,1\n",
    )
    assert [s.is_baseline for s in handed.submissions] == [True, True, False]


def test_lines_are_those_of_the_file_even_with_breaks_in_cells(read_file):
    handed = read_file(
        "t.csv", 'system,note,train_kwh\nA,"two\nlines",1\n\nB,x,2\r\nC,x,3\n'
    )
    assert [s.energies["train"].place.line for s in handed.submissions] == [2, 5, 6]
    assert handed.submissions[0].cells["note"] == "two\nlines"


def test_semicolons_with_decimal_commas_are_understood(read_file):
    handed = read_file("t.csv", "system;train_kwh;psds1\nA;1,717;0,35\nB;12,25;0,4\n")
    assert [s.energies["train"].value for s in handed.submissions] == [
        pytest.approx(1.717 * 3.6e6),
        pytest.approx(12.25 * 3.6e6),
    ]
    assert handed.submissions[0].scores["psds1"].value == 0.35


def test_semicolons_with_points_leave_a_doubtful_comma_unread(read_file):
    handed = read_file("t.csv", "system;train_kwh;psds1\nA;1,717;0.35\n")
    assert handed.submissions[0].energies["train"].value is None


def test_tabs_are_understood(read_file):
    (s,) = read_file("t.tsv", "system\ttrain_kwh\nA\t2\n").submissions
    assert s.energies["train"].value == pytest.approx(7.2e6)


def test_the_mark_of_a_spreadsheet_does_not_hide_the_first_column(read_file):
    assert labels(read_file("t.csv", b"\xef\xbb\xbfsystem,train_kwh\nA,1\n")) == ["A"]


def test_names_of_columns_may_differ_in_case(read_file):
    assert labels(read_file("t.csv", "System,Train_kWh\nA,1\n")) == ["A"]


def test_bad_energies_are_problems_of_their_submission(read_file):
    handed = read_file(
        "t.csv",
        "system,train_kwh,psds1\nA,about 3,0.3\nB,-1,nan\nC,1,0.4\n",
    )
    assert labels(handed) == ["A", "B", "C"]
    a, b, c = handed.submissions
    assert a.energies["train"].value is None
    assert [p.severity for p in a.problems] == ["error"]
    assert a.problems[0].place == Place("t.csv", 2, "train_kwh")
    assert len(b.problems) == 1
    assert b.scores == {}  # missing: there is another check for that
    assert c.problems == ()


def test_a_row_with_too_many_cells_is_left_out_and_said(read_file):
    handed = read_file("t.csv", "system,train_kwh\nA,0,032\nB,1\n")
    assert labels(handed) == ["B"]
    (problem,) = handed.problems
    assert (problem.severity, problem.place) == ("error", Place("t.csv", 2))


def test_empty_cells_too_many_do_not_matter(read_file):
    handed = read_file("t.csv", "system,train_kwh\nA,1,,\n")
    assert (labels(handed), handed.problems) == (["A"], ())


def test_a_row_that_ends_early_is_read_as_far_as_it_goes(read_file):
    handed = read_file("t.csv", "system,train_kwh,psds1\nA,1\nB,2,0.3\n")
    assert handed.submissions[0].energies["train"].value == pytest.approx(3.6e6)
    assert "ends after 2 of 3" in handed.submissions[0].problems[0].text


def test_a_quote_that_is_never_closed_takes_one_row_only(read_file):
    handed = read_file("t.csv", 'system,train_kwh\nA,1\n"B,2\nC,3\nD,4\n')
    assert labels(handed) == ["A", "B", "C", "D"]
    assert "quotes" in handed.submissions[1].problems[0].text


def test_the_second_of_two_equal_labels_is_left_out_with_both_places(read_file):
    handed = read_file("t.csv", "system,train_kwh\nA,1\nB,2\nA,3\n")
    assert labels(handed) == ["A", "B"]
    assert handed.submissions[0].energies["train"].text == "1"
    (problem,) = handed.problems
    assert problem.severity == "error"
    assert problem.place == Place("t.csv", 4, "system")
    assert "t.csv:2" in problem.text


def test_a_row_without_a_label_is_called_after_its_line(read_file):
    (s,) = read_file("t.csv", "system,train_kwh\n,1\n").submissions
    assert s.label == "t line 2"
    assert s.problems[0].severity == "note"


def test_a_column_that_comes_twice_is_said(read_file):
    handed = read_file("t.csv", "system,train_kwh,train_kwh\nA,1,2\n")
    assert handed.submissions[0].energies["train"].text == "1"
    assert handed.submissions[0].cells == {"train_kwh (2)": "2"}
    assert handed.problems[0].severity == "warning"


@pytest.mark.parametrize(
    "content", ["", "\n\n", "system,train_kwh\n", "a,b\n1,2\n", b"system\n\xe9,1\n"]
)
def test_a_table_without_submissions_says_why(read_file, content):
    handed = read_file("t.csv", content)
    assert handed.submissions == ()
    assert {p.severity for p in handed.problems} == {"error"}


def test_what_is_not_utf_8_is_said_with_its_line(read_file):
    handed = read_file("t.csv", b"system,train_kwh\nA,1\n\xe9,2\n")
    assert handed.problems[0].place == Place("t.csv", 3)


def test_controls_and_markup_in_names_do_no_harm(read_file):
    (s,) = read_file(
        "t.csv", 'system,name,train_kwh\n"<script>x</script>\x1b[2J","a\nb",1\n'
    ).submissions
    assert s.label == "<script>x</script>\\x1b[2J"
    assert s.name == "a\\x0ab"


def test_scores_with_bounds_in_their_own_columns_need_both(read_file):
    (s,) = read_file(
        "t.csv", "system,psds1,psds1_lo,psds1_hi\nA,0.3,0.2,\n"
    ).submissions
    assert (s.scores["psds1"].value, s.scores["psds1"].low) == (0.3, None)
    assert "not whole" in s.problems[0].text


def test_other_units_can_stand_in_the_rules(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,e,r\nA,5,7\n")
    rules = {
        "label": ("id",),
        "energy_wh.train": ("e",),
        "reference_energy_j.small.cnn.train": ("r",),
    }
    (s,) = read_submissions(path, rules).submissions
    assert s.energies["train"].value == pytest.approx(18_000.0)
    (reference,) = s.references
    assert (reference.name, reference.phase) == ("small.cnn", "train")
    assert reference.energy.value == 7.0


@pytest.mark.slow
def test_ten_thousand_rows_are_read_in_seconds(read_file):
    from time import perf_counter

    header = "system,train_kwh,test_kwh,psds1," + ",".join(f"c{n}" for n in range(25))
    cells = ",".join(["0.123"] * 25)
    rows = [f"T{n}_X_task4_1,1.{n},0.02,0.3,{cells}" for n in range(10_000)]
    start = perf_counter()
    handed = read_file("t.csv", "\n".join([header, *rows]))
    assert len(handed.submissions) == 10_000
    assert perf_counter() - start < 10


@pytest.mark.parametrize(
    "nothing",
    ["N/A", "n/a", "-", "--", "\u2013", "None", "null", "~", "nan", "NaN", " - "],
)
def test_the_usual_ways_to_write_nothing_are_nothing(read_file, nothing):
    columns = "train_kwh,test_kwh,reference_kwh,psds1,params,macs,members,time"
    cells = ",".join([nothing] * 8)
    handed = read_file("t.csv", f"system,{columns}\nA,{cells}\n")
    (s,) = handed.submissions
    assert (s.energies, s.references, s.scores) == ({}, (), {})
    assert s.n_params is s.n_macs is s.n_subsystems is s.training_duration_s is None
    assert s.problems == ()


def test_a_team_may_be_called_like_nothing(read_file):
    (s,) = read_file("t.csv", "system,team,train_kwh\nA,NA,1\n").submissions
    assert s.team == "NA"


def test_the_other_team_of_a_label_that_comes_twice_is_told_too(read_file):
    handed = read_file(
        "t.csv", "system,team,train_kwh\nX,Ann,1\nY,Bob,2\nX,Bob,3\nZ,Bob,4\n"
    )
    told = {s.label: [p.text for p in s.problems] for s in handed.submissions}
    assert [len(told[label]) for label in "XYZ"] == [1, 1, 0]
    assert "t.csv:2" in told["Y"][0]
    assert "t.csv:4" in told["Y"][0]


def test_a_row_with_too_many_cells_has_its_place(read_file):
    handed = read_file("t.csv", "system,train_kwh\nA,1\nB,1,2\n")
    assert [p.place for p in handed.problems] == [Place("t.csv", 3)]
