import numpy as np
import pytest

from isojoule.estimators.online import epoch_based_energy_j, power_based_energy_j
from isojoule.studies.stabilization.panel import Panel
from trainings import epochs_of_pairs as epochs
from trainings import random_epochs as random_runs


def test_both_estimates_by_hand():
    panel = Panel.of([epochs((100, 2), (60, 1), (40, 1))])
    by_power_j, by_epoch_j = panel.estimated_j(1, 2)
    assert by_power_j.tolist() == [(60 + 40) / 2 * 4]
    assert by_epoch_j.tolist() == [100 + (60 + 40) / 2 * 2]
    assert panel.energy_j.tolist() == [200.0]


@pytest.mark.parametrize("start", range(6))
@pytest.mark.parametrize("window", [1, 2, 5])
def test_the_panel_says_what_the_estimators_say_run_by_run(start, window):
    runs = random_runs()
    both_j = Panel.of(runs).estimated_j(start, window)
    for place, seen in enumerate(runs):
        if start + window > len(seen):
            assert np.isnan(both_j[0][place])
            assert np.isnan(both_j[1][place])
            continue
        assert both_j[0][place] == pytest.approx(
            power_based_energy_j(
                seen, start=start, window=window, duration_s=seen[-1].end_s
            )
        )
        assert both_j[1][place] == pytest.approx(
            epoch_based_energy_j(seen, start=start, window=window, n_epochs=len(seen))
        )


def test_each_run_may_have_its_own_start_and_an_unknown_one_has_no_estimate():
    runs = random_runs(3)
    both_j = Panel.of(runs).estimated_j(np.array([0, -1, 2]), 2)
    for method in (0, 1):
        alone = [
            Panel.of([run]).estimated_j(s, 2)[method][0]
            for run, s in ((runs[0], 0), (runs[2], 2))
        ]
        assert both_j[method][[0, 2]].tolist() == alone
        assert np.isnan(both_j[method][1])


def test_many_draws_at_a_time_are_one_after_the_other():
    panel = Panel.of(random_runs())
    starts = np.random.default_rng(1).integers(0, 3, size=(4, panel.n_runs))
    together = panel.estimated_j(starts, 1)
    for draw, row in enumerate(starts):
        for method in (0, 1):
            alone = panel.estimated_j(row, 1)[method]
            np.testing.assert_array_equal(together[method][draw], alone)


def test_epochs_that_count_as_they_were_are_not_counted_twice():
    panel = Panel.of([epochs((100, 2), (60, 1), (40, 1), (20, 1))])
    # Only epoch 0 counts; the window is the last epoch: 100 + 20 * 3
    assert panel.estimated_j(3, 1, counted=1)[1].tolist() == [160.0]


def test_the_whole_recording_may_be_the_truth():
    runs = [epochs((100, 2), (60, 2)), epochs((10, 1))]
    panel = Panel.of(runs, [(5.0, 200.0), None])
    assert panel.energy_j.tolist() == [200.0, 10.0]
    assert panel.duration_s.tolist() == [5.0, 1.0]
    assert panel.estimated_j(0, 1)[0].tolist() == [100 / 2 * 5, 10.0]
    assert panel.chosen([1]).energy_j.tolist() == [10.0]
