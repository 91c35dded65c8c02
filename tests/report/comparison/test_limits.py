from dataclasses import replace

import pytest

from compared import (
    make_comparison,
    make_figure,
    make_rules,
    make_submission,
    make_system,
)
from isojoule.comparison.rules import Amendment, Metric
from isojoule.report.comparison.limits import describe_limits


def told(comparison):
    return "\n".join(describe_limits(comparison))


def test_it_says_how_few_references_there_are_and_how_far_away():
    text = told(make_comparison())
    assert "All 4 energies of train rest on one reference" in text
    assert "All 3 energies of test lie outside the references: by a factor of 3.00" in (
        text
    )


def test_it_says_that_runs_of_one_phase_scale_another():
    text = told(make_comparison())
    assert "References of train scale energies of test" in text
    assert "scale energies of train" not in text


def test_it_says_what_nobody_stated():
    text = told(make_comparison())
    assert "All 4 energies of train are declared" in text
    assert "All 4 energies of train do not say whether they cover" in text
    assert "1 system has no energy of test and is not ranked by it: odd." in text
    assert "All 4 references have fewer than 3 significant digits" in text
    assert "by up to 10 %" in text  # 0.05 of 0.5
    assert "Nobody states the level of the intervals of f1" in text
    assert (
        "1 system has a figure that a check calls an error: until the team has" in text
    )
    assert "waived 1 finding" in text


def test_it_leaves_out_what_does_not_apply():
    measured = make_figure(
        "1.234", 1.234 * 3.6e6, provenance="measured", scope="node", step=3600.0
    )
    system = make_system(make_submission("base", energies={"train": measured}))
    found = system.energies["train"]
    many = replace(
        found,
        extrapolation_factor=1.0,
        estimate=replace(found.estimate, references=("a", "b"), in_range=True),
    )
    comparison = make_comparison()
    sure = replace(
        comparison,
        systems=(replace(system, energies={"train": many}),),
        findings=(),
        weighted={},
    )
    text = told(sure)
    for said in ("one reference", "outside", "declared", "cover", "waived", "weighted"):
        assert said not in text


def test_mixed_scopes_are_named():
    gpu = make_figure("1", 3.6e6, scope="gpu")
    wall = make_figure("1", 3.6e6, scope="wall")
    pair = [
        make_submission("base", energies={"train": gpu}),
        make_submission("odd", energies={"train": wall}),
    ]
    assert "different parts of the machines (gpu: 1, wall: 1)" in told(
        make_comparison(submissions=pair)
    )


def test_energies_that_nothing_brings_to_one_machine_are_called_that():
    rules = make_rules()
    phases = {n: replace(p, method="none") for n, p in rules.phases.items()}
    text = told(make_comparison(rules=replace(rules, phases=phases)))
    assert "Energies of train stand as stated" in text


@pytest.mark.parametrize(
    ("directions", "said"),
    [
        ({"f1": True}, "counts as much as 2 times the score."),
        ({"eer": False}, "as much as 0.5 times the score, of which lower is better."),
        (
            {"f1": True, "eer": False},
            "as much as 2 times the score, or 0.5 times one of which lower is better.",
        ),
    ],
)
def test_half_the_energy_counts_by_the_direction_of_the_score(directions, said):
    metrics = {n: Metric(name=n, higher_is_better=d) for n, d in directions.items()}
    assert said in told(make_comparison(rules=make_rules(metrics=metrics)))


def test_a_system_without_an_energy_is_not_said_to_be_ranked_with_it():
    nothing = make_submission("small", energies={})
    text = told(make_comparison(submissions=[nothing]))
    assert "1 system has a figure that a check calls an error" in text
    assert "in the ranking with" not in text


def test_a_figure_that_is_amended_twice_counts_once():
    twice = tuple(
        Amendment(label="small", field="scores.f1", value=value, reason="typing")
        for value in (0.3, 0.4)
    )
    score = make_figure("0.4", 0.4, original=make_figure("4", 4.0), reason="typing")
    changed = make_submission("small", scores={"f1": score})
    comparison = make_comparison(
        rules=make_rules(amendments=twice), submissions=[changed]
    )
    assert "amended 1 figure;" in told(comparison)
