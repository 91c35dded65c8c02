r"""Hyperparameters from pairs of machines that share many workloads.

Empirical Bayes: the marginal likelihood of the log ratios of every pair, a
multivariate Student t, is made as high as a weak hyperprior around `START` lets it.
Each pair enters in small random subsets of its workloads as well as in large ones: what
is learned must serve where there are few references. Every source counts alike, and
every pair of a source, whatever its number of workloads.

Needs SciPy (extra ``study``); using what was learned does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.normalizers.joint.covariance import (
    Distances,
    Inputs,
    distances,
    parts_of,
)
from isojoule.normalizers.joint.hyperparameters import (
    INPUTS,
    PLACES,
    START,
    Hyperparameters,
)
from isojoule.normalizers.joint.process import JITTER
from isojoule.normalizers.pairs import Floats

SUBSETS: Final[Mapping[int, int]] = {30: 2, 10: 3, 4: 4}
"""How many workloads are drawn at a time, and how often, from each pair."""

HYPERPRIOR_WEIGHT: Final = 0.01

SHRINKAGE: Final = 0.5
"""How far towards `START` what was learned is taken. A handful of tables of quite
different machines teaches little about the next one: intervals by what was learned in
full are too narrow there (docs/normalization-benchmark.md)."""

_TIGHTNESS: Final[Mapping[str, float]] = {
    "slope_sd": 0.125,
    "curve_sd": 0.125,
    "curve_length": 0.5,
    "surface_sd": 0.125,
    "network_sd": 0.125,
    "network_surface_sd": 0.125,
    "noise_sd": 0.125,
    "freedom": 0.5,
    "energy_slope": 5.0,
    "power_slope": 5.0,
    "elsewhere_sd": 0.125,
}
"""Squares of deviations from `START` cost this much."""

_N_STEPS: Final = 150


@dataclass(frozen=True, slots=True)
class KnownPair:
    """An ordered pair of machines that share workloads.

    Parameters
    ----------
    source_name : str
        Table it is from.
    inputs : Inputs
        Of the workloads, n of them.
    log_ratios : ndarray of shape (n,)
        Target energy over source energy, as logarithms.
    """

    source_name: str
    inputs: Inputs
    log_ratios: Floats


@dataclass(frozen=True, slots=True)
class _Stack:
    """Subsets of one size side by side, padded: the first axis counts them."""

    inputs: Inputs
    distances: Distances
    log_ratios: Floats
    is_real: NDArray[np.bool_]
    weight: Floats


def learn(
    pairs: Sequence[KnownPair], *, start: Hyperparameters = START, seed: int = 0
) -> Hyperparameters:
    """Return the hyperparameters under which `pairs` are most likely.

    Parameters
    ----------
    pairs : sequence of KnownPair
        Of any number of sources.
    start : Hyperparameters
        Where the search begins.
    seed : int, default 0
        For the subsets.

    Raises
    ------
    InsufficientDataError
        If there is no pair.
    MissingExtraError
        If SciPy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("study", "learning a prior") from error
    if not pairs:
        raise InsufficientDataError("a prior is learned from pairs: none was given")
    stacks = _stacks(pairs, np.random.default_rng(seed))
    found = minimize(
        lambda vector: _objective(vector, stacks),
        start.to_vector(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(v - 6, v + 3) for v in start.to_vector()],
        options={"maxiter": _N_STEPS},
    )
    return Hyperparameters.from_vector(found.x)


def shrink(h: Hyperparameters, share: float = SHRINKAGE) -> Hyperparameters:
    """Return hyperparameters between `h` and `START`: widths in the geometric mean.

    Parameters
    ----------
    h : Hyperparameters
        From `learn`.
    share : float
        Of `START`, in [0, 1].
    """
    return Hyperparameters.from_vector(
        (1 - share) * h.to_vector() + share * START.to_vector()
    )


def _stacks(pairs: Sequence[KnownPair], rng: np.random.Generator) -> list[_Stack]:
    """Return random subsets of the pairs, by size."""
    names = [pair.source_name for pair in pairs]
    by_size: dict[int, list[tuple[KnownPair, NDArray[np.intp], float]]] = {}
    for pair in pairs:
        share = 1 / (len(set(names)) * names.count(pair.source_name) * len(SUBSETS))
        for size, times in SUBSETS.items():
            for _ in range(times):
                rows = rng.permutation(len(pair.log_ratios))[:size]
                weight = share / times / len(rows)
                by_size.setdefault(size, []).append((pair, rows, weight))
    return [_stack(drawn) for drawn in by_size.values()]


def _stack(drawn: Sequence[tuple[KnownPair, NDArray[np.intp], float]]) -> _Stack:
    n, width = len(drawn), max(len(rows) for _, rows, _ in drawn)
    n_machines = max(pair.inputs.elsewhere.shape[1] for pair, _, _ in drawn)
    inputs = Inputs(
        np.full((n, width, len(INPUTS)), np.nan),
        np.tile(-1 - np.arange(width), (n, 1)),
        np.zeros((n, width, n_machines)),
    )
    log_ratios = np.zeros((n, width))
    is_real = np.zeros((n, width), dtype=bool)
    for i, (pair, rows, _) in enumerate(drawn):
        part, k = pair.inputs.of(rows), len(rows)
        inputs.values[i, :k] = part.values
        inputs.network[i, :k] = part.network
        inputs.elsewhere[i, :k, : part.elsewhere.shape[1]] = part.elsewhere
        log_ratios[i, :k] = pair.log_ratios[rows]
        is_real[i, :k] = True
    weight = np.array([w for _, _, w in drawn])
    return _Stack(inputs, distances(inputs), log_ratios, is_real, weight)


