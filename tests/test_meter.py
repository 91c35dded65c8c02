import asyncio
import errno
import gc
import os
import signal
import threading
import time
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from isojoule import sampler
from isojoule.describe import new_run_id
from isojoule.errors import SensorUnavailableError, StoreError
from isojoule.estimators.epochs import epochs_of
from isojoule.formats.journal import Journal
from isojoule.meter import Meter
from isojoule.records import Channel, Hardware, Samples, Workload
from isojoule.sensors.replay import ReplaySensor
from isojoule.store import RunStore

HERE = Hardware("test bench")


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sensor(power_samples, clock):
    """A GPU at 100 W for 1 s, then at 300 W for 1 s, with its counter."""
    return ReplaySensor.open(power_samples, clock=clock)


def metered(sensor, clock, **options) -> Meter:
    return Meter("job", sensors=[sensor], hardware=HERE, clock=clock, hz=1, **options)


def test_a_run_has_the_energy_of_what_was_played(sensor, clock):
    with metered(sensor, clock, workload=Workload("mlp"), tags={"a": "b"}) as meter:
        clock.now_s += 2.0
    run = meter.run
    (energy,) = run.energies
    assert (energy.energy_j, energy.source) == (400.0, "counter")
    assert energy.energy_low_j < 400.0 < energy.energy_high_j
    assert run.duration_s == 2.0
    assert run.status == "complete"
    assert run.workload == Workload("mlp")
    assert run.hardware == HERE
    assert run.tags == {"a": "b"}
    assert run.started_at.tzinfo is not None


def test_windows_nest_repeat_and_have_their_own_energy(sensor, clock):
    with metered(sensor, clock) as meter:
        with meter.window("epoch", phase="train", epoch=0):
            clock.now_s += 1.0
            with meter.window("validation", phase="validation", epoch=0):
                clock.now_s += 1.0
        with meter.window("epoch", phase="train", epoch=1):
            pass
    outer, inner, empty = meter.run.windows
    assert (outer.name, outer.start_s, outer.end_s) == ("epoch", 0.0, 2.0)
    assert [e.energy_j for e in outer.energies] == [400.0]
    assert [e.energy_j for e in inner.energies] == [300.0]
    assert empty.epoch == 1
    assert empty.duration_s == 0.0


def test_an_exception_ends_the_run_and_goes_on(sensor, clock):
    meter = metered(sensor, clock)

    def job():
        with meter, meter.window("epoch"):
            clock.now_s += 1.0
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        job()
    assert meter.run.status == "failed"
    assert meter.run.windows[0].end_s == 1.0


def test_ctrl_c_marks_the_run_as_interrupted(sensor, clock):
    meter = metered(sensor, clock)
    with pytest.raises(KeyboardInterrupt), meter:
        raise KeyboardInterrupt
    assert meter.run.status == "interrupted"


def test_a_run_is_not_there_before_the_end(sensor, clock):
    meter = metered(sensor, clock)
    with pytest.raises(RuntimeError, match="stop the meter first"):
        _ = meter.run


def test_a_meter_measures_once(sensor, clock):
    with metered(sensor, clock) as meter:
        with pytest.raises(RuntimeError, match="make a new one"):
            meter.start()
    assert meter.stop() is meter.run


@pytest.mark.parametrize("hz", [0, 0.5, 101, float("nan")])
def test_a_rate_out_of_range_is_refused(hz):
    with pytest.raises(ValueError, match="between 1 and 100"):
        Meter(hz=hz)


def test_no_sensor_at_all_is_an_error_at_the_start():
    with pytest.raises(SensorUnavailableError, match="isojoule doctor"):
        Meter(sensors=[]).start()


def test_the_energy_so_far_is_there_while_it_runs(sensor, clock):
    with metered(sensor, clock) as meter:
        clock.now_s += 1.0
        with meter.window("now"):
            pass
        (energy,) = meter.energies_so_far()
        assert (energy.energy_j, energy.source) == (100.0, "counter")


def test_the_run_so_far_tells_energies_and_time_up_to_the_last_reading(sensor, clock):
    with metered(sensor, clock, workload=Workload("mlp")) as meter:
        clock.now_s += 1.0
        with meter.window("now"):
            pass
        so_far = meter.run_so_far()
        assert so_far.energies == meter.energies_so_far()
        assert (so_far.duration_s, so_far.gpu_energy_j) == (1.0, 100.0)
        assert (so_far.workload, so_far.hardware) == (Workload("mlp"), HERE)
        assert so_far.default_scope == "gpu"
        assert so_far.windows == ()
        assert so_far.samples is None
    with pytest.raises(RuntimeError, match="start it first"):
        metered(sensor, clock).run_so_far()


