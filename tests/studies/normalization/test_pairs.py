import numpy as np
import pytest

from isojoule import Calibration, Observation
from isojoule.errors import IncomparableError, UnknownNameError
from isojoule.studies.normalization.pairs import Measurements, SharedPair, wanted_pairs


def calibrations(**energies_j):
    """Machines by name, energies by workload."""
    return {
        machine: Calibration(
            machine,
            {w: Observation(w, machine, e, model=w[0]) for w, e in of_machine.items()},
        )
        for machine, of_machine in energies_j.items()
    }


def test_all_pairs_are_ordered_pairs():
    assert wanted_pairs(["all"], "BA") == [("A", "B"), ("B", "A")]
    assert wanted_pairs(["A:B", "all", "A:B"], "BA") == [("A", "B"), ("B", "A")]


def test_pairs_are_found_by_words_of_their_names():
    machines = ["NVIDIA A40", "NVIDIA Tesla V100"]
    assert wanted_pairs(["v100:a40"], machines) == [(machines[1], machines[0])]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("A", ValueError, "SOURCE:TARGET"),
        ("A:", ValueError, "SOURCE:TARGET"),
        ("A:A", IncomparableError, "same machine"),
        ("A:Z", UnknownNameError, "no hardware 'Z'"),
    ],
)
def test_what_is_no_pair_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        wanted_pairs([text], "AB")


def test_shared_workloads_come_by_source_energy_then_name():
    known = calibrations(
        A={"p": 3.0, "r": 1.0, "q": 3.0, "only": 9.0}, B={"q": 1.0, "p": 2.0, "r": 5.0}
    )
    pair = Measurements(known).share("A", "B", min_shared=3)
    assert isinstance(pair, SharedPair)
    assert pair.workloads == ("r", "p", "q")
    assert pair.models == ("r", "p", "q")
    assert pair.source_energy_j.tolist() == [1.0, 3.0, 3.0]
    assert pair.target_energy_j.tolist() == [5.0, 2.0, 1.0]


def test_too_few_shared_workloads_are_told():
    known = calibrations(A={"p": 1.0, "q": 2.0}, B={"q": 1.0})
    found = Measurements(known).share("A", "B", min_shared=2)
    assert found == ("A", "B", "1 shared workloads, 2 are needed")


def test_energies_that_never_change_are_told():
    known = calibrations(A={"p": 2.0, "q": 2.0}, B={"p": 1.0, "q": 3.0})
    measured = Measurements(known)
    assert measured.share("A", "B", min_shared=2) == (
        "A",
        "B",
        "all 2 energies on A are the same",
    )
    assert isinstance(measured.share("B", "A", min_shared=2), SharedPair)


def test_features_are_those_of_the_source_and_workloads_without_are_left_out():
    known = calibrations(A={}, B={"p": 1.0, "q": 2.0, "r": 3.0})
    known["A"] = Calibration(
        "A",
        {
            "p": Observation("p", "A", 2.0, work_flop=5.0, n_params=7.0),
            "q": Observation("q", "A", 1.0, work_flop=6.0, n_params=8.0),
            "r": Observation("r", "A", 1.0, work_flop=6.0),
        },
    )
    measured = Measurements(known, ("params", "flop"))
    pair = measured.share("A", "B", min_shared=2)
    assert pair.workloads == ("q", "p")
    assert pair.feature_values.tolist() == [[8.0, 6.0], [7.0, 5.0]]
    *_, reason = measured.share("A", "B", min_shared=3)
    assert reason == (
        "of 3 shared workloads 2 have params, 3 have flop: 3 with all of these are "
        "needed"
    )
    with pytest.raises(UnknownNameError, match="no feature 'flops'"):
        Measurements(known, ("flops",))


def test_a_workload_without_a_network_counts_as_one_of_its_own():
    known = {
        m: Calibration(
            m,
            {
                "p": Observation("p", m, 1.0, model="net"),
                "q": Observation("q", m, 2.0),
            },
        )
        for m in "AB"
    }
    pair = Measurements(known).share("A", "B", min_shared=2)
    assert pair.models == ("net", "(q)")
    assert pair.n_unstated == 1


def test_energies_of_different_kinds_are_not_compared_unless_asked():
    known = {
        m: Calibration(
            m, {w: Observation(w, m, e, scope=s) for w, e in (("p", 1.0), ("q", 2.0))}
        )
        for m, s in (("A", "gpu"), ("B", "node"))
    }
    found = Measurements(known).share("A", "B", min_shared=2)
    assert found == ("A", "B", "energies of different scopes: gpu, node")
    mixed = Measurements(known, allow_mixed=True).share("A", "B", min_shared=2)
    assert np.array_equal(mixed.source_energy_j, [1.0, 2.0])
