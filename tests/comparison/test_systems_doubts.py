"""What the interval of an energy is made of, and who shares it."""

from dataclasses import replace
from math import exp, sqrt

import pytest

from comparison.converted import NO_ERRORS, doubt, one, site, with_phase
from comparison.submitted import energy, rules, submission
from isojoule.comparison.rules import Errors, PhaseRules, Reference
from isojoule.comparison.systems import normalize_submissions
from isojoule.units import kwh_to_j

Z_90 = 1.6448536269514722


def shared_within_the_team(*references_kwh, devices=("A100", "A100")):
    """Errors of the site that two systems of one team have in common."""
    systems = normalize_submissions(
        [
            submission(f"A_{n}", team="A", reference_kwh=kwh, device=device)
            for n, (kwh, device) in enumerate(zip(references_kwh, devices, strict=True))
        ],
        rules(),
    )
    of_each = [
        {(d.source, d.of) for d in s.energies["train"].doubts if d.shared == "site"}
        for s in systems
    ]
    return {source.split(" ")[0] for source, _ in set.intersection(*of_each)}


def test_an_interval_is_that_of_the_whole_budget():
    asked = replace(
        with_phase("single-median", 0.032),
        errors=Errors(meter_fraction=0.5, repeat_fraction=0.1, model_fraction=0.3),
    )
    found = one(site("7.3", "0.007"), asked).energies["train"]
    repeats = 3 * 0.1**2  # of the system, the site's and the organizers' reference
    rounding = (0.1 / 7.3) ** 2 / 12 + (0.001 / 0.007) ** 2 / 12
    std = sqrt(repeats + rounding + 0.3**2)  # the meter cancels
    estimate = found.estimate
    assert estimate.energy_low_j == pytest.approx(estimate.energy_j / exp(Z_90 * std))
    assert estimate.energy_high_j == pytest.approx(estimate.energy_j * exp(Z_90 * std))
    assert estimate.level == 0.9
    assert sum(estimate.sources.values()) == pytest.approx(1.0)
    assert next(iter(estimate.sources)) == "conversion of the system"


def test_the_budget_says_who_shares_an_error():
    found = one(site("7.3", "0.007"), with_phase("single-median", 0.032))
    shared = {d.source: d.shared for d in found.energies["train"].doubts}
    assert shared == {
        "repeats of the system": "system",
        "rounding of the system": "system",
        "repeats of the site's reference": "site",
        "rounding of the site's reference": "site",
        "repeats of the organizers' reference": "all",
        "conversion of the system": "system",
        "conversion, by the site's reference": "site",
        "conversion, by the organizers' reference": "all",
    }


def test_rounding_of_a_reference_of_one_digit_is_8_percent_at_most():
    phase = rules().phases["test"]
    asked = rules(phases={"test": phase})
    found = one(submission(reference_kwh="0.006"), asked).energies["test"]
    line = doubt(found, "rounding of the site's reference")
    assert line.log_std == pytest.approx(0.001 / 0.006 / sqrt(12))  # +-0.083 / sqrt(3)
    assert line.sensitivity == -1.0
    assert line.is_uniform
    stated = doubt(found, "rounding of the organizers' reference")
    assert stated.log_std == pytest.approx(0.001 / 0.032 / sqrt(12))


def test_repeats_that_the_organizers_state_count_instead_of_the_prior():
    reference = Reference(name="r0", phase="train", energy_j=1.821, energy_std_j=0.457)
    phase = PhaseRules(name="train", method="single-low", references=(reference,))
    found = one(site("7.3", "2.000"), rules(phases={"train": phase}))
    line = doubt(found.energies["train"], "repeats of the organizers' reference")
    assert line.log_std == pytest.approx(0.457 / 1.821)


def test_each_of_two_references_moves_the_energy_by_its_part_of_the_line():
    asked = with_phase("dual", 50.0, 250.0)
    found = one(site("300", "100", "400"), asked).energies["train"]
    # E = R1 + (A - B1)(R2 - R1)/(B2 - B1), differentiated by hand.
    whole = 550 / 3
    by_hand = {
        ("site's", "r0"): -(200 * 100 / 300**2) * 100 / whole,
        ("site's", "r1"): -(200 * 200 / 300**2) * 400 / whole,
        ("organizers'", "r0"): 1 / 3 * 50 / whole,
        ("organizers'", "r1"): 2 / 3 * 250 / whole,
    }
    for (whose, of), sensitivity in by_hand.items():
        line = doubt(found, f"repeats of the {whose} reference", of)
        assert line.sensitivity == pytest.approx(sensitivity, rel=2e-3)
        assert line.log_std == pytest.approx(abs(sensitivity) * 0.1, rel=2e-3)
    own = doubt(found, "repeats of the system").sensitivity
    assert own == pytest.approx(2 / 3 * 300 / whole, rel=2e-3)
    at_site = by_hand["site's", "r0"] + by_hand["site's", "r1"]
    assert own + at_site == pytest.approx(0.0, abs=2e-3)  # the gain of a meter cancels


