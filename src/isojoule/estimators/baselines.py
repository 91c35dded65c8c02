r"""The two popular calculators: energy from what a machine may draw, and for how long.

``ml-co2``
    ML CO2 Impact [1]_: thermal design power times duration.

    .. math:: E = n P_{TDP} \, t

``green-algorithms``
    The published form [2]_: cores of the CPU and GPUs by their design power and use,
    memory by its size, all of it times the overhead of the building (PUE) and a
    pragmatic scaling factor (PSF) for runs that were repeated.

    .. math::
       E = t \, (n_c P_c u_c + n_g P_g u_g + n_m P_m) \times PUE \times PSF

``green-algorithms-delrey``
    The form in which [3]_ compare it: the limit that the driver reports instead of the
    design power, no CPU, PUE and PSF of 1.

Both are models: nothing is measured, and neither publishes an error, so there is no
interval.

References
----------
.. [1] Lacoste, Luccioni, Schmidt & Dandres (2019), "Quantifying the Carbon Emissions of
   Machine Learning", arXiv:1910.09700.
.. [2] Lannelongue, Grealey & Inouye (2021), "Green Algorithms: Quantifying the Carbon
   Footprint of Computation", Advanced Science 8(12), doi:10.1002/advs.202100707.
.. [3] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", arXiv:2307.05520, Table 10.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Final, Literal, Self, TypeAlias

from isojoule.accelerators import find_specification, known_names
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.estimators.asked import require_duration_s
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.inputs import names_of
from isojoule.records import Accelerator, Estimate, Hardware, Run, Workload
from isojoule.units import BYTES_PER_GIB

PowerFigure: TypeAlias = Literal["specification", "limit"]
"""Which figure stands for the power of a board: its maker's, or the limit that the
driver reported; the other one where it is not known."""

MEMORY_W_PER_GB: Final = 0.3725
"""Power of memory by its size [W/GB]: [2]_, section on memory."""

CPU_W_PER_CORE: Final = 12.0
"""Design power of a core of any CPU [W]: entry "Any" of the table of [2]_."""

WORLD_PUE: Final = 1.67
"""Power usage effectiveness that [2]_ take where none is stated: world average."""

_NO_INTERVAL: Final = (
    "no interval: the method assumes a power and publishes no error",
)


def ml_co2_energy_j(power_w: float, duration_s: float) -> float:
    """Return energy [J] by ML CO2 Impact.

    Parameters
    ----------
    power_w : float
        Design power of all accelerators together [W].
    duration_s : float
        Length of the training [s].
    """
    return power_w * duration_s


def green_algorithms_energy_j(
    cores_w: float,
    memory_gb: float,
    duration_s: float,
    *,
    pue: float = 1.0,
    psf: float = 1.0,
) -> float:
    """Return energy [J] by Green Algorithms.

    Parameters
    ----------
    cores_w : float
        Design power of all cores, GPUs included, times their use [W].
    memory_gb : float
        Memory that is available to the work, not what it uses [GB].
    duration_s : float
        Length of the training [s].
    pue : float, default 1
        Power usage effectiveness of the building.
    psf : float, default 1
        How many times the work is done.
    """
    return duration_s * (cores_w + memory_gb * MEMORY_W_PER_GB) * pue * psf


def power_of(hardware: Hardware, figure: PowerFigure) -> tuple[float, str]:
    """Return the power that stands for all accelerators [W], and where it is from.

    Parameters
    ----------
    hardware : Hardware
        Its accelerators, or its name where it has none.
    figure : {"specification", "limit"}
        Which figure goes first.

    Raises
    ------
    InsufficientDataError
        If neither is known of an accelerator.
    """
    boards = hardware.accelerators or (Accelerator(hardware.name, ""),)
    found = [_board_w(board, figure) for board in boards]
    told = dict.fromkeys(f"{watts:g} W, {said}" for watts, said in found)
    return sum(watts for watts, _ in found), "; ".join(told)


def _board_w(board: Accelerator, figure: PowerFigure) -> tuple[float, str]:
    spec = find_specification(board.name)
    known = {
        "specification": spec.power_limit_w if spec else None,
        "limit": board.power_limit_w,
    }
    said = {
        "specification": f"as specified for {board.name}",
        "limit": f"the limit of {board.name} that the record states",
    }
    for name in (figure, *known):
        watts = known[name]
        if watts is not None:
            return watts, said[name]
    unknown = UnknownNameError("accelerator", board.name, known_names())
    raise InsufficientDataError(f"{unknown}; or state its power limit in W")


def _require_sensible(owner: object) -> None:
    """Raise where a figure cannot be, by the name of the field.

    Raises
    ------
    ValueError
        If one is negative, a share above 1, or a PUE below 1.
    """
    for field in fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, field.name)
        if isinstance(value, float) and not (isfinite(value) and value >= 0):
            raise ValueError(f"{field.name} must not be negative, got {value}")
        if field.name.endswith("_fraction") and value is not None and value > 1:
            raise ValueError(f"{field.name} must lie in [0, 1], got {value}")
        if field.name == "pue" and value < 1:
            raise ValueError(f"pue must be 1 or more, got {value}")


@dataclass(frozen=True, slots=True)
class MlCo2Estimator:
    """ML CO2 Impact: what the boards may draw, all the time.

    Parameters
    ----------
    name : str, default "ml-co2"
        Of the method.
    figure : {"specification", "limit"}, default "specification"
        Which power goes first; the published tool has a table of design powers.
    """

    name: str = "ml-co2"
    figure: PowerFigure = "specification"

    @classmethod
    def fit(cls, runs: Sequence[Run] = ()) -> Self:
        """Return the method; it learns nothing."""
        del runs
        return cls()

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of a training of known duration; without an interval.

        Parameters
        ----------
        workload : Workload
            Its name alone matters.
        hardware : Hardware
            Its accelerators.
        observed : sequence of Epoch
            Of no use.
        duration_s : float or None
            Time of the whole training [s]; needed.
        level : float, default 0.9
            Has no effect.

        Raises
        ------
        InsufficientDataError
            If the duration or the power of a board is not known.
        ValueError
            If the duration is not positive.
        """
        del observed
        seconds = require_duration_s(duration_s, self.name)
        watts, said = power_of(hardware, self.figure)
        return Estimate(
            workload=workload.name,
            hardware=hardware.name,
            energy_j=ml_co2_energy_j(watts, seconds),
            energy_low_j=None,
            energy_high_j=None,
            level=level,
            method=self.name,
            in_range=True,
            provenance="modelled",
            scope="gpu",
            uncertainty=_NO_INTERVAL,
            notes=(f"{watts:g} W x {seconds:g} s", f"power: {said}"),
        )


