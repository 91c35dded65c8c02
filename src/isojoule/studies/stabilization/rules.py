"""What follows for the start of the online estimators: one rule against another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.studies.stabilization.panel import Panel
from isojoule.studies.stabilization.sweeps import Errors, errors_of


@dataclass(frozen=True, slots=True)
class Rule:
    """Where each run's window begins.

    Parameters
    ----------
    name : str
        For machines.
    label : str
        For people.
    starts : tuple of int or None
        First epoch, by run; `None` where the rule has no answer.
    looks_ahead : bool
        Whether the rule needs the run to be over.
    """

    name: str
    label: str
    starts: tuple[int | None, ...]
    looks_ahead: bool = False

    @property
    def next(self) -> "Rule":
        """The rule that begins one epoch later."""
        return Rule(
            f"{self.name}+1",
            f"{self.label}, the next epoch",
            tuple(None if start is None else start + 1 for start in self.starts),
            self.looks_ahead,
        )


@dataclass(frozen=True, slots=True)
class RuleErrors:
    """How far the estimators are off under one rule.

    Parameters
    ----------
    rule : Rule
        What was followed.
    window : int
        Epochs in the window.
    errors : mapping of str to Errors
        By estimator.
    n_without : int
        Runs for which the rule has no answer.
    n_too_short : int
        Runs that end before the window does.
    median_start : float or None
        First epoch of the window.
    median_seen_fraction : float or None
        Share of the epochs that are over when the estimate is made.
    """

    rule: Rule
    window: int
    errors: Mapping[str, Errors]
    n_without: int
    n_too_short: int
    median_start: float | None
    median_seen_fraction: float | None


def judge_rules(
    panel: Panel, rules: Sequence[Rule], window: int
) -> tuple[RuleErrors, ...]:
    """Return how far the estimators are off under each rule.

    Parameters
    ----------
    panel : Panel
        Epochs of the runs.
    rules : sequence of Rule
        With one start per run of the panel.
    window : int
        Epochs in the window.
    """
    return tuple(_judge(panel, rule, window) for rule in rules)


def _judge(panel: Panel, rule: Rule, window: int) -> RuleErrors:
    starts = np.array([-1 if s is None else s for s in rule.starts], dtype=np.intp)
    by_power_j, by_epoch_j = panel.estimated_j(starts, window)
    fits = np.isfinite(by_power_j)
    seen = (starts + window) / panel.n_epochs
    return RuleErrors(
        rule,
        window,
        {
            "power": errors_of(by_power_j, panel.energy_j),
            "epoch": errors_of(by_epoch_j, panel.energy_j),
        },
        int((starts < 0).sum()),
        int(((starts >= 0) & ~fits).sum()),
        float(np.median(starts[fits])) if fits.any() else None,
        float(np.median(seen[fits])) if fits.any() else None,
    )