def test_the_baseline_converts_to_itself_without_doubt_of_a_conversion():
    own = submission("base", is_baseline=True, train_kwh="1.390", reference_kwh="0.032")
    without = replace(own, references=())
    for handed in (own, without):
        found = one(handed, rules()).energies["train"]
        assert found.estimate.energy_j == pytest.approx(kwh_to_j(1.39), rel=1e-12)
        assert {d.source for d in found.doubts} == {
            "repeats of the system",
            "rounding of the system",
        }


@pytest.mark.parametrize("method", ["single-median", "dual", "joint"])
@pytest.mark.parametrize("is_baseline", [True, False])
def test_the_system_that_the_rules_name_has_factor_1_where_its_references_are(
    method, is_baseline
):
    # "100" and "400" against 100.4 and 399.6: equal to the digits that were written.
    own = site("300", "100", "400", label="base", is_baseline=is_baseline)
    asked = replace(with_phase(method, 100.4, 399.6), baseline="base")
    found = one(own, asked).energies["train"]
    assert found.estimate.energy_j == 300.0
    assert found.factor == 1.0
    assert {d.source for d in found.doubts} == {
        "repeats of the system",
        "rounding of the system",
    }
    assert found.estimate.notes == ("as the organizers measured it",)
    std = sqrt(0.1**2 + (1 / 300) ** 2 / 12)
    assert found.estimate.energy_high_j == pytest.approx(300 * exp(Z_90 * std))
    other = one(replace(own, label="A_1", is_baseline=False), asked)
    assert "conversion of the system" in {
        d.source for d in other.energies["train"].doubts
    }


def test_the_joint_method_tells_the_doubt_of_its_conversion_itself():
    found = one(site("300", "100"), with_phase("joint", 50.0)).energies["train"]
    parts = {d.source: d.log_std for d in found.doubts}
    conversion = sqrt(sum(s**2 for n, s in parts.items() if n.startswith("conv")))
    assert conversion != pytest.approx(0.3)
    assert 0.1 < conversion < 2


def test_digits_of_a_figure_do_not_change_what_the_joint_method_knows():
    asked = {"train": replace(rules().phases["train"], method="joint")}
    few, many = (
        one(submission(train_kwh=kwh, reference_kwh="0.0071234"), rules(phases=asked))
        for kwh in ("0.1", "0.1000001")
    )
    at_few, at_many = few.energies["train"], many.energies["train"]
    for found in (at_few, at_many):
        own = doubt(found, "repeats of the system")
        assert own.sensitivity == pytest.approx(0.95, abs=0.1)
        at_site = doubt(found, "repeats of the site's reference")
        assert -1.5 < at_site.sensitivity < 0
    for part in ("of the system", "by the site's reference"):
        lines = [
            next(
                d
                for d in found.doubts
                if d.source.startswith("conv") and part in d.source
            )
            for found in (at_few, at_many)
        ]
        assert lines[0].log_std == pytest.approx(lines[1].log_std, rel=1e-3)
    rounding = doubt(at_few, "rounding of the system")
    assert rounding.log_std == pytest.approx(
        abs(rounding.sensitivity) * 1 / sqrt(12), rel=1e-6
    )


def test_an_interval_that_was_stated_counts_instead_of_the_prior_of_repeats():
    stated = replace(energy("1.390"), low=kwh_to_j(1.290), high=kwh_to_j(1.490))
    handed = replace(submission(), energies={"train": stated})
    found = one(handed, replace(rules(), errors=NO_ERRORS)).energies["train"]
    half = doubt(found, "repeats of the system").log_std * 1.959963984540054
    assert half == pytest.approx(0.1 / 1.39)


def test_systems_that_state_one_reference_share_its_error():
    shared = shared_within_the_team("0.030", "0.030")
    assert shared == {"repeats", "rounding", "conversion,"}


def test_systems_that_state_different_references_share_the_machine_only():
    assert shared_within_the_team("0.030", "0.040") == {"conversion,"}


def test_systems_on_different_machines_of_a_team_share_no_conversion():
    shared = shared_within_the_team("0.030", "0.030", devices=("A100", "V100"))
    assert shared == {"repeats", "rounding"}
