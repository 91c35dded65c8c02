"""The records that every part shares: immutable, checked, units in the names.

`None` is *not measured* or *not stated*; ``0.0`` is *measured as zero*. Nothing here
reads a clock, a file or a device.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Component: TypeAlias = Literal["gpu", "cpu", "dram", "node", "wall", "unstated"]
"""What drew the energy; ``unstated`` where a source does not say."""

EnergySource: TypeAlias = Literal[
    "counter", "sampled", "measured", "modelled", "declared", "absent"
]
"""How an energy came about: difference of a counter, integrated power readings,
measured in a way the source does not state, assumed watts, somebody's statement, or
not at all."""

Provenance: TypeAlias = Literal["measured", "modelled", "declared"]
"""What a figure can be trusted for, strongest first."""

Scope: TypeAlias = Literal["gpu", "node", "wall"]
"""What a figure covers: the accelerators, the parts of the machine that were read
(the record lists them), or everything behind the plug."""

Status: TypeAlias = Literal["complete", "interrupted", "failed", "recovered"]

Quantity: TypeAlias = Literal[
    "energy_j",
    "power_w",
    "average_power_w",
    "power_limit_w",
    "utilization_fraction",
    "memory_utilization_fraction",
    "memory_bytes",
    "temperature_c",
    "clock_hz",
    "throttle_bits",
    "n_processes",
]
"""What a channel reads. Energies are made from ``energy_j``, a counter, or ``power_w``;
all else explains them. ``average_power_w`` is a running mean beside an instant power;
``throttle_bits`` are the reasons of the driver as a bit mask."""

_PROVENANCE: dict[EnergySource, Provenance | None] = {
    "counter": "measured",
    "sampled": "measured",
    "measured": "measured",
    "modelled": "modelled",
    "declared": "declared",
    "absent": None,
}
_WEAKNESS: dict[Provenance, int] = {"measured": 0, "modelled": 1, "declared": 2}


def weakest(provenances: Iterable[Provenance]) -> Provenance:
    """Return the weakest of `provenances`, which is that of any sum over them.

    Raises
    ------
    ValueError
        If there are none.
    """
    return max(provenances, key=_WEAKNESS.__getitem__)


def counted_names(names: Iterable[str]) -> str:
    """Return what several things are called together: ``2x NVIDIA A40 + Tesla T4``.

    Parameters
    ----------
    names : iterable of str
        One per thing; the same name is the same kind.
    """
    counts = Counter(names)
    return " + ".join(name if n == 1 else f"{n}x {name}" for name, n in counts.items())


def _require_positive(owner: str, **values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not (isfinite(value) and value > 0):
            raise ValueError(f"{name} of {owner} must be positive, got {value}")


@dataclass(frozen=True, slots=True)
class Workload:
    """A defined piece of work: the same name is the same work on every machine.

    Parameters
    ----------
    name : str
        Identity of the work.
    phase : str, default "train"
        ``train``, ``validation``, ``test``, ``inference``, or as the source says.
    model : str or None
        Network or algorithm; several workloads may share one.
    family : str or None
        Kind of network, such as ``cnn``; several models may share one.
    task : str or None
        Data set or task.
    mode : str or None
        What is inside the loop: ``device-only`` (tensors cached on the device) or
        ``as-published`` (decoding and mel inside). Never compared with each other.
    settings : mapping of str to str
        What else decides how much work it is: loss, precision, data, seed. Energies of
        different settings are not compared either.
    batch_size : int or None
        Samples per step.
    n_samples : float or None
        Samples that the unit of work processes.
    n_samples_per_epoch : int or None
        Samples in one pass over the data.
    n_validation_samples_per_epoch : int or None
        Samples of the validation that follows each pass; 0 where there is none.
    input_shape : tuple of int or None
        Shape of one input without the batch; the last two are height and width where
        it is an image or a spectrogram.
    n_params : float or None
        Trainable parameters.
    forward_flop_per_sample : float or None
        2 x multiply-accumulates of matrix products and convolutions [FLOP].
    training_flop_per_sample : float or None
        Forward and true backward [FLOP].
    activation_bytes_per_sample : float or None
        Outputs of all layers of the forward pass in float32 [bytes].

    Raises
    ------
    ValueError
        If the name is empty or a count is not positive.
    """

    name: str
    phase: str = "train"
    model: str | None = None
    family: str | None = None
    task: str | None = None
    mode: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    batch_size: int | None = None
    n_samples: float | None = None
    n_samples_per_epoch: int | None = None
    n_validation_samples_per_epoch: int | None = None
    input_shape: tuple[int, ...] | None = None
    n_params: float | None = None
    forward_flop_per_sample: float | None = None
    training_flop_per_sample: float | None = None
    activation_bytes_per_sample: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a workload needs a name")
        _require_positive(
            f"workload {self.name!r}",
            batch_size=self.batch_size,
            n_samples=self.n_samples,
            n_samples_per_epoch=self.n_samples_per_epoch,
            **{
                f"side {n} of input_shape": s
                for n, s in enumerate(self.input_shape or ())
            },
        )
        n_validated = self.n_validation_samples_per_epoch
        if n_validated is not None and n_validated < 0:
            raise ValueError(
                f"n_validation_samples_per_epoch of workload {self.name!r} must not be "
                f"negative, got {n_validated}"
            )

    @property
    def n_epochs(self) -> float | None:
        """Passes over the data, where both counts are known."""
        if self.n_samples is None or self.n_samples_per_epoch is None:
            return None
        return self.n_samples / self.n_samples_per_epoch

    @property
    def work_flop(self) -> float | None:
        """Forward FLOP of the unit of work [FLOP], where both factors are known."""
        if self.forward_flop_per_sample is None or self.n_samples is None:
            return None
        return self.forward_flop_per_sample * self.n_samples

    @property
    def variant(self) -> str | None:
        """Mode and settings in one line; `None` where neither is stated."""
        parts = [self.mode] if self.mode else []
        parts += [f"{name} {value}" for name, value in sorted(self.settings.items())]
        return ", ".join(parts) or None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator that a run used.

    Parameters
    ----------
    name : str
        As the driver calls it.
    vendor : str
        ``nvidia``, ``amd``, ``apple``.
    uuid : str or None
        Identity of the board.
    memory_bytes : int or None
        Its memory [bytes].
    power_limit_w : float or None
        Enforced power limit [W].
    """

    name: str
    vendor: str
    uuid: str | None = None
    memory_bytes: int | None = None
    power_limit_w: float | None = None


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine and the part of it that a run was allowed to use.

    Parameters
    ----------
    name : str
        What comparisons call it; the same name is the same compute configuration.
    accelerators : tuple of Accelerator
        Those that the run used; empty for a run on the CPU.
    cpu_name : str or None
        As the operating system calls it.
    n_cpus : int or None
        Logical CPUs that the process may use.
    n_threads : int or None
        Compute threads that the run was given.
    memory_bytes : int or None
        Main memory [bytes].
    host : str or None
        Host name.
    software : mapping of str to str
        Versions: operating system, Python, driver, frameworks.
    """

    name: str
    accelerators: tuple[Accelerator, ...] = ()
    cpu_name: str | None = None
    n_cpus: int | None = None
    n_threads: int | None = None
    memory_bytes: int | None = None
    host: str | None = None
    software: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComponentEnergy:
    """Energy of one component over a run or a window.

    Parameters
    ----------
    component : {"gpu", "cpu", "dram", "node", "wall", "unstated"}
        What drew it.
    energy_j : float or None
        Energy [J]; `None` where it was not measured.
    source : {"counter", "sampled", "measured", "modelled", "declared", "absent"}
        How it came about.
    energy_low_j, energy_high_j : float or None
        Bounds [J] that hold whatever happened within a refresh at either edge, widened
        by the gain error; `None` where no bound is known.
    gain_error_fraction : float or None
        The part of the bounds that is systematic: repeats do not shrink it, and on one
        device it cancels between runs. `None` where the source does not state one.

    Raises
    ------
    ValueError
        If the energy is negative or not finite, disagrees with `source`, or lies
        outside its bounds.
    """

    component: Component
    energy_j: float | None
    source: EnergySource
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    gain_error_fraction: float | None = None

    def __post_init__(self) -> None:
        if (self.energy_j is None) != (self.source == "absent"):
            raise ValueError(
                f"{self.component} energy {self.energy_j} J with source {self.source!r}"
            )
        if self.energy_j is not None and not (
            isfinite(self.energy_j) and self.energy_j >= 0
        ):
            raise ValueError(f"{self.component} energy is {self.energy_j} J")
        if (self.energy_low_j is None) != (self.energy_high_j is None):
            raise ValueError(f"{self.component} energy needs both bounds or none")
        if self.energy_low_j is not None and self.energy_high_j is not None:
            inside = self.energy_j is not None and (
                self.energy_low_j <= self.energy_j <= self.energy_high_j
            )
            if not inside:
                raise ValueError(
                    f"{self.component} energy {self.energy_j} J lies outside its "
                    f"bounds {self.energy_low_j} to {self.energy_high_j} J"
                )

    @property
    def provenance(self) -> Provenance | None:
        """Provenance of the figure; `None` where there is no figure."""
        return _PROVENANCE[self.source]


@dataclass(frozen=True, slots=True)
class Channel:
    """One series that a sensor reads.

    Parameters
    ----------
    name : str
        Unique within a run; the unit ends it, as in ``gpu0_energy_j``.
    component : {"gpu", "cpu", "dram", "node", "wall", "unstated"}
        What it observes.
    quantity : str
        What is read: ``energy_j`` is a counter that only grows, all else a gauge.
    device : str
        Which one of several, such as ``gpu0``; readings of one device are of one thing.
    provenance : {"measured", "modelled", "declared"}
        ``modelled`` where watts are assumed.
    counter_range_j : float or None
        Where a counter starts again from zero [J]; `None` where it never does.
    gain_error_fraction : float or None
        Systematic error of the readings as a share of them; `None` where not known.
    averaging_s : float or None
        Length of the running mean that a reading is [s]; `None` where it is none.
    resolution : float or None
        Step of the readings, in their unit; `None` where not known.
    origin : str
        The call, field or file that is read.
    """

    name: str
    component: Component
    quantity: Quantity
    device: str
    provenance: Provenance = "measured"
    counter_range_j: float | None = None
    gain_error_fraction: float | None = None
    averaging_s: float | None = None
    resolution: float | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What the sensors said, as it came.

    Parameters
    ----------
    channels : tuple of Channel
        One per row of `values`.
    time_s : ndarray of shape (n_samples,)
        Seconds since the start of the run on a monotonic axis [s].
    values : ndarray of shape (n_channels, n_samples)
        Readings in the unit of their channel; NaN where none was taken or it failed.

    Raises
    ------
    ValueError
        If the shapes disagree or time runs backwards.
    """

    channels: tuple[Channel, ...]
    time_s: NDArray[np.float64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.channels), len(self.time_s))
        if self.values.shape != shape:
            raise ValueError(f"samples of shape {self.values.shape}, expected {shape}")
        if np.any(np.diff(self.time_s) < 0):
            raise ValueError("the time of the samples runs backwards")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Samples):
            return NotImplemented
        return (
            self.channels == other.channels
            and np.array_equal(self.time_s, other.time_s)
            and np.array_equal(self.values, other.values, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def series(self, channel_name: str) -> NDArray[np.float64]:
        """Return the readings of one channel, ndarray of shape (n_samples,).

        Raises
        ------
        KeyError
            If there is no such channel.
        """
        for channel, row in zip(self.channels, self.values, strict=True):
            if channel.name == channel_name:
                return np.asarray(row)
        raise KeyError(channel_name)


@dataclass(frozen=True, slots=True)
class Window:
    """A named stretch of a run with its energies.

    Parameters
    ----------
    name : str
        As the program named it.
    phase : str or None
        ``train``, ``validation``, ``test``, ``data``, ``idle``, ``warm-up``.
    epoch : int or None
        Epoch, counted from 0.
    start_s, end_s : float
        Edges on the time axis of the samples [s].
    energies : tuple of ComponentEnergy
        One per component that was observed.
    scores : mapping of str to float
        What the program reported at its end, such as ``val_loss``.

    Raises
    ------
    ValueError
        If the window ends before it starts.
    """

    name: str
    phase: str | None
    epoch: int | None
    start_s: float
    end_s: float
    energies: tuple[ComponentEnergy, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.end_s < self.start_s:
            raise ValueError(f"window {self.name!r} ends before it starts")

    @property
    def duration_s(self) -> float:
        """Length of the window [s]."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a workload on a hardware. Never edited.

    Parameters
    ----------
    run_id : str
        Unique; sorts by start.
    name : str
        For people.
    workload : Workload
        What was done.
    hardware : Hardware
        On what.
    energies : tuple of ComponentEnergy
        One per component.
    duration_s : float or None
        From the first to the last reading [s].
    started_at : datetime or None
        Aware, UTC; on the time axis of the samples this is 0.
    start_s : float
        Where the run proper begins on that axis [s]; an idle measured before it is not
        part of its energies.
    status : {"complete", "interrupted", "failed", "recovered"}
        How it ended.
    windows : tuple of Window
        Named stretches.
    samples : Samples or None
        The readings; `None` where the source kept none.
    refresh_s : mapping of str to float
        Measured time between two changes of a counter [s], by the name of its channel.
    sampling_period_s : float or None
        Time between readings that was asked for [s].
    left_out : tuple of str
        What the energies do not cover.
    gpu_utilization_fraction : float or None
        Mean share of time with a kernel running, in [0, 1].
    gpu_memory_utilization_fraction : float or None
        Mean share of time with device memory being read or written, in [0, 1].
    measures : mapping of str to float
        Further figures of the program that ran; the unit ends each name.
    power_limit_w : float or None
        Power limit per accelerator during the run [W].
    origin : str
        Which sensors, or which file and row, the figures come from.
    command : tuple of str
        The command line that was wrapped, where one was.
    exit_code : int or None
        Exit code of that command; negative is the signal that ended it.
    warnings : tuple of str
        Doubts about the figures.
    tags : mapping of str to str
        Labels of the user or of the program that ran it.
    isojoule_version : str
        Version that wrote the record.

    Raises
    ------
    ValueError
        If a component appears twice, the duration is negative, or the date is naive.
    """

    run_id: str
    name: str
    workload: Workload
    hardware: Hardware
    energies: tuple[ComponentEnergy, ...]
    duration_s: float | None = None
    started_at: datetime | None = None
    start_s: float = 0.0
    status: Status = "complete"
    windows: tuple[Window, ...] = ()
    samples: Samples | None = None
    refresh_s: dict[str, float] = field(default_factory=dict)
    sampling_period_s: float | None = None
    left_out: tuple[str, ...] = ()
    gpu_utilization_fraction: float | None = None
    gpu_memory_utilization_fraction: float | None = None
    measures: dict[str, float] = field(default_factory=dict)
    power_limit_w: float | None = None
    origin: str = ""
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    warnings: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    isojoule_version: str = ""

    def __post_init__(self) -> None:
        components = [e.component for e in self.energies]
        if len(set(components)) < len(components):
            raise ValueError(f"run {self.run_id}: a component appears twice")
        if self.duration_s is not None and not self.duration_s >= 0:
            raise ValueError(f"run {self.run_id} lasts {self.duration_s} s")
        if self.started_at is not None and self.started_at.tzinfo is None:
            raise ValueError(f"run {self.run_id} starts at a date without a time zone")

    def _component_j(self, component: Component) -> float | None:
        return next(
            (e.energy_j for e in self.energies if e.component == component), None
        )

    @property
    def gpu_energy_j(self) -> float | None:
        """Energy of the accelerators [J]."""
        return self._component_j("gpu")

    @property
    def cpu_energy_j(self) -> float | None:
        """Energy of the CPU packages [J]."""
        return self._component_j("cpu")

    @property
    def dram_energy_j(self) -> float | None:
        """Energy of the memory [J]."""
        return self._component_j("dram")

    @property
    def default_scope(self) -> Scope | None:
        """``gpu`` where accelerators were used, or nothing else was read."""
        known = {e.component for e in self.energies if e.energy_j is not None}
        if known <= {"unstated"}:
            return None
        if "wall" in known:
            return "wall"
        if known == {"gpu"} or ("gpu" in known and self.hardware.accelerators):
            return "gpu"
        return "node"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a normalizer may know of one workload on one hardware.

    Parameters
    ----------
    workload, hardware : str
        Names.
    energy_j : float
        Energy per unit of work [J].
    duration_s : float or None
        Time per unit of work [s].
    phase, model, variant : str or None
        As in `Workload`.
    provenance : {"measured", "modelled", "declared"}
        Of the energy.
    scope : {"gpu", "node", "wall"} or None
        Of the energy; `None` where the source does not state it.
    gpu_utilization_fraction : float or None
        In [0, 1].
    work_flop : float or None
        Forward FLOP per unit of work [FLOP].
    n_params : float or None
        Parameters of the model.
    batch_size : int or None
        Samples that are processed at a time.
    n_repeats : int, default 1
        Repeats whose median this is.
    repeat_std_fraction : float or None
        Standard deviation of the energies of the repeats, over their median; `None`
        where there was one.

    Raises
    ------
    ValueError
        If the energy, the duration or the number of repeats is not positive and finite,
        or the scatter of the repeats negative or not finite.
    """

    workload: str
    hardware: str
    energy_j: float
    duration_s: float | None = None
    phase: str | None = None
    model: str | None = None
    variant: str | None = None
    provenance: Provenance = "measured"
    scope: Scope | None = None
    gpu_utilization_fraction: float | None = None
    work_flop: float | None = None
    n_params: float | None = None
    batch_size: int | None = None
    n_repeats: int = 1
    repeat_std_fraction: float | None = None

    def __post_init__(self) -> None:
        _require_positive(
            f"{self.workload!r} on {self.hardware!r}",
            energy_j=self.energy_j,
            duration_s=self.duration_s,
            n_repeats=self.n_repeats,
        )
        spread = self.repeat_std_fraction
        if spread is not None and not (isfinite(spread) and spread >= 0):
            raise ValueError(
                f"repeat_std_fraction of {self.workload!r} on {self.hardware!r} must "
                f"not be negative, got {spread}"
            )

    @property
    def mean_power_w(self) -> float | None:
        """Energy over duration [W], where the duration is known."""
        return None if self.duration_s is None else self.energy_j / self.duration_s


@dataclass(frozen=True, slots=True)
class Calibration:
    """The observations of workloads on one hardware, one per workload.

    Parameters
    ----------
    hardware : str
        Name of the machine.
    observations : mapping of str to Observation
        By workload name.
    """

    hardware: str
    observations: Mapping[str, Observation]

    @property
    def energy_j(self) -> dict[str, float]:
        """Energy of each workload [J]."""
        return {name: o.energy_j for name, o in self.observations.items()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """An energy that was not measured, with what is known of its error.

    Parameters
    ----------
    workload, hardware : str
        What the estimate is for.
    energy_j : float
        The estimate [J]; a linear method may give a value that is not positive, which
        `notes` then says.
    energy_low_j, energy_high_j : float or None
        Bounds of the interval [J]; `None` where its width is not known.
    level : float
        Coverage that the interval claims, in (0, 1).
    method : str
        Name of the method.
    references : tuple of str
        Workloads that the fit used.
    in_range : bool
        Whether all inputs lie within the range of the references.
    provenance, scope
        Of the energies that went in; the weakest provenance of them.
    uncertainty : tuple of str
        What the interval is made of, or why there is none.
    notes : tuple of str
        Doubts about this estimate.
    sources : mapping of str to float
        Share of the variance behind the interval that each source of doubt has; they
        add up to 1. Empty where the method does not tell them apart.

    Raises
    ------
    ValueError
        If the level is outside (0, 1), only one bound is known, or the bounds cross.
    """

    workload: str
    hardware: str
    energy_j: float
    energy_low_j: float | None
    energy_high_j: float | None
    level: float
    method: str
    references: tuple[str, ...] = ()
    in_range: bool = False
    provenance: Provenance = "measured"
    scope: Scope | None = None
    uncertainty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sources: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {self.level}")
        if (self.energy_low_j is None) != (self.energy_high_j is None):
            raise ValueError("an interval needs both bounds")
        if (
            self.energy_low_j is not None
            and self.energy_high_j is not None
            and self.energy_low_j > self.energy_high_j
        ):
            raise ValueError("the bounds of the interval cross")
