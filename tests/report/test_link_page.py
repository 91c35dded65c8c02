from dataclasses import replace
from datetime import UTC, datetime

import pytest

from isojoule.report.html import render_html
from isojoule.report.link_figures import LinkFigures, draw_link
from isojoule.report.link_page import describe_link
from isojoule.studies.link import study_link
from link_runs import make_link_run, suite_like_runs

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def page_of(runs, *, draw=False):
    study = study_link(runs)
    figures = draw_link(study) if draw else LinkFigures((), ())
    return describe_link(study, figures, now=NOW)


@pytest.mark.slow
def test_one_kind_of_energies_stands_in_the_lead_and_not_in_every_title():
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    page = page_of(suite_like_runs("train", "test"), draw=True)
    assert page.lead.endswith("NVIDIA H200, scope gpu, measured.")
    assert [section.title for section in page.sections] == [
        "Energy and FLOP",
        "Energy and parameters",
        "Energy and utilization",
        "Errors of prediction",
        "Training and testing",
        "Training over test",
        "Correlations, train",
        "Prediction, train",
        "Correlations, test",
        "Prediction, test",
        "What this does not say",
    ]
    assert "<svg" in render_html(page)


def test_several_kinds_are_named_in_every_title():
    page = page_of(suite_like_runs() + suite_like_runs(hardware="A40"))
    titles = [section.title for section in page.sections[:-1]]
    assert all("A40" in title or "H200" in title for title in titles)
    assert page.facts[2].value == "2"


def test_one_phase_alone_says_that_it_cannot_be_compared():
    page = page_of(suite_like_runs())
    (section,) = (s for s in page.sections if s.title == "Training and testing")
    assert section.text[0].startswith("Cannot tell: there are no runs of training")


def test_a_figure_that_is_missing_says_why():
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    page = page_of([make_link_run(n_params=None)], draw=True)
    (section,) = (s for s in page.sections if s.title == "Energy and parameters")
    assert section.text == ("Not drawn: parameters are not known for any workload.",)


def test_the_page_tells_what_was_left_out_and_that_energies_are_modelled():
    runs = [
        make_link_run(source="modelled"),
        replace(make_link_run(size=2), status="failed"),
    ]
    page = page_of(runs)
    assert page.notice == "Some energies here are modelled, not measured."
    told = "1 of 2 runs used; left out: 1 did not end by themselves."
    assert told in page.sections[-1].text
    assert page.facts[0].value == "1 of 2"


def test_nothing_that_could_be_predicted_is_told_without_a_table():
    (section,) = (
        s for s in page_of([make_link_run()]).sections if s.title == "Prediction, train"
    )
    assert section.table is None
    assert "Which quantity predicts best: cannot tell" in section.text[0]


def test_lengths_have_a_section_where_there_are_any():
    runs = [make_link_run(n_epochs=n, repeat=n) for n in (1, 2, 4, 8)]
    assert "Length, train" in [section.title for section in page_of(runs).sections]
