"""What training costs against testing, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import Final

from isojoule.studies.intervals import Interval, mean_interval
from isojoule.studies.link_points import TRAINING, Block, LinkPoint, Setup

_ENDINGS: Final = {"train", "training", "test", "testing", "infer", "inference"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A workload that was trained and tested in one setup.

    Parameters
    ----------
    workload : str
        Its name, without the phase.
    family : str
        Its family.
    train, test : LinkPoint
        The two.
    """

    workload: str
    family: str
    train: LinkPoint
    test: LinkPoint


@dataclass(frozen=True, slots=True)
class PhaseRatio:
    """How many times the energy of a test a training takes, per sample.

    Parameters
    ----------
    family : str or None
        `None` for all families together.
    n_workloads : int
        With both energies per sample.
    energy_ratio : Interval or None
        Geometric mean; over workloads within a family, over families for all.
    flop_ratio : float or None
        Geometric mean of training FLOP over forward FLOP of the same workloads, where
        known for every one.
    reason : str
        Why there is no ratio.
    """

    family: str | None
    n_workloads: int
    energy_ratio: Interval | None = None
    flop_ratio: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PhaseComparison:
    """Training against another phase in one setup.

    Parameters
    ----------
    setup : Setup
        What the energies have in common.
    phase : str
        What training is held against.
    pairs : tuple of Pair
        Workloads that have both.
    ratios : tuple of PhaseRatio
        All families together, then each.
    """

    setup: Setup
    phase: str
    pairs: tuple[Pair, ...]
    ratios: tuple[PhaseRatio, ...]


def without_phase(workload: str) -> str:
    """Return the name of a workload without its phase: ``a/train`` is ``a``."""
    stem, _, ending = workload.rpartition("/")
    return stem if stem and ending in _ENDINGS else workload


def compare_phases(
    blocks: Sequence[Block], *, level: float
) -> tuple[PhaseComparison, ...]:
    """Return training against every other phase, setup by setup.

    Parameters
    ----------
    blocks : sequence of Block
        Of any setups.
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    trained = {block.setup: block for block in blocks if block.phase == TRAINING}
    return tuple(
        _compared(trained[block.setup], block, level)
        for block in blocks
        if block.phase != TRAINING and block.setup in trained
    )


def _compared(train: Block, test: Block, level: float) -> PhaseComparison:
    tested = {without_phase(point.workload): point for point in test.points}
    pairs = tuple(
        Pair(name, family, point, tested[name])
        for point, family in zip(train.points, train.families, strict=True)
        if (name := without_phase(point.workload)) in tested
    )
    families = list(dict.fromkeys(pair.family for pair in pairs))
    ratios = [_ratio(None, pairs, level)]
    for family in families:
        of_family = [pair for pair in pairs if pair.family == family]
        ratios.append(_ratio(family, of_family, level))
    return PhaseComparison(train.setup, test.phase, pairs, tuple(ratios))


def _ratio(family: str | None, pairs: Sequence[Pair], level: float) -> PhaseRatio:
    known = [
        (pair, log(train_j / test_j))
        for pair in pairs
        if (train_j := pair.train.energy_j_per_sample) is not None
        and (test_j := pair.test.energy_j_per_sample) is not None
    ]
    if not known:
        reason = (
            "no workload has both phases"
            if not pairs
            else f"the number of samples is not known for both phases of {len(pairs)} "
            "workloads"
        )
        return PhaseRatio(family, 0, reason=reason)
    interval = mean_interval(
        [log_ratio for _, log_ratio in known],
        level=level,
        groups=[pair.family for pair, _ in known] if family is None else None,
    )
    flops = [_flop_ratio(pair.train) for pair, _ in known]
    known_flops = [log(flop) for flop in flops if flop]
    return PhaseRatio(
        family,
        len(known),
        interval.mapped(exp),
        exp(fmean(known_flops)) if len(known_flops) == len(known) else None,
    )


def _flop_ratio(train: LinkPoint) -> float | None:
    if train.training_flop is None or train.forward_flop is None:
        return None
    return train.training_flop / train.forward_flop
