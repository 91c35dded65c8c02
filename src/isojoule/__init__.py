"""isojoule: energy of machine learning, measured, made comparable, and how sure it is.

The names here are public; all else may change.
"""

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

__all__ = [
    "NORMALIZERS",
    "Accelerator",
    "Calibration",
    "Channel",
    "ComponentEnergy",
    "Conversion",
    "Estimate",
    "FlopCount",
    "FormatError",
    "Hardware",
    "IncomparableError",
    "InsufficientDataError",
    "IsojouleError",
    "Meter",
    "MissingExtraError",
    "Observation",
    "Run",
    "RunStore",
    "Samples",
    "SensorUnavailableError",
    "StoreError",
    "UnknownNameError",
    "Window",
    "Workload",
    "calibrate",
    "convert_all",
    "count_flop",
    "observe",
    "read_runs",
    "select",
]
