import pytest

from isojoule.errors import MissingExtraError
from isojoule.studies.normalization.backends import map_jobs
from isojoule.studies.normalization.regressions import study_regressions
from isojoule.studies.normalization.running import Settings
from many_machines import make_many

pytest.importorskip("sklearn")


def doubled(x):
    return 2 * x


def test_one_job_works_here_and_in_order():
    assert map_jobs(doubled, [3, 1, 2], n_jobs=1, backend="loky") == [6, 2, 4]


@pytest.mark.parametrize(
    ("backend", "module"), [("loky", "joblib"), ("ray", "ray"), ("dask", "distributed")]
)
def test_a_missing_backend_is_one_line(monkeypatch, backend, module):
    pytest.importorskip("joblib")
    monkeypatch.setitem(__import__("sys").modules, module, None)
    extra = "study" if backend == "loky" else backend
    with pytest.raises(MissingExtraError, match=rf"isojoule\[{extra}\]"):
        map_jobs(doubled, [1], n_jobs=2, backend=backend)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of the backends are not ours
@pytest.mark.parametrize(
    ("backend", "module", "n_jobs"),
    [
        ("loky", "joblib", 2),
        ("loky", "joblib", 3),
        ("dask", "distributed", 2),
        ("ray", "ray", 2),
    ],
)
def test_numbers_are_the_same_to_the_last_bit_wherever_they_are_made(
    backend, module, n_jobs
):
    pytest.importorskip(module, reason=f"needs the {backend} extra")
    runs = make_many("ABCD", n_workloads=30)
    here = study_regressions(runs)
    there = study_regressions(runs, settings=Settings(n_jobs=n_jobs, backend=backend))
    assert repr(there) == repr(here)  # a NaN is equal to itself in this form
