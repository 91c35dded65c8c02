"""A log of measured windows as one run: Zeus and pyJoules write such logs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import fsum
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.finish import left_out_of
from isojoule.formats.foreign import Row, run_id_of, unnamed_hardware
from isojoule.records import (
    Accelerator,
    Component,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Window,
    Workload,
)
from isojoule.units import format_duration

_EDGE_S: Final = 1e-3  # dates as floating-point numbers are exact to a microsecond
_LAST_S: Final = 253402300799.0  # the end of the year 9999, the last that a date holds


def window_of(
    row: Row,
    *,
    name: str,
    started_s: str,
    duration_s: str,
    energies: Sequence[ComponentEnergy],
) -> Window:
    """Return the window of a row, on the time axis of its file [s since 1970].

    Parameters
    ----------
    row : Row
        A line of the log.
    name : str
        What the program called the window.
    started_s, duration_s : str
        Columns of its date [s since 1970] and length [s].
    energies : sequence of ComponentEnergy
        What it needed.

    Raises
    ------
    FormatError
        If its time is missing or impossible.
    """
    start_s = row.amount(started_s)
    if start_s > _LAST_S:
        raise row.fail(f"{started_s} is {start_s:g}, expected seconds since 1970")
    length_s = row.number_or_none(duration_s)
    if length_s is None or length_s < 0:
        raise row.fail(
            f"{duration_s} is {row.text(duration_s) or 'empty'}: the clock was set "
            "back in this window, or the line is damaged; remove the line"
        )
    return Window(name, None, None, start_s, start_s + length_s, tuple(energies))


def counted_energy(
    component: Component, parts_j: Sequence[float], source: EnergySource
) -> ComponentEnergy:
    """Return the sum over the devices of a component in one window.

    Parameters
    ----------
    component : Component
        What drew it.
    parts_j : sequence of float
        Difference of the counter of each device [J].
    source : EnergySource
        How they came about.

    Returns
    -------
    ComponentEnergy
        ``absent`` where a difference is not positive: the window was shorter than a
        refresh of the counter, or the counter started again from zero.
    """
    if min(parts_j) <= 0:
        return ComponentEnergy(component, None, "absent")
    return ComponentEnergy(component, fsum(parts_j), source)


def run_of_windows(
    windows: Sequence[Window],
    *,
    path: Path,
    program: str,
    content: str,
    accelerators: tuple[Accelerator, ...] = (),
) -> Run:
    """Return the run that a log of windows is.

    Parameters
    ----------
    windows : sequence of Window
        On an axis of seconds since 1970.
    path : Path
        The log.
    program : str
        Who wrote it.
    content : str
        Text of the log; the id of the run depends on it.
    accelerators : tuple of Accelerator
        Those that were measured, where the log tells what they are.

    Returns
    -------
    Run
        Its energies and duration are the sum of the windows that lie in no other; what
        happened between these is in neither. Without a total where windows overlap.

    Raises
    ------
    FormatError
        If there are no windows.
    """
    if not windows:
        raise FormatError(
            f"{path} has a header and no windows: {program} writes a line when a "
            "window ends, so the job may have been killed in the first one"
        )
    first_s = min(w.start_s for w in windows)
    started_at = datetime.fromtimestamp(first_s, UTC)
    outer = _outermost(windows)
    energies = summed_energies(windows, outer)
    return Run(
        run_id=run_id_of(started_at, content),
        name=path.stem,
        workload=Workload(path.stem),
        hardware=Hardware(unnamed_hardware(path).name, accelerators),
        energies=energies,
        duration_s=fsum(w.duration_s for w in outer) if outer else None,
        started_at=started_at,
        windows=tuple(
            replace(w, start_s=w.start_s - first_s, end_s=w.end_s - first_s)
            for w in sorted(windows, key=lambda w: w.start_s)
        ),
        left_out=left_out_of(energies, has_gpu=bool(accelerators)),
        origin=f"{program}, {path.name}",
        warnings=tuple(_doubts(windows, outer)),
    )


def _outermost(windows: Sequence[Window]) -> list[Window]:
    """Return the windows that lie in no other; none where any two overlap in part."""
    outer: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.start_s, -w.end_s)):
        if not outer or window.start_s >= outer[-1].end_s - _EDGE_S:
            outer.append(window)
        elif window.end_s > outer[-1].end_s + _EDGE_S:
            return []
    return outer


def summed_energies(
    windows: Sequence[Window], over: Sequence[Window]
) -> tuple[ComponentEnergy, ...]:
    """Return the energy of every component of `windows` over some of them [J].

    Parameters
    ----------
    windows : sequence of Window
        At least one; the first tells which components there are.
    over : sequence of Window
        Those to add up, no two at the same time.

    Returns
    -------
    tuple of ComponentEnergy
        ``absent`` where one of the windows does not know the component, or `over` is
        empty.
    """
    total = []
    for first in windows[0].energies:
        parts = [e for w in over for e in w.energies if e.component == first.component]
        known_j = [e.energy_j for e in parts if e.energy_j is not None]
        if parts and len(known_j) == len(parts):
            total.append(replace(parts[0], energy_j=fsum(known_j)))
        else:
            total.append(ComponentEnergy(first.component, None, "absent"))
    return tuple(total)


def _doubts(windows: Sequence[Window], outer: Sequence[Window]) -> list[str]:
    doubts = []
    for component in dict.fromkeys(e.component for w in windows for e in w.energies):
        lacking = [
            w.name
            for w in windows
            for e in w.energies
            if e.component == component and e.energy_j is None
        ]
        if lacking:
            doubts.append(
                f"{component} energy is not positive, so not known, in {len(lacking)} "
                f"of {len(windows)} windows (first: {lacking[0]}): shorter than a "
                "refresh of the counter, or the counter started again"
            )
    if not outer:
        return [*doubts, "windows overlap in part, so that there is no total"]
    between_s = outer[-1].end_s - outer[0].start_s - fsum(w.duration_s for w in outer)
    if between_s > _EDGE_S * len(outer):
        doubts.append(
            f"{format_duration(between_s)} between the windows are in no figure"
        )
    return doubts
