"""Emissions in words: nothing without its source, nothing silently added."""

from dataclasses import replace

import pytest

from builders import make_run
from isojoule.carbon import CarbonIntensity, Emissions, emissions_of
from isojoule.records import Accelerator, ComponentEnergy, Hardware
from isojoule.report.carbon import (
    describe_emissions,
    describe_intensity,
    emissions_document,
    intensities_table,
)

ONE_KWH_J = 3.6e6
FRANCE = CarbonIntensity(
    50.0, "a table", "France", "FR", "FRA", year=2023, basis="location-based"
)


def emitted(*energies: ComponentEnergy, pue: float | None = None) -> Emissions:
    hardware = Hardware("one", accelerators=(Accelerator("A40", "nvidia"),))
    run = replace(make_run("mlp"), energies=energies, hardware=hardware)
    return emissions_of(run, FRANCE, pue=pue)


GPU = ComponentEnergy("gpu", 2 * ONE_KWH_J, "counter", 1.9 * ONE_KWH_J, 2.2 * ONE_KWH_J)
CPU = ComponentEnergy("cpu", ONE_KWH_J, "modelled")


def test_the_words_tell_figure_bounds_provenance_scope_and_what_is_left_out():
    assert describe_emissions(emitted(GPU, CPU)) == [
        "mlp  mlp-one",
        "  emissions   100 g CO2eq (95 g to 110 g), measured",
        "  energy      7.2 MJ (6.84 MJ to 7.92 MJ), scope gpu: GPU 7.2 MJ (counter)",
        "  left out    CPU 3.6 MJ (modelled), DRAM not measured",
    ]


def test_the_building_has_a_line_of_its_own_only_where_it_was_asked_for():
    assert not any("PUE" in line for line in describe_emissions(emitted(GPU)))
    lines = describe_emissions(emitted(GPU, pue=1.5))
    assert "  emissions   100 g CO2eq (95 g to 110 g), measured" in lines
    assert lines[-1] == (
        "  with PUE    150 g CO2eq if the building uses 1.5 times what its machines "
        "use, as you state"
    )


def test_an_unknown_energy_is_told_as_unknown():
    lines = describe_emissions(emitted(ComponentEnergy("gpu", None, "absent"), pue=2))
    assert "not known" in lines[1]
    assert not any("PUE" in line or "0 g" in line for line in lines)


def test_the_intensity_is_told_with_year_source_and_what_is_not_in_it():
    first, *others = describe_intensity(FRANCE)
    assert first == "Intensity: France, 50 g CO2eq/kWh, mean of 2023; a table."
    assert "Location-based" in others[0]
    assert "losses of the grid" in others[1]


def test_a_figure_of_the_users_own_is_not_called_location_based():
    (only,) = describe_intensity(CarbonIntensity(23.0, "contract 2025"))
    assert only == "Intensity: 23 g CO2eq/kWh, your own figure; contract 2025."


def test_the_document_has_every_figure_in_full():
    document = emissions_document([emitted(GPU, CPU, pue=1.5)], FRANCE, pue=1.5)
    assert document["pue"] == 1.5
    assert document["intensity"] == {
        "intensity_g_per_kwh": 50.0,
        "source": "a table",
        "country": "France",
        "iso2": "FR",
        "iso3": "FRA",
        "year": 2023,
        "basis": "location-based",
    }
    assert document["runs"] == [
        {
            "run_id": "mlp-one",
            "name": "mlp",
            "scope": "gpu",
            "provenance": "measured",
            "energy_j": 7.2e6,
            "energy_low_j": pytest.approx(6.84e6),
            "energy_high_j": pytest.approx(7.92e6),
            "emissions_g": pytest.approx(100.0),
            "emissions_low_g": pytest.approx(95.0),
            "emissions_high_g": pytest.approx(110.0),
            "emissions_with_pue_g": pytest.approx(150.0),
            "parts": [{"component": "gpu", "energy_j": 7.2e6, "source": "counter"}],
            "left_out": [
                {"component": "cpu", "energy_j": 3.6e6, "source": "modelled"},
                {"component": "dram", "energy_j": None, "source": "absent"},
            ],
        }
    ]


def test_the_table_of_countries_has_year_and_source_in_every_row():
    (row,) = intensities_table([FRANCE]).rows()
    assert row == {
        "country": "France",
        "iso2": "FR",
        "iso3": "FRA",
        "intensity_g_per_kwh": 50.0,
        "year": 2023,
        "source": "a table",
    }
