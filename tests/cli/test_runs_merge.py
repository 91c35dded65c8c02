"""isojoule runs merge as a user meets it."""

import json
from dataclasses import replace

import pytest

from isojoule.cli import main
from isojoule.store import RunStore
from ranked import rank_run, two_ranks


@pytest.fixture
def kept(tmp_path):
    """Returns the runs of the store."""

    def read():
        with RunStore.open(tmp_path / "store", create=False) as store:
            return store.runs()

    return read


@pytest.fixture
def keep(tmp_path):
    """Puts runs into the store."""

    def write(*runs):
        with RunStore.open(tmp_path / "store") as store:
            for run in runs:
                store.add(run)

    return write


@pytest.fixture
def merge(capsys, tmp_path):
    """Runs the command here; returns exit code, stdout, stderr."""

    def call(*arguments: str):
        code = main(["runs", "merge", *arguments, "--store", str(tmp_path / "store")])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_newest_job_is_merged_summed_up_and_kept(merge, keep, kept):
    keep(*two_ranks(job="7"), *two_ranks(job="8", at_s=3600.0))
    code, out, err = merge()
    assert (code, err) == (0, "")
    assert out.startswith("line: complete after 10 s\n")
    assert "gpu 4 kJ" in out
    assert "2x A40" in out
    (merged,) = [run for run in kept() if "merged" in run.tags]
    assert merged.tags["job"] == "8"
    assert merged.gpu_energy_j == pytest.approx(4000.0)
    assert len(kept()) == 5


def test_merging_twice_keeps_one_run(merge, keep, kept):
    keep(*two_ranks())
    assert merge() == merge()
    assert len(kept()) == 3


def test_a_job_can_be_named(merge, keep, kept):
    keep(*two_ranks(job="7"), *two_ranks(job="8", at_s=3600.0))
    assert merge("--job", "7")[0] == 0
    assert [r.tags["job"] for r in kept() if "merged" in r.tags] == ["7"]


def test_runs_can_be_named_by_the_beginning_of_their_ids(merge, keep):
    keep(*two_ranks(), *two_ranks(at_s=1.0))
    code, out, _ = merge("rank0-a-0", "rank1-a-0", "rank0-a-0", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["tags"]["merged"] == "rank0-a-0, rank1-a-0"
    assert document["samples"] is None


def test_a_missing_rank_is_an_error_unless_it_is_accepted(merge, keep, kept):
    keep(*two_ranks(n_ranks=3))
    code, out, err = merge()
    assert (code, out) == (2, "")
    assert err.startswith("isojoule: rank 2 of 3 missing")
    assert len(kept()) == 2
    code, out, _ = merge("--partial")
    assert code == 0
    assert "warning     without rank 2" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--job", "9"), "no job '9': there are 7"),
        (("rank0", "--job", "7"), "name runs or a --job, not both"),
        (("rank9",), "no run 'rank9'"),
        (("alone",), "run alone tells no rank"),
    ],
)
def test_wrong_input_is_one_line_and_keeps_nothing(merge, keep, kept, arguments, told):
    alone = replace(rank_run(0, {"cpu0": 1.0}), run_id="alone", tags={})
    keep(*two_ranks(), alone)
    code, out, err = merge(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert len(kept()) == 3


def test_a_store_without_ranks_is_told_of(merge, keep):
    keep()
    code, _, err = merge()
    assert code == 2
    assert "there is no run of a rank" in err
