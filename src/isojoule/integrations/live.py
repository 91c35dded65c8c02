"""Follows the epochs of a run under way: their scores, forecasts, when to stop."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, isfinite, nan
from typing import Final

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.rule import Decision, StopRule
from isojoule.estimators.stopping.stopper import Stopper
from isojoule.estimators.streaming import Forecast, Forecaster, Subject
from isojoule.integrations.harmless import Guard
from isojoule.integrations.plan import EpochPlan
from isojoule.integrations.told import line_of
from isojoule.meter import Meter
from isojoule.observations import energy_in_scope
from isojoule.records import Provenance, Scope

_N_PATIENT: Final = 3
"""Epochs after which a score that should be there is told to be missing."""

_PATIENCE_S: Final = 10.0
"""Time after which the same is told of the energy [s]; a counter needs a few ticks."""

_ELSEWHERE: Final = "another process of the training asked for it"

log = logging.getLogger("isojoule.training")


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where an epoch ends: when [s], and the energy of the run until then [J]."""

    time_s: float
    energy_j: float


class EpochFollower:
    """Is told when epochs of one run end, and does what the user wants then.

    Nothing of it raises: what fails is told once, and the rest goes on.

    Parameters
    ----------
    meter : Meter
        Measures the run.
    plan : EpochPlan
        What is wanted.
    keeps_all : bool, default False
        Whether to keep scores that nothing monitors, too.

    Notes
    -----
    An epoch reaches from the end of the one before to its own, validation included, so
    that what lies between their windows, such as saving a checkpoint, is part of the
    energy that is forecast.
    """

    def __init__(
        self, meter: Meter, plan: EpochPlan, *, keeps_all: bool = False
    ) -> None:
        self._meter = meter
        self._plan = plan
        self._keeps_all = keeps_all
        self._guard = Guard()
        self._edge: _Edge | None = None
        self._origin_j = 0.0
        self._unseen_j = 0.0
        self._is_begun = False
        self._last_index: int | None = None
        self._scope: Scope | None = None
        self._provenance: Provenance = "measured"
        self._forecaster: Forecaster | None = None
        self._stopper: Stopper | None = None
        self._n_ended = 0
        self._seen: set[str] = set()
        self._asked: tuple[int, str] | None = None
        self._was_told = False
        self.forecast: Forecast | None = None
        self.decision: Decision | None = None

    def begin(self) -> None:
        """Note where an epoch begins if no other has ended there; later calls do not.

        The first one may begin before a counter has ticked: it reaches from the start.
        """
        if self._is_begun:
            return
        self._is_begun = True
        if self._edge is None:
            self._edge = self._guard.attempt("no forecast", self._read)
            if self._n_ended == 0:
                self._edge = self._edge or _Edge(0.0, 0.0)
                self._origin_j = self._edge.energy_j

    def end(
        self, epoch: int, *, n_epochs: float | None, reported: Mapping[str, object]
    ) -> bool:
        """Follow an epoch that is over with its validation; its windows are closed.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        n_epochs : float or None
            Epochs that are planned, where that is known.
        reported : mapping of str to object
            What was reported of this epoch, and of no other.

        Returns
        -------
        bool
            Whether the rule says to end the training after it.
        """
        self._asked = None
        self._n_ended += 1
        self._is_begun = False
        score = self.report(epoch, reported)
        self._tell_of_missing(reported)
        attempt = self._guard.attempt
        if n_epochs is not None and self._n_ended == 1:
            told = {"planned_epochs": f"{n_epochs:g}"}
            attempt("the plan is not kept", lambda: self._meter.tag(**told))
        over = attempt("no forecast", lambda: self._epoch(epoch, score))
        if over is None:
            return False
        rule = self._plan.stop
        planned = n_epochs if rule is None or n_epochs is not None else rule.n_epochs
        if planned is not None and epoch >= ceil(planned):
            planned = None  # whoever planned that many, it goes on
        if self._plan.has_forecast:
            attempt("no further forecast", lambda: self._foresee(over, planned))
        if rule is None:
            return False
        wants_end = attempt(
            "isojoule does not stop this training",
            lambda: self._decide(over, rule, planned),
        )
        ends_anyway = n_epochs is not None and epoch + 1 >= n_epochs
        return bool(wants_end) and not ends_anyway

    def skip(self, epoch: int, reported: Mapping[str, object]) -> None:
        """Pass over an epoch that was not trained as a whole; its scores are kept.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        reported : mapping of str to object
            What was reported of this epoch, and of no other.
        """
        self._asked = None
        self._n_ended += 1
        self._is_begun = False
        self.report(epoch, reported)
        self._edge = self._guard.attempt("no forecast", self._read)

    def report(self, epoch: int, reported: Mapping[str, object]) -> float | None:
        """Keep scores with an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        reported : mapping of str to object
            By name.

        Returns
        -------
        float or None
            The first that is monitored.
        """
        return self._guard.attempt(
            "a score is not kept", lambda: self._keep(epoch, reported), again=True
        )

    def _keep(self, epoch: int, reported: Mapping[str, object]) -> float | None:
        """Keep scores; return the first that is monitored."""
        wanted = (*self._plan.monitor, *(reported if self._keeps_all else ()))
        named = [name for name in dict.fromkeys(wanted) if name in reported]
        self._seen.update(named)
        scores = {name: _number(reported[name]) for name in named}
        known = {name: s for name, s in scores.items() if isfinite(s)}
        for name in scores.keys() - known.keys():
            self._guard.tell(
                f"score {name!r} is missing in some epochs",
                f"in epoch {epoch} it is {reported[name]!r}",
            )
        if known:
            self._guard.attempt(
                "scores are not kept", lambda: self._meter.report(known, epoch=epoch)
            )
        return known.get(self._plan.monitor[0]) if self._plan.monitor else None

    def accept_end(self, epoch: int) -> None:
        """Say that the framework was asked to end the training after an epoch.

        Parameters
        ----------
        epoch : int
            The one that ended last.
        """
        decision = self.decision
        mine = decision is not None and decision.stop and decision.epoch == epoch
        reason = decision.reason if decision is not None and mine else _ELSEWHERE
        self._asked = epoch, reason.removeprefix("Stop: ")
        if not self._was_told:  # a least number of epochs may keep it going
            self._was_told = True
            # Unlike a forecast, what ends a training is shown without any setting.
            log.warning("the training ends after epoch %d: %s", *self._asked)

    def refuse_end(self, n_processes: int) -> None:
        """Say that a training of several processes is not asked to end.

        Parameters
        ----------
        n_processes : int
            How many there are.
        """
        self._guard.tell(
            "isojoule does not end a training of several processes",
            f"each of the {n_processes} would decide by itself",
        )

    def tag_end(self) -> None:
        """Tag the run if it was asked to end after its last epoch."""
        if self._asked is None:
            return
        epoch, reason = self._asked
        tags = {"stopped_by": f"isojoule: {reason}", "stopped_after_epoch": str(epoch)}
        self._guard.attempt("the run is not tagged", lambda: self._meter.tag(**tags))

    def _read(self) -> _Edge | None:
        """Return where the run is now; `None` while a part of its energy is unknown."""
        run = self._meter.run_so_far()
        if not run.energies or any(e.energy_j is None for e in run.energies):
            return None
        self._scope = self._scope or run.default_scope
        found = energy_in_scope(run.energies, self._scope)
        if found is None or run.duration_s is None:
            return None
        energy_j, self._provenance = found
        return _Edge(run.duration_s, energy_j)

    def _epoch(self, index: int, score: float | None) -> Epoch | None:
        """Return the epoch that ends now; `None` where its energy is not known."""
        # What was left out must not become part of the next epoch.
        begin, self._edge = self._edge, None
        self._edge = end = self._read()
        if begin is None or end is None:
            self.forecast = self.decision = None
            if end is None:
                self._tell_of_unknown(index)
            return None
        self._follow_on(index, begin)
        # The reading at an edge is refined by later ones: it may fall by a trifle.
        energy_j = max(end.energy_j - begin.energy_j, 0.0)
        return Epoch(index, begin.time_s, end.time_s, energy_j, score)

    def _follow_on(self, index: int, begin: _Edge) -> None:
        """Begin anew if epochs were left out since the last one that was followed."""
        last, self._last_index = self._last_index, index
        if last is None:
            self._unseen_j = begin.energy_j - self._origin_j
        elif index > last + 1:
            # A budget has paid for what the new stopper does not see.
            self._unseen_j = begin.energy_j - self._origin_j
            self._forecaster = self._stopper = None
            log.info(
                "the energy after epoch %d was not known: forecasts begin anew with "
                "epoch %d",
                last,
                index,
            )

    def _tell_of_unknown(self, index: int) -> None:
        """Warn that the energy is not known at the end of an epoch."""
        if self._last_index is not None:
            reason = f"the energy at the end of epoch {index} is not known"
            self._guard.tell("some epochs are in no forecast", reason)
        elif (self._meter.run_so_far().duration_s or 0.0) > _PATIENCE_S:
            self._guard.tell("no forecast yet", "the energy so far is not known")

    def _tell_of_missing(self, reported: Mapping[str, object]) -> None:
        """Warn of scores that never came."""
        if self._n_ended != _N_PATIENT:
            return
        for name in self._plan.monitor:
            if name not in self._seen:
                there = ", ".join(sorted(map(str, reported))) or "nothing"
                self._guard.tell(
                    f"score {name!r} is missing",
                    f"none was reported in {_N_PATIENT} epochs; there is {there}",
                )

    def _decide(self, over: Epoch, rule: StopRule, n_epochs: float | None) -> bool:
        """Return whether the rule says to end the training."""
        planned = None if n_epochs is None else ceil(n_epochs)
        rule = replace(
            rule,
            budget_j=self._budget_left(rule),
            n_epochs=planned,
            window=rule.window if planned is None else min(rule.window, planned),
            changes_at=self._changes_within(n_epochs),
        )
        if self._stopper is None:
            self._stopper = Stopper(rule, strict=False)
        self._stopper.rule = rule  # a framework may change its mind
        self.decision = self._stopper.observe(over)
        if not self.decision.stop:
            log.info("after epoch %d: %s", over.index, self.decision.reason)
        return self.decision.stop

    def _budget_left(self, rule: StopRule) -> float | None:
        """Return the budget [J] less what was spent before the stopper began."""
        if rule.budget_j is None:
            return None
        left_j = rule.budget_j - max(self._unseen_j, 0.0)
        return max(left_j, sys.float_info.min)  # a rule has to have one

    def _changes_within(self, n_epochs: float | None) -> tuple[int, ...]:
        """Return the epochs at which the work changes before the planned end."""
        changes = self._plan.changes_at
        if n_epochs is None or not changes or changes[-1] < ceil(n_epochs):
            return changes
        self._guard.tell(
            f"the change at epoch {changes[-1]} is left out",
            f"{n_epochs:g} epochs are planned",
        )
        return tuple(c for c in changes if c < ceil(n_epochs))

    def _foresee(self, over: Epoch, n_epochs: float | None) -> None:
        """Make the forecast after an epoch, and tell it."""
        reach = float(over.index + 1) if n_epochs is None else n_epochs
        if self._forecaster is None:
            self._forecaster = self._new_forecaster(reach, n_epochs)
        self._forecaster.n_epochs = reach
        found = self._forecaster.observe(over)
        self.forecast = found if n_epochs is not None else _without_end(found)
        if log.isEnabledFor(logging.INFO):
            what = f"{self._scope}, {self._provenance}"
            log.info("%s", line_of(self.forecast, over.index, what=what))
        tell = self._plan.on_forecast
        if tell is not None:
            forecast = self.forecast
            self._guard.attempt(
                "on_forecast is not called again", lambda: tell(forecast)
            )

    def _new_forecaster(self, reach: float, n_epochs: float | None) -> Forecaster:
        within = self._changes_within(n_epochs)
        run = self._meter.run_so_far()
        subject = Subject(
            run.workload.name, run.hardware.name, self._provenance, self._scope
        )
        furthest = max([reach, *(c + 1 for c in within)])
        return Forecaster(furthest, changes_at=within, subject=subject)


def _without_end(found: Forecast) -> Forecast:
    """Return what is known where nobody knows how many epochs there will be."""
    if found.until_epoch > found.n_epochs:  # as far as a change that was announced
        return replace(found, n_epochs=nan)
    return replace(
        found,
        n_epochs=nan,
        until_epoch=nan,
        total=None,
        left=None,
        total_duration=None,
        duration_left=None,
        reason="how many epochs are planned is not known",
    )


def _number(value: object) -> float:
    """Return a reported score; NaN where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]  # tensors and NumPy scalars too
    except Exception:  # noqa: BLE001  # whatever the user reported
        return nan
