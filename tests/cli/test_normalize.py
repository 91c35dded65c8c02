"""isojoule normalize on tables, stores and machines that were never measured."""

import json

import pytest

from benchmark_runs import on_a_line
from isojoule.cli import main
from isojoule.formats.native import write_native
from isojoule.store import RunStore


@pytest.fixture
def isojoule(capsys):
    """Runs the command line here; returns exit code, stdout, stderr."""

    def call(*arguments):
        code = main(["normalize", *(str(a) for a in arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def store(tmp_path):
    """A store with ten workloads on A and B."""
    with RunStore.open(tmp_path / "store") as opened:
        for run in on_a_line():
            opened.add(run)
    return tmp_path / "store"


def test_the_runs_of_a_store_are_converted(isojoule, store):
    code, out, _ = isojoule("--from", "A", "--to", "B", "--json", "--store", store)
    assert code == 0
    document = json.loads(out)
    assert (document["method"], len(document["references"])) == ("joint", 10)
    _, same, _ = isojoule(store, "--from", "A", "--to", "B", "--json")
    assert json.loads(same) == document


def test_a_run_that_comes_twice_is_taken_once(isojoule, store, tmp_path):
    with RunStore.open(store) as opened:
        write_native(tmp_path / "again.json", opened.runs())
    _, both, _ = isojoule(
        *(store, tmp_path / "again.json"), "--from", "A", "--to", "B", "--json"
    )
    _, once, _ = isojoule(store, "--from", "A", "--to", "B", "--json")
    assert json.loads(both) == json.loads(once)


def test_further_machines_of_a_store_help(isojoule, store, tmp_path):
    # Of C one workload is known; of B, which is near to C, all.
    runs = on_a_line("C", slope=2.2)
    few = [r for r in runs if r.hardware.name == "C" and r.workload.name == "w4"]
    write_native(tmp_path / "few.json", few)
    asked = ("--from", "A", "--to", "C", "--json")
    with RunStore.open(store) as opened:
        mine = [r for r in opened.runs() if r.hardware.name == "A"]
    write_native(tmp_path / "mine.json", mine)
    _, alone, _ = isojoule(tmp_path / "mine.json", tmp_path / "few.json", *asked)
    _, helped, _ = isojoule(store, tmp_path / "few.json", *asked)

    def factor(text):
        first = json.loads(text)["estimates"][0]
        return first["energy_high_j"] / first["energy_j"]

    assert factor(helped) < factor(alone)


def test_it_is_said_why_the_method_was_taken_and_what_doubt_is_made_of(isojoule, store):
    _, out, _ = isojoule(store, "--from", "A", "--to", "B")
    assert "Joint is taken: with 10 planned references it was off by a factor of" in out
    assert "The intervals are made of: " in out