def _objective(vector: Floats, stacks: Sequence[_Stack]) -> tuple[float, Floats]:
    """Return the negative log likelihood with the hyperprior, and its gradient."""
    h = Hyperparameters.from_vector(vector)
    off, tightness = vector - START.to_vector(), np.zeros(len(vector))
    for name, weight in _TIGHTNESS.items():
        tightness[PLACES[name]] = HYPERPRIOR_WEIGHT * weight
    value, gradient = float(tightness @ off**2), 2 * tightness * off
    for stack in stacks:
        values, gradients = likelihood(h, stack)
        value += float(stack.weight @ values)
        gradient += stack.weight @ gradients
    return value, gradient


def likelihood(h: Hyperparameters, stack: _Stack) -> tuple[Floats, Floats]:
    r"""Return negative log likelihoods (n,) and their gradients (n, n_parameters).

    Notes
    -----
    With :math:`q = d^T K^{-1} d` of :math:`n` deviations :math:`d`,

    .. math::

       -\ln p = \ln\frac{\Gamma(\nu/2)}{\Gamma((\nu+n)/2)} + \frac n2 \ln((\nu-2)\pi)
       + \frac12 \ln|K| + \frac{\nu+n}{2} \ln\left(1 + \frac{q}{\nu-2}\right)
    """
    from scipy.special import gammaln

    real = stack.is_real
    both = real[:, :, np.newaxis] & real[:, np.newaxis, :]
    parts = parts_of(h, stack.distances)
    eye = np.eye(real.shape[1])
    total = np.asarray(sum(parts.values())) + (h.noise_sd**2 + JITTER) * eye
    covariance = np.where(both, total, eye)
    inverse = np.linalg.inv(covariance)
    told = stack.inputs.elsewhere
    told_mean = told.sum(axis=-1) / np.maximum((told != 0).sum(axis=-1), 1)
    known = np.nan_to_num(stack.inputs.values)
    means = {
        "energy_slope": known[..., 0],
        "power_slope": known[..., 1],
        "elsewhere_weight": told_mean,
    }
    mean = sum(getattr(h, name) * column for name, column in means.items())
    deviations = np.where(real, stack.log_ratios - mean, 0.0)
    solved = np.einsum("bij,bj->bi", inverse, deviations)
    q = (deviations * solved).sum(axis=1)
    n, nu = real.sum(axis=1), h.freedom
    values = (
        gammaln(nu / 2)
        - gammaln((nu + n) / 2)
        + n / 2 * np.log((nu - 2) * np.pi)
        + np.linalg.slogdet(covariance)[1] / 2
        + (nu + n) / 2 * np.log1p(q / (nu - 2))
    )
    pull = (nu + n) / (nu - 2 + q)
    outer = solved[:, :, np.newaxis] * solved[:, np.newaxis, :]
    by_entry = np.where(
        both, (inverse - pull[:, np.newaxis, np.newaxis] * outer) / 2, 0
    )
    gradients = np.zeros((len(n), len(h.to_vector())))
    _fill_covariance(gradients, h, stack.distances, parts, by_entry)
    for name, column in means.items():
        gradients[:, PLACES[name]] = -(pull * (solved * column * real).sum(axis=1))[
            :, np.newaxis
        ]
    gradients[:, PLACES["freedom"]] = _by_freedom(nu, n, q)[:, np.newaxis]
    return values, gradients


def _by_freedom(nu: float, n: NDArray[np.intp], q: Floats) -> Floats:
    """Return the derivative by ln(freedom - 2), shape (n,)."""
    from scipy.special import digamma

    by_nu = (
        (digamma(nu / 2) - digamma((nu + n) / 2) + n / (nu - 2)) / 2
        + np.log1p(q / (nu - 2)) / 2
        - (nu + n) / 2 * q / ((nu - 2) * (nu - 2 + q))
    )
    return np.asarray(by_nu * (nu - 2))


def _fill_covariance(
    gradients: Floats,
    h: Hyperparameters,
    d: Distances,
    parts: Mapping[str, Floats],
    by_entry: Floats,
) -> None:
    """Fill in the derivatives by the logarithms of widths and lengths."""

    def total(matrix: Floats) -> Floats:
        return np.asarray(np.einsum("bij,bij->b", by_entry, matrix))

    def put(name: str, column: int, values: Floats) -> None:
        gradients[:, PLACES[name].start + column] = values

    for name in ("ratio", "surface", "network", "network_surface", "elsewhere"):
        put(f"{name}_sd", 0, 2 * total(parts[name]))
    put("noise_sd", 0, 2 * h.noise_sd**2 * np.trace(by_entry, axis1=1, axis2=2))
    squares = (d.square[0], d.power_square)
    for name in ("surface", "network_surface"):
        for i, (square, length) in enumerate(
            zip(squares, getattr(h, f"{name}_length"), strict=True)
        ):
            put(f"{name}_length", i, total(parts[name] * square) / length**2)
    for i, name in enumerate(INPUTS):
        put("slope_sd", i, 2 * total(parts[f"{name}_slope"]))
        curve = parts[f"{name}_curve"]
        put("curve_sd", i, 2 * total(curve))
        # What stands on the diagonal for an unknown input does not know the length.
        moved = curve * d.square[i] / h.curve_length[i] ** 2
        put("curve_length", i, total(moved))
