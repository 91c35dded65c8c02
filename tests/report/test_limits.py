import pytest

from isojoule.records import ComponentEnergy
from isojoule.report.limits import describe_gaps, describe_limits


def _limits(runs):
    return " ".join(describe_limits(runs))


@pytest.fixture
def modelled(make_run):
    return make_run("guess", energies=(ComponentEnergy("cpu", 600.0, "modelled"),))


def test_limits_follow_from_the_runs(make_run, modelled, gpu_machine):
    on_gpu = make_run(
        hardware=gpu_machine,
        status="recovered",
        energies=(ComponentEnergy("gpu", 10.0, "counter"),),
    )
    measured = _limits([make_run()])
    assert "modelled" not in measured
    assert "2312.02741" not in measured
    assert "No idle draw is subtracted" in measured
    assert "DRAM was not measured and is missing from the energy of the run" in measured
    mixed = _limits([on_gpu, modelled])
    assert "CPU energy in 1 of 2 runs is modelled" in mixed
    assert "2312.02741" in mixed
    assert "1 run was recovered" in mixed
    assert "covers the GPUs only" in mixed
    assert "neither added up nor comparable" in mixed


def test_limits_say_when_what_an_energy_covers_is_not_stated(make_run):
    run = make_run(energies=(ComponentEnergy("unstated", 5.0, "declared"),))
    assert "is not stated" in _limits([run])
    assert "what somebody stated" in _limits([run])


def test_gaps_name_parts_that_were_used_and_have_no_figure(make_run, gpu_machine):
    on_gpu = make_run(hardware=gpu_machine)
    assert describe_gaps([make_run(), on_gpu]) == (
        "Without a figure of its own: GPU in 1 of 2 runs, DRAM in all 2 runs.",
    )
