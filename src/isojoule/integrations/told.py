"""What a forecast says in one line, and in the figures that frameworks show."""

from math import isfinite, nan
from typing import Final

from isojoule.estimators.streaming import Forecast
from isojoule.units import format_duration, format_energy, j_to_kwh

SHOWN: Final = ("energy_so_far_j", "energy_left_j", "time_left_s")
"""Names of the figures that frameworks show."""


def figures_of(forecast: Forecast | None) -> dict[str, float]:
    """Return energy so far [J], energy left [J] and time left [s] by their names.

    Parameters
    ----------
    forecast : Forecast or None
        After the last epoch.

    Returns
    -------
    dict of str to float
        Always the same names, so that tables of them are whole. NaN where it is not
        known, also where the forecast does not reach the end of the training.
    """
    if forecast is None:
        return dict.fromkeys(SHOWN, nan)
    left, duration = forecast.left, forecast.duration_left
    left_j = left.energy_j if left and forecast.is_whole else nan
    left_s = duration.duration_s if duration and forecast.is_whole else nan
    values = (forecast.energy_so_far_j, left_j, left_s)
    return dict(zip(SHOWN, values, strict=True))


def line_of(forecast: Forecast, epoch: int, *, what: str) -> str:
    """Return what is known after an epoch, in one line.

    Parameters
    ----------
    forecast : Forecast
        After that epoch.
    epoch : int
        Counted from 0.
    what : str
        Scope and provenance of the energies.
    """
    n_done = epoch + 1
    planned = f" of {forecast.n_epochs:g}" if isfinite(forecast.n_epochs) else ""
    many = "epochs" if planned or n_done > 1 else "epoch"
    energy = format_energy(forecast.energy_so_far_j)
    so_far = f"{n_done}{planned} {many}: {energy} so far ({what})"
    stable = forecast.stable_since
    since = "not stable yet" if stable is None else f"stable since epoch {stable}"
    parts = (f"{so_far}{_ahead(forecast)}", since, *forecast.notes)
    return "; ".join(parts)


def _ahead(forecast: Forecast) -> str:
    total, left, time = forecast.total, forecast.left, forecast.duration_left
    if total is None or left is None or time is None:
        return f"; no forecast: {forecast.reason}"
    within = ""
    if total.energy_low_j is not None and total.energy_high_j is not None:
        low, high = map(format_energy, (total.energy_low_j, total.energy_high_j))
        within = f" ({low} to {high} at {100 * total.level:g} %)"
    reach = "in all" if forecast.is_whole else f"before epoch {forecast.until_epoch:g}"
    return (
        f", {format_energy(total.energy_j)} {reach}{within}, "
        f"{format_duration(time.duration_s)} and {format_energy(left.energy_j)} "
        f"({_wh(left.energy_j)}) left"
    )


def _wh(energy_j: float) -> str:
    """Return an energy in Wh or kWh, three digits."""
    energy_kwh = j_to_kwh(energy_j)
    if energy_kwh >= 0.9995:
        return f"{energy_kwh:.3g} kWh"
    return f"{1000 * energy_kwh:.3g} Wh"
