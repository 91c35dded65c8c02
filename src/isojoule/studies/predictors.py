"""Which quantity predicts the energy of a family of networks that was never seen.

Each family is left out in turn, the predictor is fitted on the others and predicts the
workloads of the one left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.studies.composites import Columns, EnergyShares, Roofline
from isojoule.studies.intervals import Interval, mean_interval

Predict: TypeAlias = Callable[[Columns], NDArray[np.float64]]
"""From quantities of workloads to their energies [J]."""

_CONSTANT: Final = "constant"
_MIN_FAMILIES: Final = 2
_MIN_SHARE_KNOWN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Predictor:
    """A way to predict energy.

    Parameters
    ----------
    name : str
        Key in `PREDICTORS`.
    needs : tuple of str
        Quantities that it is made of.
    fit : callable
        Takes columns with ``energy_j``; returns what predicts.
    needs_run : bool
        Whether the workload has to run on the machine before it can be predicted.
    """

    name: str
    needs: tuple[str, ...]
    fit: Callable[[Columns], Predict]
    needs_run: bool = False


def _fit_line(names: tuple[str, ...]) -> Callable[[Columns], Predict]:
    """Return what fits ln E = a + sum of b ln x over the quantities `names`."""

    def terms_of(columns: Columns, n_rows: int) -> NDArray[np.float64]:
        return np.column_stack([np.ones(n_rows), *(np.log(columns[n]) for n in names)])

    def fit(seen: Columns) -> Predict:
        log_energy = np.log(seen["energy_j"])
        terms = terms_of(seen, len(log_energy))
        needed = len(names) + 2
        if len(terms) < needed:
            raise InsufficientDataError(
                f"needs {needed} workloads to fit, there are {len(terms)}"
            )
        if np.linalg.matrix_rank(terms) < len(names) + 1:
            raise InsufficientDataError(
                "in the other families it does not vary, or its parts go together"
            )
        factors, *_ = np.linalg.lstsq(terms, log_energy, rcond=None)
        return lambda work: np.exp(terms_of(work, len(work["energy_j"])) @ factors)

    return fit


def _fit_roofline(seen: Columns) -> Predict:
    """Return what fits ln E = a + b ln T, T the least time under measured ceilings."""
    ceilings = Roofline.measured(seen)
    line = _fit_line(("time_s",))({**seen, "time_s": ceilings.time_s(seen)})
    return lambda work: line({**work, "time_s": ceilings.time_s(work)})


def _fit_shares(seen: Columns) -> Predict:
    return EnergyShares.fit(seen).energy_j


def _line(name: str, *needs: str, needs_run: bool = False) -> Predictor:
    return Predictor(name, needs, _fit_line(needs), needs_run)


PREDICTORS: Final = (
    _line(_CONSTANT),
    _line("flop", "flop"),
    _line("n_params", "n_params"),
    _line("moved_bytes", "moved_bytes"),
    _line("gpu_utilization", "gpu_utilization_fraction", needs_run=True),
    _line("gpu_memory_utilization", "gpu_memory_utilization_fraction", needs_run=True),
    _line("duration", "duration_s", needs_run=True),
    _line("flop+params", "flop", "n_params"),
    _line("flop+params+bytes", "flop", "n_params", "moved_bytes"),
    Predictor("roofline", ("flop", "moved_bytes", "duration_s"), _fit_roofline),
    Predictor("additive", ("flop", "moved_bytes", "n_steps"), _fit_shares),
)
"""``constant`` is the geometric mean: what is no better than it tells nothing."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well one predictor did on families that it had not seen.

    Parameters
    ----------
    predictor : str
        Its name.
    needs_run : bool
        As in `Predictor`.
    n_workloads, n_families : int
        That were predicted.
    male : Interval or None
        Mean absolute log error, mean over workloads, interval over families.
    mdape_fraction : float or None
        Median of the relative error without sign.
    r2_log : float or None
        Share of the variance of log energy that is explained; negative where the mean
        of all workloads, known beforehand, would do better.
    behind_best : Interval or None
        `male` minus that of the best of those that are known as early, workload by
        workload; `None` for that one.
    is_tied : bool or None
        Whether that interval holds zero; `None` for the best, and where not known.
    beats_constant : bool or None
        Whether its errors are smaller than those of ``constant``, by an interval that
        leaves out zero; `None` where that is not known.
    log_ratios : tuple of float
        ln(predicted / true) per workload, in the order of the comparison.
    reason : str
        Why there is no score.
    """

    predictor: str
    needs_run: bool
    n_workloads: int
    n_families: int
    male: Interval | None = None
    mdape_fraction: float | None = None
    r2_log: float | None = None
    behind_best: Interval | None = None
    is_tied: bool | None = None
    beats_constant: bool | None = None
    log_ratios: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All predictors on the same workloads.

    Parameters
    ----------
    scores : tuple of Score
        Best first, then those without a score.
    workloads : tuple of int
        Places of the workloads in the columns that went in.
    reason : str
        Why nothing was compared.
    """

    scores: tuple[Score, ...]
    workloads: tuple[int, ...] = ()
    reason: str = ""

    @property
    def has_scores(self) -> bool:
        """Whether any predictor could be judged."""
        return any(score.male for score in self.scores)


