"""Which of the shared workloads serve as references."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers.pairs import Floats, inputs_of
from isojoule.records import Calibration

_SAME: Final = 1e-9
"""Share of a sum of distances below which two choices are equally good."""


def min_max(
    ordered: Sequence[str], k: int, *, seed: int, points: Floats | None = None
) -> list[str]:
    """Return the ceil(k/2) first and floor(k/2) last names, and use nothing else."""
    del seed, points
    low = (k + 1) // 2
    return [*ordered[:low], *ordered[len(ordered) - (k - low) :]]


def at_random(
    ordered: Sequence[str], k: int, *, seed: int, points: Floats | None = None
) -> list[str]:
    """Return `k` names drawn without replacement, in their order."""
    del points
    drawn = np.random.default_rng(seed).choice(len(ordered), size=k, replace=False)
    return [ordered[i] for i in sorted(drawn)]


def medoid(
    ordered: Sequence[str], k: int, *, seed: int, points: Floats | None
) -> list[str]:
    """Return the `k` names that lie nearest to all others, in their order.

    Parameters
    ----------
    ordered : sequence of str
        Workloads by rising source energy.
    k : int
        How many to take.
    seed : int
        Not used.
    points : ndarray of shape (n, d)
        Inputs of each workload on the source, as for `select_references`.

    Raises
    ------
    ValueError
        If there are no points.
    """
    del seed
    if points is None:
        raise ValueError("medoid needs the inputs of the workloads: pass points")
    return [ordered[i] for i in medoid_places(standardize(points), k)]


SAMPLERS: Final[Mapping[str, Callable[..., list[str]]]] = {
    "min-max": min_max,
    "medoid": medoid,
    "random": at_random,
}


def select_references(
    spec: str,
    ordered: Sequence[str],
    *,
    points: Floats | None = None,
    seed: int = 0,
) -> list[str]:
    """Return the references that `spec` asks for, by rising source energy.

    Parameters
    ----------
    spec : str
        ``all``, ``min-max:K`` for half lowest and half highest, ``medoid:K`` for the
        most central, ``random:K``, or ``only:NAME,NAME`` for those of these names.
    ordered : sequence of str
        Workloads that both machines share, by rising source energy.
    points : ndarray of shape (n, d) or None
        What is known of each of them on the source, in logarithms; ``medoid`` needs
        it. Nothing of the target belongs here: it is not known when one chooses.
    seed : int, default 0
        For ``random``.

    Raises
    ------
    UnknownNameError
        If there is no such way of sampling, or no shared workload of a name.
    ValueError
        If K is missing or not positive, no name is given, or the points are missing.
    InsufficientDataError
        If fewer than K workloads are shared.
    """
    if spec == "all":
        return list(ordered)
    name, _, asked = spec.partition(":")
    if name == "only":
        return _named(asked, ordered)
    if name not in SAMPLERS:
        known = [*SAMPLERS, "all", "only"]
        raise UnknownNameError("way to sample references", name, known)
    if not re.fullmatch(r"[1-9][0-9]*", asked):
        raise ValueError(f"{spec!r} needs a number of references, as in {name}:4")
    if int(asked) > len(ordered):
        raise InsufficientDataError(
            f"{spec} asks for {asked} references, {len(ordered)} workloads are shared: "
            f"ask for at most {len(ordered)}"
        )
    return SAMPLERS[name](ordered, int(asked), seed=seed, points=points)


def _named(asked: str, ordered: Sequence[str]) -> list[str]:
    names = {name.strip() for name in asked.split(",") if name.strip()}
    if not names:
        raise ValueError("'only:' needs names of workloads, as in only:cnn,mlp")
    for name in sorted(names):
        if name not in ordered:
            raise UnknownNameError("shared workload", name, ordered)
    return [name for name in ordered if name in names]


def source_points(
    source: Calibration, workloads: Sequence[str], features: Sequence[str]
) -> Floats:
    """Return what tells workloads apart before the target is known, in logarithms.

    Parameters
    ----------
    source : Calibration
        The machine they were observed on.
    workloads : sequence of str
        Of `source`, with known features.
    features : sequence of str
        What a method uses beside the source energy.

    Returns
    -------
    ndarray of shape (n, d)
        ln of the source energy [J], of the mean power [W] where the duration of every
        workload is known, and of 1 + each other feature, which may be zero.
    """
    seen = [source.observations[name] for name in workloads]
    counts = [name for name in features if name != "power"]
    values = np.array([inputs_of(o, counts) for o in seen]).reshape(len(seen), -1)
    energy_j, counted = values[:, :1], values[:, 1:]
    points = [np.log(energy_j), np.log1p(counted)]
    power_w = [o.mean_power_w for o in seen]
    if None not in power_w:
        points.append(np.log(np.array(power_w, dtype=float))[:, np.newaxis])
    return np.hstack(points)


def standardize(points: Floats) -> Floats:
    """Return the columns with mean 0 and deviation 1; those that never change as 0.

    Parameters
    ----------
    points : ndarray of shape (n, d)
        One row for each workload.
    """
    centered = points - points.mean(axis=0)
    deviation = points.std(axis=0)
    is_constant = deviation <= _SAME * np.abs(points).max(axis=0)
    return np.where(is_constant, 0.0, centered / np.where(is_constant, 1.0, deviation))


def medoid_places(points: Floats, k: int) -> NDArray[np.intp]:
    """Return the rising places of `k` points that are near to all.

    Parameters
    ----------
    points : ndarray of shape (n, d)
        On comparable axes, see `standardize`.
    k : int
        From 1 to n.

    Notes
    -----
    Facility location: the sum over all points of the Euclidean distance to the nearest
    of the `k` is made small, first by taking the one that lowers it most `k` times,
    then by exchanging one for another as long as that lowers it. Of equally good
    choices the first point is taken. No exchange of a single point improves the
    result; an exchange of several at once might.
    """
    distance = np.sqrt(sum(np.subtract.outer(x, x) ** 2 for x in points.T))
    rounding = _SAME * float(distance.max())
    nearest = np.full(len(points), np.inf)
    taken: list[int] = []
    for _ in range(k):
        sums = np.minimum(distance, nearest).sum(axis=1)
        sums[taken] = np.inf
        taken.append(int((sums <= sums.min() + rounding).argmax()))
        nearest = np.minimum(nearest, distance[taken[-1]])
    while True:
        sums_after = _sums_after_exchange(distance, taken)
        lowest = sums_after.min()
        if lowest >= distance[taken].min(axis=0).sum() - rounding:
            return np.array(sorted(taken), dtype=np.intp)
        is_best = sums_after <= lowest + rounding
        new, old = np.argwhere(is_best)[0].tolist()
        taken[old] = new


def _sums_after_exchange(distance: Floats, taken: Sequence[int]) -> Floats:
    """Return the sum with each point (rows) in place of each taken one (columns).

    A point whose nearest stays goes to the new one only if that is nearer; one whose
    nearest is given up goes to the new one or to its second nearest.
    """
    to_taken = distance[taken]
    own = to_taken.argmin(axis=0)
    rising = np.sort(to_taken, axis=0)
    second = rising[1] if len(taken) > 1 else np.full(len(distance), np.inf)
    if_kept = np.minimum(distance, rising[0])
    lost = np.minimum(distance, second) - if_kept
    is_own = own[:, np.newaxis] == np.arange(len(taken))
    after: Floats = if_kept.sum(axis=1)[:, np.newaxis] + lost @ is_own.astype(float)
    return after
