import pytest

from estimator_runs import make_workload
from isojoule.errors import InsufficientDataError
from isojoule.estimators.asked import require_duration_s, require_n_epochs


def test_what_is_stated_is_returned():
    assert require_duration_s(5.0, "m") == 5.0
    assert require_n_epochs(make_workload(), "m") == 20


def test_what_is_not_stated_names_the_method_and_what_to_do():
    with pytest.raises(InsufficientDataError, match=r"^m multiplies .*duration_s"):
        require_duration_s(None, "m")
    with pytest.raises(InsufficientDataError, match=r"^m multiplies .*n_samples"):
        require_n_epochs(make_workload(n_samples=None), "m")


@pytest.mark.parametrize("duration_s", [0.0, -3.0, float("nan"), float("inf")])
def test_a_duration_that_cannot_be_is_refused(duration_s):
    with pytest.raises(ValueError, match="duration must be positive"):
        require_duration_s(duration_s, "m")
