"""What of a training and of a machine the energy goes with, in natural logarithms."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log, prod
from typing import Final

from isojoule.accelerators import find_specification
from isojoule.errors import InsufficientDataError
from isojoule.records import Hardware, Workload

REFERENCE: Final[Mapping[str, float]] = {
    "step_flop": 1e11,
    "batch_size": 32,
    "step_values": 1e6,
    "n_params": 1e7,
    "training_share": 2.0,
    "peak_flop_per_s": 1e13,
    "power_limit_w": 250.0,
}
"""Where each feature is zero: 100 GFLOP per step on a board of 10 TFLOP/s and 250 W."""

WORK: Final = ("step_flop", "batch_size", "step_values", "n_params", "training_share")
MACHINE: Final = ("peak_flop_per_s", "power_limit_w")

_BACKWARD: Final = 3.0
"""A training step computes about three times its forward pass: gradients of the inputs
and of the weights cost about as much each (Kaplan et al. (2020), arXiv:2001.08361,
section 2.1)."""


@dataclass(frozen=True, slots=True)
class Description:
    """One training on one machine, as far as it is known before it begins.

    Parameters
    ----------
    hardware : str
        Name of the machine.
    model : str or None
        Name of the network.
    n_steps : float
        Batches of an epoch, training and validation together.
    logs : mapping of str to float
        Natural logarithms of the features over `REFERENCE`; what is not known is not
        in it.
    assumptions : tuple of str
        What was assumed where the workload does not state it.
    """

    hardware: str
    model: str | None
    n_steps: float
    logs: Mapping[str, float]
    assumptions: tuple[str, ...] = ()

    @property
    def work(self) -> tuple[object, ...]:
        """What is the same wherever the same steps are computed."""
        known = (self.logs.get(name) for name in WORK)
        return (self.model, *(None if v is None else round(v, 2) for v in known))

    @property
    def configuration(self) -> tuple[object, ...]:
        """What is the same where the same epoch is trained on the same machine."""
        return (self.hardware, *self.work, round(log(self.n_steps), 2))


def describe(workload: Workload, hardware: Hardware) -> Description:
    r"""Return what is known of a training before it begins.

    Parameters
    ----------
    workload : Workload
        Needs `forward_flop_per_sample`, `batch_size` and `n_samples_per_epoch` (or
        `n_samples`); parameters and input shape help.
    hardware : Hardware
        Its accelerators, or its name, decide peak rate and power limit.

    Raises
    ------
    InsufficientDataError
        If a count that is needed is not known.

    Notes
    -----
    A step is a batch of training or of validation. With :math:`n_t` and :math:`n_v`
    samples, batch size :math:`b` and forward work :math:`f` per sample, an epoch has
    :math:`(n_t + n_v) / b` steps of :math:`f b (k n_t + n_v) / (n_t + n_v)` FLOP, where
    :math:`k` is the training work over the forward work: as counted, 3 where it is not,
    and 1 where the setting ``layers`` begins with ``frozen``.
    """
    forward_flop = _needed(workload, "forward_flop_per_sample")
    batch_size = _needed(workload, "batch_size")
    n_train = workload.n_samples_per_epoch or _needed(workload, "n_samples")
    n_validation = workload.n_validation_samples_per_epoch or 0
    share, assumptions = _training_share(workload, forward_flop)
    n_seen = n_train + n_validation
    mean_share = (share * n_train + n_validation) / n_seen
    features: dict[str, float | None] = {
        "step_flop": forward_flop * batch_size * mean_share,
        "batch_size": batch_size,
        "step_values": prod(workload.input_shape) * batch_size
        if workload.input_shape
        else None,
        "n_params": workload.n_params,
        "training_share": mean_share,
        **_machine(hardware),
    }
    logs = {
        name: log(value / REFERENCE[name])
        for name, value in features.items()
        if value is not None
    }
    return Description(
        hardware=hardware.name,
        model=workload.model,
        n_steps=n_seen / batch_size,
        logs=logs,
        assumptions=assumptions,
    )


def _needed(workload: Workload, name: str) -> float:
    value = getattr(workload, name)
    if value is None or not (isfinite(value) and value > 0):
        found = "not known" if value is None else f"{value}"
        raise InsufficientDataError(
            f"{name} of workload {workload.name!r} is {found}: an estimate before the "
            "training needs it"
        )
    return float(value)


def _training_share(
    workload: Workload, forward_flop: float
) -> tuple[float, tuple[str, ...]]:
    """Return training over forward work, and what was assumed for it."""
    if workload.training_flop_per_sample is not None:
        return workload.training_flop_per_sample / forward_flop, ()
    if workload.settings.get("layers", "").startswith("frozen"):
        return 1.0, (
            "a training step with frozen layers computes one forward pass: assumed",
        )
    return _BACKWARD, (
        f"a training step computes {_BACKWARD:g} times its forward pass: assumed",
    )


def _machine(hardware: Hardware) -> dict[str, float | None]:
    """Return peak rate and power limit of all accelerators together."""
    boards = [find_specification(a.name) for a in hardware.accelerators]
    if not boards:
        boards = [find_specification(hardware.name)]
    peaks = [b.peak_fp32_flop_per_s if b else None for b in boards]
    limits_w = [b.power_limit_w if b else None for b in boards]
    return {"peak_flop_per_s": _total(peaks), "power_limit_w": _total(limits_w)}


def _total(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None
