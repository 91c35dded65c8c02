from dataclasses import replace

import pytest

from builders import make_run
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.formats import read_runs
from isojoule.records import ComponentEnergy
from isojoule.studies.link_points import gather, total_energy_j
from link_runs import make_link_run, suite_like_runs


def test_a_point_is_one_epoch_of_its_workload():
    (block,) = gather([make_link_run(size=2, n_epochs=5)]).blocks
    (point,) = block.points
    assert point.is_epoch
    assert point.energy_j == pytest.approx(6.0)
    assert point.energy_j_per_sample == pytest.approx(6e-3)
    assert point.n_samples == 1000
    assert point.n_steps == 125
    assert point.forward_flop == pytest.approx(2e11)
    assert point.training_flop == pytest.approx(6e11)
    assert point.duration_s == pytest.approx(6.0)
    assert point.mean_power_w == pytest.approx(1.0)
    # 125 steps of 10 passes over float32 weights, 5 passes over the activations.
    moved = 125 * 40 * 1e5 * 2**0.5 + 5 * 1000 * 2e4
    assert point.moved_bytes == pytest.approx(moved)


def test_the_last_batch_of_an_epoch_is_a_step_as_well():
    (block,) = gather([make_link_run(n_samples=1578, n_samples_per_epoch=1578)]).blocks
    assert block.points[0].n_steps == 198


def test_without_epochs_the_unit_is_the_run_and_steps_may_be_a_part():
    run = make_link_run(n_samples=2, n_samples_per_epoch=None, phase="test")
    (block,) = gather([run]).blocks
    (point,) = block.points
    assert (point.is_epoch, point.n_steps) == (False, 0.25)
    assert point.training_flop is None


def test_what_is_not_stated_stays_unknown():
    (block,) = gather([make_run()]).blocks
    (point,) = block.points
    known = {"energy_j": 10.0, "duration_s": 2.0, "mean_power_w": 5.0}
    for name, column in block.columns.items():
        value = float(column[0])
        assert value == known.get(name, value) or name not in known
        assert (name in known) == (value == value)
    assert point.energy_j_per_sample is None
    assert (block.family_is, block.families) == ("nothing", ("all",))


def test_repeats_are_reduced_to_their_median():
    runs = [make_link_run(energy_j=e, repeat=i) for i, e in enumerate((1.0, 9.0, 2.0))]
    (block,) = gather(runs).blocks
    (point,) = block.points
    assert (point.energy_j, point.n_repeats) == (2.0, 3)
    assert len(block.runs) == 3


def test_machines_phases_sources_and_settings_are_never_pooled():
    runs = [
        make_link_run(),
        make_link_run(phase="test"),
        make_link_run(hardware="A40"),
        make_link_run(source="declared"),
        make_link_run(settings={"tf32": "on"}),
    ]
    blocks = gather(runs).blocks
    assert [(b.setup.hardware, b.phase) for b in blocks][:2] == [
        ("A40", "train"),
        ("NVIDIA H200", "train"),
    ]
    assert {(b.setup.provenance, b.setup.variant) for b in blocks} == {
        ("measured", "unstated"),
        ("declared", "unstated"),
        ("measured", "tf32 on"),
    }
    assert all(len(b.points) == 1 for b in blocks)


def test_mixing_has_to_be_asked_for_and_is_named():
    runs = [make_link_run(), make_link_run(source="declared", size=2)]
    (block,) = gather(runs, allow_mixed=True).blocks
    assert block.setup.provenance == "declared and measured"
    assert len(block.points) == 2


def test_a_workload_in_two_kinds_stays_two_points_where_kinds_are_mixed():
    runs = [make_link_run(), make_link_run(settings={"tf32": "on"}, repeat=1)]
    (block,) = gather(runs, allow_mixed=True).blocks
    assert [p.n_repeats for p in block.points] == [1, 1]


def test_training_comes_before_other_phases():
    blocks = gather(suite_like_runs("inference", "train", "test")).blocks
    assert [b.phase for b in blocks] == ["train", "inference", "test"]


def test_family_is_the_first_label_that_every_workload_has():
    named = [make_link_run("mlp", model="a"), make_link_run("cnn", model="b")]
    assert gather(named).blocks[0].family_is == "family"
    unnamed = [make_link_run("mlp", model="a"), make_link_run(family=None, model="b")]
    (block,) = gather([*unnamed[:1], _without_family(named[1])]).blocks
    assert (block.family_is, block.families) == ("model", ("b", "a"))


def _without_family(run):
    return replace(run, workload=replace(run.workload, family=None))


def test_training_flop_counts_where_all_of_a_block_have_it():
    runs = [make_link_run(size=1), make_link_run(size=2)]
    assert gather(runs).blocks[0].flop_is == "training_flop"
    without = make_link_run(size=4, training_flop_per_sample=None)
    assert gather([*runs, without]).blocks[0].flop_is == "forward_flop"
    assert gather([make_link_run(phase="test")]).blocks[0].flop_is == "forward_flop"


def test_what_is_left_out_is_counted_by_its_reason():
    whole = make_link_run(size=1)
    runs = [
        whole,
        whole,
        replace(make_link_run(size=2), status="failed"),
        replace(make_link_run(size=3), tags={"rank": "0", "world_size": "2"}),
        replace(make_link_run(size=4), power_limit_w=300.0),
        replace(make_link_run(size=5), power_limit_w=200.0),
        replace(
            make_link_run(size=6), energies=(ComponentEnergy("cpu", 0.0, "counter"),)
        ),
        make_link_run(size=7, phase="test"),
        make_link_run(size=8, hardware="A40"),
    ]
    found = gather(runs, phase="train", hardware="H200")
    assert [len(b.points) for b in found.blocks] == [2]
    assert found.left_out == {
        "given twice": 1,
        "did not end by themselves": 1,
        "of single ranks: `isojoule runs merge` adds them": 1,
        "below the highest power limit of their machine": 1,
        "without an energy": 1,
        "not of phase train": 1,
        "not on NVIDIA H200": 1,
    }


def test_a_phase_or_machine_that_is_not_there_is_told():
    with pytest.raises(UnknownNameError, match="no phase 'trian': did you mean train"):
        gather([make_link_run()], phase="trian")
    with pytest.raises(UnknownNameError, match="no hardware 'V100'"):
        gather([make_link_run()], hardware="V100")


def test_no_energy_in_the_scope_is_an_error_with_the_next_step():
    told = "none of 1 runs can be used .1 without an energy in scope wall.: measure"
    with pytest.raises(InsufficientDataError, match=told):
        gather([make_link_run()], scope="wall")


def test_the_energy_of_a_whole_run_is_that_of_the_scope_of_its_block():
    run = replace(
        make_link_run(energy_j=5.0),
        energies=(
            ComponentEnergy("gpu", 5.0, "counter"),
            ComponentEnergy("cpu", 2.0, "counter"),
        ),
    )
    assert total_energy_j(run, "gpu") == 5.0
    assert total_energy_j(run, "node") == 7.0
    assert total_energy_j(run, "gpu and node") == 5.0  # mixed: its own default


@pytest.mark.slow
def test_the_published_tables_give_a_block_per_machine_and_phase(cross_hardware):
    n_blocks = {
        path.stem: len(gather(read_runs(path)).blocks)
        for path in sorted(cross_hardware.glob("*.parquet"))
    }
    assert n_blocks == {
        "argonne_llm_power": 3,
        "edge_acc": 6,
        "metaqure": 8,
        "wilkins_llm": 4,
        "zeus_nsdi23": 4,
    }