def test_the_energy_so_far_has_no_seam_where_older_readings_are_summed_up(
    clock, monkeypatch
):
    monkeypatch.setattr("isojoule.meter._SETTLED_S", 0.6)
    monkeypatch.setattr("isojoule.meter._UNSETTLED_S", 0.3)
    monkeypatch.setattr("isojoule.meter._AROUND_S", 0.3)
    power_w, time_s = 500.0, np.arange(20) / 10  # ten ticks a second
    ticking = Samples(
        (Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0"),),
        time_s,
        power_w * time_s[None],
    )
    sensor = ReplaySensor.open(ticking, clock=clock)
    seen = []
    with metered(sensor, clock) as meter:
        for step in range(1, 150):
            clock.now_s = 1000.0 + step / 100
            with meter.window("step"):
                pass
            if step > 40:
                (energy,) = meter.energies_so_far()
                seen.append(energy.energy_j - power_w * step / 100)
        assert meter._n_rows_so_far > 50
    # The time between two readings, 10 ms, is 5 J; a tick is 50 J.
    assert max(map(abs, seen)) < 5.0


def test_the_energy_so_far_is_absent_once_its_sensor_has_failed(
    sensor, clock, monkeypatch
):
    def fail(*_):
        raise OSError(errno.EIO, "lost")

    def wait(meter, n_s):
        for _ in range(n_s):
            clock.now_s += 1.0
            with meter.window("second"):
                pass

    with metered(sensor, clock) as meter:
        wait(meter, 70)
        (before,) = meter.run_so_far().energies
        assert meter._settled_s == 60.0
        monkeypatch.setattr(sensor, "read", fail)
        wait(meter, 100)
        meter.run_so_far()
        so_far = meter.run_so_far()
        assert so_far.duration_s == 170.0
        (after,) = so_far.energies
    assert before.energy_j is not None
    assert (after.energy_j, after.source) == (None, "absent")


def test_scores_are_kept_with_the_last_window_of_their_epoch(sensor, clock):
    with metered(sensor, clock) as meter:
        for epoch in range(2):
            with meter.window("train", phase="train", epoch=epoch):
                clock.now_s += 0.5
                meter.report({"loss": 2.0 - epoch}, epoch=epoch)
            with meter.window("validation", phase="validation", epoch=epoch):
                clock.now_s += 0.25
        meter.report({"val_f1": 0.8}, epoch=1)
        meter.report({"val_f1": 0.5, "val_loss": 1.0}, epoch=0)
        meter.report({"val_f1": 0.6}, epoch=0)
    assert [(w.phase, w.scores) for w in meter.run.windows] == [
        ("train", {"loss": 2.0}),
        ("validation", {"val_f1": 0.6, "val_loss": 1.0}),
        ("train", {"loss": 1.0}),
        ("validation", {"val_f1": 0.8}),
    ]
    scores = [epoch.score for epoch in epochs_of(meter.run, score="val_f1")]
    assert scores == [0.6, 0.8]


def test_a_run_that_was_killed_keeps_its_scores(tmp_path, sensor, clock):
    with RunStore.open(tmp_path / "store") as store:
        meter = metered(sensor, clock, store=store).start()
        with meter.window("train", phase="train", epoch=0):
            clock.now_s += 1.0
        meter.report({"val_f1": 0.8}, epoch=0)
        meter._sampler.stop()  # as a kill does
        meter._journal.close()
        (run_id,) = store.recover()
        assert store.get(run_id).windows[0].scores == {"val_f1": 0.8}


def test_scores_that_cannot_be_kept_are_refused(sensor, clock):
    meter = metered(sensor, clock)
    with pytest.raises(RuntimeError, match="scores are for its windows"):
        meter.report({"val_f1": 0.8}, epoch=0)
    with meter, meter.window("train", epoch=0):
        with pytest.raises(ValueError, match="epoch 1 has no window"):
            meter.report({"val_f1": 0.8}, epoch=1)
        with pytest.raises(ValueError, match="score val_f1 of epoch 0 is nan"):
            meter.report({"loss": 1.0, "val_f1": float("nan")}, epoch=0)
    assert meter.run.windows[0].scores == {}
    with pytest.raises(RuntimeError, match="scores are for its windows"):
        meter.report({"val_f1": 0.8}, epoch=0)


def test_a_run_can_be_tagged_while_it_goes_on(sensor, clock):
    meter = metered(sensor, clock, tags={"a": "b", "c": "d"})
    with pytest.raises(RuntimeError, match="while it goes on"):
        meter.tag(c="e")
    with meter:
        meter.tag(c="e", f="g")
    assert meter.run.tags == {"a": "b", "c": "e", "f": "g"}
    with pytest.raises(RuntimeError, match="while it goes on"):
        meter.tag(c="e")


class SteadySensor:
    """50 W, always."""

    name, quantity = "steady", "power_w"
    channels = (Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),)

    def __init__(self) -> None:
        self.n_reads = 0
        self.closed = False

    def read(self, quantities=None):
        self.n_reads += 1
        return (50.0,)

    def close(self):
        self.closed = True


