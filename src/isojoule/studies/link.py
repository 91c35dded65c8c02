"""How energy goes with computation, size, memory and time."""

from collections.abc import Sequence
from dataclasses import dataclass

from isojoule.errors import InsufficientDataError
from isojoule.records import Run, Scope
from isojoule.studies.correlations import MIN_WORKLOADS, Correlation, correlate
from isojoule.studies.lengths import LengthFit, fit_length
from isojoule.studies.link_points import QUANTITIES, Block, gather, total_energy_j
from isojoule.studies.phases import PhaseComparison, compare_phases
from isojoule.studies.predictors import Comparison, compare_predictors


@dataclass(frozen=True, slots=True)
class Link:
    """One quantity against energy in a block.

    Parameters
    ----------
    quantity : str
        A name of `QUANTITIES`.
    family : str or None
        `None` for all families together.
    n_workloads : int
        Of the block or the family.
    correlation : Correlation
        Over those that have the quantity.
    """

    quantity: str
    family: str | None
    n_workloads: int
    correlation: Correlation


@dataclass(frozen=True, slots=True)
class BlockLink:
    """What one block tells.

    Parameters
    ----------
    block : Block
        The workloads.
    links : tuple of Link
        Every quantity for all families, then for each family that has enough workloads.
    comparison : Comparison
        Which predictor does best on families that it has not seen.
    lengths : tuple of LengthFit
        Of the workloads that ran at several lengths.
    notes : tuple of str
        What was left out and why.
    """

    block: Block
    links: tuple[Link, ...]
    comparison: Comparison
    lengths: tuple[LengthFit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkStudy:
    """The link between computation and energy in a set of runs.

    Parameters
    ----------
    n_runs : int
        Runs that went in.
    level : float
        Coverage of all intervals, in (0, 1).
    blocks : tuple of BlockLink
        One per hardware, scope, provenance, variant and phase.
    phases : tuple of PhaseComparison
        Training against testing.
    left_out : mapping of str to int
        Runs by the reason why they were left out.
    """

    n_runs: int
    level: float
    blocks: tuple[BlockLink, ...]
    phases: tuple[PhaseComparison, ...]
    left_out: dict[str, int]


def study_link(
    runs: Sequence[Run],
    *,
    phase: str | None = None,
    scope: Scope | None = None,
    hardware: str | None = None,
    allow_mixed: bool = False,
    level: float = 0.95,
) -> LinkStudy:
    """Return how the energy of `runs` goes with what was computed.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines, workloads and phases; what differs in hardware, scope,
        provenance, variant or phase is judged apart.
    phase, scope, hardware, allow_mixed
        As for `gather`.
    level : float, default 0.95
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    UnknownNameError
        If no run is of that phase or hardware.
    InsufficientDataError
        If no run can be used.
    MissingExtraError
        If scipy is not installed.
    ValueError
        If the level is outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    if not runs:
        raise InsufficientDataError("there are no runs: measure some, or name a file")
    gathered = gather(
        runs, phase=phase, scope=scope, hardware=hardware, allow_mixed=allow_mixed
    )
    return LinkStudy(
        n_runs=len(runs),
        level=level,
        blocks=tuple(_linked(block, level) for block in gathered.blocks),
        phases=compare_phases(gathered.blocks, level=level),
        left_out=gathered.left_out,
    )


def _linked(block: Block, level: float) -> BlockLink:
    families = list(dict.fromkeys(block.families))
    large = [f for f in families if block.families.count(f) >= MIN_WORKLOADS]
    if len(families) == 1:
        large = []  # it is all there is
    links = [link for f in (None, *large) for link in _links(block, f, level)]
    return BlockLink(
        block,
        tuple(links),
        compare_predictors(block.columns, block.families, level=level),
        _length_fits(block, level),
        tuple(_notes(block, families, large)),
    )


def _links(block: Block, family: str | None, level: float) -> list[Link]:
    columns = block.columns
    chosen = [family in {None, of_point} for of_point in block.families]
    return [
        Link(
            quantity,
            family,
            sum(chosen),
            correlate(
                columns[quantity][chosen], columns["energy_j"][chosen], level=level
            ),
        )
        for quantity in QUANTITIES
    ]


def _length_fits(block: Block, level: float) -> tuple[LengthFit, ...]:
    by_workload: dict[str, list[Run]] = {}
    for run in block.runs:
        if run.workload.n_samples is not None:
            by_workload.setdefault(run.workload.name, []).append(run)
    fits = []
    for name, runs in sorted(by_workload.items()):
        seen = [
            (run.workload.n_samples or 0.0, energy_j)
            for run in runs
            if (energy_j := total_energy_j(run, block.setup.scope))
        ]
        if len({n_samples for n_samples, _ in seen}) < 2:
            continue  # one length: there is nothing to ask
        epochs = {run.workload.n_samples_per_epoch for run in runs}
        fits.append(
            fit_length(
                name,
                [n_samples for n_samples, _ in seen],
                [energy_j for _, energy_j in seen],
                n_samples_per_epoch=epochs.pop() if len(epochs) == 1 else None,
                level=level,
            )
        )
    return tuple(fits)


def _notes(block: Block, families: list[str], large: list[str]) -> list[str]:
    notes = []
    if "modelled" in block.setup.provenance:
        notes.append(
            "energies are modelled from assumed watts: how they go with duration and "
            "power tells of the model, not of the machine"
        )
    n_small = len(families) - len(large)
    if len(families) > 1 and n_small:
        notes.append(
            f"{n_small} of {len(families)} families have fewer than {MIN_WORKLOADS} "
            "workloads and no correlations of their own"
        )
    n_moved = sum(p.moved_bytes is not None for p in block.points)
    n_without = sum(
        p.moved_bytes is not None and not p.has_activations for p in block.points
    )
    if n_without:
        notes.append(
            f"bytes moved of {n_without} of {n_moved} workloads hold the parameters "
            "only: their activations are not known"
        )
    return notes
