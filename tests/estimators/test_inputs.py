import numpy as np
import pytest

from estimator_runs import GIB, make_hardware, make_training, make_workload
from isojoule.errors import InsufficientDataError
from isojoule.estimators.inputs import (
    INPUTS,
    GpuFigures,
    gpu_figures,
    input_rows,
    inputs_of,
    stated_by_runs,
)
from isojoule.records import Accelerator, Hardware, Workload


def test_the_inputs_stand_in_the_published_order():
    work = make_workload(side=128, batch_size=64, forward_flop_per_sample=2.5e9)
    found = inputs_of(work, make_hardware("rtx3070", ram_gib=32))
    expected = [64, 32, 1000, 400, 2.5, 128, 128, 5888, 8, 220]
    assert found.tolist() == expected
    assert len(INPUTS) == 10


def test_height_and_width_are_the_last_two_sides():
    work = make_workload(input_shape=(3, 75, 90))
    assert inputs_of(work, make_hardware())[5:7].tolist() == [75, 90]


def test_nothing_to_validate_is_zero_and_not_unknown():
    work = make_workload(n_validation_samples_per_epoch=0)
    assert inputs_of(work, make_hardware())[3] == 0


def test_the_power_as_specified_goes_before_the_limit_of_the_driver():
    machine = make_hardware("RTX 3070")
    assert machine.accelerators[0].power_limit_w == 240.0
    assert gpu_figures(machine).tdp_w == 220.0


def test_a_stated_figure_goes_before_the_table():
    stated = {"RTX 3070": GpuFigures(tdp_w=150.0)}
    found = gpu_figures(make_hardware("RTX 3070"), stated)
    assert (found.n_cores, found.tdp_w) == (5888, 150.0)


def test_an_unknown_board_is_usable_where_all_is_stated():
    stated = {"Mine": GpuFigures(1000, 4 * GIB, 90.0)}
    assert gpu_figures(make_hardware("Mine"), stated) == stated["Mine"]


def test_the_record_completes_what_the_table_does_not_know():
    board = Accelerator("Mine", "nvidia", memory_bytes=4 * GIB, power_limit_w=90.0)
    machine = make_hardware("Mine", accelerators=(board,))
    found = gpu_figures(machine, {"Mine": GpuFigures(n_cores=1000)})
    assert found == GpuFigures(1000, 4 * GIB, 90.0)


def test_several_boards_add_up():
    board = Accelerator("RTX 3090", "nvidia")
    found = gpu_figures(make_hardware(accelerators=(board, board)))
    assert found == GpuFigures(2 * 10496, 48 * GIB, 700.0)


def test_a_machine_without_boards_may_be_named_after_one():
    assert gpu_figures(Hardware("RTX 3090")).n_cores == 10496


def test_a_board_that_is_not_in_the_table_is_told_with_what_to_do():
    with pytest.raises(InsufficientDataError) as caught:
        inputs_of(make_workload(), make_hardware("RTX 3091"))
    told = str(caught.value)
    assert "no accelerator 'RTX 3091': did you mean" in told
    assert "RTX 3090" in told
    assert "or state its figures (n_cores, memory_bytes" in told
    assert "\n" not in told


def test_a_board_without_published_cores_is_told_apart():
    with pytest.raises(InsufficientDataError, match=r"n_cores.* not published"):
        inputs_of(make_workload(), make_hardware("Apple M1 Pro"))


@pytest.mark.parametrize(
    ("work", "machine", "told"),
    [
        ({"batch_size": None}, {}, "state batch_size"),
        ({}, {"memory_bytes": None}, "the main memory of the machine"),
        ({"n_validation_samples_per_epoch": None}, {}, "0 where nothing is validated"),
        ({"forward_flop_per_sample": None}, {}, "forward_flop_per_sample"),
        ({"input_shape": None}, {}, "ends with height and width"),
        ({"input_shape": (1000,)}, {}, "ends with height and width"),
    ],
)
def test_what_is_missing_is_named(work, machine, told):
    with pytest.raises(InsufficientDataError, match=told):
        inputs_of(make_workload(**work), make_hardware(**machine))


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(InsufficientDataError, match=r"batch_size; .*memory_bytes"):
        inputs_of(make_workload(batch_size=None), make_hardware(memory_bytes=None))


def test_a_negative_batch_cannot_be_stated():
    with pytest.raises(ValueError, match=r"batch_size .* must be positive, got -32"):
        make_workload(batch_size=-32)


@pytest.mark.parametrize("figure", [0.0, -1.0, float("nan"), float("inf")])
def test_a_figure_of_a_board_that_cannot_be_is_refused(figure):
    with pytest.raises(ValueError, match="n_cores of an accelerator must be positive"):
        GpuFigures(n_cores=figure)


def test_rows_of_runs_equal_those_of_each_run_alone():
    runs = [make_training(), make_training(side=75, gpu="RTX 3070")]
    found = input_rows(runs)
    assert found.known.all()
    for row, run in zip(found.values, runs, strict=True):
        np.testing.assert_array_equal(row, inputs_of(run.workload, run.hardware))


def test_runs_that_lack_the_same_are_counted_together():
    lacking = [make_training(repeat=n) for n in range(3)]
    lacking = [_without_memory(run) for run in lacking]
    found = input_rows([make_training(), *lacking])
    assert found.known.tolist() == [True, False, False, False]
    assert list(found.left_out.values()) == [3]
    assert "main memory" in next(iter(found.left_out))


def _without_memory(run):
    from dataclasses import replace

    return replace(run, hardware=make_hardware(memory_bytes=None))


def test_figures_that_runs_state_go_before_the_table():
    measures = {"n_cuda_cores": 5000.0, "gpu_tdp_w": 111.0}
    run = make_training(gpu="RTX 3070", measures=measures)
    assert stated_by_runs([run]) == {"RTX 3070": GpuFigures(5000.0, None, 111.0)}
    assert input_rows([run]).values[0, 7:].tolist() == [5000.0, 8.0, 111.0]


def test_a_workload_without_anything_is_refused_in_one_line():
    with pytest.raises(InsufficientDataError) as caught:
        inputs_of(Workload("x"), Hardware("cpu"))
    assert "\n" not in str(caught.value)
