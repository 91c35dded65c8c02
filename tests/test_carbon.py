"""Carbon: kilowatt-hours by hand, countries by any of their names."""

from dataclasses import replace
from math import inf, nan

import pytest

from builders import make_run
from isojoule.carbon import (
    CarbonIntensity,
    emissions_of,
    find_intensity,
    read_intensities,
)
from isojoule.errors import UnknownNameError
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run

HUNDRED = CarbonIntensity(100.0, "by hand")
ONE_KWH_J = 3.6e6


def run_with(*energies: ComponentEnergy, n_gpus: int = 1) -> Run:
    boards = (Accelerator("A40", "nvidia"),) * n_gpus
    hardware = Hardware("one", accelerators=boards)
    return replace(make_run(), energies=energies, hardware=hardware)


GPU = ComponentEnergy("gpu", 2 * ONE_KWH_J, "counter", 1.9 * ONE_KWH_J, 2.2 * ONE_KWH_J)
CPU = ComponentEnergy("cpu", ONE_KWH_J, "modelled")
DRAM = ComponentEnergy("dram", None, "absent")


def components(energies: tuple[ComponentEnergy, ...]) -> list[str]:
    return [e.component for e in energies]


def test_two_kilowatt_hours_at_100_g_are_200_g_with_the_bounds_of_the_energy():
    found = emissions_of(run_with(GPU), HUNDRED)
    assert found.emissions_g == pytest.approx(200.0)
    assert found.emissions_low_g == pytest.approx(190.0)
    assert found.emissions_high_g == pytest.approx(220.0)
    assert (found.scope, found.provenance) == ("gpu", "measured")


def test_no_building_is_in_a_figure_unless_it_was_asked_for():
    assert emissions_of(run_with(GPU), HUNDRED).emissions_with_pue_g is None
    found = emissions_of(run_with(GPU), HUNDRED, pue=1.5)
    assert found.emissions_g == pytest.approx(200.0)
    assert found.emissions_with_pue_g == pytest.approx(300.0)


def test_a_run_on_gpus_leaves_out_the_cpu_and_says_so():
    found = emissions_of(run_with(GPU, CPU, DRAM), HUNDRED)
    assert components(found.parts) == ["gpu"]
    assert found.left_out == (CPU, DRAM)


def test_a_modelled_part_makes_the_sum_modelled_and_its_bounds_unknown():
    found = emissions_of(run_with(GPU, CPU), HUNDRED, scope="node")
    assert found.emissions_g == pytest.approx(300.0)
    assert found.provenance == "modelled"
    assert found.emissions_low_g is None
    assert found.emissions_high_g is None
    assert found.left_out == (DRAM,)


def test_bounds_of_parts_add_up():
    cpu = ComponentEnergy("cpu", ONE_KWH_J, "counter", 0.9 * ONE_KWH_J, 1.2 * ONE_KWH_J)
    found = emissions_of(run_with(GPU, cpu), HUNDRED, scope="node")
    assert found.emissions_low_g == pytest.approx(280.0)
    assert found.emissions_high_g == pytest.approx(340.0)


def test_a_part_that_is_not_in_the_record_counts_as_left_out():
    assert emissions_of(run_with(CPU, n_gpus=0), HUNDRED).left_out == (DRAM,)
    absent = ComponentEnergy("gpu", None, "absent")
    assert emissions_of(run_with(CPU), HUNDRED).left_out == (absent, DRAM)


def test_a_stated_total_holds_its_parts():
    node = ComponentEnergy("node", 4 * ONE_KWH_J, "measured")
    wall = ComponentEnergy("wall", 5 * ONE_KWH_J, "measured")
    run = run_with(node, CPU, DRAM)
    found = emissions_of(run, HUNDRED, scope="node")
    assert found.emissions_g == pytest.approx(400.0)
    assert found.left_out == ()
    found = emissions_of(run_with(node, CPU, wall), HUNDRED)
    assert found.emissions_g == pytest.approx(500.0)
    assert found.left_out == ()
    found = emissions_of(run_with(node, wall), HUNDRED, scope="node")
    assert found.left_out == (wall,)


def test_an_energy_of_unstated_scope_stays_one():
    found = emissions_of(
        run_with(ComponentEnergy("unstated", ONE_KWH_J, "declared")), HUNDRED
    )
    assert found.emissions_g == pytest.approx(100.0)
    assert (found.scope, found.provenance) == (None, "declared")
    assert found.left_out == ()


def test_an_unknown_energy_gives_no_figure_and_zero_gives_zero():
    found = emissions_of(run_with(DRAM), HUNDRED, pue=1.2)
    assert found.emissions_g is None
    assert found.emissions_with_pue_g is None
    assert found.provenance is None
    zero = ComponentEnergy("gpu", 0.0, "counter")
    assert emissions_of(run_with(zero), HUNDRED).emissions_g == 0.0


def test_a_scope_that_was_not_read_gives_no_figure():
    assert emissions_of(run_with(GPU), HUNDRED, scope="wall").emissions_g is None


@pytest.mark.parametrize("pue", [0.9, 0.0, inf, nan])
def test_a_building_cannot_use_less_than_its_machines(pue):
    with pytest.raises(ValueError, match="PUE"):
        emissions_of(run_with(GPU), HUNDRED, pue=pue)


@pytest.mark.parametrize("value", [-1.0, inf, nan])
def test_an_intensity_is_a_number_from_zero_on(value):
    with pytest.raises(ValueError, match="cannot be"):
        CarbonIntensity(value, "by hand")


def test_an_intensity_without_a_source_is_refused():
    with pytest.raises(ValueError, match="source"):
        CarbonIntensity(30.0, " ")


@pytest.mark.parametrize("name", ["France", "france", "FR", "fra", " FR "])
def test_a_country_is_found_by_name_and_by_either_code(name):
    found = find_intensity(name, read_intensities())
    assert (found.iso2, found.iso3, found.country) == ("FR", "FRA", "France")
    assert found.basis == "location-based"


def test_the_united_kingdom_is_found_by_its_reserved_code():
    assert find_intensity("UK", read_intensities()).iso2 == "GB"


@pytest.mark.parametrize(
    ("name", "told"), [("Frnace", "France"), ("Czech Republic", "Czechia")]
)
def test_a_country_that_is_not_there_is_answered_with_the_nearest(name, told):
    with pytest.raises(UnknownNameError, match=told):
        find_intensity(name, read_intensities())


@pytest.mark.parametrize(
    ("iso2", "low_g", "high_g"),
    # Hydro, nuclear, mixed, coal; the mean over all, weighted by generation, is 480.
    [("NO", 25, 35), ("FR", 50, 60), ("DE", 350, 420), ("PL", 620, 700)],
)
def test_the_intensities_are_of_the_size_that_the_generation_implies(
    iso2, low_g, high_g
):
    found = find_intensity(iso2, read_intensities())
    assert low_g < found.intensity_g_per_kwh < high_g
    assert found.year == 2023


def test_every_country_of_the_file_is_whole_and_there_once():
    known = read_intensities()
    assert len(known) == 202
    for codes in ({i.iso2 for i in known}, {i.iso3 for i in known}):
        assert len(codes) == 202
    assert len({i.country for i in known}) == 202
    for intensity in known:
        assert len(intensity.iso2 or "") == 2
        assert len(intensity.iso3 or "") == 3
        # From hydro to old gas and oil plants; zero would be a rounded figure.
        assert 15 < intensity.intensity_g_per_kwh < 1400
        assert 2009 <= (intensity.year or 0) <= 2023
        assert "Our World in Data" in intensity.source
