"""From runs to what may stand in one picture: blocks of workloads, repeats reduced."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil, nan
from statistics import median
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.observations import (
    energy_in_scope,
    is_part,
    match_hardware,
    observe,
)
from isojoule.records import Observation, Run, Scope
from isojoule.studies.composites import Columns, moved_bytes

FamilyLevel: TypeAlias = Literal["family", "model", "task", "nothing"]
"""What the families of a block are made of."""

QUANTITIES: Final = (
    "forward_flop",
    "training_flop",
    "n_params",
    "moved_bytes",
    "n_samples",
    "gpu_utilization_fraction",
    "gpu_memory_utilization_fraction",
    "duration_s",
    "mean_power_w",
)
"""What energy is held against, by the field of `LinkPoint`."""

_NUMBERS: Final = ("energy_j", "n_steps", *QUANTITIES)

TRAINING: Final = "train"
UNSTATED: Final = "unstated"


@dataclass(frozen=True, slots=True, order=True)
class Setup:
    """What energies have in common where they may be compared.

    Parameters
    ----------
    hardware : str
        Name of the machine.
    scope : str
        ``gpu``, ``node``, ``wall``, ``unstated``.
    provenance : str
        ``measured``, ``modelled``, ``declared``.
    variant : str
        Mode and settings of the workloads; ``unstated`` where there are none.
    """

    hardware: str
    scope: str
    provenance: str
    variant: str


@dataclass(frozen=True, slots=True)
class LinkPoint:
    """One workload in one setup and phase, per unit of work, median of its repeats.

    Parameters
    ----------
    workload : str
        Its name.
    family, model, task : str or None
        As in `Workload`.
    is_epoch : bool
        Whether the unit of work is one pass over the data.
    energy_j : float
        Energy [J].
    forward_flop, training_flop : float or None
        Of all samples [FLOP].
    n_params : float or None
        Parameters.
    moved_bytes : float or None
        See `composites.moved_bytes` [bytes].
    has_activations : bool
        Whether the activations are in `moved_bytes`.
    n_samples, n_steps : float or None
        Samples and batches.
    gpu_utilization_fraction, gpu_memory_utilization_fraction : float or None
        In [0, 1].
    duration_s : float or None
        Time [s].
    mean_power_w : float or None
        Energy over time [W].
    n_repeats : int
        Runs whose median this is.
    """

    workload: str
    family: str | None
    model: str | None
    task: str | None
    is_epoch: bool
    energy_j: float
    forward_flop: float | None
    training_flop: float | None
    n_params: float | None
    moved_bytes: float | None
    has_activations: bool
    n_samples: float | None
    n_steps: float | None
    gpu_utilization_fraction: float | None
    gpu_memory_utilization_fraction: float | None
    duration_s: float | None
    mean_power_w: float | None
    n_repeats: int = 1

    @property
    def energy_j_per_sample(self) -> float | None:
        """Energy per sample [J], where the samples are known."""
        return self.energy_j / self.n_samples if self.n_samples else None


@dataclass(frozen=True, slots=True)
class Block:
    """The workloads of one setup in one phase.

    Parameters
    ----------
    setup : Setup
        What they have in common.
    phase : str
        ``train``, ``test``, ...
    points : tuple of LinkPoint
        One per workload, by name.
    runs : tuple of Run
        What they were made of.
    """

    setup: Setup
    phase: str
    points: tuple[LinkPoint, ...]
    runs: tuple[Run, ...]

    @property
    def family_is(self) -> FamilyLevel:
        """The first of family, model and task that is stated for every workload."""
        levels: tuple[FamilyLevel, ...] = ("family", "model", "task")
        for level in levels:
            if all(getattr(point, level) for point in self.points):
                return level
        return "nothing"

    @property
    def families(self) -> tuple[str, ...]:
        """Family of each workload; all the same where nothing tells them apart."""
        level = self.family_is
        if level == "nothing":
            return ("all",) * len(self.points)
        return tuple(str(getattr(point, level)) for point in self.points)

    @property
    def flop_is(self) -> Literal["training_flop", "forward_flop"]:
        """The FLOP of what was done: with the backward pass where it is known."""
        knows = all(p.training_flop or not p.forward_flop for p in self.points)
        some = any(p.training_flop for p in self.points)
        return "training_flop" if knows and some else "forward_flop"

    @property
    def columns(self) -> Columns:
        """One array per quantity, with ``flop`` and ``energy_j``; NaN: not known."""
        columns = {name: _column(self.points, name) for name in _NUMBERS}
        return {**columns, "flop": columns[self.flop_is]}


def _column(points: Sequence[LinkPoint], name: str) -> NDArray[np.float64]:
    values = [getattr(point, name) for point in points]
    return np.array([nan if v is None else v for v in values], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Blocks, and what did not come into any.

    Parameters
    ----------
    blocks : tuple of Block
        By setup and phase.
    left_out : mapping of str to int
        Runs by the reason why they were left out.
    """

    blocks: tuple[Block, ...]
    left_out: dict[str, int]


