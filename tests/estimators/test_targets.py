from dataclasses import replace

import pytest

from estimator_runs import make_training
from isojoule.errors import IncomparableError
from isojoule.estimators.targets import (
    Reading,
    mean_epoch_energy_j,
    mean_power_w,
    mean_stable_epoch_energy_j,
    read_all,
    require_one_scope,
)
from isojoule.records import ComponentEnergy, Window

RUN = make_training(power_w=200.0)


def test_power_is_that_of_the_gpu_alone():
    assert mean_power_w(RUN) == Reading(200.0, "gpu", "measured")
    assert mean_power_w(RUN, "node").value == 200.0


def test_an_epoch_has_its_share_of_the_energy_in_the_scope():
    assert mean_epoch_energy_j(RUN) == Reading(10_000.0, "gpu", "measured")
    whole = mean_epoch_energy_j(RUN, "node")
    assert whole == Reading(10_250.0, "node", "modelled")


def test_stated_means_go_first_and_cover_all_that_was_read():
    measures = {"mean_gpu_power_w": 190.0, "mean_epoch_energy_j": 9000.0}
    run = replace(RUN, measures=measures)
    assert mean_power_w(run).value == 190.0
    assert mean_epoch_energy_j(run) == Reading(9000.0, "node", "modelled")


def test_without_a_gpu_all_that_was_read_counts():
    run = replace(RUN, energies=(ComponentEnergy("cpu", 5000.0, "counter"),))
    assert mean_power_w(run) == Reading(5.0, "node", "measured")


@pytest.mark.parametrize("change", [{"duration_s": None}, {"energies": ()}])
def test_power_is_unknown_without_energy_or_time(change):
    assert mean_power_w(replace(RUN, **change)) is None


def test_the_energy_of_an_epoch_is_unknown_without_their_number():
    work = replace(RUN.workload, n_samples=None)
    assert mean_epoch_energy_j(replace(RUN, workload=work)) is None


def windows(energies_j):
    return tuple(
        Window("e", "train", n, n, n + 1, (ComponentEnergy("gpu", j, "counter"),))
        for n, j in enumerate(energies_j)
    )


def test_stable_epochs_are_those_from_epoch_10_on():
    run = replace(RUN, windows=windows([1.0] * 10 + [4.0, 6.0]))
    assert mean_stable_epoch_energy_j(run).value == 5.0
    assert mean_stable_epoch_energy_j(replace(RUN, windows=windows([1.0] * 10))) is None
    assert mean_stable_epoch_energy_j(RUN) is None


def test_epochs_that_overlap_tell_nothing():
    doubled = windows([1.0] * 12)
    run = replace(RUN, windows=(*doubled, replace(doubled[3], start_s=3.2)))
    assert mean_stable_epoch_energy_j(run).value == 1.0  # parts of an epoch add up
    broken = (*doubled[:3], *doubled[4:])
    assert mean_stable_epoch_energy_j(replace(RUN, windows=broken)) is None


def test_a_value_that_is_not_positive_is_not_read():
    run = replace(RUN, energies=(ComponentEnergy("gpu", 0.0, "counter"),))
    assert read_all([run, RUN], "power_w")[0] is None
    assert read_all([run, RUN], "power_w")[1].value == 200.0


def test_several_scopes_are_not_mixed():
    readings = [Reading(1.0, "gpu", "measured"), Reading(1.0, "node", "measured")]
    assert require_one_scope(readings[:1]) == "gpu"
    with pytest.raises(IncomparableError, match=r"\(gpu, node\): choose one"):
        require_one_scope(readings)
