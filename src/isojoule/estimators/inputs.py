"""The ten inputs of the published regressions: what a training is, and on what.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", arXiv:2307.05520, and its
   replication package, doi:10.5281/zenodo.11505891.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.accelerators import find_specification, known_names
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.records import Hardware, Run, Workload
from isojoule.units import BYTES_PER_GIB

Floats: TypeAlias = NDArray[np.float64]

INPUTS: Final = (
    "batch size",
    "main memory [GB]",
    "training samples",
    "validation samples",
    "forward work [GFLOP]",
    "input height",
    "input width",
    "GPU cores",
    "GPU memory [GB]",
    "GPU TDP [W]",
)
"""The inputs in the published order; a GB is 2**30 bytes."""


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """What the regressions know of an accelerator; `None` where it is not stated.

    Parameters
    ----------
    n_cores : float or None
        CUDA cores or stream processors.
    memory_bytes : float or None
        Its memory [bytes].
    tdp_w : float or None
        Thermal design power [W]: what its maker specifies, not a limit that was set.

    Raises
    ------
    ValueError
        If a figure is not positive and finite.
    """

    n_cores: float | None = None
    memory_bytes: float | None = None
    tdp_w: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (isfinite(value) and value > 0):
                raise ValueError(
                    f"{field.name} of an accelerator must be positive, got {value}"
                )

    def completed_by(self, other: "GpuFigures") -> "GpuFigures":
        """Return these figures, and those of `other` where there are none."""
        return GpuFigures(
            *(
                own if (own := getattr(self, f.name)) is not None else rest
                for f in fields(self)
                for rest in (getattr(other, f.name),)
            )
        )

    @property
    def missing(self) -> list[str]:
        """Names of the figures that are not stated."""
        return [f.name for f in fields(self) if getattr(self, f.name) is None]


def names_of(hardware: Hardware) -> list[str]:
    """Return the accelerators of a machine, one name each; its own where it has none.

    Parameters
    ----------
    hardware : Hardware
        A machine that names no accelerator may be named after one.
    """
    return [a.name for a in hardware.accelerators] or [hardware.name]


def gpu_figures(
    hardware: Hardware, stated: Mapping[str, GpuFigures] | None = None
) -> GpuFigures:
    """Return cores, memory and TDP of all accelerators of a machine together.

    Parameters
    ----------
    hardware : Hardware
        The machine.
    stated : mapping of str to GpuFigures, optional
        Figures by name of the accelerator that go before those of the table in the
        package; they may be stated in part.

    Raises
    ------
    InsufficientDataError
        If a figure is neither stated nor in the table.

    Notes
    -----
    TDP and memory are those of the maker, as in the published inputs: a board with a
    limit of 240 W and a TDP of 220 W counts as 220 W. What the record of the machine
    says is taken where the table does not know the board.
    """
    memories = {a.name: a.memory_bytes for a in hardware.accelerators}
    limits_w = {a.name: a.power_limit_w for a in hardware.accelerators}
    found = []
    for name in names_of(hardware):
        figures = (stated or {}).get(name, GpuFigures())
        figures = figures.completed_by(_of_table(name))
        figures = figures.completed_by(
            GpuFigures(None, memories.get(name), limits_w.get(name))
        )
        if figures.missing:
            raise InsufficientDataError(_tell_missing(name, figures.missing))
        found.append(figures)
    return GpuFigures(
        sum(f.n_cores or 0 for f in found),
        sum(f.memory_bytes or 0 for f in found),
        sum(f.tdp_w or 0 for f in found),
    )


def _of_table(name: str) -> GpuFigures:
    spec = find_specification(name)
    if spec is None:
        return GpuFigures()
    return GpuFigures(spec.n_cores, spec.memory_bytes, spec.power_limit_w)


def _tell_missing(name: str, missing: Sequence[str]) -> str:
    what = ", ".join(missing)
    if find_specification(name) is not None:
        return (
            f"{what} of {name!r} is not published in a form that compares: state it, "
            "or use an estimator that does not need it"
        )
    unknown = UnknownNameError("accelerator", name, known_names())
    return f"{unknown}; or state its figures ({what} not known)"


def inputs_of(
    workload: Workload,
    hardware: Hardware,
    *,
    stated: Mapping[str, GpuFigures] | None = None,
) -> Floats:
    """Return the ten inputs of one training, ndarray of shape (10,).

    Parameters
    ----------
    workload : Workload
        Needs `batch_size`, `n_samples_per_epoch`, `n_validation_samples_per_epoch` (0
        where nothing is validated), `forward_flop_per_sample`, and an `input_shape`
        that ends with height and width.
    hardware : Hardware
        Needs `memory_bytes`, the main memory; its accelerators are looked up by name.
    stated : mapping of str to GpuFigures, optional
        As for `gpu_figures`.

    Raises
    ------
    InsufficientDataError
        If something is not known; the message names everything that is missing.
    """
    unknown = _tell_unknown(workload, hardware)
    if unknown:
        raise InsufficientDataError(
            f"the published regressions need more of {workload.name!r} on "
            f"{hardware.name!r} than is known: {unknown}"
        )
    shape = workload.input_shape or ()
    figures = gpu_figures(hardware, stated)
    return np.array(
        [
            workload.batch_size,
            (hardware.memory_bytes or 0) / BYTES_PER_GIB,
            workload.n_samples_per_epoch,
            workload.n_validation_samples_per_epoch,
            (workload.forward_flop_per_sample or 0) / 1e9,
            shape[-2],
            shape[-1],
            figures.n_cores,
            (figures.memory_bytes or 0) / BYTES_PER_GIB,
            figures.tdp_w,
        ],
        dtype=np.float64,
    )


_HOW_TO_STATE: Final[Mapping[str, str]] = {
    "memory_bytes": "memory_bytes, the main memory of the machine",
    "n_validation_samples_per_epoch": (
        "n_validation_samples_per_epoch, 0 where nothing is validated"
    ),
    "input_shape": "input_shape, which ends with height and width",
}


def _tell_unknown(workload: Workload, hardware: Hardware) -> str:
    """Return what has to be stated of both; empty where all is known."""
    known = {
        "batch_size": workload.batch_size,
        "memory_bytes": hardware.memory_bytes,
        "n_samples_per_epoch": workload.n_samples_per_epoch,
        "n_validation_samples_per_epoch": workload.n_validation_samples_per_epoch,
        "forward_flop_per_sample": workload.forward_flop_per_sample,
        "input_shape": workload.input_shape,
    }
    missing = [name for name, value in known.items() if value is None]
    if workload.input_shape is not None and len(workload.input_shape) < 2:
        missing.append("input_shape")
    listed = "; ".join(_HOW_TO_STATE.get(name, name) for name in missing)
    return f"state {listed}" if missing else ""


@dataclass(frozen=True, slots=True)
class InputRows:
    """The inputs of many runs, and which of them could not be described.

    Parameters
    ----------
    values : ndarray of shape (n_runs, 10)
        A row of NaN where an input is not known.
    left_out : mapping of str to int
        Runs by what was not known of them.
    """

    values: Floats
    left_out: Mapping[str, int]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each run is described in full, ndarray of shape (n_runs,)."""
        return np.asarray(np.isfinite(self.values).all(axis=1))


