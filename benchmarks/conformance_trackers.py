"""Measures the windows of a plan with one tracker, and says what it reported.

Run by `conformance.py` in the environment of that tracker:

    python conformance_trackers.py PLAN ANSWER

Both are JSON files. Only the tracker itself and the standard library are imported. The
work in a window is a sleep: it begins when the tracker's begin has returned and ends
before the tracker's end is called, both by `time.monotonic`.
"""

import json
import sys
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

J_PER_KWH = 3.6e6


class Isojoule:
    """One meter, a window each."""

    package = "isojoule"

    def __init__(self, plan):
        import isojoule

        sensors = None
        if plan["powercap"] is not None:
            from isojoule.sensors.rapl import RaplSensor

            sensors = [RaplSensor.open(Path(plan["powercap"]))]
        hz = 10.0 if plan["period_s"] is None else 1 / plan["period_s"]
        self._component = plan["component"]
        self._meter = isojoule.Meter("conformance", hz=hz, sensors=sensors).start()

    def begin(self):
        self._window = ExitStack()
        self._window.enter_context(self._meter.window("window"))

    def end(self):
        self._window.close()

    def answers(self):
        """Return what was reported of each window."""
        return [self._answer(window) for window in self._meter.stop().windows]

    def _answer(self, window):
        found = [e for e in window.energies if e.component == self._component]
        if not found:
            return {"energy_j": None}
        (energy,) = found
        return {
            "energy_j": energy.energy_j,
            "source": energy.source,
            "energy_low_j": getattr(energy, "energy_low_j", None),
            "energy_high_j": getattr(energy, "energy_high_j", None),
            "gain_error_fraction": getattr(energy, "gain_error_fraction", None),
        }


class CodeCarbon:
    """A tracker per window; where `tasks` is set, one with a task per window."""

    package = "codecarbon"

    def __init__(self, plan):
        self._options = {
            "country_iso_code": "USA",
            "save_to_file": False,
            "log_level": "error",
        }
        if plan["period_s"] is not None:
            self._options["measure_power_secs"] = plan["period_s"]
        self._field = f"{plan['component']}_energy"
        self._energies_j = []
        self._tasks = self._tracker() if plan["tasks"] else None
        self._ready = None if plan["tasks"] else self._tracker()

    def _tracker(self):
        from codecarbon import OfflineEmissionsTracker

        return OfflineEmissionsTracker(**self._options)

    def begin(self):
        if self._tasks is not None:
            self._tasks.start_task()
        else:
            self._running, self._ready = self._ready, None
            self._running.start()

    def end(self):
        if self._tasks is not None:
            data = self._tasks.stop_task()
        else:
            self._running.stop()
            data = self._running.final_emissions_data
            self._ready = self._tracker()
        self._energies_j.append(getattr(data, self._field) * J_PER_KWH)

    def answers(self):
        """Return what was reported of each window."""
        return [{"energy_j": energy_j} for energy_j in self._energies_j]


class ZeusCounter:
    """`ZeusMonitor`, a window each."""

    package = "zeus"

    def __init__(self, plan):
        from zeus.monitor import ZeusMonitor

        self._field = f"{plan['component']}_energy"
        # An option for windows that are shorter than a refresh.
        approximate = plan["tracker"] == "zeus-approximate"
        self._monitor = ZeusMonitor(approx_instant_energy=approximate)
        self._energies_j = []

    def begin(self):
        self._monitor.begin_window("window", sync_execution=False)

    def end(self):
        measured = self._monitor.end_window("window", sync_execution=False)
        energies_j = getattr(measured, self._field)
        self._energies_j.append(
            None if energies_j is None else sum(energies_j.values())
        )

    def answers(self):
        """Return what was reported of each window."""
        return [{"energy_j": energy_j} for energy_j in self._energies_j]


class ZeusPower:
    """`PowerMonitor`, asked for the energy between two times."""

    package = "zeus"

    def __init__(self, plan):
        from zeus.monitor import PowerMonitor

        self._monitor = PowerMonitor(update_period=plan["period_s"])
        self._energies_j = []

    def begin(self):
        self._begin_s = time.time()

    def end(self):
        energies_j = self._monitor.get_energy(self._begin_s, time.time())
        self._energies_j.append(
            None if energies_j is None else sum(energies_j.values())
        )

    def answers(self):
        """Return what was reported of each window."""
        self._monitor.stop()
        return [{"energy_j": energy_j} for energy_j in self._energies_j]


class CarbonTracker:
    """One tracker, an epoch per window; its factor for the building (PUE) is told."""

    package = "carbontracker"

    def __init__(self, plan):
        from carbontracker.tracker import CarbonTracker as Tracker

        options = {}
        if plan["period_s"] is not None:
            options["update_interval"] = plan["period_s"]
        self._tracker = Tracker(
            epochs=len(plan["windows"]) + 1,
            epochs_before_pred=0,
            components=plan["component"],
            verbose=0,
            **options,
        )

    def begin(self):
        self._tracker.epoch_start()

    def end(self):
        self._tracker.epoch_end()

    def answers(self):
        """Return what was reported of each window."""
        from carbontracker import constants

        energies_kwh = self._tracker.tracker.total_energy_per_epoch()
        return [
            {"energy_j": float(kwh) * J_PER_KWH, "pue": constants.PUE_2023}
            for kwh in energies_kwh
        ]


TRACKERS = {
    "isojoule": Isojoule,
    "codecarbon": CodeCarbon,
    "zeus": ZeusCounter,
    "zeus-approximate": ZeusCounter,
    "zeus-power": ZeusPower,
    "carbontracker": CarbonTracker,
}


def main():
    """Do what the plan says."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    kind = TRACKERS[plan["tracker"]]
    tracker = kind(plan)
    windows = []
    for pause_s, nominal_s, true_s in plan["windows"]:
        time.sleep(pause_s)
        tracker.begin()
        begin_s = time.monotonic()
        time.sleep(true_s)
        end_s = time.monotonic()
        tracker.end()
        windows.append({"length_s": nominal_s, "begin_s": begin_s, "end_s": end_s})
    time.sleep(plan["settle_s"])
    answers = tracker.answers()
    if len(answers) != len(windows):
        sys.exit(f"{len(windows)} windows measured, {len(answers)} answered")
    answer = {
        "version": version(kind.package),
        "windows": [w | a for w, a in zip(windows, answers, strict=True)],
    }
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
