"""What the study of stabilization gives: plain data, nothing rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from isojoule.estimators.online import PUBLISHED_START, PUBLISHED_WINDOW
from isojoule.records import Scope
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import SETTINGS
from isojoule.studies.stabilization.rules import RuleErrors
from isojoule.studies.stabilization.sweeps import Draws, Errors, Grid, require_choices

Truth: TypeAlias = Literal["epochs", "recording"]

EVERYWHERE: Final = "all"
"""What stands for all environments together."""


@dataclass(frozen=True, slots=True)
class StabilizationQuestion:
    """What is asked.

    Parameters
    ----------
    settings : {"published", "sane", "both"}, default "both"
        Of FLUSS.
    start, window : int
        The choice that is looked at closely; 10 and 5 are the published ones.
    starts, windows : tuple of int
        What is tried.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; where `None`, the plug if that was measured, else all parts of
        the machine that were read.
    environment, hardware : str or None
        Keep only these.
    truth : {"epochs", "recording"}, default "epochs"
        What an estimate is held against: all epochs, or the whole recording, which
        also has what came before the first and after the last.
    n_draws, seed : int
        Random places of the window.
    n_most : int or None
        Keep at most so many runs, spread evenly.

    Raises
    ------
    ValueError
        If a choice cannot be.
    """

    settings: str = "both"
    start: int = PUBLISHED_START
    window: int = PUBLISHED_WINDOW
    starts: tuple[int, ...] = tuple(range(31))
    windows: tuple[int, ...] = tuple(range(1, 21))
    scope: Scope | None = None
    environment: str | None = None
    hardware: str | None = None
    truth: Truth = "epochs"
    n_draws: int = 500
    seed: int = 0
    n_most: int | None = None

    def __post_init__(self) -> None:
        if self.settings not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise ValueError(f"settings are {known}, got {self.settings!r}")
        require_choices([self.start, *self.starts], [self.window, *self.windows])
        if self.n_draws < 1:
            raise ValueError(f"n_draws must be at least 1, got {self.n_draws}")
        if self.n_most is not None and self.n_most < 1:
            raise ValueError(f"at least 1 run has to be kept, got {self.n_most}")


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """How far the estimators are off in some of the runs, at the choice looked at.

    Parameters
    ----------
    environment, model : str
        Which runs; `EVERYWHERE` for all.
    truth : {"epochs", "recording"}
        What was held against.
    n_runs : int
        Runs of the group.
    errors : mapping of str to Errors
        By estimator.
    """

    environment: str
    model: str
    truth: Truth
    n_runs: int
    errors: Mapping[str, Errors]


@dataclass(frozen=True, slots=True, eq=False)
class StabilizationStudy:
    """When trainings become stable, and what follows for the online estimators.

    Parameters
    ----------
    question : StabilizationQuestion
        What was asked.
    level : float
        Coverage of the ranges over draws, in (0, 1).
    n_runs : int
        Runs that went in.
    findings : tuple of Finding
        By environment, model and run.
    left_out : mapping of str to tuple of str
        Ids of runs by the reason why they were left out.
    detectors : tuple of str
        Those that were asked.
    groups : tuple of GroupErrors
        For all, each environment, and each model in it.
    grids : mapping of (str, str) to Grid
        Errors for every start and window, by environment and model as in `groups`.
    rules : tuple of RuleErrors
        Errors where the start is taken from what was found.
    draws : tuple of Draws
        Errors for windows at random places.
    """

    question: StabilizationQuestion
    level: float
    n_runs: int
    findings: tuple[Finding, ...]
    left_out: Mapping[str, tuple[str, ...]]
    detectors: tuple[str, ...]
    groups: tuple[GroupErrors, ...]
    grids: Mapping[tuple[str, str], Grid]
    rules: tuple[RuleErrors, ...]
    draws: tuple[Draws, ...]

    @property
    def grid(self) -> Grid:
        """Errors for every start and window, over all runs."""
        return self.grids[EVERYWHERE, EVERYWHERE]

    @property
    def environments(self) -> tuple[str, ...]:
        """Environments with runs, in order."""
        return tuple(dict.fromkeys(f.case.environment for f in self.findings))

    def of(self, environment: str) -> tuple[Finding, ...]:
        """Return what was found in one environment, or `EVERYWHERE`."""
        return tuple(
            f for f in self.findings if environment in {EVERYWHERE, f.case.environment}
        )
