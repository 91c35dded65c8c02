from dataclasses import replace

import pytest

from compared import make_comparison, make_rules, make_submission
from isojoule.comparison.rules import Carbon
from isojoule.report.comparison.carbon import carbon_block
from isojoule.report.comparison.headings import headings
from isojoule.report.comparison.methods import describe_energies, machine_text
from isojoule.report.comparison.page import render_comparison
from isojoule.report.comparison.ranking_table import ranking_table

HARDWARE = "A100 & host"


def rules_with(**methods):
    rules = make_rules(carbon=Carbon(country="France"))
    phases = {
        name: replace(phase, method=methods.get(name, phase.method))
        for name, phase in rules.phases.items()
    }
    return replace(rules, phases=phases)


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({}, f"energies brought to {HARDWARE}"),
        (
            {"train": "none", "test": "none"},
            "energies as the sites stated them, each on its own hardware",
        ),
        (
            {"test": "none"},
            f"of train brought to {HARDWARE}, those of test as the sites stated them",
        ),
    ],
)
def test_energies_are_described_by_the_methods_of_the_phases(methods, said):
    rules = rules_with(**methods)
    assert said in describe_energies(rules)
    comparison = make_comparison(rules=rules)
    assert said in ranking_table(comparison).title
    assert said in carbon_block(comparison).text[0]


def test_an_axis_names_the_machine_only_where_there_is_one():
    rules = rules_with(test="none")
    assert machine_text(rules, "train") == f"on {HARDWARE}"
    assert machine_text(rules, "train", "A") == "on A"
    assert machine_text(rules, "test") == "as stated"


def test_a_heading_names_the_machine_only_where_there_is_one():
    comparison = make_comparison(rules=rules_with(test="none"))
    told = {h.key: h.explained for h in headings(comparison)}
    assert told["energy.train"].startswith(f"On {HARDWARE}, with")
    assert told["energy.test"].startswith("As stated, on the hardware of the team,")


def test_a_page_of_energies_as_stated_claims_no_common_machine(now):
    rules = rules_with(train="none", test="none")
    comparison = make_comparison(rules=rules)
    document = render_comparison(comparison, now=now, with_figures=False)
    assert "energies as the sites stated them" in document
    for claim in ("brought to A100", "On A100", "on A100", "reference hardware"):
        assert claim not in document


def test_a_page_of_which_nothing_can_be_drawn_says_so(now):
    comparison = make_comparison(submissions=[make_submission("odd", scores={})])
    document = render_comparison(comparison, now=now, with_figures=False)
    assert '<p id="empty" class="text">Nothing to draw: among all systems' in document
    drawn = render_comparison(make_comparison(), now=now, with_figures=False)
    assert '<p id="empty" class="text" hidden></p>' in drawn
