"""AMD GPUs: energy counter through amdsmi, power and the rest through the kernel.

=========================================  =====  =====================================
channel of GPU *i*                         unit   meaning and support
=========================================  =====  =====================================
``amdgpu<i>_energy_j``                     J      counter, where amdsmi has one
``amdgpu<i>_power_w``                      W      instant power where the driver has it,
                                                  else a mean of unstated length
``amdgpu<i>_average_power_w``              W      that mean, beside an instant power
``amdgpu<i>_power_limit_w``                W      selected limit
``amdgpu<i>_utilization_fraction``         share  of time that the GPU is busy
``amdgpu<i>_memory_utilization_fraction``  share  of time that its memory is busy
``amdgpu<i>_memory_bytes``                 bytes  in use, by all processes
``amdgpu<i>_temperature_c``                deg C  of the edge, else of the hottest spot
``amdgpu<i>_shader_clock_hz``              Hz     of the compute units
``amdgpu<i>_memory_clock_hz``              Hz     of the memory
=========================================  =====  =====================================

Any user may read them. *i* is the index that HIP gives the GPU where nothing is hidden.
The counter needs the package amdsmi and ROCm's library libamd_smi. All else are files
of the amdgpu driver (Linux kernel documentation, "GPU Power/Thermal Controls and
Monitoring"), whose units, unlike those of amdsmi, are the same in all versions. No gain
error is stated: AMD documents none.

Implemented against the documented interface, not yet run on hardware.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from functools import partial
from io import StringIO
from math import isnan, nan
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator, Channel, Quantity
from isojoule.sensors.amd_cards import Card, cards_of_process, text_of
from isojoule.units import J_PER_UJ, percent_to_fraction

# A module behind ctypes: neither it nor its handles carry types.
_Smi: TypeAlias = Any
_Handle: TypeAlias = Any

_Answer: TypeAlias = Callable[[], float]
_Source: TypeAlias = tuple[Channel, _Answer]

_W_PER_UW: Final = J_PER_UJ  # a watt is a joule per second
_C_PER_MILLIDEGREE: Final = 1e-3
_FRACTION_PER_PERCENT: Final = percent_to_fraction(1.0)

# Suffix of the channel, quantity, files in the order of choice, and their unit.
_GAUGES: Final[tuple[tuple[str, Quantity, tuple[str, ...], float], ...]] = (
    ("power_w", "power_w", ("power1_input", "power1_average"), _W_PER_UW),
    ("average_power_w", "average_power_w", ("power1_average",), _W_PER_UW),
    ("power_limit_w", "power_limit_w", ("power1_cap",), _W_PER_UW),
    (
        "utilization_fraction",
        "utilization_fraction",
        ("device/gpu_busy_percent",),
        _FRACTION_PER_PERCENT,
    ),
    (
        "memory_utilization_fraction",
        "memory_utilization_fraction",
        ("device/mem_busy_percent",),
        _FRACTION_PER_PERCENT,
    ),
    ("memory_bytes", "memory_bytes", ("device/mem_info_vram_used",), 1.0),
    (
        "temperature_c",
        "temperature_c",
        ("temp1_input", "temp2_input"),
        _C_PER_MILLIDEGREE,
    ),
    ("shader_clock_hz", "clock_hz", ("freq1_input",), 1.0),
    ("memory_clock_hz", "clock_hz", ("freq2_input",), 1.0),
)
_ORDER: Final[dict[Quantity, int]] = {"energy_j": 0, "power_w": 1}

# The longest 64-bit number has 20 digits, and a line feed follows.
_MAX_CHARACTERS: Final = 32

_UNTESTED: Final = (
    "The amd sensor was not yet run on hardware: compare it once with amd-smi."
)


class AmdSensor:
    """Reads the AMD GPUs that this process may use.

    Parameters
    ----------
    sources : sequence of (Channel, callable)
        What is read, and how.
    accelerators : tuple of Accelerator
        The GPUs.
    driver_version : str or None
        Version of a driver that is not part of the kernel.
    resources : ExitStack
        What `close` closes.
    doubts : sequence of str
        What was left out, and what the figures may contain beside the GPU.
    """

    name = "amd"

    def __init__(
        self,
        sources: Sequence[_Source],
        *,
        accelerators: tuple[Accelerator, ...],
        driver_version: str | None,
        resources: ExitStack,
        doubts: Sequence[str] = (),
    ) -> None:
        # The same quantity of all GPUs back to back, counters first.
        ordered = sorted(sources, key=lambda s: _ORDER.get(s[0].quantity, 2))
        self._sources = tuple(ordered)
        self._resources = resources
        self._closed = False
        self.channels = tuple(channel for channel, _ in ordered)
        self.accelerators = accelerators
        self.driver_version = driver_version
        self.doubts = tuple(doubts)
        n_counters = [c.quantity for c in self.channels].count("energy_j")
        self.quantity: Literal["energy_j", "power_w"] = (
            "energy_j" if n_counters == len(accelerators) else "power_w"
        )

    @classmethod
    def open(
        cls, root: Path = Path("/sys"), *, environ: Mapping[str, str] | None = None
    ) -> Self:
        """Return a sensor for the GPUs that HIP shows to this process.

        Parameters
        ----------
        root : Path
            Where sysfs is mounted.
        environ : mapping of str to str or None
            Environment with ``ROCR_VISIBLE_DEVICES``, ``HIP_VISIBLE_DEVICES`` or
            ``CUDA_VISIBLE_DEVICES``: indices and UUIDs ``GPU-...``. `None` takes that
            of this process.

        Returns
        -------
        AmdSensor
            Open; energies [J] where every GPU has the counter, else power [W].

        Raises
        ------
        SensorUnavailableError
            If there is no driver, or no GPU whose energy or power it tells.
        """
        environ = os.environ if environ is None else environ
        visible, doubts = cards_of_process(root, environ)
        cards = [card for card in visible if not card.is_part_of_a_cpu]
        doubts += [
            f"{card.device} is part of the CPU, and its power that of the whole chip, "
            "which the rapl sensor counts."
            for card in visible
            if card.is_part_of_a_cpu
        ]
        smi, why_not = _started_smi() if cards else (None, "")
        sources: list[_Source] = []
        accelerators = []
        with ExitStack() as resources:
            for card in cards:
                try:
                    sources += _sources(card, smi, resources)
                except SensorUnavailableError as error:
                    doubts.append(f"{card.device} is not measured: {error.reason}.")
                    continue
                accelerators.append(_accelerator(card, smi))
                doubts += _doubts(card, accelerators[-1].name)
            if not sources:
                raise SensorUnavailableError(" ".join(doubts))
            if why_not:
                doubts.append(f"AMD energies are integrated power: {why_not}.")
            return cls(
                sources,
                accelerators=tuple(accelerators),
                driver_version=text_of(root / "module/amdgpu/version") or None,
                resources=resources.pop_all(),
                doubts=(_UNTESTED, *doubts),
            )

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return one reading per channel in its unit; NaN where one failed.

        Parameters
        ----------
        quantities : collection of str or None
            What to read; channels of other quantities are NaN. `None` reads all.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the amd sensor is closed: open another one")
        return [
            answer() if quantities is None or channel.quantity in quantities else nan
            for channel, answer in self._sources
        ]

    def close(self) -> None:
        """Close the files; a second call does nothing.

        The library of amdsmi stays: the frameworks of this process share it, and its
        shutdown would take it from them.
        """
        self._closed = True
        self._resources.close()


def _started_smi() -> tuple[_Smi | None, str]:
    """Return ``amdsmi``, initialized, or why it is not."""
    try:
        # Without ROCm's library the import prints so to standard output and fails with
        # KeyError; with one of another version, AttributeError.
        with redirect_stdout(StringIO()):
            import amdsmi
    except ImportError:
        return None, "amdsmi is not installed (pip install 'isojoule[amd]')"
    except (KeyError, OSError, AttributeError) as error:
        return None, f"amdsmi finds no ROCm library (libamd_smi) that fits it: {error}"
    try:
        amdsmi.amdsmi_init()
    except amdsmi.AmdSmiException as error:
        return None, f"amdsmi does not start: {' '.join(str(error).split())}"
    return amdsmi, ""


def _sources(card: Card, smi: _Smi | None, resources: ExitStack) -> list[_Source]:
    """Return what works on one GPU.

    Raises
    ------
    SensorUnavailableError
        If it gives neither energy nor power of its own.
    """
    gauges = _gauge_sources(card, resources)
    if any(c.quantity == "power_w" and answer() == 0 for c, answer in gauges):
        raise SensorUnavailableError(
            "its power reads 0 W, as that of the second die of a card (MI250): the "
            "first die counts for both"
        )
    sources = [*_counter_sources(card, smi), *gauges]
    if not any(c.quantity in {"energy_j", "power_w"} for c, _ in sources):
        raise SensorUnavailableError(
            "the driver gives neither its energy nor its power"
        )
    return sources


def _gauge_sources(card: Card, resources: ExitStack) -> list[_Source]:
    folders = [
        folder
        for folder in card.folder.glob("hwmon/hwmon*")
        if text_of(folder / "name") == "amdgpu"
    ]
    sources: list[_Source] = []
    used = set()
    for suffix, quantity, files, unit in _GAUGES if folders else ():
        for path in (folders[0] / file for file in files):
            if path in used:
                continue
            answer = _opened_gauge(path, unit, resources)
            # A card that sleeps has no readings yet; its files are those that it has.
            if answer is not None and (card.is_asleep or not isnan(answer())):
                used.add(path)
                sources.append((_channel(card, suffix, quantity, str(path)), answer))
                break
    return sources


def _opened_gauge(path: Path, unit: float, resources: ExitStack) -> _Answer | None:
    """Return how to read a file of the driver; `None` where it does not open."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    resources.callback(os.close, descriptor)
    return partial(_gauge_reading, descriptor, unit)


