"""Runs the reference models: the same work on every machine, under the same rules."""

from isojoule.suite.clips import Clips, open_clips
from isojoule.suite.plan import Job, Session, is_too_large
from isojoule.suite.rules import FAST, STANDARD, Rules
from isojoule.suite.running import hardware_of, run_jobs
from isojoule.suite.settings import (
    MODES,
    PHASES,
    Configuration,
    Settings,
    available_devices,
    require_device,
)

__all__ = [
    "FAST",
    "MODES",
    "PHASES",
    "STANDARD",
    "Clips",
    "Configuration",
    "Job",
    "Rules",
    "Session",
    "Settings",
    "available_devices",
    "hardware_of",
    "is_too_large",
    "open_clips",
    "require_device",
    "run_jobs",
]
