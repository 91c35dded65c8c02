"""How many processes train together."""

import json
import os
import sys
from contextlib import suppress

from isojoule.probe import rank_tags


def world_size() -> int:
    """Return how many processes train together, as far as this one knows.

    Notes
    -----
    It asks the launcher, TensorFlow's ``TF_CONFIG``, and PyTorch and JAX where they are
    imported already.
    """
    told = rank_tags().get("world_size", "")
    sizes = [int(told) if told.isdecimal() else 1, _n_tensorflow_workers()]
    distributed = sys.modules.get("torch.distributed")
    if distributed and distributed.is_available() and distributed.is_initialized():
        sizes.append(int(distributed.get_world_size()))
    count = getattr(sys.modules.get("jax"), "process_count", None)
    if count is not None:
        with suppress(RuntimeError):  # no backend of it works here
            sizes.append(int(count()))
    return max(sizes)


def _n_tensorflow_workers() -> int:
    """Return how many processes train by ``TF_CONFIG``; 0 where it does not tell."""
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}")["cluster"]
        return sum(len(cluster.get(job, ())) for job in ("chief", "worker"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return 0