def input_rows(
    runs: Sequence[Run], *, stated: Mapping[str, GpuFigures] | None = None
) -> InputRows:
    """Return the ten inputs of each run.

    Parameters
    ----------
    runs : sequence of Run
        Those that state figures of their accelerator (`stated_by_runs`) are taken at
        their word.
    stated : mapping of str to GpuFigures, optional
        As for `gpu_figures`; goes before what the runs state.
    """
    figures = {**stated_by_runs(runs), **(stated or {})}
    values = np.full((len(runs), len(INPUTS)), np.nan)
    left_out: dict[str, int] = {}
    seen: dict[tuple[object, ...], Floats | str] = {}
    for place, run in enumerate(runs):
        key = _key(run)
        if key not in seen:
            try:
                seen[key] = inputs_of(run.workload, run.hardware, stated=figures)
            except InsufficientDataError as error:
                # Without the names of the run: many lack the same.
                seen[key] = _tell_unknown(run.workload, run.hardware) or str(error)
        found = seen[key]
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            values[place] = found
    return InputRows(values, left_out)


def _key(run: Run) -> tuple[object, ...]:
    """Return all that the inputs of a run depend on, figures of its boards aside."""
    work, machine = run.workload, run.hardware
    return (
        work.name,
        work.batch_size,
        work.n_samples_per_epoch,
        work.n_validation_samples_per_epoch,
        work.forward_flop_per_sample,
        work.input_shape,
        machine.name,
        machine.memory_bytes,
        machine.accelerators,
    )


def stated_by_runs(runs: Iterable[Run]) -> dict[str, GpuFigures]:
    """Return what runs state of their accelerators, by the name of the accelerator.

    Parameters
    ----------
    runs : iterable of Run
        Their measures may hold ``n_cuda_cores`` and ``gpu_tdp_w``; the first that
        states a figure of an accelerator decides. Runs on several accelerators are
        passed over.
    """
    found: dict[str, GpuFigures] = {}
    complete: set[str] = set()
    for run in runs:
        if len(run.hardware.accelerators) != 1 or "n_cuda_cores" not in run.measures:
            continue
        (board,) = run.hardware.accelerators
        if board.name in complete:
            continue
        stated = GpuFigures(
            run.measures["n_cuda_cores"],
            board.memory_bytes,
            run.measures.get("gpu_tdp_w"),
        )
        found[board.name] = found.get(board.name, GpuFigures()).completed_by(stated)
        if not found[board.name].missing:
            complete.add(board.name)
    return found
