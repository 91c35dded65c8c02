"""Questions to runs, one per file: runs in, plain data out, nothing rendered."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.records import Run
from isojoule.studies.link import study_link


class Study(Protocol):
    """What every study takes: runs, and the coverage of its intervals."""

    def __call__(self, runs: Sequence[Run], *, level: float = 0.95) -> object:
        """Return what the runs tell; may take further options."""


STUDIES: Mapping[str, Study] = {
    "link": study_link,
}
"""The studies by the name of their command under ``isojoule study``."""
