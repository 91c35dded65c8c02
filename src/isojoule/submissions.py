"""What somebody hands in: figures as they were written, each with its place.

A figure that could not be read is kept with its text and the reason; none is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from isojoule.records import Calibration, Provenance, Run, Scope

Severity: TypeAlias = Literal["error", "warning", "note"]
"""How much a problem matters: the figure cannot be used, it is doubtful, it should be
known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure stands.

    Parameters
    ----------
    file : str
        Path below what was handed in, with ``/``.
    line : int or None
        From 1; `None` in a file without lines.
    field : str, default ""
        Name of the column, or path of keys with dots.
    """

    file: str
    line: int | None = None
    field: str = ""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure as it was stated.

    Parameters
    ----------
    text : str
        As it was written.
    value : float or None
        In the unit that ends the name of the quantity; `None` where the text could not
        be read for certain.
    place : Place
        Where it stands.
    low, high : float or None
        Interval that was stated with it.
    step : float or None
        One unit of the last digit that was written, in the unit of `value`: 0.001 kWh
        for ``0.032``. `None` where the text is not a rounded decimal.
    provenance : {"measured", "modelled", "declared"}
        How it came about.
    scope : {"gpu", "node", "wall"} or None
        What an energy covers; `None` where nobody says it.
    problem : str, default ""
        Why it could not be read, or what is odd about it.
    original : Figure or None
        What stood there before an amendment.
    reason : str, default ""
        Why it was amended.
    """

    text: str
    value: float | None
    place: Place
    low: float | None = None
    high: float | None = None
    step: float | None = None
    provenance: Provenance = "declared"
    scope: Scope | None = None
    problem: str = ""
    original: "Figure | None" = None
    reason: str = ""

    @property
    def n_significant_digits(self) -> int | None:
        """Digits that were written, from the first that is not 0."""
        if self.step is None or not self.value:
            return None
        return len(str(round(abs(self.value) / self.step)))


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A reference model on the hardware of a site.

    Parameters
    ----------
    name : str
        Of the reference model, as in the rules.
    phase : str
        Of the run: ``train``, ``test``.
    energy : Figure
        Its energy [J].
    """

    name: str
    phase: str
    energy: Figure


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with what was handed in, before anything is compared.

    Parameters
    ----------
    severity : {"error", "warning", "note"}
        With ``error`` the file or figure is left out.
    text : str
        What was found and what to do.
    place : Place or None
        Where.
    """

    severity: Severity
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One system of one team, with all that was stated about it.

    Parameters
    ----------
    label : str
        Its name among the submissions; unique.
    team : str
        Who handed it in. A team is one site: its systems share the error of its
        references.
    name : str, default ""
        Title for people.
    is_baseline : bool, default False
        Whether it is the organizers' own.
    energies : mapping of str to Figure
        Energy [J] by phase.
    references : tuple of ReferenceRun
        Reference models on the hardware of the team.
    scores : mapping of str to Figure
        By metric.
    n_params, n_macs, n_subsystems : Figure or None
        Parameters; multiply-accumulates (not FLOP) for the input that the rules name;
        members of an ensemble.
    training_duration_s : Figure or None
        Stated duration of the training [s].
    n_devices : Figure or None
        Accelerators that were used.
    n_tracked_devices : Figure or None
        Accelerators that the tracker counted.
    device : str or None
        Accelerator as it was written.
    tracker : str or None
        Program and version that measured.
    cells : mapping of str to str
        Every further field as it was written, by its column or path of keys.
    runs : tuple of Run
        Records that came with it.
    calibration : Calibration or None
        Reference suite on the hardware of the team.
    problems : tuple of Problem
        What was wrong while it was read.
    """

    label: str
    team: str
    name: str = ""
    is_baseline: bool = False
    energies: Mapping[str, Figure] = field(default_factory=dict)
    references: tuple[ReferenceRun, ...] = ()
    scores: Mapping[str, Figure] = field(default_factory=dict)
    n_params: Figure | None = None
    n_macs: Figure | None = None
    n_subsystems: Figure | None = None
    training_duration_s: Figure | None = None
    n_devices: Figure | None = None
    n_tracked_devices: Figure | None = None
    device: str | None = None
    tracker: str | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    calibration: Calibration | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read.

    Parameters
    ----------
    path : str
        Below what was handed in, with ``/``.
    sha256 : str
        Of its bytes.
    content : bytes
        Kept for the bundle.
    """

    path: str
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Handed:
    """All that was handed in.

    Parameters
    ----------
    submissions : tuple of Submission
        In the order of their labels' first appearance.
    problems : tuple of Problem
        Those of files that belong to no submission.
    files : tuple of InputFile
        Every file that was read, in the order of reading.
    """

    submissions: tuple[Submission, ...]
    problems: tuple[Problem, ...] = ()
    files: tuple[InputFile, ...] = ()
