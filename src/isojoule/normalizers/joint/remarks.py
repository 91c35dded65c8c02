"""What a user should look at before using an estimate of the joint model."""

from collections.abc import Mapping, Sequence
from typing import Final

from isojoule.normalizers.joint.paths import Way
from isojoule.records import Observation

MAX_CONTRADICTION: Final = 10.0
"""Factor between the ratios of two references above which they are told."""


def reason_of(
    main: str, ways: Sequence[Way], *, n_references: int, n_tables: int
) -> str:
    """Return what an interval is made of, in a sentence.

    Parameters
    ----------
    main : str
        The largest source of doubt.
    ways : sequence of Way
        What the estimate was put together from.
    n_references : int
        References that source and target share.
    n_tables : int
        Tables that the prior was learned from.
    """
    plural = "" if n_references == 1 else "s"
    start = f"{n_references} reference{plural}"
    through = [w.machines[1] for w in ways if len(w.machines) > 2]
    if not n_references:
        start = "no reference" if through else "specifications alone"
    if through:
        start += f" and ways through {', '.join(through)}"
    return (
        f"from {start}, with what {n_tables} other tables taught; most of its doubt is "
        f"{main}"
    )


def doubts_of(
    observation: Observation,
    target: str,
    references: Sequence[str],
    energies_j: tuple[Mapping[str, float], Mapping[str, float]],
) -> tuple[str, ...]:
    """Return the doubts about one estimate.

    Parameters
    ----------
    observation : Observation
        What was converted.
    target : str
        Where to.
    references : sequence of str
        By rising source energy.
    energies_j : tuple of two mappings of str to float
        Energies on the source and on the target by workload [J].
    """
    doubts = []
    if not references:
        doubts.append(
            f"no reference was run on both machines: run one on {target} for a far "
            "narrower interval"
        )
    doubts += contradictions(observation.hardware, target, references, energies_j)
    if not references and observation.scope not in {None, "gpu"}:
        doubts.append(
            f"specifications are of boards, the energy is of the {observation.scope}"
        )
    if observation.mean_power_w is None:
        doubts.append("without a duration the mean power is not known: wider")
    return tuple(doubts)


def contradictions(
    source: str,
    target: str,
    references: Sequence[str],
    energies_j: tuple[Mapping[str, float], Mapping[str, float]],
) -> list[str]:
    """Return how references contradict each other.

    Parameters
    ----------
    source, target : str
        Machines.
    references : sequence of str
        By rising source energy.
    energies_j : tuple of two mappings of str to float
        Energies on the source and on the target by workload [J].
    """
    if len(references) < 2:
        return []
    before, after = energies_j
    found = []
    ratio = {name: after[name] / before[name] for name in references}
    low, high = min(ratio, key=ratio.__getitem__), max(ratio, key=ratio.__getitem__)
    if ratio[high] > MAX_CONTRADICTION * ratio[low]:
        found.append(
            f"references contradict each other: {target} needs {ratio[low]:.3g} times "
            f"the energy for {low}, {ratio[high]:.3g} times for {high}"
        )
    first, last = references[0], references[-1]
    if after[first] >= after[last] and before[first] < before[last]:
        found.append(f"{last} needs more than {first} on {source}, not on {target}")
    return found


def mixtures_of(observations: Sequence[Observation]) -> tuple[str, ...]:
    """Return which kinds of energy are mixed: what an interval does not know.

    Parameters
    ----------
    observations : sequence of Observation
        All that went into an estimate.
    """
    kinds: dict[str, set[str]] = {
        "scope": {o.scope or "unstated" for o in observations},
        "provenance": {o.provenance for o in observations},
    }
    return tuple(
        f"energies of different {what} are mixed ({', '.join(sorted(found))}), which "
        "the interval does not know"
        for what, found in kinds.items()
        if len(found) > 1
    )
