"""What a forecast says in words: doubts, and why there is none."""

from math import ceil

from isojoule.estimators.regimes import RegimeTracker
from isojoule.estimators.stream.levels import N_REFERENCE, median
from isojoule.units import format_duration


def remarks_on(
    tracker: RegimeTracker, first_index: int, n_epochs: float, until: float
) -> tuple[str, ...]:
    """Return the doubts about a forecast, one sentence each.

    Parameters
    ----------
    tracker : RegimeTracker
        What was seen.
    first_index : int
        The first epoch that was seen.
    n_epochs, until : float
        Epochs that are planned, and how far the forecast goes.
    """
    notes = []
    if first_index:
        notes.append(
            f"epochs 0 to {first_index - 1} were not seen: the total is that of epochs "
            f"{first_index} to {ceil(n_epochs) - 1}"
        )
    if until < n_epochs:
        notes.append(
            f"the work changes at epoch {until:g}: the forecast ends before it, for "
            "what follows cannot be known before some of it was seen"
        )
    return (*notes, *_of_regimes(tracker), *_of_stability(tracker))


def _of_regimes(tracker: RegimeTracker) -> list[str]:
    notes = []
    regimes = tracker.regimes
    stable = tracker.stable
    if stable is not None and stable.is_switching:
        notes.append(
            f"the training goes to and fro between kinds of epochs ({len(regimes)} "
            "stretches so far): the epochs to come are taken as the mean of all of them"
        )
    elif len(regimes) > 1:
        before, now = regimes[-2], regimes[-1]
        notes.append(
            f"another kind of epochs began at epoch {now.start} "
            f"({_times('energy', now.energy_j, before.energy_j)}, "
            f"{_times('time', now.duration_s, before.duration_s)}): only they count "
            "for what is to come"
        )
    if stable is not None and stable.period > 1:
        notes.append(f"every {stable.period} epochs a pattern repeats")
    for index, n in tracker.incidents[-1:]:
        notes.append(f"{n} epochs from epoch {index} on were odd and passed")
    return notes


def _times(what: str, now: float, before: float) -> str:
    if before == 0:
        return f"{what} where there was none" if now else f"no {what} either"
    return f"{now / before:.2g} times the {what}"


def _step(what: str, now: float, before: float) -> str:
    if before == 0:
        return _times(what, now, before)
    return f"{100 * (now / before - 1):+.0f} % {what}"


def _of_stability(tracker: RegimeTracker) -> list[str]:
    n = tracker.n_suspects
    stable = tracker.stable
    if n and stable is not None:
        energies_j, durations_s = tracker.suspects
        steps = ", ".join(
            (
                _step("energy", median(energies_j), median(stable.energies_j)),
                _step("time", median(durations_s), median(stable.durations_s)),
            )
        )
        which = "the last epoch departs" if n == 1 else f"the last {n} epochs depart"
        told = f"{which} from the stable ones ({steps})"
        return [f"{told}: passing trouble or another kind of work, the next ones tell"]
    if stable is not None and len(stable.positions) < N_REFERENCE:
        n_stable = len(stable.positions)
        few = f"only {n_stable} stable epoch{'s' * (n_stable > 1)} so far"
        return [f"{few}: most of the interval is assumed, not seen"]
    return []


def why_not(tracker: RegimeTracker, last_index: int) -> str:
    """Return why there is no forecast of the energy.

    Parameters
    ----------
    tracker : RegimeTracker
        What was seen.
    last_index : int
        The last epoch.
    """
    if tracker.stable is not None:
        return (
            "the stable epochs took 0 J: what measures does not see this training, so "
            "there is no energy to forecast"
        )
    took = format_duration(tracker.last_duration_s)
    return (
        f"epoch {last_index} is the first of its kind and took {took}, much of which "
        "may be the start: the next epoch tells"
    )
