"""What all figures share: their look, and the way from a drawing to inline SVG.

The same data give the same bytes. Colors are those of Okabe and Ito (2008), "Color
universal design", jfly.uni-koeln.de/color; shapes and line styles differ as well, so
that a figure can be read in grey.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Final, Literal
from warnings import catch_warnings, filterwarnings

from isojoule.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
YELLOW: Final = "#F0E442"
INK: Final = "#1f2328"
GREY: Final = "#6b7280"

_RC: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, read aloud
    "svg.hashsalt": "isojoule",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}

_MAX_WIDTH_PX_PER_IN: Final = 112


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing that can be put into a page as it is.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element; trusted, so build it here.
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        How to read it, and what was left out.
    """

    svg: str
    alt: str
    caption: str


@contextmanager
def open_drawing(
    width_in: float, height_in: float, layout: Literal["constrained"] | None = None
) -> Iterator["Drawing"]:
    """Yield an empty drawing under our style, whatever the user's settings are.

    Parameters
    ----------
    width_in, height_in : float
        Size [in]; the letters have their size in relation to it.
    layout : {"constrained"}, optional
        Whether matplotlib arranges the axes.

    Yields
    ------
    matplotlib.figure.Figure
        Draw on it and turn it into an SVG inside the context.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as Drawing
    except ImportError as error:
        raise MissingExtraError("plots", "drawing figures") from error
    with mpl.rc_context(), catch_warnings():
        # The browser sets the text, so what our font lacks does not matter.
        filterwarnings("ignore", message="Glyph .* missing from")
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield Drawing(figsize=(width_in, height_in), layout=layout)


def to_svg(drawing: "Drawing", alt: str) -> str:
    """Return `drawing` as one SVG element with ids of its own and a text for `alt`."""
    text = StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(text.getvalue(), alt, drawing.get_figwidth())


def _inline(document: str, alt: str, width_in: float) -> str:
    """Return the SVG element of `document` so that several can stand in one page."""
    svg = document[document.index("<svg") :].rstrip()
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # matplotlib numbers its groups from 1 in every figure: make the ids differ.
    prefix = f"f{sha256(svg.encode()).hexdigest()[:8]}-"
    svg = re.sub(r"<[^<>]+>", lambda tag: _prefix_ids(tag[0], prefix), svg)
    head, _, body = svg.partition(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    label = escape(alt)
    # The page sets the width; larger than this the letters would look clumsy.
    style = f"max-width: {_MAX_WIDTH_PX_PER_IN * width_in:.0f}px"
    attributes = f'role="img" aria-label="{label}" style="{style}"'
    return f"{head} {attributes}>\n <title>{label}</title>{body}"


def _prefix_ids(tag: str, prefix: str) -> str:
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}", tag)


def cut(text: str, n_characters: int) -> str:
    """Return `text`, its end left out where it is longer than `n_characters`."""
    return text if len(text) <= n_characters else f"{text[: n_characters - 1]}…"
