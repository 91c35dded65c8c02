"""How what ships places trainings that it has never seen: two networks on four GPUs.

Run with the published measurements of Zeus:

    python benchmarks/before_external.py [--data zeus_nsdi23.parquet]

The bundled planes were learned from image networks on GTX 750 Ti, RTX 3070 and 3090.
Here they are asked for one epoch of ResNet-50 on ImageNet and of ShuffleNet v2 on
CIFAR-100 on A40, V100, P100 and Quadro RTX 6000 at the highest power limit, without any
run; then again with the runs of the three other GPUs (the same work on another
machine is known then). Forward work per sample: 8.2 GFLOP (He et al. (2016), 4.1 GMAC)
and 0.09 GFLOP (ShuffleNet v2 x1 on 32 x 32 pixels, 45 MMAC).
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from statistics import median

from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.description import describe
from isojoule.estimators.physics.estimator import TARGETS
from isojoule.estimators.physics.prior import bundled_planes
from isojoule.formats import read_runs
from isojoule.records import ComponentEnergy

DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
FORWARD_FLOP = {"resnet50": 8.2e9, "shufflenetv2": 0.09e9}


def usable(runs):
    """Return one epoch of the networks whose work is known, at the highest limit."""
    highest = {}
    for run in runs:
        name = run.hardware.name
        highest[name] = max(highest.get(name, 0.0), run.power_limit_w or 0.0)
    return [
        replace(
            run,
            workload=replace(
                run.workload,
                n_samples_per_epoch=int(run.workload.n_samples),
                forward_flop_per_sample=FORWARD_FLOP[run.workload.model],
            ),
            energies=(ComponentEnergy("gpu", run.energies[0].energy_j, "measured"),),
        )
        for run in runs
        if run.workload.model in FORWARD_FLOP
        and run.workload.n_samples
        and run.power_limit_w == highest[run.hardware.name]
    ]


def judge(label, runs, known_of):
    for name, target in TARGETS.items():
        for hardware in sorted({r.hardware.name for r in runs}):
            held = [r for r in runs if r.hardware.name == hardware]
            estimator = PhysicsEstimator.fit(
                known_of(hardware), scope="gpu", planes=bundled_planes()
            )
            found = estimator.predict_all(
                [describe(r.workload, r.hardware) for r in held], target
            )
            truth = [target.read(r, "gpu") for r in held]
            pairs = list(zip(found, truth, strict=True))
            off = median(abs(f.value / t - 1) for f, t in pairs)
            covered = sum(f.low <= t <= f.high for f, t in pairs)
            reach = median((f.high / f.low) ** 0.5 for f, _ in pairs)
            print(
                f"{label:20} {hardware:24} {name:17} median error {off:5.0%}, "
                f"inside {covered:2} of {len(held):2}, a factor of {reach:.2f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    default = DATA / "cross_hardware" / "zeus_nsdi23.parquet"
    parser.add_argument("--data", type=Path, default=default)
    runs = usable(read_runs(parser.parse_args().data))
    judge("no run", runs, lambda _: [])
    judge(
        "three other GPUs",
        runs,
        lambda hardware: [r for r in runs if r.hardware.name != hardware],
    )


if __name__ == "__main__":
    main()
