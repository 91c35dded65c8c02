import pytest

from comparison.submitted import rules, submission
from isojoule.comparison.checks.impossible_value import find_impossible_values


def found(**stated):
    return list(find_impossible_values([submission(**stated)], rules()))


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ({"train_kwh": "-1.5"}, "train energy"),
        ({"test_kwh": "0"}, "test energy"),
        ({"reference_kwh": "0.000"}, "reference baseline (test)"),
        ({"params": "0"}, "parameters"),
        ({"macs": "-5"}, "multiply-accumulates"),
        ({"n_devices": "1.5"}, "devices"),
        ({"n_subsystems": "0"}, "members of the ensemble"),
        ({"duration_s": "-3600"}, "training duration"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_text(stated, name):
    (finding,) = found(**stated)
    assert (finding.check, finding.severity) == ("impossible-value", "error")
    assert finding.evidence[0][0] == name
    assert repr(next(iter(stated.values()))) in finding.text


def test_an_energy_of_0_with_a_device_named_is_left_to_its_check():
    assert not found(train_kwh="0", device="A100")


def test_possible_values_and_unreadable_ones_say_nothing():
    assert not found(params="1.5", n_devices="4", train_kwh="?")
