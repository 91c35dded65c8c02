"""How many digits energies are stated and published with, where the rules say it."""

from collections.abc import Sequence
from dataclasses import replace

from isojoule.submissions import Figure, Submission
from isojoule.units import j_to_kwh, kwh_to_j


def state_digits(
    submissions: Sequence[Submission], decimals_kwh: int | None
) -> tuple[Submission, ...]:
    """Return the submissions with energies known to the digits that were asked for.

    Parameters
    ----------
    submissions : sequence of Submission
        As they were handed in.
    decimals_kwh : int or None
        Decimals of kWh that energies were asked with; ``0.01`` then stands for
        ``0.010``. `None` takes every figure as it is written.
    """
    if decimals_kwh is None:
        return tuple(submissions)
    step_j = kwh_to_j(10.0**-decimals_kwh)
    return tuple(
        replace(
            submission,
            energies={n: _stated(f, step_j) for n, f in submission.energies.items()},
            references=tuple(
                replace(run, energy=_stated(run.energy, step_j))
                for run in submission.references
            ),
        )
        for submission in submissions
    )


def rounded_j(energy_j: float, decimals_kwh: int | None) -> float:
    """Return an energy as it is published [J]; as it is where that would be 0.

    Parameters
    ----------
    energy_j : float
        Energy [J].
    decimals_kwh : int or None
        Decimals of kWh; `None` keeps all digits.
    """
    if decimals_kwh is None:
        return energy_j
    return kwh_to_j(round(j_to_kwh(energy_j), decimals_kwh)) or energy_j


def _stated(figure: Figure, step_j: float) -> Figure:
    if figure.step is None or figure.step <= step_j:
        return figure
    return replace(figure, step=step_j)
