"""A CPU without a sensor: assumed watts times busy time, flagged ``modelled``.

==============================  =====  ================================================
channel                         unit   meaning
==============================  =====  ================================================
``cpu0_energy_j``               J      modelled energy of all CPUs since the opening
``cpu0_utilization_fraction``   share  measured load that the model multiplies
==============================  =====  ================================================
"""

import os
from collections.abc import Collection
from math import isfinite, nan
from typing import Final, Literal, Self

import psutil

from isojoule.errors import SensorUnavailableError
from isojoule.records import Channel, Quantity
from isojoule.sensors.visible import local_rank, require_first_rank

TDP_VARIABLE: Final = "ISOJOULE_CPU_TDP_W"
"""Environment variable with the TDP of all CPUs of the machine together [W]."""

POWER_W_PER_CORE: Final = 12.0
"""Power of one busy core of a CPU not known otherwise [W].

Entry "Any" of the TDP table of Green Algorithms: Lannelongue, Grealey, Inouye (2021),
Advanced Science 8(12), doi:10.1002/advs.202100707.
"""

TICK_S: Final = 0.01
"""Step of the CPU times that the kernel reports [s] (USER_HZ is 100)."""

# Part of `user` and `nice` already, as psutil documents.
_COUNTED_TWICE = ("guest", "guest_nice")
# A CPU that waits, or that the hypervisor gave to others, does none of our work.
_NOT_BUSY = ("idle", "iowait", "steal")


class CpuModelSensor:
    r"""Models the energy of the CPUs from the load of the whole machine.

    Parameters
    ----------
    full_power_w : float
        Power at a load of 1 [W].
    assumption : str
        One sentence of what was assumed.

    Notes
    -----
    :math:`E = P_{full} \, t_{busy} / n`, where :math:`t_{busy}` is the time that all
    :math:`n` logical CPUs together were busy, and :math:`P_{full}` the TDP where it is
    given, else 12 W for each physical core [1]_. Idle power is not in the model. The
    load is the busy share since the reading before; CPU times come in steps of 10 ms,
    and until every CPU may have made one the load is repeated, NaN at first.

    References
    ----------
    .. [1] Lannelongue, Grealey, Inouye (2021), Advanced Science 8(12),
       doi:10.1002/advs.202100707, energy = cores x power per core x usage.
    """

    name = "cpu-model"
    quantity: Literal["energy_j"] = "energy_j"

    def __init__(self, full_power_w: float, *, assumption: str) -> None:
        self._full_power_w = full_power_w
        self._n_cpus = psutil.cpu_count() or 1
        self._previous: tuple[float, float] | None = None
        self._busy_from_s: float | None = None
        self._energy_j = 0.0
        self._load_fraction = nan
        self._closed = False
        self.assumption = assumption
        self.channels = (
            Channel(
                "cpu0_energy_j",
                "cpu",
                "energy_j",
                "cpu0",
                provenance="modelled",
                resolution=full_power_w * TICK_S / self._n_cpus,
            ),
            Channel("cpu0_utilization_fraction", "cpu", "utilization_fraction", "cpu0"),
        )

    @classmethod
    def open(cls, *, tdp_w: float | None = None) -> Self:
        """Return a model of the CPUs of this machine.

        Parameters
        ----------
        tdp_w : float or None
            TDP of all CPUs together [W]; `None` takes ``ISOJOULE_CPU_TDP_W``, and where
            that is not set, 12 W per core.

        Returns
        -------
        CpuModelSensor
            Open; energy [J].

        Raises
        ------
        ValueError
            If `tdp_w` is not a positive number.
        SensorUnavailableError
            If ``ISOJOULE_CPU_TDP_W`` is not a positive number, or another rank of the
            job on this machine has the CPUs.
        """
        require_first_rank("the CPUs", local_rank())
        if tdp_w is not None:
            if not _is_power(tdp_w):
                raise ValueError(f"tdp_w must be positive, got {tdp_w}")
            return cls(tdp_w, assumption=_tdp_assumption(tdp_w, "as given"))
        text = os.environ.get(TDP_VARIABLE, "").strip()
        if text:
            tdp_w = _tdp_from(text)
            return cls(tdp_w, assumption=_tdp_assumption(tdp_w, TDP_VARIABLE))
        n_cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
        full_power_w = n_cores * POWER_W_PER_CORE
        return cls(
            full_power_w,
            assumption=(
                f"The CPU was assumed to draw {n_cores} cores x {POWER_W_PER_CORE:g} W "
                f"x load ({full_power_w:g} W at full load), 12 W per core being the "
                "entry for any CPU of Green Algorithms (doi:10.1002/advs.202100707)."
            ),
        )

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return modelled energy [J] and load in [0, 1]; NaN until a load is known.

        Parameters
        ----------
        quantities : collection of str or None
            Not heeded: the two are one.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the cpu-model sensor is closed: open another one")
        del quantities
        busy_s, total_s = _busy_and_total_s()
        if self._previous is None or self._busy_from_s is None:
            self._previous, self._busy_from_s = (busy_s, total_s), busy_s
        elapsed_s = total_s - self._previous[1]
        # Sums of binary fractions: a hair less than the ticks is the ticks.
        if elapsed_s > TICK_S * self._n_cpus * 0.999:
            share = (busy_s - self._previous[0]) / elapsed_s
            # The kernel's idle and iowait may step back a little, and the difference of
            # sums leaves crumbs that are no load.
            self._load_fraction = round(min(max(share, 0.0), 1.0), 9)
            self._previous = busy_s, total_s
        busy_j = self._full_power_w * (busy_s - self._busy_from_s) / self._n_cpus
        self._energy_j = max(self._energy_j, round(busy_j, 9))
        return [self._energy_j, self._load_fraction]

    def close(self) -> None:
        """End the model; there is nothing to release."""
        self._closed = True


def _busy_and_total_s() -> tuple[float, float]:
    """Return the time that all logical CPUs were busy, and that they were there [s]."""
    times = psutil.cpu_times()._asdict()
    total_s = sum(s for kind, s in times.items() if kind not in _COUNTED_TWICE)
    return total_s - sum(times.get(kind, 0.0) for kind in _NOT_BUSY), total_s


def _is_power(value: float) -> bool:
    return isfinite(value) and value > 0


def _tdp_from(text: str) -> float:
    try:
        tdp_w = float(text)
    except ValueError:
        tdp_w = nan
    if not _is_power(tdp_w):
        raise SensorUnavailableError(
            f"{TDP_VARIABLE}={text!r} is not a positive number of watts",
            f"set it to the TDP of the CPUs, such as {TDP_VARIABLE}=65, or unset it",
        )
    return tdp_w


def _tdp_assumption(tdp_w: float, source: str) -> str:
    return f"The CPU was assumed to draw its TDP of {tdp_w:g} W ({source}) x load."
