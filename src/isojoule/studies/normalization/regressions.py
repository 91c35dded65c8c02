"""Which curve through all references of the training part."""

from collections.abc import Sequence
from typing import Final

from isojoule.records import Run
from isojoule.studies.normalization.design import Design, Question, Variant
from isojoule.studies.normalization.results import StudyResult
from isojoule.studies.normalization.running import Settings, gather, run_study

_VARIANTS: Final = {
    name: Variant(name)
    for name in (
        "linear",
        "poly2",
        "svr",
        "svr-standardized",
        "log-linear",
        "theil-sen",
    )
}
_WORDS: Final = {
    "poly2": "A parabola beats the line",
    "svr": "Support vector regression in kWh beats the line",
    "svr-standardized": "Support vector regression, standardized, beats the line",
    "log-linear": "A line through the logarithms beats the line through the energies",
    "theil-sen": "The line of median slope beats that of least squares",
}

DESIGN: Final = Design(
    study="regressions",
    features=(),
    variants=tuple(_VARIANTS.values()),
    drawn=tuple(_VARIANTS.values()),
    questions=tuple(
        Question(f"{name}-beats-linear", text, _VARIANTS[name], _VARIANTS["linear"])
        for name, text in _WORDS.items()
    ),
)


def study_regressions(
    runs: Sequence[Run], *, level: float = 0.95, settings: Settings | None = None
) -> StudyResult:
    """Return how well energies carry over by different curves through all references.

    Parameters
    ----------
    runs : sequence of Run
        Of two machines or more.
    level : float, default 0.95
        Coverage of the intervals of claims, in (0, 1).
    settings : Settings or None
        How it is run; the defaults where `None`.

    Raises
    ------
    InsufficientDataError
        If no pair of machines can be studied.
    IncomparableError
        If phases or kinds of energies are mixed and that was not accepted.
    MissingExtraError
        If scipy, scikit-learn or the backend is not installed.
    UnknownNameError
        If a machine, phase or power limit is not there.
    ValueError
        If the level is outside (0, 1), or a pair is not written as one.
    """
    settings = settings or Settings()
    return run_study(gather(runs, settings), DESIGN, settings, level=level)
