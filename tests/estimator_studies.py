"""Studies of the estimators on small runs, made once for all that shows them."""

from functools import cache

from estimator_runs import make_published_like, make_trainings
from isojoule.studies.estimators.contenders import by_lookup, by_regression
from isojoule.studies.estimators.running import EstimatorStudy, study_estimators

FEW = {"kernel-ridge": by_regression("kernel-ridge"), "lookup": by_lookup}


@cache
def published_study() -> EstimatorStudy:
    """With stand-ins for all published tables."""
    return study_estimators(make_published_like(), contenders=FEW)


@cache
def own_study() -> EstimatorStudy:
    """Of own runs alone."""
    return study_estimators(make_trainings(), contenders=FEW)
