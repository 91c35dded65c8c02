"""Trainings made by hand: a law of energy that the tests know."""

from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload

PEAKS = {"RTX 3070": 20.3e12, "RTX 3090": 35.6e12}
LIMITS_W = {"RTX 3070": 220.0, "RTX 3090": 350.0}


def workload(model="net", *, flop=1e9, batch=32, n_epochs=10, **more):
    return Workload(
        **{
            "name": f"{model}/{flop:g}/{batch}",
            "model": model,
            "batch_size": batch,
            "n_samples": 3200.0 * n_epochs,
            "n_samples_per_epoch": 3200,
            "forward_flop_per_sample": flop,
            **more,
        }
    )


def hardware(name="RTX 3090"):
    return Hardware(name, (Accelerator(name, "nvidia"),))


def run_of(work, name="RTX 3090", *, factor=1.0, power_fraction=0.5):
    """A training at a quarter of the peak rate and a share of the limit."""
    flop = 3 * work.forward_flop_per_sample * work.n_samples
    duration_s = factor * flop / (0.25 * PEAKS[name])
    energy_j = duration_s * power_fraction * LIMITS_W[name]
    return Run(
        run_id=f"{work.name}-{name}-{factor}",
        name=work.name,
        workload=work,
        hardware=hardware(name),
        energies=(ComponentEnergy("gpu", energy_j, "counter"),),
        duration_s=duration_s,
    )
