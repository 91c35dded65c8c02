"""Start-up time: importing the package, and ``isojoule --help``, against bare Python.

Run it in an environment where isojoule is installed, with nothing else running:

    python benchmarks/startup.py
"""

import shutil
import statistics
import subprocess
import sys
import time

N_RUNS = 21
BARS_S = {"import isojoule": 0.3, "isojoule --help": 0.4}


def wall_s(command: list[str]) -> float:
    """Return the wall time of one run [s]."""
    start_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start_s


def main() -> None:
    isojoule = shutil.which("isojoule")
    if isojoule is None:
        sys.exit("isojoule is not installed here: pip install .")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import isojoule": [sys.executable, "-c", "import isojoule"],
        "isojoule --help": [isojoule, "--help"],
    }
    times_s: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        wall_s(command)  # fills the caches of the disk
    for _ in range(N_RUNS):  # interleaved, so that a busy moment hits all alike
        for name, command in commands.items():
            times_s[name].append(wall_s(command))
    bare_s = statistics.median(times_s["python -c pass"])
    print(f"{'':18} {'median':>8} {'fastest':>8} {'above bare':>11} {'bar':>6}")
    for name, measured_s in times_s.items():
        median_s = statistics.median(measured_s)
        bar = f"{BARS_S[name]:.1f} s" if name in BARS_S else ""
        print(
            f"{name:18} {median_s:6.3f} s {min(measured_s):6.3f} s "
            f"{median_s - bare_s:9.3f} s {bar:>6}"
        )


if __name__ == "__main__":
    main()