def _gauge_reading(descriptor: int, unit: float) -> float:
    try:
        # Reading at offset 0 makes the driver measure again.
        return int(os.pread(descriptor, _MAX_CHARACTERS, 0)) * unit
    except (OSError, ValueError):
        return nan


def _counter_sources(card: Card, smi: _Smi | None) -> list[_Source]:
    handle = None if smi is None else _handle(card, smi)
    if handle is None:
        return []
    answer = partial(_energy_j, smi, handle)
    # A GPU without the counter has one that says 0.
    if not answer() > 0:
        return []
    return [(_channel(card, "energy_j", "energy_j", "amdsmi_get_energy_count"), answer)]


def _handle(card: Card, smi: _Smi) -> _Handle | None:
    try:
        return smi.amdsmi_get_processor_handle_from_bdf(card.folder.name)
    except smi.AmdSmiException:
        return None


def _energy_j(smi: _Smi, handle: _Handle) -> float:
    """Return the energy counter of a GPU [J]; NaN where it has none.

    It has 64 bits and steps of 2^-16 J: it never starts again. Older libraries call it
    ``power`` and round the step to 15.3 uJ, which makes energies 0.3 % too large.
    """
    try:
        answer = smi.amdsmi_get_energy_count(handle)
    except smi.AmdSmiException:
        return nan
    n_steps = answer.get("energy_accumulator", answer.get("power"))
    if not isinstance(n_steps, int):
        return nan
    return float(n_steps * answer["counter_resolution"] * J_PER_UJ)


