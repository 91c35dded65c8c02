"""The runs of the ranks of one job as one run, in which every device counts once."""

from isojoule.merging.merge import merge_runs
from isojoule.merging.ranks import newest_ranks

__all__ = ["merge_runs", "newest_ranks"]
