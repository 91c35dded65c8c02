"""From measured windows to the tables of the conformance benchmark."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

OURS = "isojoule"
SHORT_BELOW_S = 4.0  # shorter windows come last in the tables
MEASURED = {"counter", "sampled", "measured"}


@dataclass(frozen=True)
class Cell:
    """What one tracker reported of the windows of one length on one curve.

    `typical_error` and `worst_error` are the median and the largest distance of the
    ratios from 1; `sources` is what the tracker said of its numbers, and `reason` why
    there are none.
    """

    curve: str
    length_s: float
    tracker: str
    n_windows: int
    n_absent: int
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    typical_error: float | None = None
    worst_error: float | None = None
    sources: tuple[str, ...] = ()
    reason: str = ""

    def text(self) -> str:
        if self.ratio is None:
            return "error" if self.reason else "none"
        said = "".join(f" {s}" for s in self.sources if s not in MEASURED)
        if self.n_windows == 1:
            return f"{self.ratio:.3f}{said}"
        return f"{self.ratio:.3f} ({self.ratio_low:.3f}-{self.ratio_high:.3f}){said}"


@dataclass(frozen=True)
class Coverage:
    """How many intervals of ours hold the truth; a window without one does not."""

    curve: str
    length_s: float
    n_windows: int
    n_absent: int
    n_held: int
    n_held_without_gain: int
    half_width: float | None


def cell(
    curve: str, length_s: float, tracker: str, windows: Sequence[dict], reason: str = ""
) -> Cell:
    """Return the summary of these windows."""
    ratios = [
        w["energy_j"] / w.get("pue", 1.0) / w["true_j"]
        for w in windows
        if w["energy_j"] is not None
    ]
    counts = len(windows), len(windows) - len(ratios)
    if not ratios:
        return Cell(curve, length_s, tracker, *counts, reason=reason)
    errors = [abs(ratio - 1) for ratio in ratios]
    return Cell(
        *(curve, length_s, tracker, *counts),
        *(median(ratios), min(ratios), max(ratios)),
        *(median(errors), max(errors)),
        tuple(sorted({w["source"] for w in windows if "source" in w})),
    )


def coverage(curve: str, length_s: float, windows: Sequence[dict]) -> Coverage:
    """Return how often the intervals of these windows hold the truth."""
    bounded = [w for w in windows if w.get("energy_low_j") is not None]
    n_held = n_held_without_gain = 0
    widths = []
    for window in bounded:
        low_j, high_j = window["energy_low_j"], window["energy_high_j"]
        gain, true_j = window["gain_error_fraction"] or 0.0, window["true_j"]
        n_held += low_j <= true_j <= high_j
        n_held_without_gain += low_j / (1 - gain) <= true_j <= high_j / (1 + gain)
        widths.append((high_j - low_j) / 2 / true_j)
    return Coverage(
        *(curve, length_s, len(windows), len(windows) - len(bounded)),
        *(n_held, n_held_without_gain, median(widths) if widths else None),
    )


COVERAGE_HEADER = [
    *("length", "windows", "no interval", "interval holds the truth"),
    *("without the gain error", "worst curve", "half width"),
]


def by_length(coverages: Sequence[Coverage]) -> list[list[str]]:
    """Return rows of `COVERAGE_HEADER`: all curves together, by length of window.

    The half width is the middle one of the curves, as a share of the truth.
    """
    rows = []
    if not coverages:
        return rows
    for length_s in [*sorted({c.length_s for c in coverages}), None]:
        here = [c for c in coverages if length_s in {None, c.length_s}]
        n_windows = sum(c.n_windows for c in here)
        widths = [c.half_width for c in here if c.half_width is not None]
        worst = min(here, key=lambda c: c.n_held / c.n_windows)
        rows.append(
            [
                "all" if length_s is None else f"{length_s:g} s",
                str(n_windows),
                str(sum(c.n_absent for c in here)),
                f"{sum(c.n_held for c in here) / n_windows:.1%}",
                f"{sum(c.n_held_without_gain for c in here) / n_windows:.1%}",
                f"{worst.n_held / worst.n_windows:.1%}",
                f"{median(widths):.1%}" if widths and length_s is not None else "",
            ]
        )
    return rows


COMPARISON_HEADER = [
    *("error: typical (worst)", "isojoule", "best peer", "which"),
    *("peer / isojoule", "bar", "met"),
]


def comparison(cells: Sequence[Cell], kinds: Mapping[str, str]) -> list[list[str]]:
    """Return rows of `COMPARISON_HEADER`; best is the smallest typical error.

    `kinds` tells of each curve whether it is ``steady``, has ``edges``, or neither.
    """
    rows = []
    for curve, length_s in _places(cells):
        here = [
            c
            for c in cells
            if (c.curve, c.length_s) == (curve, length_s)
            and c.typical_error is not None
            and MEASURED.issuperset(c.sources)
        ]
        ours = [c for c in here if c.tracker == OURS]
        peers = [c for c in here if c.tracker != OURS]
        if ours and peers:
            peer = min(peers, key=lambda c: c.typical_error or 0.0)
            row = _compared(ours[0], peer, kinds.get(curve, "other"))
            rows.append([f"{curve}, {length_s:g} s", *row])
    return rows


def _compared(ours: Cell, peer: Cell, kind: str) -> list[str]:
    """Return a row without its name; the bars are for windows of 2 s and longer."""
    mine, theirs = ours.typical_error or 0.0, peer.typical_error or 0.0
    bar, is_met = "best peer", mine <= theirs
    if kind == "steady" and ours.length_s >= 2:
        bar, is_met = "0.5 %", (ours.worst_error or 0.0) < 0.005
    elif kind == "edges" and ours.length_s >= 2:
        bar, is_met = "half of best peer", mine <= theirs / 2
    texts = [f"{c.typical_error:.3%} ({c.worst_error:.2%})" for c in (ours, peer)]
    factor = f"{theirs / max(mine, 1e-9):.1f}"
    return [*texts, peer.tracker, factor, bar, "yes" if is_met else "no"]


def ratios(
    cells: Sequence[Cell], trackers: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Return a header and rows: a curve each, a tracker per column."""
    by_place = {(c.curve, c.length_s, c.tracker): c.text() for c in cells}
    rows = [
        [
            f"{curve}, {length_s:g} s",
            *(by_place.get((curve, length_s, t), "") for t in trackers),
        ]
        for curve, length_s in _places(cells)
    ]
    return ["reported / true", *trackers], rows


def _places(cells: Iterable[Cell]) -> list[tuple[str, float]]:
    """Return the rows, long windows first."""
    places = list(dict.fromkeys((c.curve, c.length_s) for c in cells))
    return sorted(places, key=lambda p: p[1] if p[1] < SHORT_BELOW_S else 0.0)


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned table."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True))
        for row in (header, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the same for a README."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
