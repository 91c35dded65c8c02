r"""A Gaussian process of many small trainings, with widths set by meaning.

The latent value of a case is a plane over a few features plus what is shared by all
cases of one machine, a machine's own slopes (a slow host shows in small steps), what is
shared by the same work on any machine and by one network, a smooth surface over the
work, a smooth surface over work and machine, and the case's own deviation. All
features are natural logarithms, so a width of 0.3 is a factor of 1.35.

Four multipliers are learned: of all widths, of what machines' shared work and networks
share, of a case's own deviation, and of all lengths. Each is log-normal around 1 with
deviation `LEARNED_SD`; more freedom made the process too sure of itself wherever it had
few cases. They are found by a search along the four axes, so that the same cases give
the same process everywhere.

References
----------
.. [1] Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, MIT Press,
   equations 2.25, 2.26 and 5.8.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.physics.description import Description

Floats: TypeAlias = NDArray[np.float64]
Cost: TypeAlias = Callable[[Floats], float]

SLOPES: Final = ("step_flop", "batch_size", "occupancy", "power_limit_w")
SURFACE_OF_WORK: Final = (
    "step_flop",
    "batch_size",
    "n_params",
    "training_share",
    "step_values",
)
SLOPES_OF_MACHINE: Final = ("step_flop", "batch_size")
SURFACE_OF_ALL: Final = ("step_flop", "batch_size", "peak_flop_per_s")

LEARNED_SD: Final = 0.5
MAX_LEARNED_FROM: Final = 200
"""Most cases that the multipliers are learned from, evenly spread."""

_LEVEL_SD: Final = 2.0
_FIRST_STEP: Final = 0.5
_LAST_STEP: Final = 0.05
_JITTER: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Widths:
    """Standard deviations of the parts of a latent value, and lengths of the surfaces.

    Parameters
    ----------
    machine, work, network : float
        Of what all cases of one machine, of the same work, of one network share.
    surface_of_work, surface_of_all : float
        Of the smooth surfaces.
    slope, machine_slope : float
        Of the plane and of a machine's own slopes, per e-fold of a feature.
    own : float
        Of a case's own deviation.
    length : float
        Of both surfaces, in e-folds of a feature.
    """

    machine: float = 0.3
    work: float = 0.1
    network: float = 0.3
    surface_of_work: float = 0.3
    surface_of_all: float = 0.2
    slope: float = 0.3
    machine_slope: float = 0.2
    own: float = 0.05
    length: float = 1.0

    @property
    def shared_variance(self) -> float:
        """Variance of a case besides all slopes."""
        shared = (self.machine, self.work, self.network, self.own)
        surfaces = (self.surface_of_work, self.surface_of_all)
        return sum(width**2 for width in (*shared, *surfaces))

    def scaled(self, multipliers: Floats) -> Self:
        """Return them times four multipliers: all, shared work, own, lengths.

        Parameters
        ----------
        multipliers : ndarray of shape (4,)
            Natural logarithms.
        """
        widths, shared, own, length = np.exp(multipliers).tolist()
        return type(self)(
            machine=self.machine * widths,
            work=self.work * shared,
            network=self.network * shared,
            surface_of_work=self.surface_of_work * widths,
            surface_of_all=self.surface_of_all * widths,
            slope=self.slope * widths,
            machine_slope=self.machine_slope * widths,
            own=self.own * own,
            length=self.length * length,
        )


@dataclass(frozen=True, slots=True)
class Plane:
    """What is known of the plane before any case is seen.

    Parameters
    ----------
    mean : ndarray of shape (1 + n_slopes,)
        Level and slopes, in the order of `SLOPES`.
    covariance : ndarray of shape (1 + n_slopes, 1 + n_slopes)
        Of these.
    """

    mean: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Points:
    """Cases as arrays, all with the same features.

    Parameters
    ----------
    plane, pace, work, all : ndarray of shape (n, .)
        A column of ones and the features of `SLOPES`; those of a machine's own slopes
        and of the two surfaces.
    machines, works, networks, configurations : ndarray of shape (n,)
        Which cases belong together.
    """

    plane: Floats
    pace: Floats
    work: Floats
    all: Floats
    machines: NDArray[np.object_]
    works: NDArray[np.object_]
    networks: NDArray[np.object_]
    configurations: NDArray[np.object_]

    @classmethod
    def of(cls, cases: Sequence[Description], features: frozenset[str]) -> Self:
        """Return `cases` as arrays of these `features`; the others are left out."""
        columns = {
            name: np.array([c.logs.get(name, 0.0) for c in cases]) for name in features
        }
        if {"step_flop", "peak_flop_per_s"} <= features:
            columns["occupancy"] = columns["step_flop"] - columns["peak_flop_per_s"]

        def block(names: Sequence[str]) -> Floats:
            chosen = [columns[n] for n in names if n in columns]
            return np.column_stack(chosen) if chosen else np.zeros((len(cases), 0))

        nothing = np.zeros(len(cases))
        slopes = [columns.get(name, nothing) for name in SLOPES]
        return cls(
            plane=np.column_stack([np.ones(len(cases)), *slopes]),
            pace=block(SLOPES_OF_MACHINE),
            work=block(SURFACE_OF_WORK),
            all=block(SURFACE_OF_ALL),
            machines=_labels([c.hardware for c in cases]),
            works=_labels([c.work for c in cases]),
            networks=_labels([c.model or c.configuration for c in cases]),
            configurations=_labels([c.configuration for c in cases]),
        )

    def take(self, places: NDArray[np.intp]) -> Self:
        """Return the cases at these places."""
        return type(self)(*(getattr(self, f.name)[places] for f in fields(self)))


def _labels(names: Sequence[object]) -> NDArray[np.object_]:
    labels = np.empty(len(names), dtype=object)
    labels[:] = names
    return labels


def unknown_plane(widths: Widths) -> Plane:
    """Return the plane of which nothing is known but how steep planes are."""
    variances = [_LEVEL_SD**2, *([widths.slope**2] * len(SLOPES))]
    return Plane(np.zeros(len(variances)), np.diag(variances))


def covariance(a: Points, b: Points, widths: Widths, plane: Plane) -> Floats:
    """Return the covariance between two sets of cases, ndarray of shape (n_a, n_b)."""
    of_machine = widths.machine**2 + widths.machine_slope**2 * (a.pace @ b.pace.T)
    return np.asarray(
        a.plane @ plane.covariance @ b.plane.T
        + of_machine * _equal(a.machines, b.machines)
        + widths.work**2 * _equal(a.works, b.works)
        + widths.network**2 * _equal(a.networks, b.networks)
        + widths.own**2 * _equal(a.configurations, b.configurations)
        + widths.surface_of_work**2 * _smooth(a.work, b.work, widths.length)
        + widths.surface_of_all**2 * _smooth(a.all, b.all, widths.length),
        dtype=np.float64,
    )


def variances_before(points: Points, widths: Widths, plane: Plane) -> Floats:
    """Return the variances of cases before any is seen, ndarray of shape (n,)."""
    of_plane = np.einsum("ni,ij,nj->n", points.plane, plane.covariance, points.plane)
    of_machine = widths.machine_slope**2 * (points.pace**2).sum(axis=1)
    return np.asarray(of_plane + of_machine + widths.shared_variance, dtype=np.float64)


def _equal(a: NDArray[np.object_], b: NDArray[np.object_]) -> Floats:
    codes = {label: n for n, label in enumerate(dict.fromkeys([*a, *b]))}
    left, right = (np.array([codes[x] for x in labels]) for labels in (a, b))
    return np.asarray(left[:, None] == right[None], dtype=np.float64)


def _smooth(a: Floats, b: Floats, length: float) -> Floats:
    squares = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-squares / (2 * length**2)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Process:
    """A process that has seen some cases.

    Parameters
    ----------
    points : Points
        The cases.
    widths : Widths
        As learned.
    plane : Plane
        Before the cases.
    weights : ndarray of shape (n,)
        Inverse covariance times what the plane leaves.
    root : ndarray of shape (n, n)
        Lower Cholesky factor of the covariance.
    """

    points: Points
    widths: Widths
    plane: Plane
    weights: Floats
    root: Floats

    def predict(self, points: Points) -> tuple[Floats, Floats]:
        """Return means and variances of cases, each of shape (n,), scatter left out."""
        across = covariance(points, self.points, self.widths, self.plane)
        means = points.plane @ self.plane.mean + across @ self.weights
        explained = np.linalg.solve(self.root, across.T)
        alone = variances_before(points, self.widths, self.plane)
        variances = alone - (explained**2).sum(axis=0)
        return means, np.maximum(variances, 0.0)

    def shared(self, points: Points) -> Floats:
        """Return what cases share with those that were seen, the plane left out."""
        flat = Plane(
            np.zeros_like(self.plane.mean), np.zeros_like(self.plane.covariance)
        )
        return covariance(points, self.points, self.widths, flat)

    def learned_plane(self) -> Plane:
        """Return what the cases tell of the plane."""
        across = self.plane.covariance @ self.points.plane.T
        explained = np.linalg.solve(self.root, across.T)
        return Plane(
            self.plane.mean + across @ self.weights,
            self.plane.covariance - explained.T @ explained,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen.

    Parameters
    ----------
    points : Points
        The cases.
    latents : ndarray of shape (n,)
        Their values.
    noise_variances : ndarray of shape (n,)
        Of the values.
    """

    points: Points
    latents: Floats
    noise_variances: Floats

    def take(self, places: NDArray[np.intp]) -> Self:
        """Return the cases at these places."""
        return type(self)(
            self.points.take(places),
            self.latents[places],
            self.noise_variances[places],
        )


