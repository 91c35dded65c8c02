import numpy as np
import pytest

from group_runs import make_training, make_trainings
from isojoule.formats import read_runs
from isojoule.studies.groups.outliers import OutlierSettings, find_outliers

FEW_TREES = OutlierSettings(n_trees=20, n_seeds=2)


def scattered(n, *, far=(), **fields):
    random = np.random.default_rng(5)
    energies_j = 100 + random.normal(size=n)
    energies_j[list(far)] = 1000.0
    return make_trainings(*energies_j, **fields)


@pytest.mark.slow
def test_a_tenth_of_each_group_is_taken_whatever_the_runs_are_like():
    runs = scattered(40, model="a") + scattered(20, model="b")
    found = find_outliers(runs, FEW_TREES)
    assert len({p for p in found.removed if p < 40}) == 4
    assert len({p for p in found.removed if p >= 40}) == 2
    assert found.parameters["contamination"] == 0.1
    assert found.parameters["grouped_by"] == "hardware, model, task"


@pytest.mark.slow
def test_a_run_that_is_far_off_is_among_them_under_every_seed():
    runs = scattered(30, far=(7,))
    found = find_outliers(runs, OutlierSettings(n_trees=50, n_seeds=3))
    assert 7 in found.removed
    spread = found.spread
    assert spread.seeds == (0, 1, 2)
    assert spread.n_always >= 1
    assert spread.n_always + spread.n_wavering >= 3
    assert 0 <= spread.mean_fraction <= spread.max_fraction <= 3 / 27


@pytest.mark.slow
def test_the_same_seed_gives_the_same_runs():
    runs = scattered(30)
    one = find_outliers(runs, FEW_TREES)
    assert find_outliers(runs, FEW_TREES) == one
    alone = find_outliers(runs, OutlierSettings(n_trees=20, n_seeds=1)).spread
    assert (alone.mean_fraction, alone.n_wavering) == (0.0, 0)


def test_small_groups_and_groups_of_equal_runs_are_left_as_they_are():
    found = find_outliers(scattered(9, model="a"), FEW_TREES)
    assert found.removed == set()
    assert found.notes[1].startswith("1 of 1 groups are so small that 10%")
    same = [make_training(5.0) for _ in range(20)]
    assert find_outliers(same, FEW_TREES).removed == set()


@pytest.mark.parametrize(
    "wrong",
    [{"contamination": 0.0}, {"contamination": 0.6}, {"n_trees": 0}, {"seed": -1}],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        OutlierSettings(**wrong)


@pytest.mark.slow
def test_another_seed_changes_about_two_percent_of_the_published_runs(delrey_table):
    runs = [r for r in read_runs(delrey_table) if r.gpu_energy_j]
    found = find_outliers(runs, OutlierSettings(n_seeds=2), scope="node")
    assert len(found.removed) / len(runs) == pytest.approx(0.1, abs=0.01)
    # Two draws of the authors differ in about 2 % of their runs as well.
    assert found.spread.mean_fraction == pytest.approx(0.02, abs=0.01)
