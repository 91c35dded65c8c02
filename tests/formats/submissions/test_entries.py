import pytest

from isojoule.submissions import Place

ENTRIES = """\
- code: A_B_task4a_1
  energy_baseline: 0.032
  energy_test: 0.019
  energy_training: 1.39
  macs: 930902000
  name: "a: system"
  psds1_eval_full: 0.326 (0.325 - 0.327)
  pre_trained_models: null
  system_complexity_params: 1112420
  system_complexity_time: 3h (A100 40Gb)
  team_name: A_B_task4a
- code: C_D_task4a_2
  energy_training: about 3
  psds1_eval_full: .nan
"""


def labels(handed):
    return [s.label for s in handed.submissions]


def test_published_entries_are_read_with_their_lines(read_file):
    first, second = read_file("e.yaml", ENTRIES).submissions
    assert (first.label, first.team, first.name) == ("A_B_task4a_1", "A_B", "a: system")
    assert first.energies["train"].value == pytest.approx(1.39 * 3.6e6)
    assert first.energies["train"].place == Place("e.yaml", 4, "energy_training")
    assert first.references[0].energy.text == "0.032"
    score = first.scores["psds1"]
    assert (score.value, score.low, score.high) == (0.326, 0.325, 0.327)
    assert first.device == "A100 40Gb"
    assert first.cells == {}
    assert first.problems == ()
    assert second.energies["train"].value is None
    assert second.scores == {}
    assert [p.place.line for p in second.problems] == [13]


def test_a_mapping_with_a_list_in_it_is_read(read_file):
    text = "title: results\nentries:\n  - system: A\n    energy_training: 2\n"
    (s,) = read_file("e.yml", text).submissions
    assert s.energies["train"].place.line == 4


def test_a_mapping_of_labels_is_read(read_file):
    handed = read_file("e.yaml", "A:\n  energy_training: 2\nB:\n  energy_training: 3\n")
    assert labels(handed) == ["A", "B"]


def test_several_documents_are_read(read_file):
    text = "---\nsystem: A\nenergy_training: 1\n---\nsystem: B\nenergy_training: 2\n"
    assert labels(read_file("e.yaml", text)) == ["A", "B"]


def test_one_meta_file_alone_is_one_submission(read_file, meta):
    (s,) = read_file("A.meta.yaml", meta("A_B_task4_1", train="1.5")).submissions
    assert s.label == "A_B_task4_1"
    assert s.name == "a system"
    assert s.n_params is not None
    assert s.n_params.value == 1.2e6
    assert s.n_subsystems is None
    assert s.energies["train"].text == "1.5"
    assert "test" not in s.energies


def test_unread_leaves_become_cells_by_their_path(read_file):
    text = "system: A\nenergy_training: 1\nx:\n  y: [3, {z: '4'}]\n"
    (s,) = read_file("e.yaml", text).submissions
    assert s.cells == {"x.y.0": "3", "x.y.1.z": "4"}


def test_one_malformed_entry_does_not_take_the_others(read_file):
    text = (
        "- system: A\n  energy_training: 1\n"
        '- system: "B\n  energy_training: [2\n'
        "- system: C\n  energy_training: 3\n"
    )
    handed = read_file("e.yaml", text)
    assert labels(handed) == ["A", "C"]
    assert handed.submissions[1].energies["train"].place.line == 6
    (problem,) = handed.problems
    assert problem.severity == "error"
    assert "from line 3 on" in problem.text


def test_an_item_that_is_no_mapping_is_left_out(read_file):
    handed = read_file("e.yaml", "- system: A\n  energy_training: 1\n- text\n")
    assert labels(handed) == ["A"]
    assert handed.problems[0].place == Place("e.yaml", 3)


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "a: [", "- 1\n- 2\n", "colors: {a: b}\n"]
)
def test_yaml_without_submissions_says_so(read_file, text):
    handed = read_file("e.yaml", text)
    assert handed.submissions == ()
    assert handed.problems


def test_a_tag_that_would_run_something_is_refused_in_an_entry(read_file, tmp_path):
    mark = tmp_path / "ran"
    text = (
        f"- system: A\n  energy_training: !!python/object/apply:os.mkdir ['{mark}']\n"
        "  energy_test: 0.5\n"
    )
    handed = read_file("e.yaml", text)
    assert not mark.exists()
    assert list(handed.submissions[0].energies) == ["test"]
    assert "refused" in handed.problems[0].text


def test_a_large_file_is_refused(read_file):
    handed = read_file("e.yaml", b"# " + b"x" * 20_000_001)
    assert handed.submissions == ()
    assert "20 MB" in handed.problems[0].text
