import pytest

from isojoule.report.html import render_html
from isojoule.report.stabilization_figures import draw_stabilization
from isojoule.report.stabilization_page import describe_stabilization
from isojoule.studies.stabilization.study import study_stabilization
from stabilized import make_stabilization_study
from trainings import make_training


@pytest.fixture(scope="module")
def study():
    return make_stabilization_study()


def test_the_page_tells_what_ten_is_made_of_before_any_figure(study, now):
    page = describe_stabilization(study, (), now=now)
    titles = [section.title for section in page.sections]
    assert titles[:2] == ["What was found", "What it is made of"]
    assert any("Do not carry the 10" in text for text in page.sections[1].text)
    assert not any(section.figure for section in page.sections)


@pytest.mark.slow
def test_the_page_holds_every_figure_and_renders(study, now):
    pytest.importorskip("matplotlib", reason="figures need the plots extra")
    drawn = draw_stabilization(study)
    page = describe_stabilization(study, drawn, now=now)
    assert sum(section.figure is not None for section in page.sections) == len(drawn)
    html = render_html(page)
    assert "No start is best for all" in html
    assert "4 of 5" in html


def test_a_study_without_power_has_a_page_without_empty_tables(now):
    blind = study_stabilization([make_training(has_samples=False)])
    page = describe_stabilization(blind, (), now=now)
    assert all(s.table is None or s.table.n_rows for s in page.sections)
    assert "Where nothing changes" not in [
        s.title for s in page.sections if s.table is not None
    ]
