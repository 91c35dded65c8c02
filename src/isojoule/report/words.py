"""Words that the parts of a page share."""

from typing import Final

from isojoule.records import Component

COMPONENT_NAMES: Final[dict[Component, str]] = {
    "gpu": "GPU",
    "cpu": "CPU",
    "dram": "DRAM",
    "node": "whole node",
    "wall": "at the plug",
    "unstated": "not stated",
}


def count_of(n: int, n_runs: int) -> str:
    """Return how many of the runs of a page, in words."""
    if n_runs == 1:
        return "the run"
    return f"all {n_runs} runs" if n == n_runs else f"{n} of {n_runs} runs"
