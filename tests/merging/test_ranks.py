from dataclasses import replace

import pytest

from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.merging.ranks import job_of, newest_ranks, ranks_text
from isojoule.records import Workload
from ranked import rank_run


def ranks(n=3, n_ranks=3, **options):
    return [rank_run(i, {f"gpu{i}": 1.0}, n_ranks=n_ranks, **options) for i in range(n)]


def tagged(run, **tags):
    return replace(run, tags={**run.tags, **tags})


def untagged(run, *names):
    return replace(run, tags={k: v for k, v in run.tags.items() if k not in names})


def test_the_ranks_are_put_in_order_on_one_axis():
    first, second = rank_run(1, {}, at_s=-2.0, idle_s=3.0), rank_run(0, {})
    job = job_of([first, second])
    assert [rank.number for rank in job.ranks] == [0, 1]
    assert job.started_at == first.started_at
    assert [rank.start_s for rank in job.ranks] == [2.0, 3.0]
    assert [rank.end_s for rank in job.ranks] == [12.0, 13.0]
    assert (job.start_s, job.duration_s) == (2.0, 11.0)


def test_a_missing_rank_is_named_and_may_be_done_without():
    runs = ranks(2)
    with pytest.raises(IncomparableError, match=r"^rank 2 of 3 missing.*--partial"):
        job_of(runs)
    assert job_of(runs, partial=True).missing == (2,)


def test_a_gap_in_the_ranks_is_seen_though_no_run_tells_their_number():
    runs = [untagged(run, "world_size") for run in ranks()]
    assert not job_of(runs).is_sized
    with pytest.raises(IncomparableError, match="rank 1 of 3 missing"):
        job_of([runs[0], runs[2]])


def test_one_run_that_tells_the_number_tells_it_for_all():
    runs = ranks(2)
    runs[0] = untagged(runs[0], "world_size")
    with pytest.raises(IncomparableError, match="rank 2 of 3"):
        job_of(runs)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: tagged(r, rank="0"), r"rank 0 is there twice \(rank0-a-0, rank1"),
        (lambda r: untagged(r, "rank"), "run rank1-a-0 tells no rank"),
        (lambda r: replace(r, tags={"merged": "x"}), "is merged already"),
        (lambda r: tagged(r, rank="one"), "tells no rank"),
        (lambda r: tagged(r, world_size="4"), "jobs of 2 and 4 ranks"),
        (lambda r: tagged(r, job="8"), "of the jobs 7, 8"),
        (
            lambda r: replace(r, workload=Workload("line", n_params=3)),
            "workloads of rank 0 and rank 1 differ in n_params",
        ),
        (
            lambda r: replace(r, hardware=replace(r.hardware, host=None)),
            "does not tell its host",
        ),
        (lambda r: replace(r, started_at=None), "does not tell when"),
        (lambda r: replace(r, duration_s=None), "does not tell when"),
    ],
)
def test_runs_that_are_not_the_ranks_of_one_job_are_refused(change, told):
    first, second = ranks(2, n_ranks=2)
    with pytest.raises(IncomparableError, match=told):
        job_of([first, change(second)])


def test_ranks_that_never_measured_together_are_refused():
    with pytest.raises(IncomparableError, match="rank 1 began after rank 0 had ended"):
        job_of([rank_run(0, {}), rank_run(1, {}, at_s=10.5)])


@pytest.mark.parametrize("size", ["1", "two"])
def test_a_rank_beyond_its_job_is_refused(size):
    with pytest.raises(IncomparableError, match=f"rank 1 cannot be one of {size}"):
        job_of([tagged(run, world_size=size) for run in ranks(2)])


def test_no_run_at_all_is_refused():
    with pytest.raises(InsufficientDataError, match="no run of a rank"):
        job_of([])


def test_a_job_of_one_rank_is_a_job():
    assert job_of([rank_run(0, {}, n_ranks=1)]).missing == ()


# ---- which ranks are meant where none are named ----


def ids(runs):
    return [run.run_id for run in runs]


def test_the_newest_job_is_found_among_others():
    old, new = ranks(job="7"), ranks(job="8", at_s=60.0)
    alone = untagged(rank_run(0, {}, at_s=90.0), "rank", "world_size", "job")
    assert newest_ranks([alone, *new, *old]) == new
    assert newest_ranks([alone, *new, *old], job="7") == old


def test_a_job_that_measured_twice_means_its_last_time():
    fit, test = ranks(), ranks(at_s=10.0)
    # A rank may begin the next while the slowest still ends the one before.
    fit[2] = rank_run(2, {"gpu2": 1.0}, n_ranks=3, at_s=0.5)
    test[2] = rank_run(2, {"gpu2": 1.0}, n_ranks=3, at_s=10.6)
    assert ids(newest_ranks([*fit, *test])) == ids(test)


def test_what_an_earlier_job_of_the_same_name_left_behind_is_not_taken():
    crashed = rank_run(2, {}, n_ranks=3, job="none")
    new = ranks(job="none", at_s=3600.0)
    assert ids(newest_ranks([crashed, *new])) == ids(new)


def test_two_jobs_of_one_name_at_the_same_time_are_not_mixed():
    here, there = ranks(2, n_ranks=2), ranks(2, n_ranks=2, at_s=1.0)
    with pytest.raises(IncomparableError, match=r"measured twice.*name the runs"):
        newest_ranks([*here, *there])


def test_a_job_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no job '48': did you mean 481"):
        newest_ranks(ranks(job="481"), job="48")


def test_runs_without_ranks_are_no_job():
    with pytest.raises(InsufficientDataError, match="torchrun, srun or mpirun"):
        newest_ranks([untagged(rank_run(0, {}), "rank")])


def test_many_ranks_are_not_all_named():
    assert ranks_text([3]) == "rank 3"
    assert ranks_text([0, 2]) == "ranks 0, 2"
    assert ranks_text(range(20)) == "ranks 0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
