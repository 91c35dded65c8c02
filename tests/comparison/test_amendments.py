from dataclasses import replace

import pytest

from isojoule.comparison.amendments import amend
from isojoule.comparison.rules import Amendment
from isojoule.errors import FormatError, UnknownNameError
from isojoule.submissions import Figure, Place, Problem, ReferenceRun, Submission

KWH = 3.6e6


def figure(text, unit=1.0):
    return Figure(text=text, value=float(text) * unit, place=Place("a.csv", 2, "x"))


def handed_in():
    return Submission(
        label="A_1",
        team="A",
        energies={"train": figure("39.6", KWH)},
        references=(
            ReferenceRun("baseline", "test", figure("0.936", KWH)),
            ReferenceRun("large", "train", figure("2", KWH)),
        ),
        scores={"f1": figure("0.5")},
        n_params=figure("100"),
    )


def amendment(field, value, reason="typing error", label="A_1"):
    return Amendment(label=label, field=field, value=value, reason=reason)


def amended(*amendments):
    return amend([handed_in()], amendments)[0]


def test_an_energy_is_amended_in_kwh_and_the_original_stays():
    new = amended(amendment("train_energy_kwh", 3.96)).energies["train"]
    assert new.value == pytest.approx(3.96 * KWH)
    assert new.text == "3.96"
    assert new.reason == "typing error"
    assert new.original == handed_in().energies["train"]
    assert new.place == Place("a.csv", 2, "x")


@pytest.mark.parametrize(
    ("field", "expected_kwh"),
    [
        ("reference_energy_kwh", [0.156, 0.156]),
        ("reference_energy_kwh.baseline", [0.156, 2]),
        ("reference_energy_kwh.large.train", [0.936, 0.156]),
    ],
)
def test_a_reference_is_amended_by_its_name_or_all_of_them(field, expected_kwh):
    references = amended(amendment(field, 0.156)).references
    energies_kwh = [run.energy.value / KWH for run in references]
    assert energies_kwh == pytest.approx(expected_kwh)


def test_scores_and_counts_are_amended():
    new = amended(amendment("scores.f1", 0.4), amendment("n_params", 90))
    assert new.scores["f1"].value == 0.4
    assert new.n_params.value == 90


def test_what_was_not_stated_can_be_added():
    new = amended(amendment("n_macs", 5e6)).n_macs
    assert new.value == 5e6
    assert new.original is None
    assert new.reason


def test_two_amendments_of_one_field_keep_what_was_handed_in():
    new = amended(amendment("n_params", 90), amendment("n_params", 80)).n_params
    assert (new.value, new.original.text) == (80, "100")


def test_the_others_and_the_order_stay():
    other = Submission(label="B_1", team="B")
    found = amend([other, handed_in()], [amendment("n_params", 90)])
    assert [s.label for s in found] == ["B_1", "A_1"]
    assert found[0] is other


def test_an_unknown_submission_is_refused():
    with pytest.raises(UnknownNameError, match=r"did you mean A_1"):
        amend([handed_in()], [amendment("n_params", 1, label="A_2")])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("energy", 1.0, "there is no such field; there are <phase>_energy_kwh"),
        ("reference_energy_kwh.small", 1.0, "handed in baseline.test, large.train"),
        ("n_params", -1.0, "must not be negative"),
        ("n_params", float("nan"), "must not be negative"),
    ],
)
def test_what_cannot_be_amended_is_refused(field, value, message):
    with pytest.raises(FormatError, match=message):
        amended(amendment(field, value))


def with_problems(*problems):
    return replace(handed_in(), problems=problems)


def test_problems_of_the_amended_figure_are_settled_and_no_others():
    of_it = Problem("error", "x: 'about 40' is not read", Place("a.csv", 2, "x"))
    other = Problem("error", "y: not read", Place("a.csv", 2, "y"))
    of_row = Problem("warning", "the row ends early", Place("a.csv", 2))
    made = replace(
        with_problems(of_it, other, of_row),
        references=(),
        scores={},
        n_params=None,
    )
    (new,) = amend([made], [amendment("train_energy_kwh", 40)])
    assert new.problems == (other, of_row)


def test_what_was_wrong_with_another_figure_of_the_same_cell_stays():
    cell = Place("a.csv", 2, "time")
    problem = Problem("warning", "time: 'a while' is not read", cell)
    made = Submission(
        label="A_1",
        team="A",
        training_duration_s=Figure(
            text="a while", value=None, place=cell, problem="'a while' is not read"
        ),
        n_devices=Figure(text="a while", value=2.0, place=cell),
        problems=(problem,),
    )
    (devices,) = amend([made], [amendment("n_devices", 1)])
    assert devices.problems == (problem,)
    (duration,) = amend([made], [amendment("training_duration_s", 60)])
    assert duration.problems == ()
