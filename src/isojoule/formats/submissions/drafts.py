"""What one submission says of itself, before anybody knows what it means."""

from collections.abc import Mapping
from dataclasses import dataclass

from isojoule.formats.submissions.yaml_nodes import Leaf
from isojoule.submissions import Place, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row of a table, an entry of a list, a meta file, or a folder without one.

    Parameters
    ----------
    place : Place
        Where it begins.
    leaves : mapping of str to Leaf
        Texts by column or path of keys, empty ones too.
    fallback_label : str
        What to call it where it has no label.
    has_decimal_comma : bool, default False
        Whether the numbers in it are known to have decimal commas.
    problems : tuple of Problem
        What was wrong while it was read.
    """

    place: Place
    leaves: Mapping[str, Leaf]
    fallback_label: str
    has_decimal_comma: bool = False
    problems: tuple[Problem, ...] = ()
