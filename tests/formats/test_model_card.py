from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from isojoule.formats.model_card import model_card_block
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload

GOLDEN = Path(__file__).parents[1] / "data" / "model_card" / "card.md"
RUN = Run(
    run_id="a",
    name="r50",
    workload=Workload("resnet50"),
    hardware=Hardware("2x NVIDIA A40", (Accelerator("NVIDIA A40", "nvidia"),) * 2),
    energies=(
        ComponentEnergy("gpu", 3.6e6, "counter"),
        ComponentEnergy("cpu", 1.8e6, "modelled"),
    ),
    isojoule_version="0.1.0",
)


def test_the_block_is_front_matter_with_grams_and_how_they_came_about():
    block = model_card_block(
        RUN, emissions_g=56.0, location="Grenoble, France", training_type="fine-tuning"
    )
    assert block == GOLDEN.read_text()


def test_a_scope_that_was_asked_for_is_the_one_that_is_told():
    block = model_card_block(RUN, emissions_g=84.0, location="France", scope="node")
    assert 'source: "isojoule 0.1.0: 1.5 kWh modelled, scope node"' in block
    assert "training_type" not in block


def test_without_a_known_energy_the_source_names_the_program_alone():
    run = replace(RUN, energies=(), isojoule_version="")
    assert 'source: "isojoule"' in model_card_block(run, emissions_g=1.0, location="FR")


def test_text_cannot_break_out_of_its_field():
    block = model_card_block(RUN, emissions_g=1.0, location='Île "x": y\n---')
    assert '  geographical_location: "Île \\"x\\": y\\n---"\n' in block
    assert block.count("\n---\n") == 1


@pytest.mark.parametrize("emissions_g", [-1.0, nan])
def test_impossible_emissions_are_refused(emissions_g):
    with pytest.raises(ValueError, match="emissions cannot be"):
        model_card_block(RUN, emissions_g=emissions_g, location="FR")


def test_a_card_needs_a_place():
    with pytest.raises(ValueError, match="needs the place"):
        model_card_block(RUN, emissions_g=1.0, location=" ")
