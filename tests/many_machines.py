"""Runs of the same workloads on several machines, with ratios known by hand."""

import numpy as np

from isojoule.records import ComponentEnergy, Hardware, Run, Workload
from isojoule.studies.normalization.pairs import SharedPair


def make_measured(
    workload="w0",
    hardware="A",
    energy_j=1.0,
    *,
    repeat=0,
    source="measured",
    power_limit_w=None,
    **fields,
):
    """One run of one workload on one machine."""
    return Run(
        run_id=f"{workload}-{hardware}-{repeat}-{power_limit_w}",
        name=workload,
        workload=Workload(workload, **fields),
        hardware=Hardware(hardware),
        energies=(ComponentEnergy("gpu", float(energy_j), source),),
        duration_s=1.0,
        power_limit_w=power_limit_w,
    )


def make_many(
    machines=("A", "B", "C"), n_workloads=20, n_models=4, *, seed=0, with_features=False
):
    """Energies over four decades whose ratios depend on machine, network, workload."""
    rng = np.random.default_rng(seed)
    base_j = 10 ** rng.uniform(1, 5, n_workloads)
    runs = []
    for place, machine in enumerate(machines):
        of_model = np.exp(rng.normal(0, 0.4, n_models))
        for w in range(n_workloads):
            model = w % n_models
            energy_j = base_j[w] * (1 + place) * of_model[model] * rng.uniform(0.9, 1.1)
            features = {}
            if with_features:
                features = {
                    "n_params": 1e6 * (1 + w % 7) ** 2,
                    "forward_flop_per_sample": float(
                        1e12 * base_j[w] * (1 + 0.1 * (w % 3))
                    ),
                    "n_samples": 10.0,
                }
            runs.append(
                make_measured(
                    f"w{w:02}", machine, energy_j, model=f"net{model}", **features
                )
            )
    return runs


def make_pair(
    n=10, *, models=None, source="A", target="B", n_features=0, seed=0, unstated=0
):
    """What two machines share, made up."""
    rng = np.random.default_rng([seed, n])
    source_energy_j = np.sort(10 ** rng.uniform(0, 5, n))
    return SharedPair(
        source=source,
        target=target,
        workloads=tuple(f"w{i}" for i in range(n)),
        models=tuple(models or (f"net{i % 3}" for i in range(n))),
        n_unstated=unstated,
        source_energy_j=source_energy_j,
        target_energy_j=source_energy_j * np.exp(rng.normal(0, 0.5, n)),
        feature_values=10 ** rng.uniform(3, 12, (n, n_features)),
    )
