import pytest

from estimator_runs import make_training
from estimator_studies import FEW, own_study, published_study
from isojoule.report.estimators_figures import draw_estimators
from isojoule.studies.estimators.running import study_estimators

pytest.importorskip("sklearn", reason="the published folds need the study extra")


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


@pytest.mark.slow
def test_figures_of_the_same_study_are_the_same(own):
    pytest.importorskip("matplotlib")
    first, again = (draw_estimators(own) for _ in range(2))
    assert [f.figure.svg for f in first] == [f.figure.svg for f in again]


def test_a_study_without_scores_has_no_figures():
    pytest.importorskip("matplotlib")
    study = study_estimators([make_training()], contenders=FEW)
    assert draw_estimators(study) == ()


@pytest.mark.slow
def test_figures_are_drawn_for_pages_and_papers(published):
    pytest.importorskip("matplotlib")
    figures = draw_estimators(published)
    assert [f.stem for f in figures] == [
        "estimators-rmse",
        "estimators-predictions-power",
        "estimators-predictions-epoch-energy",
        "estimators-table-10",
    ]
    for figure in figures:
        assert figure.figure.svg.startswith("<svg")
        assert figure.figure.alt
        assert set(figure.files) == {".pdf", ".png"}
