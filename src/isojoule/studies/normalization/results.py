"""What a normalization study finds, as plain data.

The score of a pair is the mean over its splits, and that of a method the median over
ordered pairs: `isojoule.studies.normalization.summaries.summarize` makes both.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scored:
    """One fit judged on the workloads it did not see.

    Parameters
    ----------
    source, target : str
        Machines.
    split : {"random", "by-model"}
        How workloads were held out.
    seed : int
        Which of the splits.
    method : str
        A name of `isojoule.studies.normalization.methods.METHODS`.
    features : tuple of str
        What the method used beside the source energy.
    sampling : {"all", "random", "min-max", "medoid"}
        How references were chosen among the training part.
    fraction : float
        Share of the training part that was offered as references, in (0, 1].
    n_references : int
        References that the fit used.
    n_tested : int
        Workloads that were held out.
    r2 : float
        Coefficient of determination of the target energies; NaN for fewer than two
        workloads and where all have the same energy.
    mse_kwh2 : float
        Mean squared error [kWh^2].
    mdape : float
        Median of abs(predicted / true - 1), a fraction.
    male : float
        Mean of abs(ln(predicted / true)); infinite where any prediction is not
        positive, for no factor leads from there to the truth.
    nonpositive_fraction : float
        Share of predictions that are not positive, in [0, 1].
    """

    source: str
    target: str
    split: str
    seed: int
    method: str
    features: tuple[str, ...]
    sampling: str
    fraction: float
    n_references: int
    n_tested: int
    r2: float
    mse_kwh2: float
    mdape: float
    male: float
    nonpositive_fraction: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One method on one pair of machines, for drawing: first seed, random split.

    Parameters
    ----------
    source, target : str
        Machines.
    method : str
        As in `Scored`.
    features : tuple of str
        As in `Scored`.
    workloads : tuple of str
        The references of the fit and the workloads held out, by rising source energy.
    source_energy_j, true_energy_j, predicted_energy_j : tuple of float
        Energy on the source, on the target, and as predicted for the target [J].
    is_reference : tuple of bool
        Whether the fit used the workload; the others are those that the scores are of.
    feature_values : mapping of str to tuple of float
        By feature: forward FLOP of the unit of work [FLOP], number of parameters.
    coefficients : mapping of str to float
        What was fitted, by name with unit.
    r2, mse_kwh2, mdape : float
        As in `Scored`.
    """

    source: str
    target: str
    method: str
    features: tuple[str, ...]
    workloads: tuple[str, ...]
    source_energy_j: tuple[float, ...]
    true_energy_j: tuple[float, ...]
    predicted_energy_j: tuple[float, ...]
    is_reference: tuple[bool, ...]
    feature_values: Mapping[str, tuple[float, ...]]
    coefficients: Mapping[str, float]
    r2: float
    mse_kwh2: float
    mdape: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about methods, tested on the data at hand.

    Parameters
    ----------
    id : str
        Name that stays.
    text : str
        The statement.
    verdict : {"holds", "does not hold", "cannot tell"}
        By the interval: all above zero, nothing above zero, anything else.
    metric : str
        What was subtracted from what, in words with unit.
    split : str
        As in `Scored`.
    difference : float
        Median over ordered pairs and splits; positive is in favor of the statement.
    low, high : float
        Its interval; NaN where it is not known.
    level : float
        Coverage of the interval.
    n_pairs : int
        Ordered pairs that were compared.
    """

    id: str
    text: str
    verdict: str
    metric: str
    split: str
    difference: float
    low: float
    high: float
    level: float
    n_pairs: int


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What one of the three studies found.

    Parameters
    ----------
    study : {"references", "regressions", "features"}
        Which.
    source_name : str
        What was read, for titles.
    scores : tuple of Scored
        By pair, split, method and seed.
    panels : tuple of Panel
        By pair and method.
    claims : tuple of Claim
        By statement, split and metric.
    skipped : tuple of (str, str, str)
        Source, target and reason.
    notes : tuple of str
        Repeats reduced, power limits kept, fits left out and the like.
    """

    study: str
    source_name: str
    scores: tuple[Scored, ...]
    panels: tuple[Panel, ...]
    claims: tuple[Claim, ...]
    skipped: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
