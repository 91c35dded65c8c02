"""All that can be told of a training before it begins, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isojoule.accelerators import find_specification
from isojoule.errors import InsufficientDataError
from isojoule.estimators.baselines import GreenAlgorithmsEstimator, MlCo2Estimator
from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.description import describe
from isojoule.estimators.physics.estimator import TARGETS
from isojoule.estimators.physics.learned import Prediction
from isojoule.records import Estimate, Hardware, Workload


@dataclass(frozen=True, slots=True)
class Range:
    """A median and its bounds, in the unit of the field that holds it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a training will take on one machine.

    Parameters
    ----------
    workload : Workload
        What will be trained.
    hardware : Hardware
        On what.
    energy : Estimate
        Of all epochs [J].
    duration_s : Range or None
        Of all epochs [s]; `None` where no run tells times.
    mean_power_w : Range or None
        Of the accelerators [W]; `None` where no run tells power.
    baselines : tuple of Estimate
        What popular calculators say for that duration [J].
    reasons : tuple of str
        Why something above is missing.
    """

    workload: Workload
    hardware: Hardware
    energy: Estimate
    duration_s: Range | None
    mean_power_w: Range | None
    baselines: tuple[Estimate, ...]
    reasons: tuple[str, ...]

    @property
    def n_epochs(self) -> float:
        """Passes over the data."""
        return self.workload.n_epochs or 1.0


def look_ahead(
    estimator: PhysicsEstimator,
    workload: Workload,
    hardware: Hardware,
    *,
    level: float = 0.9,
    baselines: Sequence[MlCo2Estimator | GreenAlgorithmsEstimator] = (
        MlCo2Estimator(),
        GreenAlgorithmsEstimator(),
    ),
) -> Outlook:
    """Return what a training will take.

    Parameters
    ----------
    estimator : PhysicsEstimator
        Fitted to whatever runs there are.
    workload : Workload
        What will be trained.
    hardware : Hardware
        On what.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    baselines : sequence of estimators
        Calculators that need the duration; they get the estimated one.

    Raises
    ------
    InsufficientDataError
        If the workload does not state enough, or nothing is known of such a machine.
    ValueError
        If the level is outside (0, 1).
    """
    energy = estimator.estimate(workload, hardware, level=level)
    reasons: list[str] = []

    def of(name: str, scale: float) -> Range | None:
        try:
            (found,) = estimator.predict_all(
                [describe(workload, hardware)], TARGETS[name], level=level
            )
        except InsufficientDataError as error:
            reasons.append(f"{name}: {error}")
            return None
        return _scaled(found, scale)

    duration_s = of("epoch_duration_s", workload.n_epochs or 1.0)
    power_w = of("mean_power_w", 1.0)
    said = list(_calculated(baselines, workload, hardware, duration_s, level, reasons))
    return Outlook(
        workload, hardware, energy, duration_s, power_w, tuple(said), tuple(reasons)
    )


def _scaled(found: Prediction, scale: float) -> Range:
    return Range(scale * found.value, scale * found.low, scale * found.high)


def _calculated(
    baselines: Sequence[MlCo2Estimator | GreenAlgorithmsEstimator],
    workload: Workload,
    hardware: Hardware,
    duration_s: Range | None,
    level: float,
    reasons: list[str],
) -> Iterator[Estimate]:
    if duration_s is None:
        return
    if not hardware.accelerators and find_specification(hardware.name) is None:
        reasons.append("the calculators know accelerators only")
        return
    for baseline in baselines:
        try:
            yield baseline.estimate(
                workload, hardware, duration_s=duration_s.value, level=level
            )
        except InsufficientDataError as error:
            reasons.append(f"{baseline.name}: {error}")
