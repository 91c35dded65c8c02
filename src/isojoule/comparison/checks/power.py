"""The mean power that a stated energy and a stated duration imply."""

import re
from dataclasses import dataclass
from typing import Final

from isojoule.comparison.checks.devices import specification_of
from isojoule.comparison.checks.figures import count_of, in_kwh, positive_of
from isojoule.submissions import Figure, Submission
from isojoule.units import format_duration

TRAINING: Final = "train"
"""The phase that stated durations are of."""

_TIMES: Final = re.compile(
    r"[a-z]\.?\s*[*x\u00d7]\s*(\d{1,4})\b|\b(\d{1,4})\s*[*x\u00d7]\s*\d", re.IGNORECASE
)
"""A duration times a number, or a number times a duration."""


@dataclass(frozen=True, slots=True)
class StatedPower:
    """What the training of a submission drew on average, by its own figures.

    Parameters
    ----------
    energy, duration : Figure
        What was stated [J], [s].
    power_w : float
        One over the other [W].
    n_devices : int or None
        Accelerators that were used or tracked, whichever is more; `None` where nobody
        says it.
    limit_w : float or None
        Limit of one of them [W]; `None` where the device is not known.
    n_members : int
        Members of the ensemble that the duration may be of one of; 1 where the duration
        was written as a product.
    n_times : int
        Factor that the duration was written with.
    """

    energy: Figure
    duration: Figure
    power_w: float
    n_devices: int | None
    limit_w: float | None
    n_members: int
    n_times: int

    @property
    def least_power_w(self) -> float:
        """The power if the duration is of one member of the ensemble [W]."""
        return self.power_w / self.n_members

    @property
    def most_power_w(self) -> float:
        """The power if runs that were written as a product were parallel [W]."""
        return self.power_w * self.n_times

    def bound_w(self, host_w: float, slack: float) -> float | None:
        """Return the most that the devices and a host can draw [W].

        Parameters
        ----------
        host_w : float
            Of the host [W]; left out where the energy is of the accelerators alone.
        slack : float
            Factor on all of it.

        Returns
        -------
        float or None
            `None` where the device is not known; of one device where their number is
            not.
        """
        if self.limit_w is None:
            return None
        host_w = 0.0 if self.energy.scope == "gpu" else host_w
        return ((self.n_devices or 1) * self.limit_w + host_w) * slack


def stated_power(submission: Submission) -> StatedPower | None:
    """Return the mean power of the training; `None` without energy or duration."""
    energy = submission.energies.get(TRAINING)
    duration = submission.training_duration_s
    energy_j, duration_s = positive_of(energy), positive_of(duration)
    if energy is None or duration is None or energy_j is None or duration_s is None:
        return None
    counts = [count_of(submission.n_devices), count_of(submission.n_tracked_devices)]
    device = specification_of(submission.device or "")
    times = _TIMES.search(duration.text.partition("(")[0])
    is_product = times is not None
    return StatedPower(
        energy=energy,
        duration=duration,
        power_w=energy_j / duration_s,
        n_devices=max((n for n in counts if n is not None), default=None),
        limit_w=device.power_limit_w if device else None,
        n_members=1 if is_product else count_of(submission.n_subsystems) or 1,
        n_times=int(times[1] or times[2]) if times else 1,
    )


def said(power: StatedPower, submission: Submission) -> str:
    """Return energy, duration and devices as they were stated, for a sentence."""
    duration = format_duration(power.duration.value or 0.0)
    name = submission.device or "devices without their name"
    count = f"{power.n_devices} x " if power.n_devices else ""
    return f"{in_kwh(power.energy)} in {duration} on {count}{name}"
