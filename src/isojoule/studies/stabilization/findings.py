"""What was found in one run."""

from collections.abc import Mapping
from dataclasses import dataclass

from isojoule.studies.stabilization.cases import Case
from isojoule.studies.stabilization.fluss import Change
from isojoule.studies.stabilization.settled import Settled


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What was found in one run.

    Parameters
    ----------
    case : Case
        The run.
    changes : mapping of str to Change
        By detector; empty without a trace.
    controls : mapping of str to Change
        What the detectors say of the part in which the work is known not to change:
        from two epochs after the known change on. Empty where none is known.
    settled : Settled
        What the epochs alone say.
    """

    case: Case
    changes: Mapping[str, Change]
    controls: Mapping[str, Change]
    settled: Settled

    def stable_epoch(self, detector: str) -> int | None:
        """Return the first epoch whose end lies after the change.

        Parameters
        ----------
        detector : str
            One that was asked.

        Returns
        -------
        int or None
            0 where it was asked and found nothing: all is of one kind. `None` where
            it could not be asked, or the change lies after the last epoch.
        """
        change = self.changes.get(detector)
        if change is None or (change.time_s is None and change.arcs is None):
            return None
        return 0 if change.time_s is None else self.case.epoch_after(change.time_s)
