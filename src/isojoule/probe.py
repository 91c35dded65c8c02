"""Which machine and software is this."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from isojoule.records import Accelerator, Hardware, counted_names

_CPUINFO = Path("/proc/cpuinfo")
_RANK_VARIABLES = (
    ("RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"),
    ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_ID"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE"),
)
_PACKAGES = ("numpy", "torch", "jax", "tensorflow")


def probe_hardware(
    *,
    accelerators: Sequence[Accelerator] = (),
    n_threads: int | None = None,
    drivers: Mapping[str, str] | None = None,
) -> Hardware:
    """Return the machine that this process runs on.

    Parameters
    ----------
    accelerators : sequence of Accelerator
        Those that the run uses; they name the hardware. Empty for a run on the CPU.
    n_threads : int or None
        Compute threads that the run is given; part of the name of a run on the CPU.
    drivers : mapping of str to str
        Versions of the drivers of accelerators, such as ``nvidia_driver``.

    Returns
    -------
    Hardware
        Named after what computes: ``2x NVIDIA A40`` or ``AMD EPYC, 2 threads``.

    Raises
    ------
    ValueError
        If `n_threads` is not positive.
    """
    if n_threads is not None and n_threads < 1:
        raise ValueError(f"n_threads must be positive, got {n_threads}")
    cpu_name = _cpu_name()
    name = (
        counted_names(a.name for a in accelerators)
        if accelerators
        else _cpu_run_name(cpu_name, n_threads)
    )
    return Hardware(
        name=name,
        accelerators=tuple(accelerators),
        cpu_name=cpu_name,
        n_cpus=_n_usable_cpus(),
        n_threads=n_threads,
        memory_bytes=psutil.virtual_memory().total,
        host=platform.node() or None,
        software={**_software(), **(drivers or {})},
    )


def _cpu_run_name(cpu_name: str | None, n_threads: int | None) -> str:
    name = _clean(cpu_name) if cpu_name else f"{platform.machine() or 'unknown'} CPU"
    if n_threads is None:
        return name
    return f"{name}, {n_threads} thread{'' if n_threads == 1 else 's'}"


def _clean(cpu_name: str) -> str:
    """Return the name without trade marks and without clock, which is no identity."""
    name = re.sub(r"\((?:R|TM|C)\)", " ", cpu_name, flags=re.IGNORECASE)
    name = re.sub(r"(?:\s+CPU)?\s*@\s*[\d.]+\s*[GM]Hz", "", name)
    return " ".join(name.split())


def _cpu_name() -> str | None:
    """Return the CPU as the operating system calls it; `None` where it does not."""
    name = _mac_cpu_name() if platform.system() == "Darwin" else _linux_cpu_name()
    return name or platform.processor() or None


def _linux_cpu_name() -> str:
    try:
        text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.MULTILINE)
    return match[1].strip() if match else ""


def _mac_cpu_name() -> str:
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _n_usable_cpus() -> int | None:
    """Return the logical CPUs that the process may use: under Slurm not all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _software() -> dict[str, str]:
    """Return versions; of frameworks from their metadata, since importing is slow."""
    software = {
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            software[package] = version(package)
        except PackageNotFoundError:
            continue
    return software


def rank_tags() -> dict[str, str]:
    """Return which rank of a distributed job this process is; empty where it is none.

    Returns
    -------
    dict of str to str
        ``rank``, ``world_size`` and ``job``, as torchrun, Slurm or Open MPI set them.
    """
    for rank, world_size, job in _RANK_VARIABLES:
        if rank in os.environ and world_size in os.environ:
            tags = {"rank": os.environ[rank], "world_size": os.environ[world_size]}
            named = os.environ.get(job, "")
            if named in {"", "none"}:  # torchrun without --rdzv-id
                place = (os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT"))
                named = ":".join(p for p in place if p)
            return {**tags, "job": named} if named else tags
    return {}
