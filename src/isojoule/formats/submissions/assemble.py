"""From what a submission says of itself to a `Submission`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from isojoule.formats.submissions.declared import (
    read_count,
    read_energy,
    read_flag,
    read_macs,
    read_members,
    read_score,
    with_interval,
)
from isojoule.formats.submissions.drafts import Draft
from isojoule.formats.submissions.fields import EnergyField, Fields
from isojoule.formats.submissions.texts import one_line
from isojoule.formats.submissions.training_time import TrainingTime, read_training_time
from isojoule.formats.submissions.yaml_nodes import Leaf
from isojoule.submissions import (
    Figure,
    Place,
    Problem,
    ReferenceRun,
    Severity,
    Submission,
)

_TEAM: Final = re.compile(r"(?P<team>.+?)(?:_task[0-9].*|\s*\([^()]*\))", re.IGNORECASE)
_LABEL: Final = re.compile(
    r".+_task[0-9]+[a-z]?(?:_[a-z]+)?_[0-9]+", re.IGNORECASE | re.ASCII
)

_NOTHING: Final = frozenset({"", "none", "null", "~"})
"""What YAML and Python write where there is nothing."""

_NO_FIGURE: Final = _NOTHING | {"n/a", "n.a.", "na", "nan", ".nan"}
"""What stands where there is no figure, beside dashes."""

_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


def team_of(label: str) -> str:
    """Return the team in a label: ``Chen_CHT`` of ``Chen_CHT_task4a_3``.

    Parameters
    ----------
    label : str
        ``Name_Affiliation_task4_N``, or with a remark in parentheses; one of another
        form is a team of its own.
    """
    found = _TEAM.fullmatch(label.strip())
    return found["team"] if found else label.strip()


def is_label(name: str) -> bool:
    """Return whether `name` has the form ``Name_Affiliation_task4_N``."""
    return bool(_LABEL.fullmatch(name))


def assemble(draft: Draft, fields: Fields) -> Submission:
    """Return the submission that `draft` describes.

    Parameters
    ----------
    draft : Draft
        Its texts.
    fields : Fields
        Which of them says what. What none of them names goes into `Submission.cells`.
    """
    desk = _Desk(draft)
    label, label_problem = _label(desk, fields)
    stated_team = re.sub(r"_task[0-9].*", "", one_line(desk.text(fields.of("team"))))
    team = stated_team or team_of(label)
    flag = desk.text(fields.of("is_baseline"))
    time, duration = _training_time(desk, fields)
    device_text = one_line(desk.text(fields.of("device")))
    n_devices = desk.figure(fields.of("n_devices"), read_members)
    if n_devices is None and duration is not None and time.n_devices is not None:
        n_devices = replace(
            duration, value=float(time.n_devices), step=None, problem=""
        )
    submission = Submission(
        label=label,
        team=team,
        name=one_line(desk.text(fields.of("name"))),
        is_baseline=read_flag(flag) if flag else _is_called_baseline(label, team),
        energies=_energies(desk, fields),
        references=_references(desk, fields),
        scores=_scores(desk, fields),
        n_params=desk.figure(fields.of("n_params"), desk.with_comma(read_count)),
        n_macs=desk.figure(fields.of("n_macs"), desk.with_comma(read_macs)),
        n_subsystems=desk.figure(fields.of("n_subsystems"), read_members),
        training_duration_s=duration,
        n_devices=n_devices,
        n_tracked_devices=desk.figure(fields.of("n_tracked_devices"), read_members),
        device=device_text or (time.device and one_line(time.device)) or None,
        tracker=one_line(desk.text(fields.of("tracker"))) or None,
        cells=desk.unused(),
    )
    problems = (*draft.problems, *label_problem, *_problems(submission))
    return replace(submission, problems=problems)


def label_place(draft: Draft, fields: Fields) -> Place:
    """Return where the label of `draft` stands."""
    desk = _Desk(draft)
    found = desk.find(fields.of("label"))
    return desk.place(*found) if found else draft.place


class _Desk:
    """The texts of a draft, and which of them were used."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._used: set[str] = set()
        self._folded: dict[str, str] = {}

    def find(
        self, columns: Iterable[str], *, is_figure: bool = False
    ) -> tuple[str, Leaf] | None:
        """Return the first of `columns` that holds something.

        A column that is not there is looked for in another case.
        """
        is_nothing = _is_no_figure if is_figure else _is_nothing
        leaves = self._draft.leaves
        for column in columns:
            leaf = leaves.get(column)
            if leaf is None:
                if not self._folded:
                    self._folded = {k.casefold(): k for k in list(leaves)[::-1]}
                column = self._folded.get(column.casefold(), column)
                leaf = leaves.get(column)
            if leaf is not None and not is_nothing(leaf.text):
                self._used.add(column)
                return column, leaf
        return None

    def place(self, column: str, leaf: Leaf) -> Place:
        """Return where a text stands."""
        return Place(self._draft.place.file, leaf.line, column)

    def text(self, columns: Iterable[str]) -> str:
        """Return the text of the first of `columns` that holds something."""
        found = self.find(columns)
        return found[1].text.strip() if found else ""

    def figure(
        self, columns: Iterable[str], read: Callable[[str, Place], Figure]
    ) -> Figure | None:
        """Return the figure that the first of `columns` states; `None` where none."""
        found = self.find(columns, is_figure=True)
        return read(found[1].text, self.place(*found)) if found else None

    def with_comma(self, read: Callable[..., Figure]) -> Callable[[str, Place], Figure]:
        """Return `read` for numbers as this draft writes them."""
        has_comma = self._draft.has_decimal_comma
        return lambda text, place: read(text, place, has_decimal_comma=has_comma)

    def energy(self, where: EnergyField) -> Figure | None:
        """Return the energy that a field states; `None` where it does not."""
        has_comma = self._draft.has_decimal_comma
        return self.figure(
            where.columns,
            lambda text, place: read_energy(
                text, place, unit=where.unit, has_decimal_comma=has_comma
            ),
        )

    def unused(self) -> dict[str, str]:
        """Return the texts that no field asked for."""
        return {
            column: leaf.text
            for column, leaf in self._draft.leaves.items()
            if column not in self._used and leaf.text.strip()
        }

    @property
    def draft(self) -> Draft:
        """What is read."""
        return self._draft


