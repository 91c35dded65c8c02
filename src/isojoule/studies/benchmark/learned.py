"""What the joint model and its choice of references may know of a file: other files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from isojoule.normalizers import FitNormalizer
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.normalizer import JointNormalizer
from isojoule.normalizers.joint.planning import as_new_networks, plan_order
from isojoule.normalizers.joint.prior import Prior, PriorFile
from isojoule.records import Calibration, Observation
from isojoule.studies.benchmark.contenders import Learn
from isojoule.studies.benchmark.selectors import Selector
from isojoule.studies.benchmark.sources import Source


@dataclass(frozen=True, slots=True)
class Planned:
    """Chooses the references that leave the least doubt about networks never seen.

    Parameters
    ----------
    prior : Prior
        What is known beforehand.
    """

    prior: Prior

    def __call__(
        self, candidates: Sequence[Observation], k: int, seed: int
    ) -> list[str]:
        """Return `k` names; the seed is not used."""
        del seed
        frame = make_frame(
            Calibration("source", {seen.workload: seen for seen in candidates})
        )
        inputs = frame.inputs(candidates)
        steps = plan_order(self.prior.planning, inputs, as_new_networks(inputs), k=k)
        return [candidates[step.place].workload for step in steps]


def methods_of(priors: PriorFile) -> dict[str, Learn]:
    """Return the methods that learn from other files, by name.

    Parameters
    ----------
    priors : PriorFile
        One of them has no part of the file that is judged.
    """

    def learn(others: Sequence[Source], file: str) -> FitNormalizer:
        del others  # the prior was learned before
        return partial(JointNormalizer.fit, prior=priors.for_tables([file]))

    return {"joint": learn}


def selectors_of(priors: PriorFile, file: str) -> dict[str, Selector]:
    """Return the ways to choose references that learn from other files, by name.

    Parameters
    ----------
    priors : PriorFile
        One of them has no part of the file that is judged.
    file : str
        Its name.
    """
    return {"plan": Planned(priors.for_tables([file]))}
