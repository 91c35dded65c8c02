"""What the figures on a page do not say."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from isojoule.observations import energy_in_scope
from isojoule.records import Component, EnergySource, Run, Status
from isojoule.report.words import COMPONENT_NAMES, count_of

_PARTS: Final[tuple[Component, ...]] = ("gpu", "cpu", "dram")
_SUBJECTS: Final[dict[Component, str]] = {
    "gpu": "GPU energy",
    "cpu": "CPU energy",
    "dram": "DRAM energy",
    "node": "The energy of the whole node",
    "wall": "The energy at the plug",
    "unstated": "The energy, of which it is not stated what it covers,",
}


def describe_limits(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return what the figures do not say, as far as the records show it.

    Parameters
    ----------
    runs : sequence of Run
        All runs of the page.

    Returns
    -------
    tuple of str
        Sentences, those on the sources of the figures first.
    """
    return (
        *_limits_of_sources(runs),
        *_limits_of_boards(runs),
        *_limits_of_coverage(runs),
        *_limits_of_endings(runs),
        "No idle draw is subtracted: energies are gross.",
    )


def _n_with(runs: Sequence[Run], component: Component, source: EnergySource) -> int:
    return sum(
        any((e.component, e.source) == (component, source) for e in run.energies)
        for run in runs
    )


def _limits_of_sources(runs: Sequence[Run]) -> list[str]:
    said = []
    sources: tuple[tuple[EnergySource, str], ...] = (
        (
            "modelled",
            "modelled from assumed watts, not measured; its error is not known",
        ),
        ("declared", "what somebody stated; it cannot be checked here"),
        (
            "sampled",
            "integrated from power readings; what happens between two is missed",
        ),
    )
    for source, meaning in sources:
        for component, subject in _SUBJECTS.items():
            if n := _n_with(runs, component, source):
                said.append(f"{subject} in {count_of(n, len(runs))} is {meaning}.")
    return said


def _limits_of_boards(runs: Sequence[Run]) -> list[str]:
    n = sum(
        any(a.vendor == "nvidia" for a in run.hardware.accelerators)
        and any(
            e.component == "gpu" and e.provenance == "measured" for e in run.energies
        )
        for run in runs
    )
    if not n:
        return []
    which = count_of(n, len(runs))
    return [
        (
            f"GPU energy in {which} is what NVIDIA boards say of themselves (NVML). "
            "Their gain error is about 5 % (Yang et al., arXiv 2312.02741); repeats do "
            "not shrink it, and between two boards it does not cancel."
        )
    ]


def _limits_of_coverage(runs: Sequence[Run]) -> list[str]:
    said = []
    if n := sum(r.default_scope == "gpu" for r in runs):
        said.append(
            f"The energy of {count_of(n, len(runs))} covers the GPUs only: CPU, "
            "memory, fans and losses of the power supply are not in it."
        )
    for component in _PARTS:
        if n := sum(_lacks_part(run, component) for run in runs):
            name, which = COMPONENT_NAMES[component], count_of(n, len(runs))
            said.append(
                f"{name} was not measured and is missing from the energy of {which}."
            )
    if n := sum(r.default_scope is None for r in runs):
        said.append(
            f"What the energy of {count_of(n, len(runs))} covers is not stated."
        )
    kinds = {
        (found[1], run.default_scope)
        for run in runs
        if (found := energy_in_scope(run.energies, run.default_scope)) is not None
    }
    if len(kinds) > 1:
        said.append(
            "Figures of different provenance or coverage stand side by side here; "
            "they are neither added up nor comparable."
        )
    return said


def _limits_of_endings(runs: Sequence[Run]) -> list[str]:
    endings: dict[Status, str] = {
        "interrupted": "interrupted; the energy covers the part until then",
        "failed": "ended by a failure; the energy covers the part until then",
        "recovered": "recovered from the journal after a kill; up to the last second "
        "may be missing",
    }
    counts = Counter(run.status for run in runs)
    return [
        f"1 run was {meaning}."
        if counts[status] == 1
        else f"{counts[status]} runs were {meaning}."
        for status, meaning in endings.items()
        if counts[status]
    ]


def describe_gaps(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return which parts of the machines have no figure of their own, or nothing.

    Parameters
    ----------
    runs : sequence of Run
        All runs of the page.
    """
    lacking = [
        f"{COMPONENT_NAMES[component]} in {count_of(n, len(runs))}"
        for component in _PARTS
        if (n := sum(_lacks(run, component) for run in runs))
    ]
    return (f"Without a figure of its own: {', '.join(lacking)}.",) if lacking else ()


def _lacks(run: Run, component: Component) -> bool:
    """Return whether `run` used `component` and knows nothing of its energy."""
    known = {e.component for e in run.energies if e.energy_j is not None}
    if component == "gpu" and not run.hardware.accelerators:
        return False
    return component not in known


def _lacks_part(run: Run, component: Component) -> bool:
    """Return whether the energy shown for `run` is a sum without `component`."""
    summed = all(e.component != "node" or e.energy_j is None for e in run.energies)
    return run.default_scope == "node" and summed and _lacks(run, component)
