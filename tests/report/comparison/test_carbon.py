import json

import pytest

from compared import KWH, make_comparison, make_rules
from isojoule.carbon import find_intensity, read_intensities
from isojoule.comparison.rules import Carbon
from isojoule.report.comparison.carbon import carbon_block
from isojoule.report.comparison.document import comparison_document
from isojoule.report.comparison.tables import comparison_tables

pytest.importorskip("scipy", reason="a comparison needs the compare extra")


def in_country(name, pue=1.0):
    return make_comparison(rules=make_rules(carbon=Carbon(country=name, pue=pue)))


def test_the_document_has_the_grams_of_every_system():
    """``large`` takes 4 kWh for training on the organizers' machine."""
    comparison = in_country("France", pue=1.5)
    carbon = comparison_document(comparison)["carbon"]
    g_per_kwh = find_intensity("France", read_intensities()).intensity_g_per_kwh
    assert carbon["intensity"]["intensity_g_per_kwh"] == g_per_kwh
    assert carbon["pue"] == 1.5
    assert carbon["systems"]["large"]["train"] == pytest.approx(
        {
            "energy_j": 4 * KWH,
            "emissions_g": 4 * g_per_kwh,
            "emissions_with_pue_g": 6 * g_per_kwh,
        }
    )
    assert set(carbon["systems"]["odd"]) == {"train"}
    assert carbon["text"] == list(carbon_block(comparison).text)
    json.dumps(carbon, allow_nan=False)


def test_without_carbon_in_the_rules_the_key_is_null():
    document = comparison_document(make_comparison())
    assert document["carbon"] is None


def test_a_country_that_nobody_knows_is_told_in_the_document():
    carbon = comparison_document(in_country("Atlantis"))["carbon"]
    assert carbon["intensity"] is None
    assert carbon["systems"] == {}
    assert "No carbon figures" in carbon["text"][0]


def test_carbon_is_a_table_of_its_own():
    table = comparison_tables(in_country("France"))["carbon"]
    g_per_kwh = find_intensity("France", read_intensities()).intensity_g_per_kwh
    grams = {row["label"]: row["train_g"] for row in table.rows()}
    assert grams["large"] == pytest.approx(4 * g_per_kwh)
    assert "carbon" not in comparison_tables(make_comparison())
    assert "carbon" not in comparison_tables(in_country("Atlantis"))