def _channel(card: Card, suffix: str, quantity: Quantity, origin: str) -> Channel:
    name = f"{card.device}_{suffix}"
    return Channel(name, "gpu", quantity, card.device, origin=origin)


def _accelerator(card: Card, smi: _Smi | None) -> Accelerator:
    memory = text_of(card.folder / "mem_info_vram_total")
    limits_uw = [text_of(f) for f in card.folder.glob("hwmon/hwmon*/power1_cap")]
    limit_uw = next((text for text in limits_uw if text.isdecimal()), None)
    return Accelerator(
        name=_name(card, smi),
        vendor="amd",
        uuid=card.uuid,
        memory_bytes=int(memory) if memory.isdecimal() else None,
        power_limit_w=int(limit_uw) * _W_PER_UW if limit_uw else None,
    )


def _name(card: Card, smi: _Smi | None) -> str:
    """Return what the card is called, at least by its PCI number."""
    handle = None if smi is None else _handle(card, smi)
    if smi is not None and handle is not None:
        try:
            name = str(smi.amdsmi_get_gpu_asic_info(handle)["market_name"])
        except smi.AmdSmiException:
            name = "N/A"
        if name not in {"", "N/A"}:
            return name
    number = text_of(card.folder / "device") or "of unknown type"
    return text_of(card.folder / "product_name") or f"AMD GPU {number}"


def _doubts(card: Card, name: str) -> list[str]:
    """Return what the figures of a GPU contain beside it, and whether there are any."""
    extents = []
    if card.n_partitions > 1:
        extents.append(f"all of its {card.n_partitions} partitions")
    if "MI250" in name:
        extents.append("both dies of the card")
    if "MI300A" in name:
        extents.append("the whole module: do not add the energy of the CPU")
    doubts = [f"The figures of {card.device} are of {extent}." for extent in extents]
    if card.is_asleep:
        doubts.append(f"{card.device} was asleep: it gives no readings until used.")
    return doubts
