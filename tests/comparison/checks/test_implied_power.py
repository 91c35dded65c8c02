from dataclasses import replace

import pytest

from comparison.submitted import rules, submission
from isojoule.comparison.checks.implied_power import find_implied_power
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload


def found(*submissions, **limits):
    asked = rules()
    asked = replace(asked, limits=replace(asked.limits, **limits))
    return list(find_implied_power(submissions, asked))


def trained(kwh, hours, device="A100", n=1, **changes):
    return submission(
        train_kwh=kwh, duration_s=hours * 3600, device=device, n_devices=n, **changes
    )


def test_six_watts_on_a_board_are_less_than_it_draws_awake():
    (finding,) = found(trained("0.036", 6, "RTX3060"))
    assert (finding.check, finding.severity) == ("implied-power", "warning")
    assert "0.036 kWh in 6 h 0 min on 1 x RTX3060" in finding.text
    assert "6.0 W" in finding.text
    assert "10.0 W" in finding.text
    assert finding.mail.startswith("You state 0.036 kWh")
    assert finding.mail.endswith("?")


def test_the_evidence_has_the_figures_with_their_places():
    (finding,) = found(trained("0.036", 6, "RTX3060", line=13))
    evidence = dict(finding.evidence)
    assert evidence["training energy"].text == "0.036"
    assert str(evidence["training energy"].place) == "entries.csv:13"
    assert evidence["implied mean power"] == "6.0 W"


def test_the_lower_bound_grows_with_the_devices():
    assert not found(trained("0.12", 6, n=2))  # 20 W, and two draw 20 W
    assert found(trained("0.12", 6, n=4))


def test_the_upper_bound_is_limit_and_largest_host_with_slack():
    # (400 W + 950 W) x 1.2 = 1620 W
    assert not found(trained("1.61", 1))
    (finding,) = found(trained("1.63", 1))
    assert "1630 W" in finding.text
    assert "1620 W" in finding.text


def test_four_boards_may_draw_four_times_as_much():
    # (4 x 400 W + 950 W) x 1.2 = 3060 W
    assert not found(trained("3.05", 1, n=4))
    assert found(trained("3.07", 1, n=4))


@pytest.mark.parametrize("device", ["Telsa A100", "NVIDIA A100-SXM4-40GB", "a100 gpu"])
def test_a_misspelt_device_is_still_known(device):
    assert found(trained("18", 6, device))


@pytest.mark.parametrize("device", [None, "our cluster", "RTX 9999"])
def test_of_an_unknown_device_only_the_lower_bound_is_certain(device):
    assert not found(trained("18", 6, device))
    assert found(trained("0.036", 6, device))


def test_an_unknown_number_of_devices_makes_it_a_note():
    (finding,) = found(trained("18", 6, n=None))
    assert finding.severity == "note"
    assert not found(trained("0.9", 1, n=None))


def test_twice_beyond_the_bound_is_an_error():
    (finding,) = found(trained("3.3", 1))  # 3300 W, above twice 1620 W
    assert finding.severity == "error"
    (finding,) = found(trained("0.004", 1))  # 4 W, below half of 10 W
    assert finding.severity == "error"


def test_the_duration_may_be_of_one_member_of_an_ensemble():
    # 1.0 kWh in half an hour is 2000 W, and 333 W for each of 6 members
    assert not found(trained("1.0", 0.5, "V100", n_subsystems=6))
    assert found(trained("1.0", 0.5, "V100", n_subsystems=None))
    (finding,) = found(trained("10.0", 0.5, "V100", n_subsystems=6))
    assert "3333 W if the duration is of one of the 6 members" in finding.text


@pytest.mark.parametrize(
    "text", ["2h * 20 (1 V100)", "20 x 2h", "2h \N{MULTIPLICATION SIGN} 20"]
)
def test_a_duration_that_was_written_as_a_product_is_of_all_members(text):
    changes = {"duration_text": text, "n_subsystems": 20}
    assert found(trained("80.0", 40, "V100", **changes))  # 2000 W
    assert not found(trained("0.2", 40, "V100", **changes))  # 5 W, or 100 W of 20


def test_a_product_of_devices_is_not_one_of_durations():
    assert not found(trained("20", 5, n_subsystems=10, duration_text="5h (4 x A100)"))


def test_an_energy_of_the_accelerators_alone_has_no_host():
    # 400 W x 1.2 = 480 W
    assert not found(trained("0.47", 1, scope="gpu"))
    assert found(trained("0.49", 1, scope="gpu"))


def test_the_limits_come_from_the_rules():
    assert found(trained("1.0", 1), max_host_power_w=100.0)
    assert not found(trained("0.036", 6), idle_power_w_per_device=5.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"train_kwh": None},
        {"train_kwh": "unknown"},
        {"train_kwh": "0"},
        {"train_kwh": "-3"},
        {"duration_s": None},
        {"duration_s": 0},
        {"n_devices": 0},
    ],
)
def test_without_energy_or_duration_it_says_nothing(changes):
    given = {"train_kwh": "1.0", "duration_s": 3600, "device": "A100", "n_devices": 1}
    assert not found(submission(**(given | changes)))


def run(gpu_j, duration_s=100.0, device="NVIDIA A100-SXM4-40GB", n=1, limit_w=None):
    devices = (Accelerator(device, "nvidia", power_limit_w=limit_w),) * n
    return Run(
        run_id="r1",
        name="devtest",
        workload=Workload("devtest", phase="test"),
        hardware=Hardware(f"{n}x {device}", devices),
        energies=(ComponentEnergy("gpu", gpu_j, "measured"),),
        duration_s=duration_s,
        origin="emissions.csv line 2",
    )


def test_a_record_whose_boards_drew_more_than_their_limit_is_found():
    assert not found(submission(runs=(run(47_000.0),)))  # 470 W of 480 W
    (finding,) = found(submission(runs=(run(49_000.0),)))
    assert finding.severity == "warning"
    assert "490 W" in finding.text
    assert ("record", "emissions.csv line 2") in finding.evidence
    assert not found(submission(runs=(run(49_000.0, n=2),)))


def test_the_limit_of_a_record_counts_before_that_of_the_maker():
    assert found(submission(runs=(run(30_000.0, limit_w=200.0),)))


def test_a_record_whose_boards_drew_next_to_nothing_is_found():
    (finding,) = found(submission(runs=(run(400.0),)))  # 4 W
    assert finding.severity == "error"
    assert not found(submission(runs=(run(1100.0),)))
