"""Which GPUs a process may use, and which of them one rank of a job measures."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from isojoule.errors import SensorUnavailableError

MIG_REASON: Final = "NVML has no energy per MIG instance"
MIG_REMEDY: Final = "measure on a whole GPU, with MIG mode off (nvidia-smi -mig 0)"

_LOCAL_RANKS: Final = (
    ("LOCAL_RANK", "LOCAL_WORLD_SIZE"),
    # Of the step: a batch script has SLURM_LOCALID too, but is no task among others.
    ("SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"),
    ("OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
)


def local_rank(environ: Mapping[str, str] = os.environ) -> tuple[int, int] | None:
    """Return the rank of this process among those of its job on this machine.

    Parameters
    ----------
    environ : mapping of str to str
        Where torchrun, Slurm or Open MPI say so.

    Returns
    -------
    (int, int) or None
        Rank and number of ranks; `None` where the process is the only one.
    """
    for rank, size in _LOCAL_RANKS:
        number = environ.get(rank, "")
        # Slurm writes 4(x2) for four tasks on each of two nodes.
        count = environ.get(size, "").partition("(")[0]
        if number.isdecimal() and count.isdecimal() and int(number) < int(count) > 1:
            return int(number), int(count)
    return None


def share_of_rank(
    indices: Sequence[int], rank: tuple[int, int] | None
) -> tuple[list[int], str]:
    """Return the GPUs that one rank measures, and what is doubtful about that.

    Where the ranks see as many GPUs as they are, or more, each takes every n-th: every
    GPU is measured once, and rank *r* has the GPU *r* that it computes on. Where they
    see fewer, each was given its own, or they share: all are measured, and
    `isojoule runs merge` counts each GPU once.

    Parameters
    ----------
    indices : sequence of int
        GPUs that the process may use.
    rank : (int, int) or None
        As `local_rank` tells.
    """
    if rank is None:
        return list(indices), ""
    number, count = rank
    if len(indices) < count:
        return list(indices), (
            f"{count} ranks run on this machine and may share these GPUs: "
            "`isojoule runs merge` counts each GPU once"
        )
    return list(indices[number::count]), (
        f"local rank {number} of {count} measures only its share of the GPUs: "
        "`isojoule runs merge` adds the ranks up"
    )


def require_first_rank(what: str, rank: tuple[int, int] | None) -> None:
    """Raise unless this process is the one that measures what all ranks share.

    Parameters
    ----------
    what : str
        What they share, such as ``"the CPUs"``.
    rank : (int, int) or None
        As `local_rank` tells.

    Raises
    ------
    SensorUnavailableError
        If local rank 0 measures it.
    """
    if rank is not None and rank[0] > 0:
        raise SensorUnavailableError(
            f"{what} of this machine are measured by local rank 0 of the job"
        )


def visible_indices(visible_devices: str, uuids: Sequence[str | None]) -> list[int]:
    """Return the NVML indices that a ``CUDA_VISIBLE_DEVICES`` shows, in its order.

    Parameters
    ----------
    visible_devices : str
        Value of the variable.
    uuids : sequence of str or None
        UUID of every GPU of the machine, in the order of NVML; `None` where unknown.

    Returns
    -------
    list of int
        At least one index.

    Raises
    ------
    SensorUnavailableError
        If no GPU is visible, or an entry names a MIG instance.
    """
    asked = f"CUDA_VISIBLE_DEVICES={visible_devices!r}"
    if not visible_devices.strip():
        raise SensorUnavailableError(
            "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs from this process",
            "unset it, or name the GPUs to use",
        )
    indices: list[int] = []
    for entry in (part.strip() for part in visible_devices.split(",")):
        if entry.startswith("MIG-"):
            raise SensorUnavailableError(
                f"{asked} names a MIG instance: {MIG_REASON}",
                MIG_REMEDY,
                is_present=True,
            )
        index = _index_of(entry, uuids)
        if index is None:
            break
        if index in indices:
            raise SensorUnavailableError(
                f"{asked} names GPU {index} twice, for which CUDA shows no GPU at all",
                "name each GPU once",
                is_present=True,
            )
        indices.append(index)
    if not indices:
        raise SensorUnavailableError(
            f"{asked} fits none of the {len(uuids)} GPUs",
            "`nvidia-smi -L` lists their indices and UUIDs",
            is_present=True,
        )
    return indices


def _index_of(entry: str, uuids: Sequence[str | None]) -> int | None:
    """Return the one GPU that an entry names; `None` if it names none or several."""
    if entry.startswith("GPU-"):
        fitting = [i for i, u in enumerate(uuids) if u and u.startswith(entry)]
        return fitting[0] if len(fitting) == 1 else None
    if entry.isdecimal() and int(entry) < len(uuids):
        return int(entry)
    return None
