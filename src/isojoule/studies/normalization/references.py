"""Which references, and how many: one, two, a share of all."""

from collections.abc import Sequence
from typing import Final

from isojoule.records import Run
from isojoule.studies.normalization.design import Design, Question, Variant
from isojoule.studies.normalization.results import StudyResult
from isojoule.studies.normalization.running import Settings, gather, run_study

FRACTIONS: Final = (0.10, 0.15, 0.20, 0.50, 1.0)
"""Shares of the training part that are offered as references."""

SAMPLED: Final = ("random", "min-max", "medoid")

_NONE, _LOW, _HIGH, _MEDIAN, _DUAL, _LINEAR, _POLY2 = (
    Variant(method)
    for method in (
        "none",
        "single-low",
        "single-high",
        "single-median",
        "dual",
        "linear",
        "poly2",
    )
)
_TWO: Final = {s: Variant("dual", sampling=s, fraction=None) for s in SAMPLED}

DESIGN: Final = Design(
    study="references",
    features=(),
    variants=(
        *(_NONE, _LOW, _HIGH, _MEDIAN, _DUAL, _LINEAR, _POLY2),
        *_TWO.values(),
        *(
            Variant("linear", sampling=sampling, fraction=fraction)
            for sampling in SAMPLED
            for fraction in FRACTIONS
        ),
    ),
    drawn=(_NONE, _LOW, _HIGH, _DUAL),
    questions=(
        Question(
            "dual-beats-single-low",
            "Two references, the lowest and the highest, beat the lowest alone",
            _DUAL,
            _LOW,
        ),
        Question(
            "dual-beats-single-high",
            "Two references, the lowest and the highest, beat the highest alone",
            _DUAL,
            _HIGH,
        ),
        Question(
            "dual-beats-single-median",
            "Two references, the lowest and the highest, beat the median alone",
            _DUAL,
            _MEDIAN,
        ),
        Question(
            "min-max-beats-random",
            "Of two references, the lowest and the highest beat two drawn at random",
            _TWO["min-max"],
            _TWO["random"],
        ),
        Question(
            "all-beat-two",
            "A line through all references beats one through the lowest and highest",
            _LINEAR,
            _DUAL,
        ),
    ),
)


def study_references(
    runs: Sequence[Run], *, level: float = 0.95, settings: Settings | None = None
) -> StudyResult:
    """Return how well energies carry over by one, two, and more references.

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
        If scipy or the backend is not installed.
    UnknownNameError
        If a machine, phase or power limit is not there.
    ValueError
        If the level is outside (0, 1), or a pair is not written as one.

    Notes
    -----
    A line through all references and a parabola are there to compare with.
    """
    settings = settings or Settings()
    return run_study(gather(runs, settings), DESIGN, settings, level=level)
