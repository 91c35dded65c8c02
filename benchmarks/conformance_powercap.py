"""A powercap tree of known power, and how a process gets to see it as its own."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PACKAGES_W = (100.0, 60.0)
WRAP_S = 20.0  # so that the windows of 16.3 s see one wrap-around at most

_WRITE_EVERY_S = 0.001  # as often as the real counters move
_WRITER = """
import os, sys, time
start_s, every_s = float(sys.argv[1]), float(sys.argv[2])
zones = [(os.open(path, os.O_WRONLY), float(power_w), float(range_j))
         for path, power_w, range_j in (a.split("|") for a in sys.argv[3:])]
while True:
    now_s = time.monotonic() - start_s
    for descriptor, power_w, range_j in zones:
        value_uj = int(1e6 * (power_w * now_s % range_j))
        os.pwrite(descriptor, b"%-20d\\n" % value_uj, 0)
    time.sleep(every_s)
"""

_MOUNT = (
    "mount -t tmpfs none /sys/class && mkdir /sys/class/powercap && "
    'mount --bind "$1" /sys/class/powercap && shift && exec "$@"'
)


@contextmanager
def powercap_tree(root: Path, *, readable: bool = True) -> Iterator[Path]:
    """Yield a tree whose counters run, and wrap around every `WRAP_S`."""
    zones = []
    control = root / "intel-rapl"
    control.mkdir(parents=True)
    (control / "enabled").write_text("1\n")
    (control / "subsystem").symlink_to("..")
    for number, power_w in enumerate(PACKAGES_W):
        zone = control / f"intel-rapl:{number}"
        zone.mkdir()
        range_j = power_w * WRAP_S
        (zone / "name").write_text(f"package-{number}\n")
        (zone / "enabled").write_text("1\n")
        (zone / "max_energy_range_uj").write_text(f"{round(range_j * 1e6)}\n")
        (zone / "energy_uj").write_text(f"{0:<20d}\n")
        (root / zone.name).symlink_to(zone.relative_to(root))
        zones.append(f"{zone / 'energy_uj'}|{power_w}|{range_j}")
    arguments = [str(time.monotonic() - 1.0), str(_WRITE_EVERY_S), *zones]
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, *arguments])
    try:
        time.sleep(0.5)  # the writer has opened the files
        if not readable:
            for zone in control.glob("intel-rapl:*"):
                (zone / "energy_uj").chmod(0)
        yield root
    finally:
        writer.terminate()
        writer.wait()


def true_energy_j(begin_s: float, end_s: float) -> float:
    """Return the energy of all packages between two times [J]."""
    return sum(PACKAGES_W) * (end_s - begin_s)


def can_mount() -> bool:
    """Return whether a process may be given a powercap tree of its own here."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return False
    trial = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /sys/class"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def inside(root: Path, command: Sequence[str]) -> list[str]:
    """Return the command that runs with this tree in place of the machine's.

    Files without rights stay closed to it, even where it is root.
    """
    unprivileged = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    mounted = ["unshare", "-m", "sh", "-c", _MOUNT, "sh", str(root)]
    return [*mounted, *unprivileged, *command]
