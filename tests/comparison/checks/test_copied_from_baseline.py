from comparison.submitted import rules, submission
from isojoule.comparison.checks.copied_from_baseline import find_copies_of_baseline


def found(*submissions, **changes):
    return list(find_copies_of_baseline(submissions, rules(**changes)))


def test_the_published_energy_to_the_last_digit_is_a_warning():
    (finding,) = found(submission(train_kwh="1.390", test_kwh="0.5", line=7))
    assert (finding.check, finding.severity) == ("copied-from-baseline", "warning")
    assert "1.39 kWh (train)" in finding.text
    assert [(n, str(f.place)) for n, f in finding.evidence] == [
        ("energy of train", "entries.csv:7")
    ]


def test_two_digits_agree_by_chance():
    assert not found(submission(train_kwh="2.0", test_kwh="0.019"))


def test_digits_of_two_phases_together_do_not():
    asked = rules()
    (finding,) = found(submission(train_kwh="1.390", test_kwh="0.019"))
    assert len(finding.evidence) == len(asked.phases)


def test_a_value_that_is_only_near_is_not_a_copy():
    assert not found(submission(train_kwh="1.391", test_kwh="0.5"))


def test_the_baselines_themselves_are_not_copies():
    assert not found(submission("Base_1", is_baseline=True))
    assert not found(submission("Base_1"), baseline="Base_1")


def test_energies_of_any_baseline_among_the_submissions_count():
    other = submission("Base_2", train_kwh="2.418", is_baseline=True)
    (finding,) = found(other, submission("A_1", train_kwh="2.418", test_kwh="0.5"))
    assert finding.label == "A_1"


def test_a_reference_that_is_the_organizers_own_is_a_copy_too():
    made = submission(train_kwh="5", test_kwh="5", reference_kwh="0.0320")
    (finding,) = found(made)
    assert "reference" in finding.text
    short = submission(train_kwh="5", test_kwh="5", reference_kwh="0.032")
    assert not found(short)  # two digits


def test_other_systems_of_the_organizers_are_no_copies():
    base = submission("Base_1", team="Organizers")
    other = submission("Base_2", team="Organizers")
    assert not found(base, other, baseline="Base_1")
    (finding,) = found(base, other, submission("A_1"), baseline="Base_1")
    assert finding.label == "A_1"
