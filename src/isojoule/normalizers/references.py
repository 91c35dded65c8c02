"""Which of the shared workloads serve as references."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from isojoule.errors import InsufficientDataError, UnknownNameError


def min_max(ordered: Sequence[str], k: int, *, seed: int) -> list[str]:
    """Return the ceil(k/2) first and floor(k/2) last names; the seed is not used."""
    del seed
    low = (k + 1) // 2
    return [*ordered[:low], *ordered[len(ordered) - (k - low) :]]


def at_random(ordered: Sequence[str], k: int, *, seed: int) -> list[str]:
    """Return `k` names drawn without replacement, in their order."""
    drawn = np.random.default_rng(seed).choice(len(ordered), size=k, replace=False)
    return [ordered[i] for i in sorted(drawn)]


SAMPLERS: Final[Mapping[str, Callable[..., list[str]]]] = {
    "min-max": min_max,
    "random": at_random,
}


def select_references(spec: str, ordered: Sequence[str], *, seed: int = 0) -> list[str]:
    """Return the references that `spec` asks for.

    Parameters
    ----------
    spec : str
        ``all``, or ``min-max:K`` for half lowest and half highest, or ``random:K``.
    ordered : sequence of str
        Workloads that both machines share, by rising source energy.
    seed : int, default 0
        For ``random``.

    Raises
    ------
    UnknownNameError
        If there is no such way of sampling.
    ValueError
        If K is missing or not positive.
    InsufficientDataError
        If fewer than K workloads are shared.
    """
    if spec == "all":
        return list(ordered)
    name, _, count = spec.partition(":")
    if name not in SAMPLERS:
        raise UnknownNameError("way to sample references", name, [*SAMPLERS, "all"])
    if not re.fullmatch(r"[1-9][0-9]*", count):
        raise ValueError(f"{spec!r} needs a number of references, as in {name}:4")
    if int(count) > len(ordered):
        raise InsufficientDataError(
            f"{spec} asks for {count} references, {len(ordered)} workloads are shared: "
            f"ask for at most {len(ordered)}"
        )
    return SAMPLERS[name](ordered, int(count), seed=seed)
