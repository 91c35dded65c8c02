"""Tests of what goes with energy, and of what normalization does to the order."""

from math import nan

import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import published, system
from isojoule.comparison.cohorts import cohort_of
from isojoule.comparison.proxies import order_changes, proxies
from isojoule.comparison.rules import Cohort


def by_name(systems):
    return {(p.phase, p.quantity): p for p in proxies(systems, rules())}


def test_energy_that_rises_with_a_count_has_correlation_one():
    systems = tuple(system(str(i), 2.0**i, params=10**i, macs=-i) for i in range(1, 6))
    found = by_name(systems)
    assert found["train", "params"].spearman == pytest.approx(1)
    assert found["train", "params"].n == 5
    assert found["train", "macs"].n == 0
    assert found["train", "macs"].spearman is None
    assert found["test", "params"].reason == "known for 0 systems, needs 3"


@pytest.mark.parametrize(
    "systems",
    [
        (),
        (system("a", 1.0, params=1),),
        tuple(system(str(i), 1.0, params=i) for i in range(5)),
        tuple(system(str(i), 1.0 + i, params=nan) for i in range(5)),
    ],
)
def test_what_cannot_be_told_has_a_reason(systems):
    for found in proxies(systems, rules()):
        assert (found.spearman, found.p_value) == (None, None)
        assert found.reason


def test_three_in_one_order_raise_no_warning():
    systems = tuple(system(str(i), 1.0 + i, params=i) for i in range(3))
    assert by_name(systems)["train", "params"].spearman == pytest.approx(1)


def test_proxies_of_2023_are_those_of_the_research(dcase_folder):
    """Over all 84 rows, duplicates and ensembles among them."""
    found = by_name(published(dcase_folder, 2023))
    assert round(found["train", "params"].spearman, 2) == 0.47
    assert round(found["train", "macs"].spearman, 2) == 0.44
    assert round(found["test", "macs"].spearman, 2) == 0.14
    assert {p.n for p in found.values()} == {84}


def test_without_ensembles_parameters_of_2023_say_little_about_energy(dcase_folder):
    single = Cohort(
        name="single systems",
        where={"in_nonensemble_list": "1"},
        drop_duplicates=("params", "train", "test"),
    )
    found = by_name(cohort_of(published(dcase_folder, 2023), single))
    assert found["train", "params"].n == 32
    assert found["train", "params"].spearman < 0.2
    assert found["train", "params"].p_value > 0.1


def test_normalization_that_keeps_the_order_has_tau_one():
    systems = tuple(
        system(str(i), 1.0 + i, declared_kwh={"train": 0.1 * i}) for i in range(1, 5)
    )
    (train, test) = order_changes(systems, rules())
    assert (train.phase, train.n) == ("train", 4)
    assert train.kendall_tau == pytest.approx(1)
    assert (test.n, test.kendall_tau) == (0, None)
    assert test.reason


def test_normalization_of_2023_decides_the_order(dcase_folder):
    train, _ = order_changes(published(dcase_folder, 2023), rules())
    assert round(train.kendall_tau, 2) == 0.62
    assert train.n == 84
