from comparison.submitted import rules, submission
from isojoule.comparison.checks.duplicate import find_duplicates


def found(*submissions):
    return list(find_duplicates(submissions, rules()))


def test_what_repeats_an_earlier_one_is_named_and_the_first_is_not():
    made = [submission(f"A_{i}", params="1000") for i in (1, 2, 3)]
    findings = found(*made)
    assert [f.label for f in findings] == ["A_2", "A_3"]
    assert all(("repeats", "A_1") in f.evidence for f in findings)


def test_inside_a_team_it_is_a_note_and_between_teams_a_warning():
    first = submission("A_1", params="1000")
    (own,) = found(first, submission("A_2", params="1000"))
    assert own.severity == "note"
    assert "your system A_1" in own.mail
    (other,) = found(first, submission("B_1", params="1000"))
    assert other.severity == "warning"
    assert "A_1" not in other.mail  # nobody is told what others sent


def test_energies_are_compared_as_values_and_not_as_texts():
    assert found(submission("A_1", train_kwh="1.39"), submission("A_2"))


def test_any_other_energy_or_number_of_parameters_is_another_system():
    first = submission("A_1", params="1000")
    assert not found(first, submission("A_2", params="1001"))
    assert not found(first, submission("A_2", params="1000", test_kwh="0.02"))
    assert not found(first, submission("A_2", params="1000", train_kwh=None))


def test_one_figure_alone_agrees_by_chance():
    alone = {"train_kwh": None, "params": None}
    assert not found(submission("A_1", **alone), submission("A_2", **alone))
    without = {"train_kwh": None, "test_kwh": None, "params": "1000"}
    assert not found(submission("A_1", **without), submission("A_2", **without))


def test_counts_that_could_not_be_read_are_compared_as_texts():
    unread = [
        submission(f"A_{i}", params=t) for i, t in enumerate(["4.2MB", "4.2MB", "5MB"])
    ]
    assert [f.label for f in found(*unread)] == ["A_1"]
