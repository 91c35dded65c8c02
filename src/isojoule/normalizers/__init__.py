"""Energy on machine A to energy on machine B, one method per file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.normalizers.dual import DUAL
from isojoule.normalizers.gp import GP
from isojoule.normalizers.joint import JointNormalizer
from isojoule.normalizers.linear import LINEAR
from isojoule.normalizers.log_linear import LOG_LINEAR
from isojoule.normalizers.poly2 import POLY2
from isojoule.normalizers.single import SINGLE_HIGH, SINGLE_LOW, SINGLE_MEDIAN
from isojoule.normalizers.svr import SVR, SVR_STANDARDIZED
from isojoule.normalizers.theil_sen import THEIL_SEN
from isojoule.records import Calibration, Estimate, Observation


class Normalizer(Protocol):
    """Knows calibrated machines and converts observations between them."""

    def convert(
        self, observation: Observation, *, target: str, level: float = 0.9
    ) -> Estimate:
        """Return the energy `target` would need for the observed work."""
        ...

    def describe(self, source: str, target: str) -> Mapping[str, float]:
        """Return the coefficients from `source` to `target` by name with unit."""
        ...


class FitNormalizer(Protocol):
    """Makes a normalizer from calibrations, any number of machines at once."""

    def __call__(
        self,
        calibrations: Sequence[Calibration],
        *,
        references: Sequence[str] | None = None,
        features: Sequence[str] = (),
        allow_mixed: bool = False,
    ) -> Normalizer:
        """Return a normalizer for these machines."""
        ...


NORMALIZERS: Mapping[str, FitNormalizer] = {
    "single-low": SINGLE_LOW.fit,
    "single-high": SINGLE_HIGH.fit,
    "single-median": SINGLE_MEDIAN.fit,
    "dual": DUAL.fit,
    "linear": LINEAR.fit,
    "theil-sen": THEIL_SEN.fit,
    "log-linear": LOG_LINEAR.fit,
    "gp": GP.fit,
    "poly2": POLY2.fit,
    "svr": SVR.fit,
    "svr-standardized": SVR_STANDARDIZED.fit,
    "joint": JointNormalizer.fit,
}
