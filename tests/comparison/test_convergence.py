"""Tests of what the last points of a score cost."""

import csv
from math import inf, nan
from statistics import median

import pytest

from comparison.systems_by_hand import number
from isojoule.comparison.convergence import convergence_ratios
from isojoule.errors import InsufficientDataError
from isojoule.units import kwh_to_j

COLUMNS = ("total_kwh", "kwh_at_best_f1", "kwh_at_95pct_of_max_f1")


def test_ratios_are_over_the_energy_at_95_percent():
    found = convergence_ratios([(10.0, 4.0, 2.0), (9.0, 3.0, 3.0), (8.0, 6.0, 2.0)])
    assert (found.n_runs, found.n_left_out) == (3, 0)
    assert (found.at_best.low, found.at_best.median, found.at_best.high) == (1, 2, 3)
    assert (found.total.low, found.total.median, found.total.high) == (3, 4, 5)


def test_runs_without_all_three_energies_are_left_out_and_counted():
    rows = [(10.0, 4.0, 2.0), (nan, 3.0, 3.0), (1.0, 1.0, 0.0), (inf, 1.0, 1.0)]
    found = convergence_ratios([*rows, (1.0, -1.0, 1.0)])
    assert (found.n_runs, found.n_left_out) == (1, 4)
    assert found.total.median == 5


@pytest.mark.parametrize("rows", [[], [(nan, 1.0, 1.0)], [(0.0, 0.0, 0.0)]])
def test_no_usable_run_is_refused(rows):
    with pytest.raises(InsufficientDataError, match="at 95 % of it"):
        convergence_ratios(rows)


def test_the_table_of_31_runs_gives_the_published_ratios(dcase_folder):
    path = dcase_folder / "baseline2022_gpu_batch_runs.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = [tuple(number(row[c]) for c in COLUMNS) for row in csv.DictReader(file)]
    found = convergence_ratios(tuple(map(kwh_to_j, row)) for row in rows)
    assert found.n_runs == 31
    assert found.at_best.median == pytest.approx(1.88, abs=0.0051)
    assert found.total.median == pytest.approx(2.32, abs=0.005)
    assert found.at_best.low == pytest.approx(1.0)
    assert found.at_best.high == pytest.approx(2.8, abs=0.05)
    assert found.at_best.median == pytest.approx(median(b / n for _, b, n in rows))
