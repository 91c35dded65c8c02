import pytest

from group_runs import make_training
from group_studies import ENERGIES_J, studied
from isojoule.report.groups_figures import draw_groups
from isojoule.report.groups_page import describe_groups
from isojoule.report.html import render_html
from isojoule.studies.groups.study import study_groups


def titles_of(page):
    return [section.title for section in page.sections]


def test_the_page_goes_from_factors_over_the_score_to_the_details(now):
    page = describe_groups(studied(), (), now=now)
    assert titles_of(page) == [
        "By hardware",
        "By hardware, over all comparisons",
        "By model",
        "By model, over all comparisons",
        "By data",
        "By batch size",
        "By allocated RAM",
        "Energy and f1, data",
        "Does f1 differ",
        "f1 by hardware",
        "f1 by model",
        "f1 by batch size",
        "Groups by hardware",
        "Each two groups by hardware, with Dunn's test",
        "Groups by model",
        "Each two groups by model, with Dunn's test",
        "Groups by batch size",
        "Each two groups by batch size, with Dunn's test",
        "Cleaning",
        "What this does not say",
    ]
    assert page.facts[0].value == "45 of 46"
    assert page.notice == ""
    assert "Tomczak & Tomczak 2014" in " ".join(page.sections[-1].text)
    assert "Groups of trainings" in render_html(page)


def test_modelled_energies_are_noticed_and_a_missing_score_is_told(now):
    runs = [
        make_training(e, model=m, source="modelled") for m in "ab" for e in ENERGIES_J
    ]
    page = describe_groups(study_groups(runs), (), now=now)
    assert page.notice.startswith("Some energies here are modelled")
    (section,) = (s for s in page.sections if s.title == "Energy and score")
    assert section.text == (
        "No run has a score: what the energy is for cannot be told.",
    )


@pytest.mark.slow
def test_figures_stand_with_what_they_are_about(now):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    study = studied()
    page = describe_groups(study, draw_groups(study), now=now)
    drawn = [section.title for section in page.sections if section.figure]
    assert drawn == [
        "By hardware",
        "By model",
        "By batch size",
        "Energy and f1, data",
        "f1 by hardware",
        "f1 by model",
        "f1 by batch size",
    ]
    assert render_html(page).count("<svg") == 7
