"""Which doubts of the ranks a merged run keeps."""

from dataclasses import replace

import pytest

from isojoule.describe import describe_run
from isojoule.merging import merge_runs
from isojoule.records import Hardware, Workload
from isojoule.sensors.visible import share_of_rank
from ranked import rank_run, two_ranks


def doubting(run, *doubts):
    return replace(run, warnings=doubts)


def doubt_of_others(*run_ids):
    """What a run says of those that are measured at the same time."""
    (doubt,) = describe_run(
        "line",
        Workload("line"),
        sensors=(),
        hardware=Hardware("A40"),
        hz=10,
        command=(),
        tags={},
        live_run_ids=run_ids,
    ).warnings
    return doubt


@pytest.mark.parametrize("indices", [[0, 1], [0]])
def test_what_a_rank_says_of_its_share_is_settled(indices):
    _, doubt = share_of_rank(indices, (1, 2))
    first, second = two_ranks()
    assert merge_runs([first, doubting(second, doubt)]).warnings == ()


def test_what_a_rank_says_of_the_other_ranks_is_settled():
    first, second = two_ranks()
    merged = merge_runs([first, doubting(second, doubt_of_others(first.run_id))])
    assert merged.warnings == ()


def test_what_a_rank_says_of_a_run_of_someone_else_stays():
    first, second = two_ranks()
    doubt = doubt_of_others(first.run_id, "x")
    assert merge_runs([first, doubting(second, doubt)]).warnings == (
        f"rank 1: {doubt}",
    )


def test_a_doubt_of_all_ranks_is_told_once():
    ranks = [doubting(run, "hot", "cold"[: 4 * i]) for i, run in enumerate(two_ranks())]
    ranks[0] = doubting(ranks[0], "hot")
    assert merge_runs(ranks).warnings == ("hot", "rank 1: cold")


def test_the_clocks_of_several_hosts_are_told_of():
    ranks = [rank_run(i, {"gpu0": 1.0}, host=host) for i, host in enumerate("ab")]
    (warning,) = merge_runs(ranks).warnings
    assert warning.startswith("times are by the clocks of 2 hosts")
