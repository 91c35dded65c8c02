"""What runs can differ in: machine, network, data, batch, input, memory, tags."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Final, Literal, TypeAlias

from isojoule.errors import UnknownNameError
from isojoule.records import Run

Value: TypeAlias = str | int | float

Side: TypeAlias = Literal["machine", "work", "other"]
"""Whether a factor is of the machine or of the work; a tag may be anything."""

SEEDS: Final = ("seed", "split", "fold", "repeat")
"""Settings that tell repeats apart, not kinds of work."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that runs may differ in.

    Parameters
    ----------
    name : str
        As it is asked for.
    label : str
        For people.
    side : {"machine", "work", "other"}
        What it is of.
    of : callable
        From a run to its value; `None` where the run does not state it.
    is_ordered : bool
        Whether its values are numbers.
    """

    name: str
    label: str
    side: Side
    of: Callable[[Run], Value | None]
    is_ordered: bool = False

    def number(self, value: Value) -> float:
        """Return where a value of an ordered factor stands.

        Raises
        ------
        ValueError
            If the value is no number.
        """
        if isinstance(value, str) and " x " in value:
            height, width = value.split(" x ")
            return sqrt(float(height) * float(width))
        return float(value)

    def sort_key(self, value: Value | None) -> tuple[bool, float, str]:
        """Return what puts values in order, those that are not known last."""
        if value is None:
            return True, 0.0, ""
        return False, self.number(value) if self.is_ordered else 0.0, str(value)


def _input_size(run: Run) -> Value | None:
    """Return the side of a square input, else height and width [px]."""
    shape = run.workload.input_shape
    if not shape:
        side = run.measures.get("input_side_pixels")
        return None if side is None else int(side)
    if len(shape) == 1 or shape[-1] == shape[-2]:
        return shape[-1]
    return f"{shape[-2]} x {shape[-1]}"


def _setting(name: str) -> Callable[[Run], Value | None]:
    return lambda run: run.workload.settings.get(name)


def _tag(name: str) -> Callable[[Run], Value | None]:
    return lambda run: run.tags.get(name)


CORE: Final[Mapping[str, Factor]] = {
    factor.name: factor
    for factor in (
        Factor("hardware", "hardware", "machine", lambda r: r.hardware.name),
        Factor("model", "model", "work", lambda r: r.workload.model),
        Factor("family", "family", "work", lambda r: r.workload.family),
        Factor("workload", "workload", "work", lambda r: r.workload.name),
        Factor("task", "data", "work", lambda r: r.workload.task),
        Factor(
            "batch_size",
            "batch size",
            "work",
            lambda r: r.workload.batch_size,
            is_ordered=True,
        ),
        Factor("input_size", "input size", "work", _input_size, is_ordered=True),
        Factor(
            "memory",
            "allocated RAM",
            "machine",
            lambda r: r.hardware.memory_bytes,
            is_ordered=True,
        ),
        Factor(
            "power_limit",
            "power limit",
            "machine",
            lambda r: r.power_limit_w,
            is_ordered=True,
        ),
        Factor("mode", "mode", "work", lambda r: r.workload.mode),
        Factor(
            "flop",
            "FLOP per sample",
            "work",
            lambda r: r.workload.forward_flop_per_sample,
            is_ordered=True,
        ),
        Factor(
            "n_params",
            "parameters",
            "work",
            lambda r: r.workload.n_params,
            is_ordered=True,
        ),
        Factor("host", "host", "machine", lambda r: r.hardware.host),
    )
}
"""The factors that every record knows, by name."""

ALIASES: Final[Mapping[str, str]] = {
    "architecture": "model",
    "network": "model",
    "gpu": "hardware",
    "environment": "hardware",
    "machine": "hardware",
    "data": "task",
    "dataset": "task",
    "batch": "batch_size",
    "ram": "memory",
}
"""Other words for them; a tag or setting of that name goes first."""

_DERIVED: Final = ("flop", "n_params", "host", "family", "workload")
"""What follows from other factors, or is another word for one."""


def find_factor(name: str, runs: Sequence[Run]) -> Factor:
    """Return the factor that a name means among `runs`.

    Parameters
    ----------
    name : str
        Of `CORE` or `ALIASES`, or of a setting or a tag.
    runs : sequence of Run
        Whose settings and tags may be asked for.

    Raises
    ------
    UnknownNameError
        If nothing of that name is there.
    """
    if name in CORE:
        return CORE[name]
    settings = {key for run in runs for key in run.workload.settings}
    tags = {key for run in runs for key in run.tags}
    if name in settings:
        return _named(name, "work", _setting(name), runs)
    if name in tags:
        return _named(name, "other", _tag(name), runs)
    if name in ALIASES:
        return CORE[ALIASES[name]]
    raise UnknownNameError("factor", name, {*CORE, *ALIASES, *settings, *tags})


def _named(
    name: str, side: Side, of: Callable[[Run], Value | None], runs: Sequence[Run]
) -> Factor:
    """Return a setting or tag, as an ordered one where all its values are numbers."""
    values = {value for run in runs if (value := of(run)) is not None}
    return Factor(
        name,
        name.replace("_", " "),
        side,
        of,
        is_ordered=bool(values) and all(map(_is_number, values)),
    )


def _is_number(value: Value) -> bool:
    try:
        return isfinite(float(value))
    except ValueError:
        return False


def varying_factors(runs: Sequence[Run]) -> tuple[Factor, ...]:
    """Return the factors with more than one value that no other one stands for.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines and workloads.

    Notes
    -----
    Networks are told apart by ``model``, else ``family``, else the name of the
    workload, the first that any run states. Settings count, except those that tell
    repeats apart, such as the seed.
    """
    network = next(
        name
        for name in ("model", "family", "workload")
        if any(CORE[name].of(run) is not None for run in runs)
    )
    found = [f for name, f in CORE.items() if name == network or name not in _DERIVED]
    names = dict.fromkeys(key for run in runs for key in run.workload.settings)
    found += [
        find_factor(name, runs)
        for name in sorted(names)
        if name not in CORE and name.rsplit("_")[-1] not in SEEDS
    ]
    return tuple(f for f in found if len({f.of(run) for run in runs} - {None}) > 1)
