"""Questions to runs, one per file: runs in, plain data out, nothing rendered."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.records import Run
from isojoule.studies.link import study_link
from isojoule.studies.normalization.features import study_features
from isojoule.studies.normalization.references import study_references
from isojoule.studies.normalization.regressions import study_regressions


class Study(Protocol):
    """What every study takes: runs, and the coverage of its intervals."""

    def __call__(self, runs: Sequence[Run], *, level: float = 0.95) -> object:
        """Return what the runs tell; may take further options."""


STUDIES: Mapping[str, Study] = {
    "link": study_link,
    "references": study_references,
    "regressions": study_regressions,
    "features": study_features,
}
"""The studies by the name of their command under ``isojoule study``."""
