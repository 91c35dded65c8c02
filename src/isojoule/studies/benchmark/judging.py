"""What every contender says of workloads on a machine where it has not seen them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, log, nan
from typing import Any, Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.normalizers import FitNormalizer, Normalizer
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod
from isojoule.records import Calibration, Estimate
from isojoule.stats import highest_conformal_level
from isojoule.studies.benchmark.contenders import ALL, Contender
from isojoule.studies.benchmark.folds import Fold, ThirdMachines, split_pair
from isojoule.studies.benchmark.selectors import Selector
from isojoule.studies.benchmark.sources import MachinePair

METRICS: Final = (
    "male",
    "mdape",
    "nonpositive_fraction",
    "interval_fraction",
    "coverage",
    "log_width",
)
"""Scores of a fold: `male` and `mdape` of the estimates, the share of those that were
not positive, of those with an interval, of the intervals that hold the truth, and the
median of ln(high / low). The last two are NaN where there is no interval."""

SCORE_TYPE: Final = np.dtype(
    [
        *((name, np.int64) for name in ("pair", "split", "contender", "seed")),
        *((name, np.int64) for name in ("n_offered", "n_used", "n_tested")),
        *((name, np.float64) for name in METRICS),
    ]
)
"""One row per contender and fold; pair, split and contender are places."""

Scores: TypeAlias = NDArray[Any]
"""A structured array of `SCORE_TYPE`."""

NOT_POSITIVE: Final = 0.1
"""What an estimate that is not positive counts as, in units of the lowest energy of the
references on the target: no factor leads from there to the truth, and leaving it out
would reward a method for the worst of its errors."""


_ROUNDING: Final = 1e-9  # of a level


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fold that a contender would not answer.

    Parameters
    ----------
    pair, split, contender : int
        Their places.
    reason : str
        What it said.
    """

    pair: int
    split: int
    contender: int
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """One pair to judge.

    Parameters
    ----------
    place : int
        Its place among all.
    pair : MachinePair
        The pair.
    calibrations : mapping of str to Calibration
        All machines of its source.
    learned : mapping of str to FitNormalizer
        Methods made for its file.
    selectors : mapping of str to callable
        Ways to choose references made for its file.
    """

    place: int
    pair: MachinePair
    calibrations: Mapping[str, Calibration]
    learned: Mapping[str, FitNormalizer]
    selectors: Mapping[str, Selector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one pair after the other; can be sent to another process.

    Parameters
    ----------
    contenders : tuple of Contender
        What is tried.
    normalizers : mapping of str to FitNormalizer
        Methods that are the same for all files.
    selectors : mapping of str to callable
        Ways to choose references.
    splits : tuple of str
        Names of splits.
    n_seeds : int
        Folds of each pair and split.
    third_machines : {"none", "train", "all"}
        As in `isojoule.studies.benchmark.folds.THIRD_MACHINES`.
    level : float
        Coverage that intervals are asked to have.
    """

    contenders: tuple[Contender, ...]
    normalizers: Mapping[str, FitNormalizer]
    selectors: Mapping[str, Selector]
    splits: tuple[str, ...]
    n_seeds: int
    third_machines: ThirdMachines
    level: float

    def __call__(self, task: Task) -> tuple[Scores, list[Refusal]]:
        """Return the scores of one pair, and what was refused."""
        rows, refusals = [], []
        for split, name in enumerate(self.splits):
            for fold in split_pair(
                task.pair, task.calibrations, name, self.n_seeds, self.third_machines
            ):
                for contender, found in self._outcomes(fold, task):
                    if isinstance(found, str):
                        refusals.append(Refusal(task.place, split, contender, found))
                    else:
                        rows.append(
                            (task.place, split, contender, fold.seed, *found.values())
                        )
        return np.array(rows, dtype=SCORE_TYPE), refusals

    def _outcomes(
        self, fold: Fold, task: Task
    ) -> Iterator[tuple[int, dict[str, float] | str]]:
        """Yield the place of each contender and its scores, or why it refused."""
        fits = {**self.normalizers, **task.learned}
        selectors = {**self.selectors, **task.selectors}
        known: dict[tuple[str, tuple[str, ...]], dict[str, float] | str] = {}
        offers: dict[tuple[str, int | None], tuple[str, ...]] = {}
        for place, contender in enumerate(self.contenders):
            offer = contender.selector, contender.n_offered
            if offer not in offers:
                offers[offer] = self._offered(fold, contender, selectors)
            key = contender.family, offers[offer]
            if key not in known:
                known[key] = self._outcome(
                    fold, fits[contender.method], contender.features, offers[offer]
                )
            yield place, known[key]

    def _offered(
        self, fold: Fold, contender: Contender, selectors: Mapping[str, Selector]
    ) -> tuple[str, ...]:
        """Return the references by rising source energy."""
        k = contender.n_offered
        if k is ALL or k >= len(fold.train):
            return fold.train
        machines = f"{fold.source}\n{fold.target}"
        seed = fold.seed + 2**20 * crc32(machines.encode())
        chosen = set(selectors[contender.selector](fold.candidates, k, seed))
        return tuple(name for name in fold.train if name in chosen)

    def _outcome(
        self,
        fold: Fold,
        fit: FitNormalizer,
        features: Sequence[str],
        offered: tuple[str, ...],
    ) -> dict[str, float] | str:
        try:
            used, estimates = self._estimates(fold, fit, features, offered)
        except InsufficientDataError as error:
            return str(error)
        lowest_j = min(fold.true_j(used))
        return {
            "n_offered": len(offered),
            "n_used": len(used),
            "n_tested": len(estimates),
            **score_estimates(estimates, fold.true_j(fold.test), lowest_j),
        }

    def _estimates(
        self,
        fold: Fold,
        fit: FitNormalizer,
        features: Sequence[str],
        offered: tuple[str, ...],
    ) -> tuple[tuple[str, ...], list[Estimate]]:
        """Return the references that were used, and an estimate of each test workload.

        A method that uses fewer references than it is offered is fitted again to those
        alone: the others would still tell it how wide its interval is.
        """
        normalizer = self._fitted(fold, fit, features, offered)
        questions = fold.questions
        first = normalizer.convert(questions[0], target=fold.target, level=self.level)
        used = first.references or offered
        if set(used) < set(offered):
            normalizer = self._fitted(fold, fit, features, used)
        return used, [
            normalizer.convert(seen, target=fold.target, level=self.level)
            for seen in questions
        ]

    def _fitted(
        self,
        fold: Fold,
        fit: FitNormalizer,
        features: Sequence[str],
        references: tuple[str, ...],
    ) -> Normalizer:
        """Return the method fitted to what it may see of a fold.

        A method that finds its interval by leaving references out in turn does not
        where they are too few for the level: nothing would come of it but time.
        """
        method = getattr(fit, "__self__", None)
        if (
            isinstance(method, PairwiseMethod)
            and highest_conformal_level(len(references)) < self.level - _ROUNDING
            and fold.all_have(features, references)
        ):
            # One reference less is then less than it needs. What it says is the same.
            n_min = max(method.n_min, len(references) - len(features))
            fit = replace(method, n_min=n_min).fit
        return fit(fold.visible(references), references=references, features=features)


def score_estimates(
    estimates: Sequence[Estimate], true_j: Sequence[float], lowest_j: float
) -> dict[str, float]:
    """Return the scores of `METRICS`.

    Parameters
    ----------
    estimates : sequence of Estimate, length n
        Of held-out workloads.
    true_j : sequence of float, length n
        Their energies [J].
    lowest_j : float
        Lowest energy of the references on the target [J].
    """
    said_j = np.array([e.energy_j for e in estimates])
    is_failed = said_j <= 0
    ratio = np.where(is_failed, NOT_POSITIVE * lowest_j, said_j) / np.array(true_j)
    bounded = [
        (e.energy_low_j, e.energy_high_j, true)
        for e, true in zip(estimates, true_j, strict=True)
        if e.energy_low_j is not None and e.energy_high_j is not None
    ]
    return {
        "male": float(np.abs(np.log(ratio)).mean()),
        "mdape": float(np.median(np.abs(ratio - 1))),
        "nonpositive_fraction": float(is_failed.mean()),
        "interval_fraction": len(bounded) / len(estimates),
        "coverage": _mean([low <= true <= high for low, high, true in bounded]),
        "log_width": _median([_log_width(low, high) for low, high, _ in bounded]),
    }


def _log_width(low_j: float, high_j: float) -> float:
    return log(high_j / low_j) if low_j > 0 else inf


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else nan


def _median(values: Floats | Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else nan
