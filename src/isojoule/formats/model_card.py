"""The carbon block of a model card, as the Hugging Face Hub reads it.

Field names and the unit, grams, are those of the Hub's page "Displaying carbon
emissions for your model" (huggingface.co/docs/hub/model-cards-co2).
"""

import json
from math import isfinite

from isojoule.observations import energy_in_scope
from isojoule.records import Run, Scope
from isojoule.units import j_to_kwh


def model_card_block(
    run: Run,
    *,
    emissions_g: float,
    location: str,
    training_type: str | None = None,
    scope: Scope | None = None,
) -> str:
    """Return the front matter that a model card begins with.

    Parameters
    ----------
    run : Run
        The training.
    emissions_g : float
        What its energy emitted, CO2 equivalents [g].
    location : str
        Where it ran.
    training_type : str or None
        ``pre-training`` or ``fine-tuning``; left out where `None`.
    scope : {"gpu", "node", "wall"} or None
        What the energy behind `emissions_g` covers; `Run.default_scope` where `None`.

    Returns
    -------
    str
        YAML between two lines ``---``, with a newline at its end.

    Raises
    ------
    ValueError
        If the emissions are negative or not finite, or the location is empty.
    """
    if not (isfinite(emissions_g) and emissions_g >= 0):
        raise ValueError(f"emissions cannot be {emissions_g} g")
    if not location.strip():
        raise ValueError("a model card needs the place of the training")
    fields = {
        "emissions": f"{emissions_g:.6g}",
        "source": _quoted(_source(run, scope or run.default_scope)),
        "training_type": _quoted(training_type) if training_type else "",
        "geographical_location": _quoted(location),
        "hardware_used": _quoted(run.hardware.name),
    }
    lines = [f"  {name}: {text}" for name, text in fields.items() if text]
    return "\n".join(["---", "co2_eq_emissions:", *lines, "---", ""])


def _quoted(text: str) -> str:
    """Return `text` as a scalar of YAML, which takes every string of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _source(run: Run, scope: Scope | None) -> str:
    version = f"isojoule {run.isojoule_version}".strip()
    found = energy_in_scope(run.energies, scope)
    if found is None:
        return version
    energy_j, provenance = found
    covered = f", scope {scope}" if scope else ""
    return f"{version}: {j_to_kwh(energy_j):.3g} kWh {provenance}{covered}"