def _is_nothing(text: str) -> bool:
    return text.strip().casefold() in _NOTHING


def _is_no_figure(text: str) -> bool:
    bare = text.strip().casefold()
    return not bare.strip(_DASHES) or bare in _NO_FIGURE


def _label(desk: _Desk, fields: Fields) -> tuple[str, tuple[Problem, ...]]:
    label = one_line(desk.text(fields.of("label")))
    if label:
        return label, ()
    fallback = desk.draft.fallback_label
    text = f"no label is stated: it is called {fallback!r} after where it stands"
    return fallback, (Problem("note", text, desk.draft.place),)


def _is_called_baseline(label: str, team: str) -> bool:
    return "baseline" in {team.casefold(), team_of(label).casefold()}


def _energies(desk: _Desk, fields: Fields) -> dict[str, Figure]:
    found = {f.phase: desk.energy(f) for f in fields.energies}
    return {phase: figure for phase, figure in found.items() if figure is not None}


def _references(desk: _Desk, fields: Fields) -> tuple[ReferenceRun, ...]:
    found = [(f, desk.energy(f)) for f in fields.references]
    return tuple(
        ReferenceRun(f.reference or "", f.phase, figure)
        for f, figure in found
        if figure is not None
    )


def _scores(desk: _Desk, fields: Fields) -> dict[str, Figure]:
    read = desk.with_comma(read_score)
    scores = {}
    for metric, columns in fields.scores.items():
        figure = desk.figure(columns, read)
        if figure is None:
            continue
        bounds = [
            desk.figure(fields.of(f"scores.{metric}.{side}"), read)
            for side in ("low", "high")
        ]
        scores[metric] = _with_bounds(figure, bounds[0], bounds[1])
    return scores


def _with_bounds(figure: Figure, low: Figure | None, high: Figure | None) -> Figure:
    """Return a score with the bounds of columns of their own."""
    if low is None and high is None:
        return figure
    if low is None or high is None or low.value is None or high.value is None:
        problem = "its interval is not whole and left out"
        return replace(figure, problem=figure.problem or problem)
    return with_interval(figure, low.value, high.value)


def _training_time(desk: _Desk, fields: Fields) -> tuple[TrainingTime, Figure | None]:
    found = desk.find(fields.of("training_time"), is_figure=True)
    if found is None:
        return TrainingTime(), None
    time = read_training_time(found[1].text)
    return time, Figure(
        text=found[1].text,
        value=time.duration_s,
        place=desk.place(*found),
        step=time.step_s,
        problem=time.problem,
    )


def _problems(submission: Submission) -> Iterable[Problem]:
    """Yield what is wrong with the figures; a figure that ranks matters more."""
    ranked = [*submission.energies.values(), *submission.scores.values()]
    ranked += [reference.energy for reference in submission.references]
    others = (
        submission.n_params,
        submission.n_macs,
        submission.n_subsystems,
        submission.training_duration_s,
        submission.n_devices,
        submission.n_tracked_devices,
    )
    for figure in ranked:
        yield from _problem(figure, ("error", "warning"))
    for other in others:
        if other is not None:
            yield from _problem(other, ("warning", "note"))


def _problem(
    figure: Figure, severities: tuple[Severity, Severity]
) -> Iterable[Problem]:
    """Yield what is wrong with a figure: unread, or odd."""
    if figure.problem:
        text = f"{figure.place.field}: {figure.problem}"
        yield Problem(severities[figure.value is not None], text, figure.place)
