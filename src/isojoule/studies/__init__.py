"""Questions to runs, one per file: runs in, plain data out, nothing rendered."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.records import Run
from isojoule.studies.estimators.running import study_estimators
from isojoule.studies.groups.study import study_groups
from isojoule.studies.link import study_link
from isojoule.studies.normalization.features import study_features
from isojoule.studies.normalization.references import study_references
from isojoule.studies.normalization.regressions import study_regressions
from isojoule.studies.stabilization.study import study_stabilization


class Study(Protocol):
    """What every study takes: runs, and the coverage of its intervals."""

    def __call__(self, runs: Sequence[Run], *, level: float = 0.95) -> object:
        """Return what the runs tell; may take further options."""


STUDIES: Mapping[str, Study] = {
    "link": study_link,
    "references": study_references,
    "regressions": study_regressions,
    "features": study_features,
    "groups": study_groups,
    "estimators": study_estimators,
    "stabilization": study_stabilization,
}
"""The studies by the name of their command under ``isojoule study``."""
