import json
from dataclasses import replace

import pytest

from isojoule.normalizers.joint.hyperparameters import START
from isojoule.normalizers.joint.prior import (
    Prior,
    PriorFile,
    SpecificationPrior,
    bundled,
    read_priors,
    write_priors,
)
from joint_cases import WIDTHS

PRIOR = Prior(
    alone=WIDTHS,
    elsewhere=START,
    planning=WIDTHS,
    widening_alone={1: 1.0, 4: 2.0, 16: 1.5},
    widening_elsewhere={2: 3.0},
    specification=SpecificationPrior(0.5, 0.3, 3.0),
    sources=("one", "two"),
)
TABLES = ("argonne_llm_power", "edge_acc", "metaqure", "wilkins_llm", "zeus_nsdi23")


def test_plain_data_gives_a_prior_back():
    assert Prior.from_dict(json.loads(json.dumps(PRIOR.to_dict()))) == PRIOR


def test_a_document_gives_all_priors_back():
    both = PriorFile(PRIOR, {"one": replace(PRIOR, sources=("two",))})
    assert read_priors(json.loads(json.dumps(write_priors(both)))) == both


@pytest.mark.parametrize(
    ("n", "factor"),
    [
        (0, 1.0),
        (1, 1.0),
        (2, 1.5),  # halfway from 1 to 4 by doublings
        (4, 2.0),
        (8, 1.75),
        (16, 1.5),
        (400, 1.5),
    ],
)
def test_the_factor_between_two_numbers_goes_by_logarithms(n, factor):
    assert PRIOR.widening(n, is_elsewhere=False) == pytest.approx(factor)


def test_the_factor_where_other_machines_are_asked_is_its_own():
    assert PRIOR.widening(7, is_elsewhere=True) == 3.0


def test_the_prior_for_a_table_has_not_learned_from_it():
    without = {"one": replace(PRIOR, sources=("two",))}
    priors = PriorFile(PRIOR, without)
    assert priors.for_tables(["one", "mine"]) is without["one"]
    assert priors.for_tables(["mine"]) is PRIOR
    assert priors.for_tables([]) is PRIOR


def test_two_tables_that_were_learned_from_cannot_both_be_left_out():
    priors = PriorFile(PRIOR, {"one": PRIOR, "two": PRIOR})
    with pytest.raises(ValueError, match="no prior leaves out all of one, two"):
        priors.for_tables(["two", "one"])


def test_what_ships_was_learned_from_five_tables():
    assert bundled().prior.sources == TABLES
    assert tuple(sorted(bundled().without)) == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_what_ships_without_a_table_has_not_seen_it(name):
    without = bundled().without[name]
    assert sorted((*without.sources, name)) == list(TABLES)
    assert without.alone != bundled().prior.alone


@pytest.mark.parametrize("name", [None, *TABLES])
def test_factors_that_ship_never_halve_nor_triple_an_interval(name):
    prior = bundled().prior if name is None else bundled().without[name]
    for known in (prior.widening_alone, prior.widening_elsewhere):
        assert 1 in known
        assert all(0.5 < factor < 3 for factor in known.values())


@pytest.mark.parametrize(
    "change",
    [
        {"widening_alone": {1: -1.0}},
        {"widening_alone": {1: float("nan")}},
        {"widening_elsewhere": {}},
    ],
)
def test_factors_that_no_interval_can_have_are_refused(change):
    with pytest.raises(ValueError, match="needs positive finite factors"):
        replace(PRIOR, **change)


def test_an_impossible_specification_prior_is_refused():
    with pytest.raises(ValueError, match="no specification prior"):
        SpecificationPrior(0.5, 0.0, 3.0)
