"""How a reference model is measured so that others can rely on it, and what broke that.

A rule that is broken does not stop the suite: it is a warning in the record.
"""

from dataclasses import asdict, dataclass
from typing import Final

from isojoule.energy import mean_reading
from isojoule.records import Run
from isojoule.units import format_duration

MAX_IDLE_LOAD: Final = 0.1
"""Share of the time that a device may be busy while the suite does nothing."""

_LOOK_BACK_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Rules:
    """How long, how often, and how rested.

    Parameters
    ----------
    name : str
        ``standard``, or how this form is labelled.
    n_repeats : int
        Runs of each model and phase.
    n_epochs : int
        Fewest epochs in a run; more where it would be too short.
    n_steps : int or None
        Exactly so many steps instead of epochs.
    whole_epochs : bool
        Whether a run ends with an epoch; else as soon as it is long enough.
    min_duration_s : float
        Shortest run [s].
    min_readings : int
        Fewest readings of the sensors in a run.
    idle_s : float
        Rest that is recorded before and after each run [s].
    rest_s : float
        Rest between two runs besides [s].
    max_warm_up_s : float
        When to stop waiting for a steady pace and power [s].
    block_s : float
        Length of the blocks of steps that are compared for that [s].
    max_drift_fraction : float
        How far the last three blocks may lie from their mean.

    Raises
    ------
    ValueError
        If a number makes no sense.
    """

    name: str = "standard"
    n_repeats: int = 1
    n_epochs: int = 1
    n_steps: int | None = None
    whole_epochs: bool = True
    min_duration_s: float = 60.0
    min_readings: int = 60
    idle_s: float = 5.0
    rest_s: float = 5.0
    max_warm_up_s: float = 30.0
    block_s: float = 1.0
    max_drift_fraction: float = 0.05

    def __post_init__(self) -> None:
        if min(self.n_repeats, self.n_epochs) < 1:
            raise ValueError("a run needs at least one repeat and one epoch")
        if self.n_steps is not None and self.n_steps < 1:
            raise ValueError(f"a run needs at least one step, got {self.n_steps}")
        if not self.min_duration_s > 0:
            raise ValueError(f"a run needs positive time, got {self.min_duration_s} s")
        if min(self.idle_s, self.rest_s, self.max_warm_up_s) < 0:
            raise ValueError("idle, rest and warm-up cannot be negative")

    @property
    def is_standard(self) -> bool:
        """Whether a run under these rules is as long and as rested as the standard."""
        return (
            self.n_steps is None
            and self.whole_epochs
            and self.min_duration_s >= STANDARD.min_duration_s
            and self.min_readings >= STANDARD.min_readings
            and self.idle_s >= STANDARD.idle_s
            and self.max_warm_up_s >= STANDARD.max_warm_up_s
        )

    def described(self) -> dict[str, str | float | bool | None]:
        """Return the rules by name, as a calibration keeps them."""
        return asdict(self)


STANDARD: Final = Rules()
FAST: Final = Rules(
    "fast",
    whole_epochs=False,
    min_duration_s=3.0,
    min_readings=1,
    idle_s=1.0,
    rest_s=0.0,
    max_warm_up_s=2.0,
    block_s=0.3,
)
"""A short form to try things out: a minute or two for the small models on a CPU."""


def broken_rules(run: Run, rules: Rules, *, is_steady: bool) -> tuple[str, ...]:
    """Return which rules a finished run broke, for its record.

    Parameters
    ----------
    run : Run
        With its samples and idle windows.
    rules : Rules
        Under which it ran.
    is_steady : bool
        Whether the warm-up ended with a steady pace and power.
    """
    said = []
    duration_s = run.duration_s or 0.0
    if rules.n_steps is None and duration_s < rules.min_duration_s:
        said.append(
            f"it lasted {format_duration(duration_s)}, less than "
            f"{format_duration(rules.min_duration_s)}"
        )
    n_readings = count_readings(run)
    if n_readings < rules.min_readings:
        said.append(f"{n_readings} readings, fewer than {rules.min_readings}")
    if not is_steady:
        warm_up = format_duration(rules.max_warm_up_s)
        said.append(f"pace and power were not steady after {warm_up} of warming up")
    said += [
        f"{device} was {load:.0%} busy {window}, with nothing of ours running"
        for window, device, load in _idle_loads(run)
        if load > MAX_IDLE_LOAD
    ]
    if rules.idle_s and sum(w.phase == "idle" for w in run.windows) < 2:
        said.append("no idle was recorded before and after it")
    return tuple(f"run rule broken: {rule}" for rule in said)


def count_readings(run: Run) -> int:
    """Return how many readings of the sensors lie within a run."""
    if run.samples is None:
        return 0
    time_s = run.samples.time_s
    during = time_s >= run.start_s
    during &= time_s <= run.start_s + (run.duration_s or 0.0)
    return int(during.sum())


def _idle_loads(run: Run) -> list[tuple[str, str, float]]:
    """Return how busy each kind of device was in each idle window.

    Loads are read once a second and look back as far, so that those of the first second
    may be of the work before.
    """
    if run.samples is None:
        return []
    seen = []
    for window in run.windows:
        if window.phase != "idle" or window.duration_s <= _LOOK_BACK_S:
            continue
        for component, name in (("gpu", "the GPU"), ("cpu", "the CPU")):
            load = mean_reading(
                run.samples,
                "utilization_fraction",
                component,
                start_s=window.start_s + _LOOK_BACK_S,
                end_s=window.end_s,
            )
            if load is not None:
                seen.append((window.name, name, load))
    return seen
