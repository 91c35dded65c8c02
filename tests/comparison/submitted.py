"""Submissions and rules made by hand, for the tests of the comparison."""

import re
from dataclasses import replace

from isojoule.comparison.rules import Metric, PhaseRules, Reference, Rules
from isojoule.records import Scope
from isojoule.submissions import Figure, Place, ReferenceRun, Submission
from isojoule.units import kwh_to_j

FILE = "entries.csv"


def figure(
    text: str | float | None,
    field: str = "",
    *,
    line: int = 1,
    unit: float = 1.0,
    scope: Scope | None = None,
    problem: str = "",
    file: str = FILE,
) -> Figure | None:
    """Return what stands there: ``0.032`` is a figure with a last digit of 0.001.

    A text that is no plain decimal has no value and a problem; nothing is `None`.
    """
    if text is None or text == "":
        return None
    text = str(text)
    place = Place(file, line, field)
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        problem = problem or "not a number"
        return Figure(text=text, value=None, place=place, scope=scope, problem=problem)
    decimals = len(text.partition(".")[2])
    return Figure(
        text=text,
        value=float(text) * unit,
        place=place,
        step=10.0**-decimals * unit,
        scope=scope,
        problem=problem,
    )


def energy(text: str | float | None, field: str = "", **changes) -> Figure | None:
    """Return the figure [J] of an energy that was written in kWh."""
    return figure(text, field, unit=kwh_to_j(1.0), **changes)


def submission(
    label: str = "A_1",
    *,
    team: str | None = None,
    train_kwh: str | float | None = "1.390",
    test_kwh: str | float | None = "0.019",
    reference_kwh: str | float | None = "0.032",
    reference_name: str = "baseline",
    reference_phase: str = "test",
    psds1: str | float | None = None,
    psds2: str | float | None = None,
    params: str | float | None = None,
    macs: str | float | None = None,
    n_subsystems: str | int | None = None,
    duration_s: float | None = None,
    duration_text: str = "",
    n_devices: int | None = None,
    n_tracked_devices: int | None = None,
    line: int = 1,
    scope: Scope | None = None,
    reference_scope: Scope | None = None,
    **changes,
) -> Submission:
    """Return a submission as a reader makes it; `changes` are fields of it."""
    energies = {
        "train": energy(train_kwh, "train_kwh", line=line, scope=scope),
        "test": energy(test_kwh, "test_kwh", line=line, scope=scope),
    }
    scores = {
        "psds1": figure(psds1, "psds1", line=line),
        "psds2": figure(psds2, "psds2", line=line),
    }
    reference = energy(
        reference_kwh, "reference_kwh", line=line, scope=reference_scope or scope
    )
    duration = figure(duration_s, "time", line=line)
    if duration is not None and duration_text:
        duration = replace(duration, text=duration_text, step=None)
    made = Submission(
        label=label,
        team=team or label.partition("_")[0],
        energies={name: e for name, e in energies.items() if e is not None},
        references=()
        if reference is None
        else (ReferenceRun(reference_name, reference_phase, reference),),
        scores={name: s for name, s in scores.items() if s is not None},
        n_params=figure(params, "params", line=line),
        n_macs=figure(macs, "macs", line=line),
        n_subsystems=figure(n_subsystems, "n_subsystems", line=line),
        training_duration_s=duration,
        n_devices=figure(n_devices, "n_devices", line=line),
        n_tracked_devices=figure(n_tracked_devices, "n_tracked", line=line),
    )
    return replace(made, **changes)


def rules(**changes) -> Rules:
    """Return a small edition like that of 2023; `changes` are fields of it."""
    references = (
        Reference(
            name="baseline",
            phase="test",
            energy_j=kwh_to_j(0.032),
            step_j=kwh_to_j(0.001),
        ),
    )
    made = Rules(
        edition="Challenge 2023",
        hardware="NVIDIA A100 80GB",
        phases={
            "train": PhaseRules(
                name="train",
                method="single-median",
                references=references,
                baseline_energy_j=kwh_to_j(1.390),
                accepts_other_phase=True,
            ),
            "test": PhaseRules(
                name="test",
                method="single-median",
                references=references,
                baseline_energy_j=kwh_to_j(0.019),
            ),
        },
        metrics={"psds1": Metric(name="psds1"), "psds2": Metric(name="psds2")},
    )
    return replace(made, **changes)