def gather(
    runs: Sequence[Run],
    *,
    phase: str | None = None,
    scope: Scope | None = None,
    hardware: str | None = None,
    allow_mixed: bool = False,
) -> Gathered:
    """Return the blocks of `runs`.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines, workloads and phases.
    phase : str or None
        Phase to keep; all where `None`.
    scope : {"gpu", "node", "wall"} or None
        Scope of the energies; each run's default where `None`.
    hardware : str or None
        Machine to keep, as for `match_hardware`; all where `None`.
    allow_mixed : bool, default False
        Put energies of different scope, provenance or variant into one block.

    Raises
    ------
    UnknownNameError
        If no run is of that phase or hardware.
    InsufficientDataError
        If no run is left.
    """
    different = _unique(runs)
    kept, reasons = _comparable(different, phase, hardware)
    observed = [(run, o) for run in kept if (o := observe(run, scope=scope))]
    reasons["given twice"] = len(runs) - len(different)
    reasons[f"without an energy{f' in scope {scope}' if scope else ''}"] = len(
        kept
    ) - len(observed)
    left_out = {reason: n for reason, n in reasons.items() if n}
    if not observed:
        said = "; ".join(f"{n} {reason}" for reason, n in left_out.items())
        raise InsufficientDataError(
            f"none of {len(runs)} runs can be used ({said or 'there are none'}): "
            "measure some, or choose another --scope"
        )
    groups: dict[tuple[Setup, str], list[tuple[Run, Observation]]] = {}
    for setup, (run, seen) in zip(
        _setups(observed, allow_mixed), observed, strict=True
    ):
        groups.setdefault((setup, run.workload.phase), []).append((run, seen))
    blocks = (
        Block(setup, of_phase, _reduced(pairs), tuple(run for run, _ in pairs))
        for (setup, of_phase), pairs in sorted(groups.items(), key=_order)
    )
    return Gathered(tuple(blocks), left_out)


def _order(group: tuple[tuple[Setup, str], object]) -> tuple[Setup, bool, str]:
    (setup, phase), _ = group
    return setup, phase != TRAINING, phase  # training first


def _unique(runs: Iterable[Run]) -> list[Run]:
    """Return `runs` without what is there twice, as from a store and its export."""
    return list(
        {
            (r.run_id, r.workload.name, r.hardware.name, r.energies, r.duration_s): r
            for r in runs
        }.values()
    )


def _comparable(
    runs: Sequence[Run], phase: str | None, hardware: str | None
) -> tuple[list[Run], Counter[str]]:
    """Return the runs that may be compared, and how many may not by their reason.

    Raises
    ------
    UnknownNameError
        If no run is of that phase or hardware.
    """
    phases = {r.workload.phase for r in runs}
    if phase is not None and phase not in phases:
        raise UnknownNameError("phase", phase, phases)
    name = hardware and match_hardware(hardware, (r.hardware.name for r in runs))
    highest_w: dict[str, float] = {}
    for run in runs:
        limit_w = run.power_limit_w or 0.0
        highest_w[run.hardware.name] = max(highest_w.get(run.hardware.name, 0), limit_w)
    kept, left_out = [], Counter[str]()
    for run in runs:
        reason = None
        if phase not in {None, run.workload.phase}:
            reason = f"not of phase {phase}"
        elif name not in {None, run.hardware.name}:
            reason = f"not on {name}"
        elif is_part(run):
            reason = "of single ranks: `isojoule runs merge` adds them"
        elif run.status != "complete":
            reason = "did not end by themselves"
        elif run.power_limit_w not in {None, highest_w[run.hardware.name]}:
            reason = "below the highest power limit of their machine"
        if reason:
            left_out[reason] += 1
        else:
            kept.append(run)
    return kept, left_out