@dataclass(frozen=True, slots=True)
class GreenAlgorithmsEstimator:
    """Green Algorithms, with all its parameters.

    Parameters
    ----------
    name : str, default "green-algorithms"
        Of the method.
    figure : {"specification", "limit"}, default "specification"
        Which power of a board goes first.
    gpu_utilization_fraction : float, default 1
        Use of the GPUs, in [0, 1].
    with_cpu : bool, default True
        Whether the CPU counts.
    n_cpu_cores : int or None
        Cores that the work may use; as the hardware states where `None`.
    cpu_w_per_core : float, default 12
        Design power of a core [W].
    cpu_utilization_fraction : float, default 1
        Use of the CPU, in [0, 1].
    memory_gb : float or None
        Memory that is available [GB]; the main memory of the hardware where `None`.
    pue : float, default 1.67
        Power usage effectiveness.
    psf : float, default 1
        Pragmatic scaling factor: how many times the work is done.

    Raises
    ------
    ValueError
        If a figure is negative, a use above 1 or the PUE below 1.
    """

    name: str = "green-algorithms"
    figure: PowerFigure = "specification"
    gpu_utilization_fraction: float = 1.0
    with_cpu: bool = True
    n_cpu_cores: int | None = None
    cpu_w_per_core: float = CPU_W_PER_CORE
    cpu_utilization_fraction: float = 1.0
    memory_gb: float | None = None
    pue: float = WORLD_PUE
    psf: float = 1.0

    def __post_init__(self) -> None:
        _require_sensible(self)

    @classmethod
    def fit(cls, runs: Sequence[Run] = ()) -> Self:
        """Return the published form with its defaults; it learns nothing."""
        del runs
        return cls()

    @classmethod
    def fit_delrey(cls, runs: Sequence[Run] = ()) -> Self:
        """Return the form of del Rey et al.; it learns nothing."""
        del runs
        return cls(
            "green-algorithms-delrey", figure="limit", with_cpu=False, pue=1.0, psf=1.0
        )

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of a training of known duration; without an interval.

        Parameters
        ----------
        workload : Workload
            Its name alone matters.
        hardware : Hardware
            Its accelerators, CPUs and main memory.
        observed : sequence of Epoch
            Of no use.
        duration_s : float or None
            Time of the whole training [s]; needed.
        level : float, default 0.9
            Has no effect.

        Raises
        ------
        InsufficientDataError
            If the duration, the memory or the power of a board is not known.
        ValueError
            If the duration is not positive.
        """
        del observed
        seconds = require_duration_s(duration_s, self.name)
        gpu_w, said = power_of(hardware, self.figure)
        memory_gb = self._memory_gb(hardware)
        cpu_w, of_cpu = self._cpu_w(hardware)
        used_w = gpu_w * self.gpu_utilization_fraction
        return Estimate(
            workload=workload.name,
            hardware=hardware.name,
            energy_j=green_algorithms_energy_j(
                used_w + cpu_w, memory_gb, seconds, pue=self.pue, psf=self.psf
            ),
            energy_low_j=None,
            energy_high_j=None,
            level=level,
            method=self.name,
            in_range=True,
            provenance="modelled",
            scope="node" if self.pue == 1 else None,
            uncertainty=_NO_INTERVAL,
            notes=(
                (
                    f"{seconds:g} s x (GPU {gpu_w:g} W x use "
                    f"{self.gpu_utilization_fraction:g} + CPU {cpu_w:g} W + memory "
                    f"{memory_gb:g} GB x {MEMORY_W_PER_GB} W/GB) x PUE {self.pue:g} x "
                    f"PSF {self.psf:g}"
                ),
                f"GPU power: {said}",
                of_cpu,
                *self._of_overhead(),
            ),
        )

    def _memory_gb(self, hardware: Hardware) -> float:
        if self.memory_gb is not None:
            return self.memory_gb
        if hardware.memory_bytes is None:
            raise InsufficientDataError(
                f"{self.name} counts memory by its size, and that of {hardware.name!r} "
                f"on {', '.join(names_of(hardware))} is not known: state memory_bytes"
            )
        return hardware.memory_bytes / BYTES_PER_GIB

    def _cpu_w(self, hardware: Hardware) -> tuple[float, str]:
        n_cores = hardware.n_cpus if self.n_cpu_cores is None else self.n_cpu_cores
        if not self.with_cpu:
            return 0.0, "the CPU does not count in this form"
        if n_cores is None:
            return 0.0, "the CPU is left out: its number of cores is not known"
        told = (
            f"CPU: {n_cores} cores x {self.cpu_w_per_core:g} W x use "
            f"{self.cpu_utilization_fraction:g}"
        )
        return n_cores * self.cpu_w_per_core * self.cpu_utilization_fraction, told

    def _of_overhead(self) -> Iterator[str]:
        if self.pue != 1:
            yield (
                "the PUE adds the overhead of a data center, which no other figure of "
                "energy here holds"
            )
