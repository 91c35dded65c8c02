from collections import Counter

import pytest

from benchmark_runs import on_a_line
from isojoule.studies.benchmark.sources import gather_sources, pair_machines, thin
from many_machines import make_measured


def gather(runs, *, max_workloads=200, seed=0):
    return gather_sources(runs, max_workloads=max_workloads, seed=seed)


def test_phases_of_a_file_are_sources_of_their_own():
    runs = on_a_line(phase="train") + on_a_line(prefix="v", phase="inference")
    sources, notes = gather({"file": runs})
    assert [(s.name, s.phase) for s in sources] == [
        ("file", "inference"),
        ("file", "train"),
    ]
    assert [len(s.workloads) for s in sources] == [10, 10]
    assert notes == []


def test_the_highest_power_limit_is_kept():
    runs = [
        make_measured("w", "A", energy_j, power_limit_w=limit_w)
        for limit_w, energy_j in ((100.0, 1.0), (300.0, 5.0))
    ]
    (source,), notes = gather({"file": runs})
    assert source.calibrations["A"].energy_j == {"w": 5.0}
    assert notes == ["file (train): kept one power limit per machine (A 300 W)"]


def test_a_machine_of_mixed_energies_is_left_out_with_a_note():
    mixed = make_measured("more", "B", 1.0, source="modelled")
    (source,), (note,) = gather({"file": [*on_a_line(), mixed]})
    assert list(source.calibrations) == ["A"]
    assert "B left out: energies of different provenances are mixed" in note


def test_many_workloads_are_thinned_evenly_and_alike_on_all_machines():
    runs = [
        make_measured(f"w{i}", machine, 1.0 + i, model=f"net{min(i // 4, 2)}")
        for i in range(40)
        for machine in "AB"
    ]
    (source,), (note,) = gather({"file": runs}, max_workloads=9)
    on_a, on_b = (source.calibrations[m].observations for m in "AB")
    assert set(on_a) == set(on_b)
    # 4, 4 and 32 workloads of three networks: three of each.
    assert Counter(o.model for o in on_a.values()) == {"net0": 3, "net1": 3, "net2": 3}
    assert note == (
        "file (train): 9 of 40 workloads, drawn evenly over networks (seed 0)"
    )
    (again,), _ = gather({"file": runs}, max_workloads=9)
    assert again == source
    (other,), _ = gather({"file": runs}, max_workloads=9, seed=1)
    assert other.workloads != source.workloads


def test_a_network_of_few_workloads_gives_all_and_the_rest_comes_from_others():
    runs = [make_measured(f"w{i}", "A", 1.0, model=str(min(i, 1))) for i in range(9)]
    (source,), _ = gather({"file": runs}, max_workloads=5)
    models = Counter(o.model for o in source.calibrations["A"].observations.values())
    assert models == {"0": 1, "1": 4}


def test_workloads_that_machines_share_are_thinned_last():
    alone = [make_measured(f"alone{i}", "A", 1.0, model="net0") for i in range(30)]
    (source,), _ = gather({"file": [*alone, *on_a_line(n_models=1)]}, max_workloads=10)
    assert source.workloads == {f"w{i}" for i in range(10)}


def test_few_workloads_are_kept():
    (source,), _ = gather({"file": on_a_line()})
    assert thin(source, 10, seed=0) == (source, ())


def test_files_that_tell_the_same_are_noted():
    _, notes = gather({"one": on_a_line(), "copy": on_a_line(), "other": []})
    (note,) = notes
    assert note == (
        "one and copy share 20 workloads on the same machines: what is learned from "
        "one knows the other"
    )


def test_pairs_are_ordered_and_share_enough():
    short = on_a_line("C")[1:14:2]
    sources, _ = gather({"file": on_a_line() + short})
    pairs, skipped = pair_machines(sources, min_shared=8)
    assert [(p.shared.source, p.shared.target) for p in pairs] == [
        ("A", "B"),
        ("B", "A"),
    ]
    assert pairs[0].machines == pairs[1].machines
    assert ("file (train)", "A", "C", "7 shared workloads, 8 are needed") in skipped
    assert len(skipped) == 4


@pytest.mark.parametrize("source", ["modelled"])
def test_pairs_of_different_provenance_are_left_out(source):
    runs = on_a_line()[::2] + [
        make_measured(f"w{i}", "B", 1.0 + i, source=source) for i in range(10)
    ]
    pairs, skipped = pair_machines(gather({"file": runs})[0], min_shared=8)
    assert pairs == []
    assert skipped[0][3] == "energies of different provenances: measured, modelled"
