from datetime import UTC, datetime

import pytest

from estimator_studies import own_study, published_study
from isojoule.report.estimators_page import describe_estimators

pytest.importorskip("sklearn", reason="the published folds need the study extra")

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


def test_the_page_holds_every_part(published):
    page = describe_estimators(published, (), now=NOW)
    titles = [section.title for section in page.sections]
    assert titles[:2] == ["In short", "What the published test measures"]
    assert "Held out whole: mean power of the GPU" in titles
    assert "Table 10: total energy" in titles
    assert "Figures" in titles  # that they were left out
    assert titles[-1] == "What this does not say"


def test_the_page_of_own_runs_says_nothing_of_published_data(own):
    page = describe_estimators(own, (), now=NOW)
    text = " ".join(s for section in page.sections for s in section.text)
    assert "published" not in text.replace("publishes", "")