def condition(seen: Evidence, widths: Widths, plane: Plane | None = None) -> Process:
    """Return the process with these widths that has seen some cases.

    Parameters
    ----------
    seen : Evidence
        The cases.
    widths : Widths
        Of the process.
    plane : Plane or None
        What is known of the plane before; nothing where `None`.
    """
    return _conditioned(seen, widths, plane)[0]


def learn(seen: Evidence, widths: Widths, plane: Plane | None = None) -> Widths:
    """Return the widths that are the most probable ones for the cases.

    Parameters
    ----------
    seen : Evidence
        The cases.
    widths : Widths
        Where the multipliers are 1.
    plane : Plane or None
        What is known of the plane before; nothing where `None`.
    """
    n_seen = len(seen.latents)
    some = np.linspace(0, n_seen - 1, min(n_seen, MAX_LEARNED_FROM))
    learned_from = seen.take(np.unique(some.round().astype(np.intp)))

    def cost(multipliers: Floats) -> float:
        scaled = widths.scaled(multipliers)
        likelihood = _conditioned(learned_from, scaled, plane)[1]
        return float(((multipliers / LEARNED_SD) ** 2).sum() / 2 - likelihood)

    return widths.scaled(_descend(cost, np.zeros(4)))


def _conditioned(
    seen: Evidence, widths: Widths, plane: Plane | None
) -> tuple[Process, float]:
    """Return a process and ln of the likelihood of what it has seen."""
    points, before = seen.points, plane or unknown_plane(widths)
    noise = np.diag(seen.noise_variances + _JITTER)
    prior = covariance(points, points, widths, before)
    root = np.asarray(np.linalg.cholesky(prior + noise), dtype=np.float64)
    left = seen.latents - points.plane @ before.mean
    weights = np.linalg.solve(root.T, np.linalg.solve(root, left))
    likelihood = -0.5 * left @ weights - np.log(np.diag(root)).sum()
    return Process(points, widths, before, weights, root), float(likelihood)


def _descend(cost: Cost, start: Floats) -> Floats:
    """Return where `cost` is least along each axis, to within the last step."""
    best, lowest, step = start, cost(start), _FIRST_STEP
    while step >= _LAST_STEP:
        moved = False
        for axis in range(len(best)):
            for sign in (1.0, -1.0):
                trial = best.copy()
                trial[axis] += sign * step
                found = cost(trial)
                if found < lowest - 1e-9:
                    best, lowest, moved = trial, found, True
                    break
        if not moved:
            step /= 2
    return best
