"""Apple silicon: CPU, GPU and memory through the energy counters of the chip.

==================  ====  =============================================================
channel             unit  meaning and support
==================  ====  =============================================================
``cpu0_energy_j``   J     all CPU cores and their caches
``gpu0_energy_j``   J     GPU of the chip, without its SRAM
``dram0_energy_j``  J     memory; not on every chip
==================  ====  =============================================================

Any user may read them. They come from IOReport, a framework of macOS without public
documentation, through the package zeus-apple-silicon, and they are estimates that the
chip makes from activity, not readings of a power sensor.

Left out: the Neural Engine, which PyTorch does not use (while it rests, its counter
stands still, and a sum with it would not be known), and the SRAM of the GPU, since
nothing says whether the GPU counter contains it.

Implemented against the documented interface, not yet run on hardware.
"""

import platform
import subprocess
from collections.abc import Collection, Sequence
from math import nan
from typing import Any, Final, Literal, Self, TypeAlias

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator, Channel, Component, Quantity
from isojoule.sensors.visible import local_rank, require_first_rank
from isojoule.units import J_PER_MJ

# A compiled module without types.
_Monitor: TypeAlias = Any

_FIELDS: Final[tuple[tuple[Component, str], ...]] = (
    ("cpu", "cpu_total_mj"),
    ("gpu", "gpu_mj"),
    ("dram", "dram_mj"),
)

_DOUBTS: Final = (
    "The apple sensor was not yet run on hardware: compare it once with powermetrics.",
    "Apple's energy counters are estimates by the chip, not readings of a sensor.",
    "The Neural Engine and the SRAM of the GPU are left out.",
)


class AppleSensor:
    """Reads the energy counters of an Apple chip.

    Parameters
    ----------
    monitor : AppleEnergyMonitor
        Of zeus-apple-silicon.
    fields : sequence of (str, str)
        Component and field of its answers, one per channel.
    accelerators : tuple of Accelerator
        The GPU, where it is read.
    """

    name = "apple"
    quantity: Literal["energy_j"] = "energy_j"
    doubts = _DOUBTS

    def __init__(
        self,
        monitor: _Monitor,
        fields: Sequence[tuple[Component, str]],
        *,
        accelerators: tuple[Accelerator, ...] = (),
    ) -> None:
        self._monitor = monitor
        self._fields = tuple(field for _, field in fields)
        self._closed = False
        self.accelerators = accelerators
        self.channels = tuple(
            Channel(
                f"{component}0_energy_j",
                component,
                "energy_j",
                f"{component}0",
                origin=f"AppleEnergyMonitor.get_cumulative_energy().{field}",
            )
            for component, field in fields
        )

    @classmethod
    def open(cls) -> Self:
        """Return a sensor for what this chip counts.

        Returns
        -------
        AppleSensor
            Open; counters [J] in steps of 1 mJ that never start again.

        Raises
        ------
        SensorUnavailableError
            If this is no Apple silicon, the package is missing, nothing is counted, or
            another rank of a job measures here.
        """
        if (platform.system(), platform.machine()) != ("Darwin", "arm64"):
            raise SensorUnavailableError("this is no Apple silicon with macOS")
        require_first_rank("the energy counters", local_rank())
        monitor = _opened_monitor()
        try:
            metrics = monitor.get_cumulative_energy()
        except RuntimeError as error:
            raise SensorUnavailableError(
                f"the energy counters of the chip cannot be read: {error}"
            ) from error
        fields = [f for f in _FIELDS if getattr(metrics, f[1], None) is not None]
        if not fields:
            raise SensorUnavailableError(
                "zeus-apple-silicon knows no energy counter of this chip",
                "pip install --upgrade zeus-apple-silicon",
            )
        has_gpu = "gpu" in dict(fields)
        gpus = (Accelerator(_chip_name(), "apple"),) if has_gpu else ()
        return cls(monitor, fields, accelerators=gpus)

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return one counter value per channel [J]; NaN where the chip gave none.

        Parameters
        ----------
        quantities : collection of str or None
            What to read; without ``energy_j`` nothing is.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the apple sensor is closed: open another one")
        nothing = [nan] * len(self.channels)
        if quantities is not None and "energy_j" not in quantities:
            return nothing
        try:
            metrics = self._monitor.get_cumulative_energy()
        except RuntimeError:
            return nothing
        values_mj = [getattr(metrics, field) for field in self._fields]
        return [nan if mj is None else float(mj * J_PER_MJ) for mj in values_mj]

    def close(self) -> None:
        """Release the counters; a second call does nothing."""
        self._closed = True
        self._monitor = None


def _opened_monitor() -> _Monitor:
    """Return the monitor of zeus-apple-silicon.

    Raises
    ------
    SensorUnavailableError
        If the package is missing or macOS refuses the counters.
    """
    try:
        from zeus_apple_silicon import AppleEnergyMonitor
    except ImportError as error:
        raise SensorUnavailableError(
            "the Python package zeus-apple-silicon is not installed",
            "pip install 'isojoule[apple]'",
        ) from error
    try:
        return AppleEnergyMonitor()
    except RuntimeError as error:
        raise SensorUnavailableError(
            f"macOS does not give its energy counters: {error}"
        ) from error


def _chip_name() -> str:
    """Return the chip as macOS calls it, such as ``Apple M2 Max``."""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return "Apple GPU"
    return done.stdout.strip() or "Apple GPU"
