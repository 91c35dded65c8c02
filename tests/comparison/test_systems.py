"""Submissions become systems: a number with its budget, or a sentence why not."""

from dataclasses import replace
from math import exp, sqrt

import pytest

from comparison.submitted import energy, figure, rules, submission
from comparison.systems_by_hand import entries, number
from isojoule.comparison.rules import Errors, PhaseRules, Reference
from isojoule.comparison.systems import normalize_submissions
from isojoule.normalizers import NORMALIZERS
from isojoule.records import Calibration, Observation
from isojoule.submissions import Figure, Place, ReferenceRun
from isojoule.units import kwh_to_j

NO_ERRORS = Errors(meter_fraction=0.0, repeat_fraction=0.0, model_fraction=0.0)
Z_90 = 1.6448536269514722


def one(submission_, rules_):
    (system,) = normalize_submissions([submission_], rules_)
    return system


def with_phase(method, *pairs_j, name="train", **changes):
    """Rules of one phase with references of these energies at the organizers' [J]."""
    references = tuple(
        Reference(name=f"r{n}", phase=name, energy_j=energy_j)
        for n, energy_j in enumerate(pairs_j)
    )
    phase = PhaseRules(name=name, method=method, references=references, **changes)
    return rules(phases={name: phase})


def site(energy_j, *references_j, label="A_1", **changes):
    """A submission with a training energy and references r0, r1 ... [J]."""
    runs = tuple(
        ReferenceRun(f"r{n}", "train", figure(text, line=n + 2))
        for n, text in enumerate(references_j)
        if text is not None
    )
    return submission(
        label,
        energies={} if energy_j is None else {"train": figure(energy_j)},
        references=runs,
        **changes,
    )


def doubt(found, source, of=""):
    (line,) = [d for d in found.doubts if d.source == source and of in d.of]
    return line


def test_all_published_energies_of_2023_come_out_to_their_last_decimal(dcase_folder):
    rows = entries(dcase_folder, 2023)
    handed = [
        submission(
            row["system"],
            team=row["team"],
            train_kwh=row["energy_training_kwh"],
            test_kwh=row["energy_devtest_kwh"],
            reference_kwh=row["energy_baseline_inference_own_hw_kwh"],
            is_baseline=row["is_baseline"] == "1",
        )
        for row in rows
    ]
    systems = normalize_submissions(handed, rules())
    assert len(systems) == 84
    for system, row in zip(systems, rows, strict=True):
        for phase, column in (("train", "training"), ("test", "devtest")):
            published = kwh_to_j(number(row[f"energy_{column}_norm_kwh"]))
            half_a_unit = kwh_to_j(0.0005) * (1 + 1e-9)
            assert system.energy_j(phase) == pytest.approx(published, abs=half_a_unit)


@pytest.mark.parametrize("method", ["single-low", "single-median", "single-high"])
def test_one_reference_scales_by_its_ratio(method):
    found = one(site("7.3", "0.007"), with_phase(method, 0.032)).energies["train"]
    assert found.estimate.energy_j == pytest.approx(7.3 * 0.032 / 0.007, rel=1e-12)
    assert found.factor == pytest.approx(0.032 / 0.007, rel=1e-12)
    assert found.estimate.hardware == "NVIDIA A100 80GB"
    assert found.estimate.workload == "A_1"
    assert found.estimate.method == method
    assert found.estimate.references == ("r0",)
    assert found.declared.text == "7.3"


def test_each_submission_is_scaled_by_its_own_reference_also_within_a_team():
    handed = [
        submission("L_1", team="L", reference_kwh="0.006"),
        submission("L_2", team="L", reference_kwh="0.007"),
    ]
    first, second = normalize_submissions(handed, rules())
    assert first.energy_j("train") == pytest.approx(kwh_to_j(1.39 * 0.032 / 0.006))
    assert second.energy_j("train") == pytest.approx(kwh_to_j(1.39 * 0.032 / 0.007))


def test_two_references_give_the_line_through_both():
    found = one(site("300", "100", "400"), with_phase("dual", 50.0, 250.0))
    assert found.energy_j("train") == pytest.approx(50 + 200 * 200 / 300, rel=1e-12)


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


def test_without_conversion_an_energy_stays_and_the_meter_of_the_site_with_it():
    found = one(site("300"), with_phase("none")).energies["train"]
    assert found.estimate.energy_j == 300.0
    assert found.factor == 1.0
    assert found.estimate.method == "none"
    meter = doubt(found, "meter")
    assert (meter.log_std, meter.shared) == (0.2, "site")
    assert {d.source for d in found.doubts} == {
        "meter",
        "repeats of the system",
        "rounding of the system",
    }


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


def test_a_baseline_with_another_reference_is_scaled_like_everybody():
    own = submission("base", is_baseline=True, train_kwh="1.390", reference_kwh="0.019")
    found = one(own, rules())
    assert found.energy_j("train") == pytest.approx(kwh_to_j(1.39 * 0.032 / 0.019))


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


def test_parameters_enter_where_the_rules_name_them():
    counts = (1e6, 4e6, 2e6, 3e6)
    at_site = (100, 200, 300, 400)
    references = tuple(
        Reference(
            name=f"r{n}", phase="train", energy_j=10 + 0.5 * a + 2e-6 * c, n_params=c
        )
        for n, (a, c) in enumerate(zip(at_site, counts, strict=True))
    )
    phase = PhaseRules(
        name="train", method="linear", references=references, features=("n_params",)
    )
    handed = site("250", *(str(a) for a in at_site), n_params=figure("2500000"))
    found = one(handed, rules(phases={"train": phase}))
    assert found.energy_j("train") == pytest.approx(10 + 125 + 5.0)
    unknown = one(replace(handed, n_params=None), rules(phases={"train": phase}))
    assert "params of" in unknown.refusals["train"]


