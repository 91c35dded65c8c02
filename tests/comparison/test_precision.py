from dataclasses import replace

import pytest

from comparison.submitted import submission
from isojoule.comparison.precision import rounded_j, state_digits

KWH = 3.6e6


def stated(text, decimals_kwh):
    handed = submission("A_1", team="A", train_kwh="1.390", reference_kwh=text)
    return state_digits([handed], decimals_kwh)[0].references[0].energy


def test_a_digit_that_a_program_left_out_is_put_back():
    energy = stated("0.01", 3)
    assert energy.step == pytest.approx(0.001 * KWH)
    assert energy.n_significant_digits == 2
    assert energy.text == "0.01"


def test_more_digits_than_were_asked_for_stay():
    assert stated("0.0321", 3).step == pytest.approx(0.0001 * KWH)


def test_without_a_rule_figures_are_taken_as_they_are_written():
    assert stated("0.01", None).step == pytest.approx(0.01 * KWH)


def test_energies_of_systems_too():
    handed = submission("A_1", team="A", train_kwh="54")
    assert state_digits([handed], 3)[0].energies["train"].step == pytest.approx(3600)


def test_what_is_no_rounded_decimal_stays_exact():
    handed = submission("A_1", team="A", train_kwh="1.390")
    energy = replace(handed.energies["train"], step=None)
    exact = replace(handed, energies={"train": energy})
    assert state_digits([exact], 3)[0].energies["train"].step is None


@pytest.mark.parametrize(
    ("energy_kwh", "decimals", "expected_kwh"),
    [(1.35388, 3, 1.354), (1.35388, None, 1.35388), (0.0004, 3, 0.0004), (12.6, 0, 13)],
)
def test_published_energies_have_the_decimals_of_the_rules(
    energy_kwh, decimals, expected_kwh
):
    found_kwh = rounded_j(energy_kwh * KWH, decimals) / KWH
    assert found_kwh == pytest.approx(expected_kwh, rel=1e-12)
