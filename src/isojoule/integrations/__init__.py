"""Callbacks that measure where people already train, one file per framework.

Nothing of a framework is imported before its own file is. What all of them take, and
loops written by hand, is here.
"""

from isojoule.estimators.stopping.rule import StopRule
from isojoule.integrations.loop import track_epochs

__all__ = ["StopRule", "track_epochs"]
