"""Conversions to and from SI; the only place with 3600 or 1e-6."""

from typing import Final

J_PER_KWH: Final = 3.6e6
"""Joules in one kilowatt-hour (exact)."""

J_PER_MJ: Final = 1e-3
"""Joules in one millijoule, the unit of the NVML energy counter."""

J_PER_UJ: Final = 1e-6
"""Joules in one microjoule, the unit of the powercap counters."""

W_PER_MW: Final = 1e-3
"""Watts in one milliwatt, the unit of NVML power readings."""

BYTES_PER_GIB: Final = 2**30
"""Bytes in one gibibyte."""

BYTES_PER_MIB: Final = 2**20
"""Bytes in one mebibyte."""

HZ_PER_MHZ: Final = 1e6
"""Hertz in one megahertz, the unit of NVML clocks."""

G_PER_T: Final = 1e6
"""Grams in one tonne."""


def j_to_kwh(energy_j: float) -> float:
    """Return the energy in kilowatt-hours [kWh] of `energy_j` [J]."""
    return energy_j / J_PER_KWH


def kwh_to_j(energy_kwh: float) -> float:
    """Return the energy in joules [J] of `energy_kwh` [kWh]."""
    return energy_kwh * J_PER_KWH


def percent_to_fraction(percent: float) -> float:
    """Return the share in [0, 1] of a percentage in [0, 100]."""
    return percent / 100.0


def _scaled(value: float, unit: str) -> str:
    for prefix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3)):
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value / 1e-6:.3g} \N{MICRO SIGN}{unit}" if value else f"0 {unit}"


def format_energy(energy_j: float) -> str:
    """Return `energy_j` [J] for people to read, three significant digits."""
    return _scaled(energy_j, "J")


def format_power(power_w: float) -> str:
    """Return `power_w` [W] for people to read, three significant digits."""
    return _scaled(power_w, "W")


def format_duration(duration_s: float) -> str:
    """Return `duration_s` [s] for people to read."""
    if duration_s >= 3600:
        return f"{int(duration_s // 3600)} h {int(duration_s % 3600 // 60)} min"
    if duration_s >= 60:
        return f"{int(duration_s // 60)} min {int(duration_s % 60)} s"
    return _scaled(duration_s, "s")


def format_mass(mass_g: float) -> str:
    """Return `mass_g` [g] for people to read, three significant digits."""
    if mass_g >= G_PER_T * 0.9995:
        return _scaled(mass_g / G_PER_T, "t")
    return _scaled(mass_g, "g")
