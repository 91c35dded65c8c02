"""Table: named columns with units, unrendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

Cell: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a `Table`.

    Parameters
    ----------
    name : str
        Key in machine-readable output; the unit ends the name.
    values : tuple of cells
        One value per row; `None` is *not known*.
    label : str, default ""
        Heading for people; the name where empty.
    """

    name: str
    values: tuple[Cell, ...]
    label: str = ""

    @property
    def heading(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length under a title.

    Parameters
    ----------
    title : str
        What the table shows.
    columns : tuple of Column
        In the order of display.

    Raises
    ------
    ValueError
        If the columns differ in length or share a name.
    """

    title: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len({len(c.values) for c in self.columns}) > 1:
            raise ValueError(f"columns of {self.title!r} differ in length")
        if len({c.name for c in self.columns}) < len(self.columns):
            raise ValueError(f"columns of {self.title!r} share a name")

    @classmethod
    def from_rows(
        cls,
        title: str,
        rows: Sequence[Mapping[str, Cell]],
        *,
        labels: Mapping[str, str],
    ) -> Self:
        """Return a table with the columns of `labels`, in their order.

        Parameters
        ----------
        title : str
            What the table shows.
        rows : sequence of mappings
            Values by column name; a missing key is *not known*.
        labels : mapping of str to str
            Heading of each column by its name.
        """
        columns = tuple(
            Column(name, tuple(row.get(name) for row in rows), label)
            for name, label in labels.items()
        )
        return cls(title, columns)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    def rows(self) -> list[dict[str, Cell]]:
        """Return one mapping per row, keyed by column name."""
        names = [c.name for c in self.columns]
        return [
            dict(zip(names, cells, strict=True))
            for cells in zip(*(c.values for c in self.columns), strict=True)
        ]
