"""Which workloads are measured on the target, chosen by what the source tells."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from isojoule.normalizers.references import medoid, min_max, source_points
from isojoule.records import Calibration, Observation

Selector = Callable[[Sequence[Observation], int, int], list[str]]
"""From the training part on the source by rising energy, how many, and a seed, to
names: no more than that, all different."""


def lowest(candidates: Sequence[Observation], k: int, seed: int) -> list[str]:
    """Return the `k` of lowest energy; the seed is not used."""
    del seed
    return [seen.workload for seen in candidates[:k]]


def highest(candidates: Sequence[Observation], k: int, seed: int) -> list[str]:
    """Return the `k` of highest energy; the seed is not used."""
    del seed
    return [seen.workload for seen in candidates[len(candidates) - k :]]


def half_lowest_half_highest(
    candidates: Sequence[Observation], k: int, seed: int
) -> list[str]:
    """Return half of the lowest, half of the highest energy; the seed is not used."""
    return min_max([seen.workload for seen in candidates], k, seed=seed)


def at_random(candidates: Sequence[Observation], k: int, seed: int) -> list[str]:
    """Return `k` drawn by the seed; fewer are always among more."""
    drawn = np.random.default_rng(seed).permutation(len(candidates))[:k]
    return [candidates[i].workload for i in sorted(drawn.tolist())]


def medoids(candidates: Sequence[Observation], k: int, seed: int) -> list[str]:
    """Return `k` that lie near all others; the seed is not used.

    Notes
    -----
    By the logarithms of energy and, where every candidate has one, mean power: see
    `isojoule.normalizers.references.medoid_places`.
    """
    names = [seen.workload for seen in candidates]
    source = Calibration("source", {seen.workload: seen for seen in candidates})
    return medoid(names, k, seed=seed, points=source_points(source, names, ()))


SELECTORS: Final[Mapping[str, Selector]] = {
    "lowest": lowest,
    "highest": highest,
    "min-max": half_lowest_half_highest,
    "random": at_random,
    "medoid": medoids,
}
"""The ways to choose `k` references by name; ``all`` needs no choice."""
