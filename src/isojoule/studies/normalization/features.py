"""Whether FLOP and parameters help beside the source energy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.pairs import FEATURES, require_taken
from isojoule.records import Calibration, Run
from isojoule.studies.normalization.design import Design, Question, Variant
from isojoule.studies.normalization.results import StudyResult
from isojoule.studies.normalization.running import Settings, gather, run_study

TAKEN: Final = ("flop", "params")
"""Features that there are: forward FLOP of the unit of work, number of parameters."""

_STATEMENTS: Final = (
    ("flop-help", "FLOP beside the source energy help", ("flop",), ()),
    (
        "flop-and-params-help",
        "FLOP and parameters beside the source energy help",
        ("flop", "params"),
        (),
    ),
    (
        "params-alone-hurt",
        "Parameters alone beside the source energy hurt",
        (),
        ("params",),
    ),
)


def design_features(names: Sequence[str]) -> Design:
    """Return a study of the line with every combination of features.

    Parameters
    ----------
    names : sequence of str
        One or more of `TAKEN`.
    """
    ordered = tuple(name for name in TAKEN if name in names)
    variants = {
        chosen: Variant("linear", chosen)
        for size in range(len(ordered) + 1)
        for chosen in combinations(ordered, size)
    }
    return Design(
        study="features",
        features=ordered,
        variants=tuple(variants.values()),
        drawn=tuple(variants.values()),
        questions=tuple(
            Question(name, text, variants[better], variants[worse])
            for name, text, better, worse in _STATEMENTS
            if better in variants and worse in variants
        ),
    )


def study_features(
    runs: Sequence[Run],
    *,
    level: float = 0.95,
    settings: Settings | None = None,
    features: Sequence[str] = TAKEN,
) -> StudyResult:
    """Return whether features help to carry energies over.

    Parameters
    ----------
    runs : sequence of Run
        Of two machines or more.
    level : float, default 0.95
        Coverage of the intervals of claims, in (0, 1).
    settings : Settings or None
        How it is run; the defaults where `None`.
    features : sequence of str
        Some of `TAKEN`. Those that too few workloads have are left out with a note;
        all fits of a pair are made on the workloads that have all the others.

    Raises
    ------
    InsufficientDataError
        If no feature is known of enough workloads, or no pair can be studied.
    IncomparableError
        If phases or kinds of energies are mixed and that was not accepted.
    MissingExtraError
        If scipy or the backend is not installed.
    UnknownNameError
        If a feature, machine, phase or power limit is not there.
    ValueError
        If no feature is named or one cannot be used here, the level is outside (0, 1),
        or a pair is not written as one.
    """
    settings = settings or Settings()
    if not features:
        raise ValueError("there is no feature to try: name flop, params or both")
    require_taken(features, TAKEN, method="this study")
    gathered = gather(runs, settings)
    n_workloads = len(_workloads(gathered.calibrations, None))
    n_known = {n: len(_workloads(gathered.calibrations, n)) for n in features}
    known = [name for name, n in n_known.items() if n >= settings.min_shared]
    counts = ", ".join(f"{name} of {n}" for name, n in n_known.items())
    if not known:
        raise InsufficientDataError(
            f"of {n_workloads} workloads too few have a feature ({counts}), "
            f"{settings.min_shared} are needed: add columns flops_per_sample, params "
            "and samples_processed"
        )
    if left_out := [name for name in features if name not in known]:
        said = f"{', '.join(left_out)} left out: known too rarely ({counts} workloads)"
        gathered = replace(gathered, notes=(*gathered.notes, said))
    return run_study(gathered, design_features(known), settings, level=level)


def _workloads(
    calibrations: Mapping[str, Calibration], feature: str | None
) -> set[str]:
    """Return the workloads of which a feature is known, or all."""
    return {
        name
        for calibration in calibrations.values()
        for name, seen in calibration.observations.items()
        if feature is None or FEATURES[feature](seen) is not None
    }
