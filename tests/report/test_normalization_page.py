from dataclasses import replace

import pytest

from isojoule.report.figures import Figure
from isojoule.report.html import render_html
from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.normalization_page import describe_study
from normalization_results import make_energies, make_result, make_scored, make_study


def make_figure(stem, *, is_on_page=True):
    return StudyFigure(stem, f"Figure {stem}", Figure("", "alt", ""), {}, is_on_page)


@pytest.fixture
def references():
    return make_result("references", make_energies(2))


def section(page, title):
    return next(s for s in page.sections if s.title == title)


def text_of(page):
    return " ".join(sentence for s in page.sections for sentence in s.text)


def test_the_page_begins_with_what_the_paper_says(references, now):
    page = describe_study(references, (), now=now)
    first = page.sections[0]
    assert first.title == "Claims, on these data"
    verdicts = next(c for c in first.table.columns if c.name == "verdict")
    assert verdicts.values == ("holds", "cannot tell")
    assert "made-up.parquet" in page.lead


def test_figures_stand_in_their_order_and_those_of_files_are_told_of(references, now):
    figures = [
        make_figure("references-overview"),
        make_figure("references-predicted"),
        make_figure("references-predicted-linear-axes", is_on_page=False),
    ]
    page = describe_study(references, figures, now=now)
    titles = [s.title for s in page.sections]
    assert titles.index("Figure references-overview") < titles.index(
        "Medians over pairs"
    )
    assert titles.index("Medians over pairs") < titles.index(
        "Figure references-predicted"
    )
    assert "Figure references-predicted-linear-axes" not in titles
    assert "On linear axes, as published, the scatter plots are in figures/." in (
        section(page, "Each pair").text
    )


def test_the_series_is_left_to_the_files_and_it_is_said(references, now):
    each = section(describe_study(references, (), now=now), "Each pair")
    fits = next(c for c in each.table.columns if c.name == "fit").values
    assert set(fits) == {"none", "single-low", "single-high", "dual"}
    assert "tables/references-pairs.csv" in " ".join(each.text)


def test_a_page_without_figures_says_so(references, now):
    page = describe_study(references, (), now=now)
    assert "The figures were left out." in text_of(page)


def test_pairs_are_counted_once_whether_judged_or_left_out(references, now):
    half = ("GPU A", "GPU B", "by-model: all workloads are of one network")
    result = replace(references, skipped=(*references.skipped, half))
    page = describe_study(result, (), now=now)
    facts = {fact.label: fact.value for fact in page.facts}
    assert facts["pairs"] == "2 of 3"
    assert facts["splits"] == "random, by-model"
    assert section(page, "Pairs left out").table.n_rows == 2


def test_without_a_split_by_model_the_page_warns(now):
    page = describe_study(make_study([make_scored()]), (), now=now)
    assert "no by-model split" in page.notice
    both = [make_scored(), make_scored(split="by-model")]
    assert describe_study(make_study(both), (), now=now).notice == ""


def test_notes_become_sentences(references, now):
    page = describe_study(references, (), now=now)
    (sentence,) = section(page, "What was done to the data").text
    assert sentence == "Repeats reduced to their median: 12 runs to 4 energies."


def test_a_study_that_judged_nothing_says_so(now):
    page = describe_study(
        make_study(skipped=(("A", "B", "3 shared workloads"),)), (), now=now
    )
    assert page.notice == "No pair of machines could be judged: see below why."
    assert [s.title for s in page.sections] == ["Pairs left out"]


def test_the_page_renders(references, now):
    document = render_html(describe_study(references, (), now=now))
    assert "Reference workloads carry energy to other hardware" in document
    assert "Two references beat the lowest alone" in document
