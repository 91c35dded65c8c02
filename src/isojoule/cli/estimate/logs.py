"""The log of one training, wherever it lies: what the commands of `estimate` take."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isojoule.estimators.epochs import Epoch
    from isojoule.estimators.streaming import Subject
    from isojoule.records import Run, Scope


@dataclass(frozen=True, slots=True)
class TrainingLog:
    """One training and its epochs.

    Parameters
    ----------
    run : Run
        Its record, or what a log of epochs tells.
    epochs : tuple of Epoch
        In order.
    scope : {"gpu", "node", "wall"} or None
        Of their energies; `None` where the log does not state one.
    """

    run: "Run"
    epochs: "tuple[Epoch, ...]"
    scope: "Scope | None"

    @property
    def subject(self) -> "Subject":
        """Names, scope and provenance, for estimates."""
        from isojoule.estimators.streaming import Subject
        from isojoule.observations import energy_in_scope

        found = energy_in_scope(self.run.windows[0].energies, self.scope)
        return Subject(
            self.run.workload.name,
            self.run.hardware.name,
            found[1] if found else "measured",
            self.scope,
        )


def read_training(
    log: str,
    *,
    run_id: str | None = None,
    scope: "Scope | None" = None,
    score: str | None = None,
    store_root: Path | None = None,
) -> TrainingLog:
    """Return the epochs of a training.

    Parameters
    ----------
    log : str
        A file of records, a table of runs with epochs, a log of epochs (CSV or JSONL),
        the folder of a store, or the id of a stored run.
    run_id : str or None
        Which of several runs; the beginning of its id is enough.
    scope : {"gpu", "node", "wall"} or None
        Part of the machine; that of the summary of the run where `None`.
    score : str or None
        Score to take along.
    store_root : Path or None
        Where stored runs are; the user's store where `None`.

    Raises
    ------
    FormatError
        If the file cannot be read as any of these.
    InsufficientDataError
        If the run has no epochs, or no energy in that scope.
    UnknownNameError
        If there is no such run or score, or several runs and none was chosen.
    ValueError
        If epochs are missing or overlap, or another scope is asked of a log of epochs.
    """
    from isojoule.estimators.epochs import epochs_of

    run = _find(log, run_id, store_root)
    if run.default_scope is None and scope is not None:
        raise ValueError(
            f"{log} does not state which part of the machine its energies are of, so "
            f"it has none of scope {scope}: leave --scope out"
        )
    name = None if score is None else _score_name(run, score)
    return TrainingLog(
        run, epochs_of(run, scope=scope, score=name), scope or run.default_scope
    )


def _find(log: str, run_id: str | None, store_root: Path | None) -> "Run":
    """Return the run that a log or an id means."""
    from isojoule.cli.options import gather_runs, open_store
    from isojoule.formats.epoch_log import is_epoch_log, read_epoch_log
    from isojoule.formats.foreign import head_of

    path = Path(log)
    if path.is_file() and is_epoch_log(head_of(path)):
        return _named([read_epoch_log(path)], run_id)
    if path.exists():
        return _named(gather_runs([path], store_root), run_id)
    if path.suffix or len(path.parts) > 1:
        head_of(path)  # a missing file is told in our words
    with open_store(store_root, create=False) as store:
        return _named([replace(store.get(log), samples=None)], run_id)


def _named(runs: "list[Run]", run_id: str | None) -> "Run":
    """Return the one run whose id begins like that.

    Raises
    ------
    InsufficientDataError
        If no run has epochs.
    UnknownNameError
        If none or several fit.
    """
    from isojoule.errors import InsufficientDataError, UnknownNameError

    with_epochs = [r for r in runs if any(w.epoch is not None for w in r.windows)]
    if run_id is not None:
        exact = [r for r in runs if r.run_id == run_id]
        found = exact or [r for r in runs if r.run_id.startswith(run_id)]
        if len(found) != 1:
            named = found or with_epochs or runs
            raise UnknownNameError("run", run_id, (r.run_id for r in named))
        return found[0]
    if not with_epochs:
        raise InsufficientDataError(
            f"none of the {len(runs)} runs has windows of epochs: measure by a "
            "callback, open one window per epoch, or give a log of epochs"
        )
    if len(with_epochs) > 1:
        some = ", ".join(r.run_id for r in with_epochs[:4])
        raise InsufficientDataError(
            f"{len(with_epochs)} runs have epochs: choose one with --run ({some}, ...)"
        )
    return with_epochs[0]


def _score_name(run: "Run", score: str) -> str:
    """Return the name of a score as the run has it.

    Raises
    ------
    UnknownNameError
        If it has none of that name.
    """
    from isojoule.errors import UnknownNameError

    names = {name for window in run.windows for name in window.scores}
    same = [n for n in names if n == score] or [
        n for n in names if n.casefold() == score.casefold()
    ]
    if len(same) != 1:
        raise UnknownNameError("score", score, names)
    return same[0]
