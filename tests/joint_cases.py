"""Workloads for the joint model, and its covariance written term by term."""

from math import exp, isnan

import numpy as np

from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.hyperparameters import Hyperparameters
from isojoule.observations import calibrate
from isojoule.records import Calibration, Observation

WIDTHS = Hyperparameters(
    ratio_sd=0.9,
    slope_sd=(0.21, 0.32, 0.13, 0.24, 0.15),
    curve_sd=(0.31, 0.22, 0.43, 0.14, 0.25),
    curve_length=(1.1, 0.6, 0.9, 1.7, 0.8),
    surface_sd=0.35,
    surface_length=(1.3, 0.7),
    network_sd=0.27,
    network_surface_sd=0.19,
    network_surface_length=(0.9, 1.6),
    noise_sd=0.12,
    freedom=5.5,
    energy_slope=-0.2,
    power_slope=0.3,
    elsewhere_weight=0.6,
    elsewhere_sd=0.45,
)
"""No two parts alike, so that one in place of another is seen."""


def random_inputs(
    rng: np.random.Generator, n: int, *, unknown: float = 0.3, n_machines: int = 2
) -> Inputs:
    """Workloads of three networks; all but the energy is unknown now and then."""
    values = rng.normal(size=(n, 5))
    is_unknown = rng.random((n, 5)) < unknown
    is_unknown[:, 0] = False
    values[is_unknown] = np.nan
    elsewhere = rng.normal(size=(n, n_machines))
    elsewhere[rng.random(elsewhere.shape) < unknown] = 0.0
    return Inputs(values, rng.integers(0, 3, n), elsewhere)


def joined(first: Inputs, second: Inputs) -> Inputs:
    return Inputs(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.network, second.network]),
        np.concatenate([first.elsewhere, second.elsewhere]),
    )


def naive_covariance(
    h: Hyperparameters, left: Inputs, right: Inputs | None = None
) -> np.ndarray:
    """Covariance without noise, one entry after the other."""
    other = left if right is None else right
    return np.array(
        [
            [
                _entry(h, left, i, other, j, is_self=right is None and i == j)
                for j in range(len(other.network))
            ]
            for i in range(len(left.network))
        ]
    ).reshape(len(left.network), len(other.network))


def _entry(
    h: Hyperparameters, left: Inputs, i: int, right: Inputs, j: int, *, is_self: bool
) -> float:
    x, y = left.values[i].tolist(), right.values[j].tolist()
    power_x, power_y = (0.0 if isnan(v[1]) else v[1] for v in (x, y))

    def surface(lengths: tuple[float, ...]) -> float:
        return exp(
            -(((x[0] - y[0]) / lengths[0]) ** 2) / 2
            - ((power_x - power_y) / lengths[1]) ** 2 / 2
        )

    total = h.ratio_sd**2 + h.surface_sd**2 * surface(h.surface_length)
    if left.network[i] == right.network[j]:
        total += h.network_sd**2
        total += h.network_surface_sd**2 * surface(h.network_surface_length)
    for a, b in zip(left.elsewhere[i], right.elsewhere[j], strict=True):
        total += h.elsewhere_sd**2 * a * b
    for k, (a, b) in enumerate(zip(x, y, strict=True)):
        if not isnan(a) and not isnan(b):
            near = exp(-(((a - b) / h.curve_length[k]) ** 2) / 2)
            total += h.slope_sd[k] ** 2 * a * b + h.curve_sd[k] ** 2 * near
        elif is_self:
            total += h.curve_sd[k] ** 2
    return total


def naive_mean(h: Hyperparameters, inputs: Inputs) -> np.ndarray:
    """Prior mean of the log ratios, one workload after the other."""
    means = []
    for row, told in zip(inputs.values, inputs.elsewhere, strict=True):
        mean = h.energy_slope * (0.0 if isnan(row[0]) else row[0])
        mean += h.power_slope * (0.0 if isnan(row[1]) else row[1])
        known = [t for t in told if t != 0]
        if known:
            mean += h.elsewhere_weight * sum(known) / len(known)
        means.append(mean)
    return np.array(means)


def draw_log_ratios(
    h: Hyperparameters, inputs: Inputs, rng: np.random.Generator
) -> np.ndarray:
    """Log ratios that the model itself would expect: Student's t, noise in it."""
    n = len(inputs.network)
    root = np.linalg.cholesky(naive_covariance(h, inputs) + h.noise_sd**2 * np.eye(n))
    spread = np.sqrt((h.freedom - 2) / rng.chisquare(h.freedom))
    return naive_mean(h, inputs) + spread * (root @ rng.normal(size=n))


def machine(name: str, energies_j: dict[str, float], **known) -> Calibration:
    """A machine with energies by workload; what else is known is the same for all."""
    return calibrate(
        name, [Observation(w, name, e, **known) for w, e in energies_j.items()]
    )
