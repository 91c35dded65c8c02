"""What a user wants after each epoch of a training: scores, forecasts, an end."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Self, TypedDict

from isojoule.estimators.stopping.rule import StopRule, looks_lower_is_better
from isojoule.estimators.streaming import Forecast


class LiveOptions(TypedDict, total=False):
    """What can be asked for while a training goes on.

    Parameters
    ----------
    monitor : str or sequence of str
        Names of the scores that are kept with each epoch, as the framework calls them.
    forecast : bool, default True
        Whether to tell after each epoch what the training will take.
    on_forecast : callable or None
        Gets each `Forecast`.
    change_at : int, collection of int or None
        Epochs, counted from 0, at which the work changes as planned: the first of a
        fine-tuning.
    stop : StopRule or None
        When to end the training; by its price per point or its budget. The score is the
        first of `monitor`.
    """

    monitor: str | Sequence[str]
    forecast: bool
    on_forecast: Callable[[Forecast], object] | None
    change_at: int | Collection[int] | None
    stop: StopRule | None


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """The checked options.

    Parameters
    ----------
    monitor : tuple of str
        Scores to keep; a decision is made on the first.
    has_forecast : bool
        Whether to tell what the training will take.
    on_forecast : callable or None
        Gets each forecast.
    changes_at : tuple of int
        Epochs at which the work changes, in order.
    stop : StopRule or None
        When to end the training.
    """

    monitor: tuple[str, ...] = ()
    has_forecast: bool = True
    on_forecast: Callable[[Forecast], object] | None = None
    changes_at: tuple[int, ...] = ()
    stop: StopRule | None = None

    @classmethod
    def of(cls, options: LiveOptions) -> Self:
        """Return the plan that these options make.

        Parameters
        ----------
        options : LiveOptions
            What is not there takes its default; other keys are not looked at.

        Raises
        ------
        TypeError
            If `stop` is no `StopRule` or `on_forecast` cannot be called.
        ValueError
            If a price has no score, a change is not after the first epoch, or a
            forecast is asked for and switched off.
        """
        named = options.get("monitor") or ()
        stop = options.get("stop")
        if stop is not None and not isinstance(stop, StopRule):
            raise TypeError(f"stop takes a StopRule, got {type(stop).__name__}")
        changes = _changes(options.get("change_at"))
        plan = cls(
            monitor=(named,) if isinstance(named, str) else tuple(named),
            has_forecast=options.get("forecast", True),
            on_forecast=options.get("on_forecast"),
            changes_at=tuple(sorted({*changes, *(stop.changes_at if stop else ())})),
            stop=stop,
        )
        _check(plan)
        return plan


def _changes(change_at: int | Collection[int] | None) -> Collection[int]:
    if change_at is None:
        return ()
    return (change_at,) if isinstance(change_at, int) else change_at


def _check(plan: EpochPlan) -> None:
    """Raise unless a plan can be followed.

    Raises
    ------
    TypeError
        If something is not what it has to be.
    ValueError
        If two wishes contradict each other, or one lacks another.
    """
    stop = plan.stop
    if stop is not None and stop.price_j_per_point is not None and not plan.monitor:
        raise ValueError(
            "a price per point needs a score to judge by: name it, such as "
            "monitor='val_f1', or give a budget instead"
        )
    if (
        stop is not None
        and plan.monitor
        and stop.mode == "max"
        and looks_lower_is_better(plan.monitor[0])
    ):
        raise ValueError(
            f"{plan.monitor[0]} looks like a score that is better the lower: say "
            "StopRule(mode='min'), or report it under another name"
        )
    if plan.on_forecast is not None and not callable(plan.on_forecast):
        raise TypeError("on_forecast takes something that can be called")
    if plan.on_forecast is not None and not plan.has_forecast:
        raise ValueError("on_forecast is never called with forecast=False: leave one")
    if plan.changes_at and plan.changes_at[0] < 1:
        raise ValueError(
            f"change_at takes epochs after the first, which is 0, got "
            f"{plan.changes_at[0]}"
        )
