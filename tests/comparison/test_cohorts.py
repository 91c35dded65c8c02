"""Tests of the parts of the systems that are compared by themselves."""

import pytest

from comparison.systems_by_hand import entries, number, published, stated, system
from isojoule.comparison.cohorts import cohort_of
from isojoule.comparison.rules import Cohort


def labels(systems):
    return [s.label for s in systems]


def test_a_cohort_without_conditions_is_everybody():
    systems = (system("a", 1.0), system("b"))
    assert cohort_of(systems, Cohort(name="all")) == systems


def test_a_field_must_hold_the_text_and_spaces_around_it_do_not_count():
    systems = (
        system("a", cells={"single": " 1 "}),
        system("b", cells={"single": "0"}),
        system("c", cells={}),
        system("d", cells={"single": "10"}),
    )
    where = {"single": "1"}
    assert labels(cohort_of(systems, Cohort(name="s", where=where))) == ["a"]


def test_all_conditions_must_hold():
    systems = tuple(
        system(f"{x}{y}", cells={"x": x, "y": y}) for x in "01" for y in "01"
    )
    cohort = Cohort(name="s", where={"x": "1", "y": "0"})
    assert labels(cohort_of(systems, cohort)) == ["10"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("label", "a"),
        ("team", "T"),
        ("device", "NVIDIA A100"),
        ("n_subsystems", "1"),
        ("ensemble_raw", "1"),
    ],
)
def test_what_a_submission_has_by_name_can_be_asked_for(field, text):
    one = stated(1.0, field="ensemble_raw")
    wanted = system(
        "a",
        team="T",
        device="NVIDIA A100",
        n_subsystems=type(one)(text="1", value=1.0, place=one.place),
    )
    found = cohort_of((wanted, system("b")), Cohort(name="s", where={field: text}))
    assert labels(found) == ["a"]


@pytest.mark.parametrize("text", ["0", "False", "no", "false"])
def test_baselines_can_be_left_out(text):
    systems = (system("base", is_baseline=True), system("b"))
    cohort = Cohort(name="s", where={"is_baseline": text})
    assert labels(cohort_of(systems, cohort)) == ["b"]


def test_a_field_that_nobody_has_leaves_nobody():
    assert cohort_of((system("a"),), Cohort(name="s", where={"x": "1"})) == ()


def test_no_systems_are_no_cohort():
    assert cohort_of((), Cohort(name="s", drop_duplicates=("train",))) == ()


def test_of_duplicates_the_first_stays():
    systems = (
        system("a", 1.0004, 0.1, params=7),
        system("b", 1.0001, 0.1, params=7),
        system("c", 1.0011, 0.1, params=7),
        system("d", 1.0004, 0.1, params=8),
    )
    cohort = Cohort(name="s", drop_duplicates=("params", "train", "test"))
    assert labels(cohort_of(systems, cohort)) == ["a", "c", "d"]
    finer = Cohort(name="s", drop_duplicates=("params", "train"), duplicate_digits=4)
    assert labels(cohort_of(systems, finer)) == ["a", "b", "c", "d"]


def test_a_system_that_lacks_a_value_is_no_duplicate():
    systems = (
        system("a", params=7),
        system("b", params=7),
        system("c", 1.0),
        system("d", 1.0),
        system("e", 1.0, params=float("nan")),
    )
    cohort = Cohort(name="s", drop_duplicates=("params", "train"))
    assert labels(cohort_of(systems, cohort)) == ["a", "b", "c", "d", "e"]


def test_single_systems_of_2023_are_32(dcase_folder):
    """As research on the published table found, and as a plain loop finds."""
    cohort = Cohort(
        name="single systems",
        where={"in_nonensemble_list": "1"},
        drop_duplicates=("params", "train", "test"),
    )
    found = labels(cohort_of(published(dcase_folder, 2023), cohort))
    seen, expected = set(), []
    for row in entries(dcase_folder, 2023):
        factor = 0.032 / number(row["energy_baseline_inference_own_hw_kwh"])
        train = round(number(row["energy_training_kwh"]) * factor, 3)
        test = round(number(row["energy_devtest_kwh"]) * factor, 3)
        if (
            row["in_nonensemble_list"] == "1"
            and (row["params"], train, test) not in seen
        ):
            seen.add((row["params"], train, test))
            expected.append(row["system"])
    assert found == expected
    assert len(found) == 32
