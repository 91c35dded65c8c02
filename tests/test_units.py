import pytest

from isojoule import units


def test_one_kilowatt_hour_is_3_6_megajoules():
    assert units.kwh_to_j(1.0) == 3.6e6
    assert units.j_to_kwh(1.8e6) == 0.5


def test_a_percentage_becomes_a_share():
    assert units.percent_to_fraction(25.0) == 0.25


@pytest.mark.parametrize(
    ("energy_j", "text"),
    [
        (0.0, "0 J"),
        (0.0123, "12.3 mJ"),
        (999.0, "999 J"),
        (1234.5, "1.23 kJ"),
        (3.6e6, "3.6 MJ"),
        (-1500.0, "-1.5 kJ"),
    ],
)
def test_energies_are_shown_with_three_digits(energy_j, text):
    assert units.format_energy(energy_j) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [(0.5, "500 ms"), (61.0, "1 min 1 s"), (7325.0, "2 h 2 min")],
)
def test_durations_are_shown_in_the_unit_that_fits(duration_s, text):
    assert units.format_duration(duration_s) == text


@pytest.mark.parametrize(
    ("mass_g", "text"),
    [
        (0.0, "0 g"),
        (0.0308, "30.8 mg"),
        (1234.0, "1.23 kg"),
        (999_400.0, "999 kg"),
        (2.5e6, "2.5 t"),
        (3e9, "3 kt"),
    ],
)
def test_masses_are_shown_in_tonnes_from_one_on(mass_g, text):
    assert units.format_mass(mass_g) == text
