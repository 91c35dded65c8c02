"""The rules of a comparison: what organizers keep under version control.

`rules_from` turns the document of a rules file, as TOML reads it, into `Rules`; a name
that it does not know is refused, so that a slip does not silently change a ranking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from isojoule.records import Calibration, Scope

Quantity: TypeAlias = Literal["params", "macs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference model as the organizers measured it.

    Parameters
    ----------
    name : str
        Of the task, which must be the same at every site.
    phase : str
        Of the run: ``train``, ``test``.
    energy_j : float
        On the organizers' hardware [J].
    energy_std_j : float or None
        Standard deviation over its repeats [J].
    step_j : float or None
        One unit of its last written digit [J].
    work_flop, n_params : float or None
        Forward FLOP of the run and parameters, for the methods that use them.
    """

    name: str
    phase: str
    energy_j: float
    energy_std_j: float | None = None
    step_j: float | None = None
    work_flop: float | None = None
    n_params: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRules:
    """How the energies of one phase are brought to the organizers' hardware.

    Parameters
    ----------
    name : str
        ``train``, ``test``.
    method : str
        ``none`` or a name of `NORMALIZERS`.
    references : tuple of Reference
        Those that this phase is normalized by.
    features : tuple of str
        ``work_flop``, ``n_params``: what the method uses beside the energy.
    baseline_energy_j : float or None
        Energy of the organizers' baseline system [J]: E_base of the energy-weighted
        score.
    accepts_other_phase : bool, default False
        Whether references of another phase may scale this one: the rule of 2023.
    max_extrapolation_factor : float, default 10
        How far outside the references an energy may lie before the number is refused
        by a method with two references or more.
    max_energy_j : float or None
        The user's own cap [J].
    decimals_kwh : int or None
        Decimals of kWh that normalized energies are published with: they are rounded
        before anything is compared. `None` keeps them as they are.
    """

    name: str
    method: str = "none"
    references: tuple[Reference, ...] = ()
    features: tuple[str, ...] = ()
    baseline_energy_j: float | None = None
    accepts_other_phase: bool = False
    max_extrapolation_factor: float = 10.0
    max_energy_j: float | None = None
    decimals_kwh: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A score that systems are compared by.

    Parameters
    ----------
    name : str
        As in the submissions.
    higher_is_better : bool, default True
        Direction.
    point : float, default 0.01
        What is called one point of it, in its own unit.
    interval_level : float or None
        Level of the intervals that submissions state; `None` where nobody says it:
        then they are taken for 95 % and the page says so.
    baseline_score : float or None
        What ranking scores are relative to; the score of the baseline where `None`.
    """

    name: str
    higher_is_better: bool = True
    point: float = 0.01
    interval_level: float | None = None
    baseline_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A part of the systems that is compared by itself.

    Parameters
    ----------
    name : str
        Such as ``single systems``.
    where : mapping of str to str
        Fields and the text that they must hold.
    drop_duplicates : tuple of str
        Systems equal in all of these count once, the first of them: names of phases
        (their normalized energies to `duplicate_digits` decimals of kWh), ``params``,
        ``macs``.
    duplicate_digits : int, default 3
        Decimals of kWh to which two energies are the same.
    """

    name: str
    where: Mapping[str, str] = field(default_factory=dict)
    drop_duplicates: tuple[str, ...] = ()
    duplicate_digits: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Priors of the errors that submissions do not state, as log standard deviations.

    Parameters
    ----------
    meter_fraction : float, default 0.2
        Of a software meter against a true one; the same for all that one site measured,
        so that it cancels where a site's references scale its systems.
    repeat_fraction : float, default 0.1
        Of one run against another of the same work on the same machine. The standard
        deviations that organizers published with their baselines have medians of 7.5 %
        (training) and 13.6 % (inference).
    model_fraction : float, default 0.45
        Of a conversion by one reference, for a system that is not the reference. The
        root mean square over 31 runs of one baseline on six GPUs is 0.37, over four
        sets of runs on several GPUs 0.46 (``benchmarks/comparison.py``).
    """

    meter_fraction: float = 0.2
    repeat_fraction: float = 0.1
    model_fraction: float = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A check that does not count for one submission.

    Parameters
    ----------
    check : str
        Its id.
    label : str
        The submission; ``*`` for all.
    reason : str
        Why; shown on the page.
    """

    check: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A figure that the organizers corrected; the original stays visible.

    Parameters
    ----------
    label : str
        The submission.
    field : str
        ``<phase>_energy_kwh``, ``reference_energy_kwh`` or
        ``reference_energy_kwh.<name of the reference>``, ``scores.<metric>``,
        ``n_params``, ``n_macs``, ``n_subsystems``, ``training_duration_s``,
        ``n_devices``.
    value : float
        In the unit of the field.
    reason : str
        Why.
    """

    label: str
    field: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLimits:
    """From where on a check speaks.

    Parameters
    ----------
    idle_power_w_per_device : float, default 10
        An accelerator that computes draws more [W].
    host_power_w : float, default 300
        Allowance for CPU, memory and the rest of an ordinary node [W].
    max_host_power_w : float, default 950
        The same for the largest host that is plausible [W]: two sockets of 280 W, and
        1 TiB of memory at the 0.375 W/GB that CodeCarbon assumes.
    power_slack : float, default 1.2
        Factor by which an implied power may exceed what the devices can draw.
    reference_outlier_factor : float, default 2
        Deviation of a reference from the other sites with the same device.
    min_reference_digits : int, default 3
        Significant digits of a reference.
    min_duration_s : float, default 60
        Shortest run that counts [s].
    identity_tolerance : float, default 0.05
        Deviation of the normalized baseline from the organizers' value.
    """

    idle_power_w_per_device: float = 10.0
    host_power_w: float = 300.0
    max_host_power_w: float = 950.0
    power_slack: float = 1.2
    reference_outlier_factor: float = 2.0
    min_reference_digits: int = 3
    min_duration_s: float = 60.0
    identity_tolerance: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Carbon:
    """What the separate block on carbon is computed with; never ranked.

    Parameters
    ----------
    country : str
        ISO code or name, for the location-based intensity.
    pue : float, default 1
        Multiplier for the building, labelled.
    """

    country: str
    pue: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of one edition.

    Parameters
    ----------
    edition : str
        Title, such as ``DCASE 2023 Task 4A``.
    hardware : str
        The organizers' machine that energies are brought to.
    phases : mapping of str to PhaseRules
        In the order of display; the first is the main one.
    metrics : mapping of str to Metric
        In the order of display; the first is the main one.
    baseline : str or None
        Label of the baseline system, that ranking scores are relative to.
    fields : mapping of str to tuple of str
        Where submissions say a quantity: columns or paths of keys, the first found
        counts.
    cohorts : mapping of str to Cohort
        Beside all systems.
    exponent : float, default 1
        a of the energy-weighted score: 0 quality only, 1 as published.
    price_kwh_per_point : float or None
        What one point of the main metric may cost [kWh].
    scope : {"gpu", "node", "wall"} or None
        What the energies should cover.
    stated_decimals_kwh : int or None
        Decimals of kWh that energies were asked with, where programs drop zeros at the
        end; `None` takes every figure as it is written.
    max_params, max_macs : float or None
        The user's own caps.
    errors, limits : Errors, CheckLimits
        Priors, and where checks begin to speak.
    waivers, amendments : tuple
        Decisions with reasons.
    calibration : Calibration or None
        Reference suite on the organizers' hardware.
    carbon : Carbon or None
        Of the separate block.
    level : float, default 0.9
        Coverage of all intervals.
    n_draws, seed : int
        Of the Monte Carlo.
    """

    edition: str
    hardware: str
    phases: Mapping[str, PhaseRules]
    metrics: Mapping[str, Metric]
    baseline: str | None = None
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cohorts: Mapping[str, Cohort] = field(default_factory=dict)
    exponent: float = 1.0
    price_kwh_per_point: float | None = None
    scope: Scope | None = None
    stated_decimals_kwh: int | None = None
    max_params: float | None = None
    max_macs: float | None = None
    errors: Errors = field(default_factory=Errors)
    limits: CheckLimits = field(default_factory=CheckLimits)
    waivers: tuple[Waiver, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    calibration: Calibration | None = None
    carbon: Carbon | None = None
    level: float = 0.9
    n_draws: int = 10_000
    seed: int = 0

    @property
    def main_phase(self) -> str:
        """Name of the first phase."""
        return next(iter(self.phases))

    @property
    def main_metric(self) -> str:
        """Name of the first metric."""
        return next(iter(self.metrics))


def reference_names(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Return the names of the references by the phase of their run.

    Parameters
    ----------
    rules : Rules
        Of the edition.
    """
    found: dict[str, dict[str, None]] = {}
    for phase in rules.phases.values():
        for reference in phase.references:
            found.setdefault(reference.phase, {})[reference.name] = None
    return {phase: tuple(names) for phase, names in found.items()}
