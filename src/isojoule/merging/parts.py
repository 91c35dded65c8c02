"""What each rank measured, device by device, and which devices are the same."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.energy import devices_of, mean_reading, total_energy
from isojoule.errors import IncomparableError
from isojoule.merging.ranks import Rank
from isojoule.records import Accelerator, Component, ComponentEnergy, Run, Samples


@dataclass(frozen=True, slots=True)
class Part:
    """What one rank tells of one device, or of a component if it kept no readings.

    Parameters
    ----------
    key : tuple of str
        The same for the same device, whoever measured it.
    component : {"gpu", "cpu", "dram", "node", "wall", "unstated"}
        What it is part of.
    device : str
        Its name on its host; empty for a whole component.
    rank : Rank
        Who measured it.
    energies : tuple of ComponentEnergy
        In the run, then in each of its windows.
    uuids : frozenset of str
        Boards that it is, or consists of; empty where not known.
    busy_fraction : float or None
        Mean utilization of a GPU, in [0, 1].
    """

    key: tuple[str, ...]
    component: Component
    device: str
    rank: Rank
    energies: tuple[ComponentEnergy, ...]
    uuids: frozenset[str]
    busy_fraction: float | None

    @property
    def energy_j(self) -> float | None:
        """Energy in the run [J]."""
        return self.energies[0].energy_j


def parts_of(rank: Rank) -> list[Part]:
    """Return what a rank measured: by device, or by component if it kept no readings.

    Parameters
    ----------
    rank : Rank
        With its run.
    """
    if rank.run.samples is None:
        return [_whole_part(rank, e.component) for e in rank.run.energies]
    return _device_parts(rank, rank.run.samples)


def counted_once(parts: Sequence[Part]) -> list[Part]:
    """Return each device as the rank has it that knows its energy, and longest.

    Parameters
    ----------
    parts : sequence of Part
        Of all ranks.

    Raises
    ------
    IncomparableError
        If it cannot be told whether two of them are of the same device.
    """
    _require_told_apart(parts)
    best: dict[tuple[str, ...], Part] = {}
    for part in parts:
        kept = best.setdefault(part.key, part)
        if _worth(part) > _worth(kept):
            best[part.key] = part
    return list(best.values())


def _worth(part: Part) -> tuple[bool, float]:
    return part.energy_j is not None, part.rank.duration_s


def sums_by_component(
    figures: Iterable[ComponentEnergy], unknown: Collection[Component]
) -> tuple[ComponentEnergy, ...]:
    """Return the sum of the energies of each component.

    Parameters
    ----------
    figures : iterable of ComponentEnergy
        One per device.
    unknown : collection of str
        Components of which more was drawn than these tell; they are ``absent``.
    """
    found: dict[Component, list[ComponentEnergy]] = {}
    for energy in figures:
        found.setdefault(energy.component, []).append(energy)
    return tuple(
        ComponentEnergy(component, None, "absent")
        if component in unknown
        else total_energy(energies)
        for component, energies in sorted(found.items())
    )


def mean_busy_fraction(parts: Sequence[Part]) -> float | None:
    """Return the mean utilization of the GPUs, each weighted by its time.

    Parameters
    ----------
    parts : sequence of Part
        Every device once.

    Returns
    -------
    float or None
        In [0, 1]; `None` where no utilization was read.
    """
    weighted = [
        (part.busy_fraction, part.rank.duration_s * max(1, len(part.uuids)))
        for part in parts
        if part.busy_fraction is not None
    ]
    total_s = sum(weight_s for _, weight_s in weighted)
    if not total_s:
        return None
    return sum(busy * weight_s for busy, weight_s in weighted) / total_s


def boards_of(run: Run) -> dict[str, Accelerator]:
    """Return the accelerators by their device, or by number where that is not known.

    Parameters
    ----------
    run : Run
        Of one rank.

    Notes
    -----
    Sensors list one quantity of all their devices in the order of the accelerators.
    """
    accelerators = run.hardware.accelerators
    devices: dict[str, dict[str, None]] = {}
    for channel in run.samples.channels if run.samples else ():
        if channel.component == "gpu":
            devices.setdefault(channel.quantity, {})[channel.device] = None
    whole = (list(names) for names in devices.values())
    fitting = (names for names in whole if len(names) == len(accelerators))
    numbered = [f"#{i}" for i in range(len(accelerators))]
    return dict(zip(next(fitting, numbered), accelerators, strict=True))


def _device_parts(rank: Rank, samples: Samples) -> list[Part]:
    spans_s = [(rank.run.start_s, rank.run.start_s + rank.duration_s)]
    spans_s += [(window.start_s, window.end_s) for window in rank.run.windows]
    start_s, end_s = np.array(spans_s).T
    boards = boards_of(rank.run)
    parts = []
    for series in devices_of(samples):
        board = boards.get(series.device) if series.component == "gpu" else None
        uuid = board.uuid if board else None
        energies = series.energies(start_s, end_s)
        if rank.duration_s == 0:  # one reading is no energy, not even 0 J
            energies = [
                ComponentEnergy(series.component, None, "absent") for _ in spans_s
            ]
        parts.append(
            Part(
                key=(uuid,) if uuid else (rank.host, series.component, series.device),
                component=series.component,
                device=series.device,
                rank=rank,
                energies=tuple(energies),
                uuids=frozenset([uuid] if uuid else ()),
                busy_fraction=mean_reading(
                    _of_device(samples, series.device),
                    "utilization_fraction",
                    "gpu",
                    start_s=float(start_s[0]),
                    end_s=float(end_s[0]),
                ),
            )
        )
    return parts


def _of_device(samples: Samples, device: str) -> Samples:
    rows = [i for i, channel in enumerate(samples.channels) if channel.device == device]
    channels = tuple(samples.channels[i] for i in rows)
    return Samples(channels, samples.time_s, samples.values[rows])


def _whole_part(rank: Rank, component: Component) -> Part:
    run, is_gpu = rank.run, component == "gpu"
    absent = ComponentEnergy(component, None, "absent")
    figures = [run.energies, *(window.energies for window in run.windows)]
    uuids = {a.uuid for a in run.hardware.accelerators if a.uuid}
    all_known = len(uuids) == len(run.hardware.accelerators)
    return Part(
        key=(run.run_id, component),
        component=component,
        device="",
        rank=rank,
        energies=tuple(
            next((e for e in found if e.component == component), absent)
            for found in figures
        ),
        uuids=frozenset(uuids if is_gpu and all_known else ()),
        busy_fraction=run.gpu_utilization_fraction if is_gpu else None,
    )


def _require_told_apart(parts: Sequence[Part]) -> None:
    """Raise if a component of a rank without readings may hold a device of another.

    Raises
    ------
    IncomparableError
        If one may; the message tells which.
    """
    for whole in (part for part in parts if not part.device):
        for part in parts:
            if part.rank is not whole.rank and _may_share(whole, part):
                raise IncomparableError(
                    f"rank {whole.rank.number} kept no readings, and its "
                    f"{whole.component} energy may be of devices that rank "
                    f"{part.rank.number} on {part.rank.host} has too: merge runs that "
                    "keep their samples (isojoule runs export --out ranks.json)"
                )


def _may_share(one: Part, other: Part) -> bool:
    if one.component != other.component:
        return False
    if one.uuids and other.uuids:
        return bool(one.uuids & other.uuids)
    return one.rank.host == other.rank.host
