"""What is held out together: repeats, configurations, networks, data sets, machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.records import Run
from isojoule.studies.estimators.parts import configuration_of

_N_FOLDS: Final = 5
_MOST_SINGLE: Final = 100
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Split:
    """One way to hold out runs.

    Parameters
    ----------
    name : str
        Which.
    label : str
        In words.
    folds : tuple of ndarray of shape (n_runs,)
        Which runs each fold holds out; every run is held out once.
    n_groups : int
        Groups that are never torn apart.
    is_grouped : bool
        Whether all repeats of a configuration are held out together.
    with_intervals : bool
        Whether intervals are asked for too.
    """

    name: str
    label: str
    folds: tuple[NDArray[np.bool_], ...]
    n_groups: int
    is_grouped: bool = True
    with_intervals: bool = True


def make_splits(runs: Sequence[Run]) -> tuple[tuple[Split, ...], dict[str, str]]:
    """Return the ways in which these runs can be held out.

    Parameters
    ----------
    runs : sequence of Run
        What is judged.

    Returns
    -------
    tuple of Split
        Repeats first: the folds that all runs are tagged with (``cv_fold``), else
        random fifths. Then configurations in five groups and one at a time, networks,
        data sets and machines one at a time.
    dict of str to str
        Ways that there are too few groups for, and why.
    """
    names = {
        "configuration": [configuration_of(run) for run in runs],
        "architecture": [run.workload.model or run.workload.name for run in runs],
        "data-set": [run.workload.task or "" for run in runs],
        "gpu": [run.hardware.name for run in runs],
    }
    splits, skipped = [_repeats(runs)], {}
    groups = _numbered(names["configuration"])
    n_groups = int(groups.max(initial=-1)) + 1
    if n_groups >= _N_FOLDS:
        splits.append(
            Split(
                "configuration",
                "fifths of the configurations",
                group_folds(groups, _N_FOLDS),
                n_groups,
            )
        )
    for name, label in _ONE_AT_A_TIME.items():
        groups = _numbered(names[name.removeprefix("each-")])
        n_groups = int(groups.max(initial=-1)) + 1
        if n_groups < 2:
            skipped[label] = "there is only one of them"
        elif n_groups > _MOST_SINGLE:
            skipped[label] = f"there are {n_groups}, too many to refit for each"
        else:
            folds = tuple(groups == group for group in range(n_groups))
            several = name != "each-configuration"
            splits.append(Split(name, label, folds, n_groups, with_intervals=several))
    return tuple(splits), skipped


_ONE_AT_A_TIME: Final = {
    "each-configuration": "one configuration",
    "architecture": "one architecture",
    "data-set": "one data set",
    "gpu": "one GPU",
}


def _repeats(runs: Sequence[Run]) -> Split:
    tags = [run.tags.get("cv_fold", "") for run in runs]
    if all(tags):
        groups = _numbered(tags)
        name, label = "published-folds", "folds as published"
    else:
        order = np.random.default_rng(_SEED).permutation(len(runs))
        groups = np.empty(len(runs), dtype=np.intp)
        groups[order] = np.arange(len(runs)) % _N_FOLDS
        name, label = "random-folds", "random fifths of the runs"
    n_folds = int(groups.max(initial=-1)) + 1
    folds = tuple(groups == fold for fold in range(n_folds))
    return Split(name, label, folds, len(runs), is_grouped=False)


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    if not names:
        return np.zeros(0, dtype=np.intp)
    return np.asarray(np.unique(names, return_inverse=True)[1].ravel())


def group_folds(
    groups: NDArray[np.intp], n_folds: int
) -> tuple[NDArray[np.bool_], ...]:
    """Return folds of about the same size that keep every group together.

    Parameters
    ----------
    groups : ndarray of shape (n_runs,)
        Group of each run, counted from 0.
    n_folds : int
        At most as many as there are groups.

    Notes
    -----
    The largest group that is left goes into the fold with the fewest runs, as in
    GroupKFold of scikit-learn; of groups of one size the last goes first, as there.
    """
    sizes = np.bincount(groups)
    fold_of = np.empty(len(sizes), dtype=np.intp)
    filled = np.zeros(n_folds, dtype=np.intp)
    for group in np.argsort(sizes, kind="stable")[::-1]:
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return tuple(fold_of[groups] == fold for fold in range(n_folds))
