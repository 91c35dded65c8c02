"""Figures and files that could not be read, or not for certain."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.stated import counts, ranked_figures
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Place, Problem, Severity, Submission

CHECK: Final = "unreadable"

_LONGEST_QUOTE: Final = 80


def find_unreadable(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding for every figure without a value, and for every problem.

    Parameters
    ----------
    submissions : sequence of Submission
        Their figures, and what was wrong while they were read.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        told: set[tuple[Place | None, str]] = set()
        for name, figure in ranked_figures(submission):
            yield from _of_figure(submission, name, figure, "error")
            told.add((figure.place, figure.problem))
        for name, figure in counts(submission):
            yield from _of_figure(submission, name, figure, "warning")
            told.add((figure.place, figure.problem))
        for problem in submission.problems:
            if not any(
                place == problem.place and text and text in problem.text
                for place, text in told
            ):
                yield _of_problem(submission, problem)


def _of_figure(
    submission: Submission, name: str, figure: Figure, severity: Severity
) -> Iterator[Finding]:
    is_number = figure.value is not None and isfinite(figure.value)
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
        text = f"{seen}; {quote} is used as {figure.value:g}"
        asked = "Is it meant that way?"
    else:
        text = f"{seen}; it is no number that can be used and is left out"
        asked = "Could you send it as a plain number with its unit?"
    yield finding_about(
        submission,
        CHECK,
        "note" if is_number else severity,
        text=text,
        mail=f"We could not be sure of one figure, {seen}. {asked}",
        evidence=((name, figure),),
    )


def _of_problem(submission: Submission, problem: Problem) -> Finding:
    place = str(problem.place) if problem.place else ""
    return finding_about(
        submission,
        CHECK,
        problem.severity,
        text=problem.text,
        mail=f"While reading what you sent: {problem.text}. Could you correct it?",
        evidence=(("place", place),) if place else (),
    )