def compare_predictors(
    columns: Columns, families: Sequence[str], *, level: float
) -> Comparison:
    """Return how well each predictor does on families that it has not seen.

    Parameters
    ----------
    columns : mapping of str to ndarray
        ``energy_j`` [J] and the quantities of `PREDICTORS`; NaN where not known.
    families : sequence of str
        One per workload.
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    A predictor takes part where all it needs is known and positive for at least half
    of the workloads. All that take part are judged on the workloads where all of them
    can predict. Errors of one family go together, so the intervals count families. Each
    difference is judged by itself at `level`.
    """
    usable = {p.name: _usable(p, columns) for p in PREDICTORS}
    taking_part = [p for p in PREDICTORS if usable[p.name].mean() >= _MIN_SHARE_KNOWN]
    common = np.logical_and.reduce([usable[p.name] for p in taking_part])
    places = np.flatnonzero(common)
    kept = {name: column[common] for name, column in columns.items()}
    kept_families = np.asarray(families)[common]
    n_families = len(set(kept_families))
    absent = [
        Score(
            p.name,
            p.needs_run,
            0,
            0,
            reason=f"known and positive for {int(usable[p.name].sum())} of "
            f"{len(families)} workloads, needs half of them",
        )
        for p in PREDICTORS
        if p not in taking_part
    ]
    if n_families < _MIN_FAMILIES:
        reason = (
            f"cannot tell: leaving a family out needs {_MIN_FAMILIES} of which "
            f"everything compared is known, there is {n_families}"
        )
        return Comparison(tuple(absent), reason=reason)
    scores = [_score(p, kept, kept_families, level) for p in taking_part]
    ranked = _ranked([s for s in scores if s.male], kept_families, level)
    failed = [s for s in scores if not s.male]
    reason = "" if ranked else "cannot tell: too few workloads to fit any predictor"
    return Comparison(
        (*ranked, *failed, *absent), tuple(int(i) for i in places), reason
    )


def _usable(predictor: Predictor, columns: Columns) -> NDArray[np.bool_]:
    """Return where all that a predictor needs is known and positive."""
    known = [columns["energy_j"] > 0, *(columns[name] > 0 for name in predictor.needs)]
    return np.asarray(np.logical_and.reduce(known))


def leave_family_out(
    predictor: Predictor, columns: Columns, families: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Return ln(predicted / true) of each workload, fitted without its family.

    Parameters
    ----------
    predictor : Predictor
        What to fit.
    columns : mapping of str to ndarray of shape (n,)
        All that it needs and ``energy_j`` [J], positive.
    families : ndarray of shape (n,)
        Family of each workload.

    Raises
    ------
    InsufficientDataError
        If the other families are too few, do not vary, or give an energy of zero or
        infinity; the message names the family.
    """
    log_ratios = np.empty(len(families))
    for family in np.unique(families):
        held_out = families == family
        try:
            predict = predictor.fit({n: c[~held_out] for n, c in columns.items()})
        except InsufficientDataError as error:
            raise InsufficientDataError(f"without {family}: {error}") from error
        work = {n: c[held_out] for n, c in columns.items()}
        with np.errstate(over="ignore"):  # far outside its range a line may explode
            predicted_j = predict(work)
        if not np.all((predicted_j > 0) & np.isfinite(predicted_j)):
            raise InsufficientDataError(
                f"without {family}: it predicts an energy of zero or infinity"
            )
        log_ratios[held_out] = np.log(predicted_j / work["energy_j"])
    return log_ratios


def _score(
    predictor: Predictor, columns: Columns, families: NDArray[np.str_], level: float
) -> Score:
    unscored = Score(
        predictor.name,
        predictor.needs_run,
        len(families),
        len(np.unique(families)),
    )
    try:
        log_ratios = leave_family_out(predictor, columns, families)
    except InsufficientDataError as error:
        return replace(unscored, reason=str(error))
    log_energy = np.log(columns["energy_j"])
    spread = float(np.sum((log_energy - log_energy.mean()) ** 2))
    return replace(
        unscored,
        male=_not_negative(
            mean_interval(np.abs(log_ratios), level=level, groups=list(families))
        ),
        mdape_fraction=float(np.median(np.abs(np.expm1(log_ratios)))),
        r2_log=1 - float(log_ratios @ log_ratios) / spread if spread else None,
        log_ratios=tuple(float(r) for r in log_ratios),
    )


def _not_negative(interval: Interval) -> Interval:
    return interval.mapped(lambda value: max(value, 0.0))


def _ranked(
    scores: list[Score], families: NDArray[np.str_], level: float
) -> list[Score]:
    """Return scores by their error, held against the best and against ``constant``."""
    ordered = sorted(scores, key=lambda s: s.male.value if s.male else np.inf)
    best: dict[bool, Score] = {}
    for score in ordered:
        best.setdefault(score.needs_run, score)
    constant = next((s for s in ordered if s.predictor == _CONSTANT), None)

    def distance(score: Score, other: Score) -> Interval:
        errors = np.abs(score.log_ratios) - np.abs(other.log_ratios)
        return mean_interval(errors, level=level, groups=list(families))

    ranked = []
    for score in ordered:
        first = best[score.needs_run]
        if score is not first:
            behind = distance(score, first)
            is_tied = None if behind.low is None else behind.low <= 0
            score = replace(score, behind_best=behind, is_tied=is_tied)
        if constant and score.predictor != _CONSTANT:
            high = distance(score, constant).high
            score = replace(score, beats_constant=None if high is None else high < 0)
        ranked.append(score)
    return ranked