def measured(hardware, phase="train", **energies_j):
    seen = {
        name: Observation(name, hardware, energy_j, phase=phase, scope="gpu")
        for name, energy_j in energies_j.items()
    }
    return Calibration(hardware, seen)


def test_a_suite_that_both_ran_calibrates_where_no_reference_was_stated():
    asked = replace(
        with_phase("dual", 7.0),
        calibration=measured("cluster", low=50.0, high=250.0, only_here=1.0),
    )
    suite = measured("their node", low=100.0, high=400.0, only_there=1.0)
    found = one(site("300", calibration=suite), asked).energies["train"]
    assert found.estimate.energy_j == pytest.approx(550 / 3)
    assert set(found.estimate.references) == {"low", "high"}
    other = measured("their node", "test", low=100.0, high=400.0)
    refused = one(site("300", calibration=other), asked)
    assert "reference 'r0' (train) was not handed in" in refused.refusals["train"]


def test_a_system_may_be_called_like_a_reference_or_its_site_like_the_organizers():
    asked = with_phase("single-median", 5.0)
    handed = site("300", "10", label="r0", device=asked.hardware)
    assert one(handed, asked).energy_j("train") == pytest.approx(150.0)


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


def test_the_joint_method_keeps_its_own_number():
    found = one(site("300", "100"), with_phase("joint", 50.0)).energies["train"]
    seen = measured("site", r0=100.0), measured("org", r0=50.0)
    asked = Observation("w", "site", 300.0, phase="train", provenance="declared")
    direct = NORMALIZERS["joint"](seen, allow_mixed=True).convert(asked, target="org")
    assert found.estimate.energy_j == pytest.approx(direct.energy_j, rel=1e-6)


def test_repeated_runs_of_the_site_narrow_a_reference_of_the_suite():
    once = measured("node", a=100.0, b=400.0)
    often = Calibration(
        "node",
        {
            name: replace(o, n_repeats=9, repeat_std_fraction=0.02)
            for name, o in once.observations.items()
        },
    )
    asked = replace(with_phase("dual"), calibration=measured("org", a=50.0, b=250.0))
    lines = [
        doubt(
            one(site("300", calibration=suite), asked).energies["train"],
            "repeats of the site's reference",
            "a,",
        )
        for suite in (once, often)
    ]
    # The prior of 10 % counts as one more degree of freedom, and the mean of 9 is told.
    expected = sqrt((0.1**2 + 8 * 0.02**2) / 9 / 9) / 0.1
    assert lines[1].log_std / lines[0].log_std == pytest.approx(expected)


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


def test_one_bad_submission_leaves_the_others_alone():
    handed = [submission("A_1"), submission("B_1", train_kwh="?"), submission("C_1")]
    a, b, c = normalize_submissions(handed, rules())
    assert a.energy_j("train") == c.energy_j("train") == pytest.approx(kwh_to_j(1.39))
    assert b.energy_j("train") is None
    assert b.energy_j("test") is not None
    assert set(b.refusals) == {"train"}


def test_scores_that_are_not_finite_are_none():
    handed = submission(psds1="0.5")
    odd = replace(
        handed,
        scores={**handed.scores, "psds2": replace(figure("1"), value=float("nan"))},
    )
    system = one(odd, rules())
    assert system.score("psds1") == 0.5
    assert system.score("psds2") is None
    assert system.score("psds3") is None
    assert (system.label, system.team, system.is_baseline) == ("A_1", "A", False)


def test_an_interval_that_was_stated_counts_instead_of_the_prior_of_repeats():
    stated = replace(energy("1.390"), low=kwh_to_j(1.290), high=kwh_to_j(1.490))
    handed = replace(submission(), energies={"train": stated})
    found = one(handed, replace(rules(), errors=NO_ERRORS)).energies["train"]
    half = doubt(found, "repeats of the system").log_std * 1.959963984540054
    assert half == pytest.approx(0.1 / 1.39)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "gp" else name
        for name in sorted(NORMALIZERS)
    ],
)
def test_every_method_gives_a_number_with_bounds_or_says_why_not(method):
    at_site = (100, 180, 260, 400, 700, 900)
    asked = with_phase(method, *(0.5 * a**1.02 for a in at_site))
    for text in ("300", "95", "100000", "0.001"):
        found = one(site(text, *(str(a) for a in at_site)), asked)
        if found.energies:
            estimate = found.energies["train"].estimate
            assert 0 < estimate.energy_low_j < estimate.energy_j
            assert estimate.energy_j < estimate.energy_high_j < 1e9
            assert estimate.method == method
        else:
            assert len(found.refusals["train"]) > 20
    near = one(site("300", *(str(a) for a in at_site)), asked).energy_j("train")
    if method != "svr":  # which is flat in joules by its published settings
        assert near == pytest.approx(0.5 * 300**1.02, rel=0.1)


def test_many_references_count_as_their_mean():
    at_site = [100 + 10 * k for k in range(16)]
    asked = with_phase("linear", *(0.5 * a for a in at_site))
    found = one(site("150", *(str(a) for a in at_site)), asked).energies["train"]
    line = doubt(found, "repeats of the site's reference")
    assert line.of == "16 references"
    assert line.log_std == pytest.approx(0.1 / 4)


def test_priors_without_measure_give_no_number():
    asked = replace(
        with_phase("single-median", 5.0), errors=Errors(model_fraction=1000.0)
    )
    assert "out of all bounds" in one(site("300", "10"), asked).refusals["train"]