def _setups(
    observed: Sequence[tuple[Run, Observation]], allow_mixed: bool
) -> list[Setup]:
    setups = [
        Setup(o.hardware, o.scope or UNSTATED, o.provenance, o.variant or UNSTATED)
        for _, o in observed
    ]
    if not allow_mixed:
        return setups
    mixed: dict[str, Setup] = {}
    for name in {setup.hardware for setup in setups}:
        of_machine = [setup for setup in setups if setup.hardware == name]
        parts = ({getattr(s, f.name) for s in of_machine} for f in fields(Setup))
        mixed[name] = Setup(*(" and ".join(sorted(part)) for part in parts))
    return [mixed[setup.hardware] for setup in setups]


def _reduced(pairs: Iterable[tuple[Run, Observation]]) -> tuple[LinkPoint, ...]:
    """Return one point per workload; where kinds are mixed, one per kind."""
    repeats: dict[tuple[str, ...], list[LinkPoint]] = {}
    for run, seen in pairs:
        kind = (seen.workload, seen.provenance, seen.scope or "", seen.variant or "")
        repeats.setdefault(kind, []).append(_point(run, seen))
    return tuple(_median_of(points) for _, points in sorted(repeats.items()))


def _median_of(points: Sequence[LinkPoint]) -> LinkPoint:
    medians: dict[str, float | None] = {}
    for name in _NUMBERS:
        known = [v for point in points if (v := getattr(point, name)) is not None]
        medians[name] = median(known) if known else None
    has_activations = all(point.has_activations for point in points)
    changes = {**medians, "n_repeats": len(points), "has_activations": has_activations}
    return replace(points[0], **changes)  # type: ignore[arg-type]


def _point(run: Run, seen: Observation) -> LinkPoint:
    work = run.workload
    is_epoch = work.n_samples is not None and work.n_samples_per_epoch is not None
    n_samples = work.n_samples_per_epoch if is_epoch else work.n_samples
    n_steps = n_samples / work.batch_size if n_samples and work.batch_size else None
    if n_steps is not None and is_epoch:
        n_steps = ceil(n_steps)  # the last batch of an epoch may be smaller
    is_training = work.phase == TRAINING
    training_flop = None
    if is_training and work.training_flop_per_sample and n_samples:
        training_flop = work.training_flop_per_sample * n_samples
    moved = None
    if work.n_params and n_steps and n_samples:
        moved = moved_bytes(
            n_params=work.n_params,
            n_steps=n_steps,
            n_samples=n_samples,
            activation_bytes_per_sample=work.activation_bytes_per_sample,
            is_training=is_training,
        )
    return LinkPoint(
        workload=work.name,
        family=work.family,
        model=work.model,
        task=work.task,
        is_epoch=is_epoch,
        energy_j=seen.energy_j,
        forward_flop=seen.work_flop,
        training_flop=training_flop,
        n_params=seen.n_params,
        moved_bytes=moved,
        has_activations=work.activation_bytes_per_sample is not None,
        n_samples=n_samples,
        n_steps=n_steps,
        gpu_utilization_fraction=run.gpu_utilization_fraction,
        gpu_memory_utilization_fraction=run.gpu_memory_utilization_fraction,
        duration_s=seen.duration_s,
        mean_power_w=seen.mean_power_w,
    )


def total_energy_j(run: Run, scope: str) -> float | None:
    """Return the energy of a whole run in the scope of its block [J].

    Parameters
    ----------
    run : Run
        One of a block.
    scope : str
        As in `Setup`.
    """
    known: dict[str, Scope] = {"gpu": "gpu", "node": "node", "wall": "wall"}
    found = energy_in_scope(run.energies, known.get(scope, run.default_scope))
    return found[0] if found else None
