"""What is known of any training before a run of one's own: planes that were learned.

A plane is five means and their covariance for each target. It places a training on a
board whose specification is known within a factor of about five; runs narrow it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from isojoule.errors import FormatError, InsufficientDataError
from isojoule.estimators.physics.cases import gather_cases
from isojoule.estimators.physics.description import MACHINE
from isojoule.estimators.physics.estimator import TARGETS
from isojoule.estimators.physics.learned import Learned
from isojoule.estimators.physics.process import SLOPES, Plane
from isojoule.records import Run, Scope

KIND: Final = "isojoule-training-prior"
SCHEMA_VERSION: Final = 1

_FILE: Final = "data/training_prior.json"


def learn_planes(
    runs: Sequence[Run], *, scope: Scope | None = None
) -> dict[str, Plane]:
    """Return what finished trainings tell of the planes, by the name of the target.

    Parameters
    ----------
    runs : sequence of Run
        On accelerators whose specification is known.
    scope : {"gpu", "node", "wall"} or None
        Part of the machine; `Run.default_scope` of each run where `None`.

    Raises
    ------
    InsufficientDataError
        If no run tells of a target.
    """
    planes = {}
    for name, target in TARGETS.items():
        cases = [
            c
            for c in gather_cases(runs, target, scope)
            if all(feature in c.at.logs for feature in MACHINE)
        ]
        if not cases:
            raise InsufficientDataError(
                f"no run tells {name} of a training on a known accelerator"
            )
        features = frozenset.intersection(*(frozenset(c.at.logs) for c in cases))
        learned = Learned.from_cases(cases, target, features, None)
        if learned.process is not None:
            planes[name] = learned.process.learned_plane()
    return planes


def prior_document(planes: Mapping[str, Plane], *, source: str) -> dict[str, object]:
    """Return planes as plain data, rounded to what they are known to.

    Parameters
    ----------
    planes : mapping of str to Plane
        By the name of the target.
    source : str
        What they were learned from, and under what licence.
    """
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "source": source,
        "coefficients": ["level", *SLOPES],
        "planes": {
            name: {
                "mean": [round(float(v), 4) for v in plane.mean],
                "covariance": [
                    [round(float(v), 5) for v in row] for row in plane.covariance
                ],
            }
            for name, plane in planes.items()
        },
    }


def read_planes(document: Mapping[str, Any]) -> dict[str, Plane]:
    """Return the planes of which `prior_document` gives `document`.

    Raises
    ------
    FormatError
        If it is no such document, or of another version.
    """
    try:
        if (document["kind"], document["schema_version"]) != (KIND, SCHEMA_VERSION):
            raise FormatError(f"it is no {KIND} of version {SCHEMA_VERSION}")
        if document["coefficients"] != ["level", *SLOPES]:
            raise FormatError(f"its coefficients are {document['coefficients']}")
        return {
            name: Plane(np.array(plane["mean"]), np.array(plane["covariance"]))
            for name, plane in document["planes"].items()
        }
    except (KeyError, TypeError) as error:
        raise FormatError(f"it is no {KIND}: {error!r}") from error


@cache
def bundled_planes() -> Mapping[str, Plane]:
    """Return the planes that come with the package.

    Notes
    -----
    Learned from the trainings of del Rey et al. (2023, 2024) on three GPUs, CC BY 4.0,
    doi:10.5281/zenodo.7828518 and doi:10.5281/zenodo.11505891. Whoever judges an
    estimator on those trainings must not use them.
    """
    text = files("isojoule").joinpath(_FILE).read_text(encoding="utf-8")
    return MappingProxyType(read_planes(json.loads(text)))
