from math import sqrt

import numpy as np
import pytest

from isojoule.studies.stabilization.panel import METHODS, Panel
from isojoule.studies.stabilization.sweeps import draw_windows, errors_of, sweep
from trainings import epochs_of_pairs, random_epochs


def naive_errors(runs, start, window):
    """RMSE and MAPE of both estimators, run by run."""
    off = {method: [] for method in METHODS}
    for seen in runs:
        if start + window > len(seen):
            continue
        chosen = seen[start : start + window]
        true_j, duration_s = (
            sum(e.energy_j for e in seen),
            sum(e.duration_s for e in seen),
        )
        in_window_j = sum(e.energy_j for e in chosen)
        said_j = {
            "power": in_window_j / sum(e.duration_s for e in chosen) * duration_s,
            "epoch": in_window_j / window * (len(seen) - start)
            + sum(e.energy_j for e in seen[:start]),
        }
        for method in METHODS:
            off[method].append((said_j[method], true_j))
    return {
        method: (
            sqrt(sum((a - b) ** 2 for a, b in pairs) / len(pairs)),
            sum(abs(a - b) / b for a, b in pairs) / len(pairs),
            len(pairs),
        )
        for method, pairs in off.items()
    }


def test_errors_by_hand():
    errors = errors_of(np.array([110.0, 80.0, np.nan]), np.array([100.0, 100.0, 7.0]))
    assert errors.rmse_j == pytest.approx(sqrt((100 + 400) / 2))
    assert errors.mape_fraction == pytest.approx(0.15)
    assert errors.median_fraction == pytest.approx(0.15)
    assert errors.bias_fraction == pytest.approx(-0.05)
    assert errors.n_runs == 2


def test_no_estimate_has_no_error():
    errors = errors_of(np.array([np.nan]), np.array([1.0]))
    assert (errors.n_runs, errors.rmse_j, errors.mape_fraction) == (0, None, None)


def test_every_start_and_window_is_as_run_by_run():
    runs = random_epochs(20)
    grid = sweep(Panel.of(runs), range(9), (1, 3, 5))
    for start in grid.starts:
        for window in grid.windows:
            expected = naive_errors(runs, start, window)
            for method, found in grid.at(start, window).items():
                assert found == pytest.approx(expected[method][:2])
            place = grid.starts.index(start), grid.windows.index(window)
            assert grid.n_runs[place] == expected["power"][2]


def test_windows_that_fit_nowhere_are_not_known():
    grid = sweep(Panel.of([epochs_of_pairs((1, 1), (1, 1))]), (0, 2), (1, 3))
    assert grid.n_runs.tolist() == [[1, 0], [0, 0]]
    assert np.isnan(grid.mape_fraction["epoch"]).tolist() == [
        [False, True],
        [True, True],
    ]
    with pytest.raises(KeyError):
        grid.at(1, 1)


@pytest.mark.parametrize(
    ("starts", "windows", "told"),
    [
        ([-1], [1], "every start must be at least 0, got -1"),
        ([0], [0], "every window must be at least 1, got 0"),
        ([], [1], "every start must be at least 0, got none"),
    ],
)
def test_choices_that_cannot_be_are_refused(starts, windows, told):
    with pytest.raises(ValueError, match=told):
        sweep(Panel.of(random_epochs(2)), starts, windows)


def test_a_steady_training_is_told_exactly_from_any_place():
    steady = [epochs_of_pairs(*[(50, 2)] * n) for n in (8, 12)]
    draws = draw_windows(Panel.of(steady), window=3, first=1, n_draws=30, seed=0)
    for method in METHODS:
        assert draws.mape_fraction[method] == pytest.approx(np.zeros(30), abs=1e-12)
    assert draws.n_runs == 2


def test_places_are_drawn_uniformly_and_the_same_for_a_seed():
    # Epochs of 1, 2, 3, 4 J after one of 0 J: a window of 1 says its own power.
    run = epochs_of_pairs((0, 1), (1, 1), (2, 1), (3, 1), (4, 1))
    panel = Panel.of([run])

    def drawn(seed):
        return draw_windows(panel, window=1, first=1, n_draws=4000, seed=seed)

    first = drawn(3)
    said_j = 5 * np.arange(1, 5)  # each power times 5 s
    expected = float(np.mean(np.abs(said_j / 10 - 1)))
    spread = float(np.std(np.abs(said_j / 10 - 1))) / sqrt(4000)
    mean = float(first.mape_fraction["power"].mean())
    assert mean == pytest.approx(expected, abs=4 * spread)
    # Epoch 0 as it was, and the energy of the window for each of the 4 others.
    assert {*first.rmse_j["epoch"].round(9)} == {6.0, 2.0}
    again = drawn(3).rmse_j["power"]
    assert (again == first.rmse_j["power"]).all()
    assert (drawn(4).rmse_j["power"] != first.rmse_j["power"]).any()


def test_runs_without_room_are_left_out_of_the_draws():
    runs = [epochs_of_pairs(*[(1, 1)] * n) for n in (3, 10)]
    draws = draw_windows(Panel.of(runs), window=4, first=0, n_draws=2, seed=0)
    assert draws.n_runs == 1
    assert draw_windows(Panel.of(runs), window=11, first=0, n_draws=2, seed=0) is None
    with pytest.raises(ValueError, match="n_draws must be at least 1"):
        draw_windows(Panel.of(runs), window=1, first=0, n_draws=0, seed=0)
