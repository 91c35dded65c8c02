"""What a report says, as plain data: gathered elsewhere, rendered elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from isojoule.report.figures import Figure
from isojoule.tables import Table


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know at a glance.

    Parameters
    ----------
    label : str
        What it is.
    value : str
        Ready to read, with its unit.
    """

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page: text, then a figure, then a table.

    Parameters
    ----------
    title : str
        Heading.
    text : tuple of str
        Paragraphs.
    figure : Figure or None
        A drawing.
    table : Table or None
        Numbers.
    """

    title: str
    text: tuple[str, ...] = ()
    figure: Figure | None = None
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a page says, unrendered.

    Parameters
    ----------
    title : str
        Heading.
    lead : str
        One or two sentences below it.
    facts : tuple of Fact
        What to know at a glance.
    sections : tuple of Section
        In the order of reading.
    generated_by : str
        Program and version.
    created_at : datetime
        Aware.
    notice : str, default ""
        What nobody may overlook, such as that energies are modelled.
    script : str, default ""
        What makes its figures move; trusted, so it comes with the package.

    Raises
    ------
    ValueError
        If the date is naive.
    """

    title: str
    lead: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    generated_by: str
    created_at: datetime
    notice: str = ""
    script: str = ""

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError(f"page {self.title!r} has a date without a time zone")
