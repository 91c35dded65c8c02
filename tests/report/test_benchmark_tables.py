from dataclasses import replace
from math import inf

import pytest

from benchmark_runs import on_a_line
from isojoule.normalizers import NORMALIZERS
from isojoule.report.benchmark_tables import (
    long_tables,
    short_tables,
    top_table,
)
from isojoule.studies.benchmark.running import study_benchmark
from isojoule.studies.benchmark.settings import Settings
from many_machines import make_many


@pytest.fixture(scope="module")
def result():
    names = ("single-low", "single-high", "dual", "linear")
    return study_benchmark(
        {"line": on_a_line("Z", prefix="v"), "many": make_many("AB", n_workloads=12)},
        Settings(ks=(1, 2, 4), n_seeds=2),
        normalizers={name: NORMALIZERS[name] for name in names},
    )


def test_the_top_has_the_best_of_each_number_and_all_published(result):
    rows = top_table(result, "by-model", n_top=2).rows()
    own = [s for s in result.standings if s.split == "by-model" and s.n_folds]
    published = {s.contender.label for s in own if s.contender.is_published}
    assert published <= {row["contender"] for row in rows}
    for k in ("1", "2", "4"):
        of_k = [row for row in rows if row["k"] == k]
        male = sorted(s.means["male"] for s in own if str(s.k) == k)
        assert [row["male"] for row in of_k[:2]] == male[:2]
        assert all(row["is_published"] for row in of_k[2:])


def test_who_refused_everything_is_in_the_files_alone(result):
    shown = {row["contender"] for row in top_table(result, "random", n_top=99).rows()}
    every = {row["contender"] for row in long_tables(result)["contenders"].rows()}
    assert "dual / medoid:1" in every - shown


def test_endless_errors_are_shown_as_such(result):
    first = result.standings[0]
    lost = replace(first, means={**first.means, "mdape": 1e30})
    (row, *_) = top_table(replace(result, standings=(lost,)), first.split).rows()
    assert row["mdape_fraction"] == inf


def test_tables_are_as_long_as_what_they_tell(result):
    tables = {**short_tables(result), **long_tables(result)}
    assert tables["files"].n_rows == 2
    assert tables["best"].n_rows == 2 * 3
    assert tables["contenders"].n_rows == len(result.standings)
    assert tables["sources"].n_rows == 2 * len(result.standings)
    assert tables["pairs"].n_rows == len(result.pair_scores)
    assert tables["bars"].n_rows == len(result.bars)
    assert tables["skipped"].n_rows == 0


def test_a_split_without_standings_has_no_table(result):
    assert list(short_tables(result))[1:3] == ["top-random", "top-by-model"]
    at_random = [s for s in result.standings if s.split == "random"]
    tables = short_tables(replace(result, standings=tuple(at_random)))
    assert list(tables) == ["files", "top-random", "best", "bars"]
    assert tables["top-random"].title.startswith("random split: mean over 2 files")
