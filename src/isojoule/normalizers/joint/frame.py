"""What the model sees of workloads: logarithms around the mean of the source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import Final
from zlib import crc32

import numpy as np

from isojoule.errors import IncomparableError
from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.hyperparameters import INPUTS
from isojoule.normalizers.pairs import Floats
from isojoule.observations import require_comparable
from isojoule.records import Calibration, Observation

MIN_ELSEWHERE: Final = 3
"""Workloads that a further machine shares with the source before it is asked."""


def logarithms_of(observation: Observation) -> Floats:
    """Return what is known of a workload, ndarray of shape (5,), NaN where unknown."""
    energy = log(observation.energy_j)
    flop = _log(observation.work_flop)
    return np.array(
        [
            energy,
            _log(observation.mean_power_w),
            flop - energy,
            _log(observation.n_params),
            _log(observation.batch_size),
        ]
    )


def _log(value: float | None) -> float:
    return log(value) if value is not None and isfinite(value) and value > 0 else np.nan


@dataclass(frozen=True, slots=True)
class Frame:
    """The workloads of one source, as inputs of the model.

    Parameters
    ----------
    source : str
        The machine.
    center : ndarray of shape (5,)
        Means of the logarithms over its workloads; NaN where none is known, for there
        is then nothing to compare a workload with: it counts as unknown for all.
    elsewhere : mapping of str to mapping of str to float
        By further machine and workload, the log ratio from the source to it, less the
        mean over the workloads that both measured.
    elsewhere_mean : mapping of str to float
        That mean.
    """

    source: str
    center: Floats
    elsewhere: Mapping[str, Mapping[str, float]]
    elsewhere_mean: Mapping[str, float]

    def machines_that_know(self, workload: str) -> tuple[str, ...]:
        """Return the further machines that measured a workload."""
        return tuple(m for m, known in self.elsewhere.items() if workload in known)

    def inputs(
        self, observations: Sequence[Observation], machines: Sequence[str] = ()
    ) -> Inputs:
        """Return what is known of workloads on the source.

        Parameters
        ----------
        observations : sequence of Observation
            Of the source, n of them.
        machines : sequence of str
            Further machines that are asked.
        """
        values = np.array([logarithms_of(o) for o in observations])
        told = [
            [self.elsewhere[m].get(o.workload, 0.0) for m in machines]
            for o in observations
        ]
        return Inputs(
            values.reshape(len(observations), len(INPUTS)) - self.center,
            np.array(
                [crc32(network_of(o).encode()) for o in observations], dtype=np.intp
            ),
            np.array(told, dtype=float).reshape(len(observations), len(machines)),
        )


def network_of(observation: Observation) -> str:
    """Return the network of a workload; one that states none is one of its own."""
    return observation.model or f"({observation.workload})"


def make_frame(
    source: Calibration,
    others: Iterable[Calibration] = (),
    *,
    allow_mixed: bool = False,
) -> Frame:
    """Return the frame of a machine.

    Parameters
    ----------
    source : Calibration
        The machine.
    others : iterable of Calibration
        Further machines, neither the source nor the target; those that share too few
        workloads, or whose energies are of another kind, are not asked.
    allow_mixed : bool, default False
        Ask those of another kind too.
    """
    values = np.array([logarithms_of(o) for o in source.observations.values()])
    values = values.reshape(len(values), len(INPUTS))
    is_known = ~np.isnan(values)
    n_known = is_known.sum(axis=0)
    sums = np.where(is_known, values, 0.0).sum(axis=0)
    elsewhere, means = {}, {}
    for other in others:
        shared = sorted(source.observations.keys() & other.observations.keys())
        if len(shared) < MIN_ELSEWHERE:
            continue
        pairs = [(source.observations[n], other.observations[n]) for n in shared]
        if not allow_mixed and not _are_comparable(o for pair in pairs for o in pair):
            continue
        ratios = np.array([log(b.energy_j / a.energy_j) for a, b in pairs])
        means[other.hardware] = float(ratios.mean())
        centered = ratios - means[other.hardware]
        elsewhere[other.hardware] = dict(zip(shared, centered.tolist(), strict=True))
    center = np.full(len(INPUTS), np.nan)  # what no workload states has no mean
    np.divide(sums, n_known, out=center, where=n_known > 0)
    return Frame(source.hardware, center, elsewhere, means)


def _are_comparable(observations: Iterable[Observation]) -> bool:
    try:
        require_comparable(observations)
    except IncomparableError:
        return False
    return True
