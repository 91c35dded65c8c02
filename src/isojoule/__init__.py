"""isojoule: energy of machine learning, measured, made comparable, and how sure it is.

The names here are public; all else may change. Those that estimate are imported when
they are first used, so that measuring starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from isojoule.counting import FlopCount, count_flop
from isojoule.errors import (
    FormatError,
    IncomparableError,
    InsufficientDataError,
    IsojouleError,
    MissingExtraError,
    SensorUnavailableError,
    StoreError,
    UnknownNameError,
)
from isojoule.formats import read_runs
from isojoule.meter import Meter
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.conversion import Conversion, convert_all
from isojoule.observations import calibrate, observe, select
from isojoule.records import (
    Accelerator,
    Calibration,
    Channel,
    ComponentEnergy,
    Estimate,
    Hardware,
    Observation,
    Run,
    Samples,
    Window,
    Workload,
)
from isojoule.store import RunStore

if TYPE_CHECKING:
    from isojoule.estimators import ESTIMATORS
    from isojoule.estimators.epochs import Epoch, epochs_of
    from isojoule.estimators.physics import PhysicsEstimator
    from isojoule.estimators.stopping.rule import StopRule
    from isojoule.estimators.stopping.stopper import Stopper
    from isojoule.estimators.streaming import Forecaster
    from isojoule.integrations import track_epochs

__all__ = [
    "ESTIMATORS",
    "NORMALIZERS",
    "Accelerator",
    "Calibration",
    "Channel",
    "ComponentEnergy",
    "Conversion",
    "Epoch",
    "Estimate",
    "FlopCount",
    "Forecaster",
    "FormatError",
    "Hardware",
    "IncomparableError",
    "InsufficientDataError",
    "IsojouleError",
    "Meter",
    "MissingExtraError",
    "Observation",
    "PhysicsEstimator",
    "Run",
    "RunStore",
    "Samples",
    "SensorUnavailableError",
    "StopRule",
    "Stopper",
    "StoreError",
    "UnknownNameError",
    "Window",
    "Workload",
    "calibrate",
    "convert_all",
    "count_flop",
    "epochs_of",
    "observe",
    "read_runs",
    "select",
    "track_epochs",
]

_LATER: Final = {
    "ESTIMATORS": "isojoule.estimators",
    "Epoch": "isojoule.estimators.epochs",
    "Forecaster": "isojoule.estimators.streaming",
    "PhysicsEstimator": "isojoule.estimators.physics",
    "StopRule": "isojoule.estimators.stopping.rule",
    "Stopper": "isojoule.estimators.stopping.stopper",
    "epochs_of": "isojoule.estimators.epochs",
    "track_epochs": "isojoule.integrations",
}
"""Where the names are that are imported when they are first used."""


def __getattr__(name: str) -> object:
    """Return a public name that is imported when it is first used.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
