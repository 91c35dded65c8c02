r"""An estimate for one machine, carried to another.

The forecast tells the energy :math:`E_A` of the whole training on machine A. A
normalizer tells what a part of it that was measured on A, an epoch, would have taken on
B: the ratio :math:`r = E_{B,part} / E_{A,part}`. The estimate for B is
:math:`r E_A` [1]_. The two doubts are independent, one about what is still to come and
one about the other machine, so their logarithmic half-widths add in squares.

References
----------
.. [1] Douwes & Serizel, hardware-independent normalization from reference models:
   E_B = E_A r_B / r_A for a ratio; here r may come from any normalizer.
"""

from math import exp, hypot, log

from isojoule.errors import IncomparableError
from isojoule.records import Estimate, weakest


def transferred(
    forecast: Estimate, conversion: Estimate, *, part_energy_j: float
) -> Estimate:
    """Return what a training forecast on one machine would take on another.

    Parameters
    ----------
    forecast : Estimate
        Of the whole training on the machine it runs on [J].
    conversion : Estimate
        Of a part of it on the other machine [J].
    part_energy_j : float
        Energy of that part on the machine it runs on [J].

    Raises
    ------
    IncomparableError
        If the two are intervals of different levels, or energies of different scopes.
    ValueError
        If the energy of the part, or an estimate, is not positive.
    """
    if forecast.level != conversion.level:
        raise IncomparableError(
            f"a forecast at level {forecast.level:g} and a conversion at level "
            f"{conversion.level:g} have no common interval: ask both for one level"
        )
    if forecast.scope and conversion.scope and forecast.scope != conversion.scope:
        raise IncomparableError(
            f"the forecast is of scope {forecast.scope}, the conversion of scope "
            f"{conversion.scope}: choose one scope for both"
        )
    values_j = (part_energy_j, forecast.energy_j, conversion.energy_j)
    if not all(value_j > 0 for value_j in values_j):
        raise ValueError(
            "a transfer needs positive energies, got "
            f"{', '.join(f'{v:g} J' for v in values_j)}"
        )
    energy_j = forecast.energy_j * conversion.energy_j / part_energy_j
    ours, other = (_half_widths(e) for e in (forecast, conversion))
    low_j = high_j = None
    if ours and other:
        low_j = energy_j * exp(-hypot(ours[0], other[0]))
        high_j = energy_j * exp(hypot(ours[1], other[1]))
    return Estimate(
        workload=forecast.workload,
        hardware=conversion.hardware,
        energy_j=energy_j,
        energy_low_j=low_j,
        energy_high_j=high_j,
        level=forecast.level,
        method=f"{forecast.method}, then {conversion.method}",
        references=conversion.references,
        in_range=forecast.in_range and conversion.in_range,
        provenance=weakest([forecast.provenance, conversion.provenance]),
        scope=forecast.scope or conversion.scope,
        uncertainty=(
            *(f"forecast: {part}" for part in forecast.uncertainty),
            *(f"conversion: {part}" for part in conversion.uncertainty),
        ),
        notes=(*forecast.notes, *conversion.notes),
        sources=_sources(ours, other),
    )


def _half_widths(estimate: Estimate) -> tuple[float, float] | None:
    """Return how far the interval reaches down and up, in logarithms."""
    low_j, high_j = estimate.energy_low_j, estimate.energy_high_j
    if low_j is None or high_j is None or low_j <= 0:
        return None
    return log(estimate.energy_j / low_j), log(high_j / estimate.energy_j)


def _sources(
    forecast: tuple[float, float] | None, conversion: tuple[float, float] | None
) -> dict[str, float]:
    """Return the share of each in the squared width of the interval."""
    if forecast is None or conversion is None:
        return {}
    first, second = (sum(widths) ** 2 for widths in (forecast, conversion))
    if not first + second:
        return {}
    return {
        "forecast": first / (first + second),
        "conversion": second / (first + second),
    }
