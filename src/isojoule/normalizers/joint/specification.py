"""What two specifications tell where no reference was run on both machines."""

from math import log

from isojoule.accelerators import Specification, find_specification
from isojoule.errors import InsufficientDataError
from isojoule.normalizers.joint.prior import SpecificationPrior


def index_of(specification: Specification) -> float | None:
    r"""Return :math:`\ln L - \frac12 \ln M - \frac12 \ln F`; `None` where unknown.

    Notes
    -----
    Power limit L [W], memory bandwidth M [bytes/s], peak rate in single precision F
    [FLOP/s]. Several devices of one kind have the index of one.
    """
    limit = specification.power_limit_w
    bandwidth = specification.memory_bandwidth_byte_per_s
    peak = specification.peak_fp32_flop_per_s
    if limit is None or bandwidth is None or peak is None:
        return None
    return log(limit) - log(bandwidth) / 2 - log(peak) / 2


def difference_of(source: str, target: str) -> float:
    """Return the index of `target` less that of `source`.

    Raises
    ------
    InsufficientDataError
        If one of them is not specified.
    """
    indices = []
    for name in (source, target):
        found = find_specification(name)
        index = None if found is None else index_of(found)
        if index is None:
            raise InsufficientDataError(
                f"{source} and {target} share no reference, and the specification of "
                f"{name} is not known: run a reference model on both"
            )
        indices.append(index)
    return indices[1] - indices[0]


def specified(prior: SpecificationPrior, source: str, target: str) -> float:
    """Return the expected log ratio from specifications alone.

    Parameters
    ----------
    prior : SpecificationPrior
        What was learned of specifications.
    source, target : str
        Names of machines.

    Raises
    ------
    InsufficientDataError
        If one of them is not specified.
    """
    return prior.weight * difference_of(source, target)
