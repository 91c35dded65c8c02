"""What gives no energy, and what is said then."""

from dataclasses import replace

import pytest

from comparison.converted import one, site, with_phase
from comparison.submitted import figure, rules, submission
from isojoule.comparison.rules import PhaseRules, Reference
from isojoule.submissions import Figure, Place, ReferenceRun


def test_a_reference_of_another_phase_scales_only_where_the_rules_accept_it():
    accepted = rules().phases["train"]
    strict = replace(accepted, accepts_other_phase=False)
    assert one(submission(), rules()).energy_j("train") is not None
    found = one(submission(), rules(phases={"train": strict}))
    assert found.energies == {}
    assert "reference 'baseline' (test) is of another phase" in found.refusals["train"]
    assert "a train reference is needed" in found.refusals["train"]


@pytest.mark.parametrize(
    ("handed", "sentence"),
    [
        (site(None, "10"), "the train energy was not handed in"),
        (site("about 3", "10"), "the train energy could not be read: not a number"),
        (site("0.000", "10"), "the train energy is 0: measure it again"),
        (site("-4", "10"), "the train energy is '-4', which is no energy"),
        (site("300"), "reference 'r0' (train) was not handed in"),
        (site("300", "0.0"), "reference 'r0' (train) at the site is 0"),
        (site("300", "n/a"), "reference 'r0' (train) at the site could not be read"),
        (site("300", "-1"), "reference 'r0' (train) at the site is '-1'"),
    ],
)
def test_what_is_missing_is_said(handed, sentence):
    found = one(handed, with_phase("single-median", 5.0))
    assert found.energy_j("train") is None
    assert found.refusals["train"].startswith(sentence)


def test_one_reference_with_two_figures_is_refused():
    handed = site("300", "10")
    again = ReferenceRun("r0", "train", figure("12", line=9))
    handed = replace(handed, references=(*handed.references, again))
    refusal = one(handed, with_phase("single-median", 5.0)).refusals["train"]
    assert "was handed in more than once: '10' and '12'" in refusal


@pytest.mark.parametrize(
    ("handed", "targets", "sentence"),
    [
        (site("300", "100", "100"), (50.0, 250.0), "two references of different"),
        (
            site("300", "100", "400"),
            (250.0, 50.0),
            "more energy at the site gives less",
        ),
        (site("300", "100", None), (50.0, 250.0), "reference 'r1' (train) was not"),
        (site("10", "100", "400"), (1.0, 250.0), "which is no energy"),
        (site("40001", "100", "400"), (50.0, 250.0), "the rules allow 10: run a"),
    ],
)
def test_two_references_refuse_what_they_cannot_tell(handed, targets, sentence):
    found = one(handed, with_phase("dual", *targets))
    assert found.energies == {}
    assert sentence in found.refusals["train"]


def test_what_one_reference_says_far_away_is_noted_not_refused():
    asked = with_phase("single-median", 5.0)
    far = one(site("2000", "10"), asked).energies["train"]
    assert far.extrapolation_factor == pytest.approx(200.0)
    assert any("a factor of 200 away" in note for note in far.estimate.notes)
    near = one(site("20", "10"), asked).energies["train"]
    assert near.extrapolation_factor == pytest.approx(2.0)
    assert near.estimate.notes == ()


def test_a_reference_that_cannot_be_used_is_noted_where_the_others_do():
    found = one(site("300", "100", "400", "0"), with_phase("dual", 50.0, 250.0, 300.0))
    estimate = found.energies["train"].estimate
    assert estimate.energy_j == pytest.approx(550 / 3)
    assert any("reference 'r2'" in note for note in estimate.notes)


@pytest.mark.parametrize(
    ("method", "features", "sentence"),
    [
        ("tripel", (), "no method 'tripel'"),
        ("dual", ("n_params",), "takes no features"),
        ("linear", ("color",), "no feature 'color'"),
        ("linear", ("work_flop",), "flop of"),
    ],
)
def test_a_method_that_cannot_be_used_refuses_every_number(method, features, sentence):
    references = tuple(
        Reference(
            name=f"r{n}", phase="train", energy_j=50.0 * n + 50, work_flop=n + 1e9
        )
        for n in range(4)
    )
    phase = PhaseRules(
        name="train", method=method, references=references, features=features
    )
    found = one(site("300", "100", "200", "300", "400"), rules(phases={"train": phase}))
    assert sentence in found.refusals["train"]


def test_figures_at_the_end_of_what_floats_hold_are_refused_without_a_warning():
    huge = Figure(text="1e308", value=1e308, place=Place("entries.csv", 1))
    tiny = replace(huge, text="1e-308", value=1e-308)
    handed = replace(
        site("1"),
        energies={"train": huge},
        references=(ReferenceRun("r0", "train", tiny),),
    )
    found = one(handed, with_phase("single-median", 5.0))
    assert found.energies == {}
    assert found.refusals["train"]
