"""Trainings made by hand for what is about groups, and slow oracles of rank tests."""

from itertools import permutations
from math import sqrt

from isojoule.records import (
    Accelerator,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Workload,
)

N_SAMPLES = 1000
N_EPOCHS = 50


def make_training(
    energy_j: float = 100.0,
    *,
    hardware: str = "A",
    repeat: int = 0,
    memory_gib: int | None = None,
    n_epochs: float | None = N_EPOCHS,
    dram_j: float | None = None,
    source: EnergySource = "counter",
    measures: dict[str, float] | None = None,
    tags: dict[str, str] | None = None,
    duration_s: float | None = 100.0,
    fields: dict[str, object] | None = None,
    **work,
) -> Run:
    """One training of 50 epochs of 1000 samples, of its network on its machine."""
    parts = {"model": "net", "task": "data", "batch_size": 10} | work
    name = "/".join(str(parts[k]) for k in ("model", "task", "batch_size"))
    n_samples = None if n_epochs is None else N_SAMPLES * n_epochs
    energies = [ComponentEnergy("gpu", energy_j, source)]
    if dram_j is not None:
        energies.append(ComponentEnergy("dram", dram_j, "modelled"))
    return Run(
        run_id=f"{name}-{hardware}-{memory_gib}-{energy_j:g}-{repeat}",
        name=name,
        workload=Workload(
            **{
                "name": name,
                "n_samples": n_samples,
                "n_samples_per_epoch": N_SAMPLES,
                **parts,
            }
        ),
        hardware=Hardware(
            hardware,
            (Accelerator(hardware, "nvidia"),),
            memory_bytes=None if memory_gib is None else memory_gib * 2**30,
        ),
        energies=tuple(energies),
        duration_s=duration_s,
        gpu_utilization_fraction=0.5,
        measures=measures or {},
        tags=tags or {},
        **(fields or {}),
    )


def make_trainings(*energies_j: float, **fields) -> list[Run]:
    """Repeats of one training, with these energies [J]."""
    return [make_training(e, repeat=i, **fields) for i, e in enumerate(energies_j)]


def naive_ranks(values: list[float]) -> list[float]:
    """Mean rank of each value, counted one against all."""
    return [
        sum(other < value for other in values)
        + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def _ranked(groups: list[list[float]]) -> tuple[list[list[float]], float, int]:
    """Ranks by group, the sum of t^3 - t over the ties, and the number of values."""
    everything = [value for group in groups for value in group]
    ranks = iter(naive_ranks(everything))
    by_group = [[next(ranks) for _ in group] for group in groups]
    ties = sum(
        everything.count(value) ** 3 - everything.count(value)
        for value in set(everything)
    )
    return by_group, ties, len(everything)


def naive_h(groups: list[list[float]]) -> float:
    """H of Kruskal and Wallis by its textbook formula, over 1 - sum(t^3-t)/(N^3-N)."""
    by_group, ties, n = _ranked(groups)
    h = -3.0 * (n + 1)
    for ranks in by_group:
        h += 12 / (n * (n + 1)) * sum(ranks) ** 2 / len(ranks)
    return h / (1 - ties / (n**3 - n))


def naive_dunn_z(groups: list[list[float]], first: int, second: int) -> float:
    """Dunn's z of two of the groups, positive where the second has larger values."""
    by_group, ties, n = _ranked(groups)
    means = [sum(ranks) / len(ranks) for ranks in by_group]
    variance = n * (n + 1) / 12 - ties / (12 * (n - 1))
    sizes = 1 / len(groups[first]) + 1 / len(groups[second])
    return (means[second] - means[first]) / sqrt(variance * sizes)


def naive_permutation_p(groups: list[list[float]]) -> float:
    """Share of all orders of all values with at least the H of the groups."""
    own = naive_h(groups)
    everything = [value for group in groups for value in group]
    n_least = n_all = 0
    for order in permutations(everything):
        values = iter(order)
        dealt = [[next(values) for _ in group] for group in groups]
        n_least += naive_h(dealt) >= own - 1e-9
        n_all += 1
    return n_least / n_all


def naive_counts(n: int, m: int) -> list[int]:
    """Orders of n zeros and m ones by how often a one stands before a zero."""
    counts = [0] * (n * m + 1)
    for order in set(permutations([0] * n + [1] * m)):
        u = sum(
            1
            for i, one in enumerate(order)
            for other in order[i + 1 :]
            if one == 1 and other == 0
        )
        counts[u] += 1
    return counts
