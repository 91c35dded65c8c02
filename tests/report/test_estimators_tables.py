import pytest

from estimator_studies import own_study, published_study
from isojoule.report.estimators_tables import estimator_tables

pytest.importorskip("sklearn", reason="the published folds need the study extra")


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


def test_tables_are_named_and_only_there_where_they_hold_something(published, own):
    assert set(estimator_tables(published)) == {
        "tables-8-9",
        "held-out",
        "table-10",
        "boards",
        "calculators",
        "grouped",
    }
    assert set(estimator_tables(own)) == {"boards", "calculators", "grouped"}