def test_the_thread_goes_on_reading_by_itself():
    sensor = SteadySensor()
    with Meter("job", sensors=[sensor], hardware=HERE, hz=100) as meter:
        deadline_s = time.monotonic() + 20
        while sensor.n_reads < 12 and time.monotonic() < deadline_s:
            time.sleep(0.005)
    run = meter.run
    assert len(run.samples.time_s) == sensor.n_reads >= 12
    assert run.gpu_energy_j == pytest.approx(50.0 * run.duration_s)
    assert not sensor.closed  # it was given, so it stays open


def test_a_stored_run_leaves_no_journal(tmp_path, sensor, clock):
    with RunStore.open(tmp_path / "store") as store:
        with metered(sensor, clock, store=store) as meter:
            assert len(list((store.root / "journals").iterdir())) == 1
            assert store.recover() == []  # it lives
            clock.now_s += 2.0
        assert store.get(meter.run.run_id) == meter.run
        assert list((store.root / "journals").iterdir()) == []


def test_a_full_disk_ends_the_journal_and_not_the_job(
    tmp_path, sensor, clock, monkeypatch
):
    def full(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with RunStore.open(tmp_path / "store") as store:
        with metered(sensor, clock, store=store) as meter:
            monkeypatch.setattr(Journal, "_write", full)
            with pytest.warns(UserWarning, match="No space left on device") as told:
                with meter.window("epoch"):
                    clock.now_s += 2.0
            assert len(told) == 1
        assert store.get(meter.run.run_id).gpu_energy_j == 400.0
        assert "the journal ended early" in meter.run.warnings[0]


def test_a_store_that_refuses_the_run_keeps_its_journal(
    tmp_path, sensor, clock, monkeypatch
):
    def refuse(self, run):
        raise StoreError("the store is full")

    with RunStore.open(tmp_path / "store") as store:
        monkeypatch.setattr(RunStore, "add", refuse)
        with pytest.warns(UserWarning, match="its journal stays"):
            with metered(sensor, clock, store=store) as meter:
                clock.now_s += 2.0
        monkeypatch.undo()
        assert meter.run.gpu_energy_j == 400.0
        assert store.recover() == [meter.run.run_id]
        assert store.get(meter.run.run_id).gpu_energy_j == 400.0


def test_run_ids_differ_and_sort_by_start():
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first, again = new_run_id(start), new_run_id(start)
    later = new_run_id(start + timedelta(milliseconds=5))
    assert first != again
    assert max(first, again) < later


def test_idle_before_and_after_is_recorded_and_not_part_of_the_run(sensor, clock):
    def rest():
        clock.now_s += 0.5

    with metered(sensor, clock) as meter:
        meter.idle_before(rest)
        clock.now_s += 1.0
        meter.idle_after(rest)
    run = meter.run
    assert (run.start_s, run.duration_s) == (0.5, 1.0)
    before, after = run.windows
    assert (before.phase, after.phase) == ("idle", "idle")
    assert (before.start_s, before.end_s) == (0.0, 0.5)
    assert (after.start_s, after.end_s) == (1.5, 2.0)


def test_a_decorated_function_measures_every_call(sensor, clock):
    meter = metered(sensor, clock)

    @meter
    def work(n):
        """Add up."""
        clock.now_s += 0.5
        return n + 1

    assert (work(1), work(2)) == (2, 3)
    assert work.run.duration_s == 0.5
    assert work.__doc__ == "Add up."
    assert work.__name__ == "work"


def test_a_decorated_coroutine_is_measured_while_it_runs(sensor, clock):
    @metered(sensor, clock)
    async def work():
        clock.now_s += 0.5
        await asyncio.sleep(0)
        return "done"

    assert asyncio.run(work()) == "done"
    assert work.run.duration_s == 0.5


def test_a_window_after_the_end_is_told_and_hurts_nobody(sensor, clock):
    with metered(sensor, clock) as meter:
        pass
    with pytest.warns(UserWarning, match="not measured"):
        with meter.window("late"):
            done = True
    assert done
    assert meter.run.windows == ()


def test_an_exit_with_zero_is_no_failure(sensor, clock):
    meter = metered(sensor, clock)
    with pytest.raises(SystemExit), meter:
        raise SystemExit(0)
    assert meter.run.status == "complete"
    meter = metered(sensor, clock)
    with pytest.raises(SystemExit), meter:
        raise SystemExit(3)
    assert meter.run.status == "failed"


def test_a_forked_process_leaves_the_run_to_its_parent(tmp_path, sensor, clock):
    with RunStore.open(tmp_path / "store") as store:
        meter = metered(sensor, clock, store=store)
        with meter:
            child = os.fork()
            if not child:
                with meter.window("in the child"):
                    pass
                unfinished = meter.stop()
                os._exit(7 if unfinished.duration_s is None else 1)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 7
            clock.now_s += 2.0
        assert store.get(meter.run.run_id).windows == ()
        assert meter.run.status == "complete"


def test_a_child_that_outlives_its_killed_parent_does_not_hold_the_run(
    tmp_path, sensor, clock
):
    with RunStore.open(tmp_path / "store") as store:
        parent = os.fork()
        if not parent:
            started = metered(sensor, clock, store=store).start()
            if not os.fork():
                time.sleep(30)
                os._exit(0)
            (tmp_path / "run_id").write_text(started._stub.run_id)
            (tmp_path / "ready").touch()
            time.sleep(30)
            os._exit(0)
        deadline_s = time.monotonic() + 20
        while not (tmp_path / "ready").exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert store.recover() == [(tmp_path / "run_id").read_text()]


def test_a_meter_that_nobody_holds_ends_its_thread(sensor, clock):
    meter = metered(sensor, clock).start()
    thread = meter._sampler._thread
    del meter
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()


def test_a_run_beside_another_one_says_so(tmp_path, sensor, clock):
    with RunStore.open(tmp_path / "store") as store:
        with metered(sensor, clock, store=store) as outer:
            with metered(sensor, clock, store=store) as inner:
                pass
    assert outer._stub.run_id in inner.run.warnings[0]
    assert "must not be added up" in inner.run.warnings[0]


def test_a_sensor_that_hangs_does_not_hang_the_work(monkeypatch):
    monkeypatch.setattr(sampler, "_LOCK_PATIENCE_S", 0.05)
    release = threading.Event()

    class HangingSensor(SteadySensor):
        def read(self, quantities=None):
            self.n_reads += 1
            if self.n_reads > 3 and threading.current_thread().name != "MainThread":
                release.wait(20)
            return (50.0,)

    sensor = HangingSensor()
    with Meter("job", sensors=[sensor], hardware=HERE, hz=100) as meter:
        deadline_s = time.monotonic() + 20
        while sensor.n_reads < 4 and time.monotonic() < deadline_s:
            time.sleep(0.005)
        with meter.window("stuck"):
            pass
    release.set()
    assert any("did not answer" in warning for warning in meter.run.warnings)


def test_a_gap_in_the_readings_is_told(power_samples):
    clock = ManualClock()
    sensor = ReplaySensor.open(power_samples, clock=clock)
    with Meter("job", sensors=[sensor], hardware=HERE, clock=clock, hz=10) as meter:
        clock.now_s += 30.0
    assert any("no reading for 30 s" in warning for warning in meter.run.warnings)


def test_devices_that_cannot_be_waited_for_do_not_hide_the_error_of_the_job(
    sensor, clock, monkeypatch
):
    def broken():
        raise RuntimeError("CUDA error: device-side assert triggered\nmore")

    monkeypatch.setattr("isojoule.meter.synchronize_devices", broken)
    meter = metered(sensor, clock)
    with pytest.raises(ValueError, match="of the job"), meter:
        with meter.window("epoch"):
            raise ValueError("of the job")
    assert meter.run.status == "failed"
    assert any("device-side assert" in warning for warning in meter.run.warnings)


def test_a_full_disk_does_not_end_the_readings_where_warnings_are_errors(
    tmp_path, sensor, clock, monkeypatch
):
    def full(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with RunStore.open(tmp_path / "store") as store:
        with metered(sensor, clock, store=store) as meter:
            monkeypatch.setattr(Journal, "_write", full)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with meter.window("epoch"):
                    clock.now_s += 2.0
    assert meter.run.gpu_energy_j == 400.0
    assert any("the journal ended early" in warning for warning in meter.run.warnings)


def test_windows_of_several_threads_are_all_kept_and_wake_the_thread_at_once():
    sensor = SteadySensor()
    all_there = threading.Barrier(4)

    def work(meter, number):
        all_there.wait(20)
        for step in range(50):
            with meter.window(f"thread {number}", epoch=step):
                meter._sampler._rouse()
                meter._sampler._rouse()

    with Meter("job", sensors=[sensor], hardware=HERE) as meter:
        threads = [threading.Thread(target=work, args=(meter, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    found = {(w.name, w.epoch) for w in meter.run.windows}
    assert len(found) == len(meter.run.windows) == 200
