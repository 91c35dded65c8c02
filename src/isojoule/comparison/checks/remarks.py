"""What was said about a submission while it was read, each thing once."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Final

from isojoule.comparison.checks.figures import in_kwh
from isojoule.comparison.checks.stated import counts, ranked_figures
from isojoule.submissions import Figure, Place, Problem, Severity, Submission

_LONGEST_QUOTE: Final = 80
_UNITLESS: Final = "score "
_WITH_UNIT: Final = "training duration"
_WORST: Final[tuple[Severity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A remark on a figure, or on a file.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        With ``note`` it was understood, and is said how.
    seen : str
        What stands there and what is odd about it.
    text : str
        And what is done with it.
    evidence : tuple of (str, Figure or str)
        The figure, or the place.
    figure : Figure or None
        What it is about; `None` for a file.
    has_unit : bool, default False
        Whether the figure is one with a unit.
    """

    severity: Severity
    seen: str
    text: str
    evidence: tuple[tuple[str, Figure | str], ...]
    figure: Figure | None = None
    has_unit: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the figure has a value that can be used."""
        return self.figure is not None and _is_number(self.figure)


def remarks_of(submission: Submission) -> Iterator[Remark]:
    """Yield what is odd about the figures, then about the files of a submission.

    Parameters
    ----------
    submission : Submission
        Its figures and problems; a problem that a figure tells of itself is not
        repeated.
    """
    told: set[tuple[Place | None, str]] = set()
    for name, figure in ranked_figures(submission):
        has_unit = not name.startswith(_UNITLESS)
        yield from _of_figure(submission, name, figure, "error", has_unit=has_unit)
        told.add((figure.place, figure.problem))
    for name, figure in counts(submission):
        is_timed = name == _WITH_UNIT
        yield from _of_figure(submission, name, figure, "warning", has_unit=is_timed)
        told.add((figure.place, figure.problem))
    for problem in submission.problems:
        if not any(
            place == problem.place and text and text in problem.text
            for place, text in told
        ):
            place = str(problem.place) if problem.place else ""
            evidence = (("place", place),) if place else ()
            yield Remark(
                severity=problem.severity,
                seen=problem.text,
                text=problem.text,
                evidence=evidence,
            )


def _is_number(figure: Figure) -> bool:
    return figure.value is not None and isfinite(figure.value)


def _of_figure(
    submission: Submission,
    name: str,
    figure: Figure,
    severity: Severity,
    *,
    has_unit: bool,
) -> Iterator[Remark]:
    is_number = _is_number(figure)
    if is_number and not figure.problem:
        return
    quote = f"{figure.text[:_LONGEST_QUOTE]!r}"
    seen = f"{name}: {quote}"
    if figure.problem:  # mostly quotes the text itself
        is_quoted = quote in figure.problem
        seen = (
            f"{name}: {figure.problem}" if is_quoted else f"{seen} ({figure.problem})"
        )
    if is_number:
        text = f"{seen}; {quote} is used as {_used(name, figure)}"
    else:
        text = f"{seen}; it is no number that can be used and is left out"
    yield Remark(
        severity=_reader_says(submission, figure) if is_number else severity,
        seen=seen,
        text=text,
        evidence=((name, figure),),
        figure=figure,
        has_unit=has_unit,
    )


def _used(name: str, figure: Figure) -> str:
    """Return the value of a figure with the unit that it is known in."""
    if name.startswith("reference ") or name.endswith(" energy"):
        return in_kwh(figure)
    return f"{figure.value:g}{' s' if name == _WITH_UNIT else ''}"


def _reader_says(submission: Submission, figure: Figure) -> Severity:
    """Return how much it matters what the reader remarked on a figure that it read."""

    def is_of_it(problem: Problem) -> bool:
        return problem.place == figure.place and figure.problem in problem.text

    said = {p.severity for p in submission.problems if is_of_it(p)}
    return next((severity for severity in _WORST if severity in said), "note")
