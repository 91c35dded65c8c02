"""A wrapped command keeps its exit code, its output and its signals."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isojoule.store import RunStore

ISOJOULE = [sys.executable, "-m", "isojoule"]


def measure(store: Path, *command: str, options: tuple[str, ...] = ()):
    return subprocess.run(
        [*ISOJOULE, "measure", "--store", str(store), *options, "--", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def the_run(store: Path):
    with RunStore.open(store, create=False) as opened:
        (run,) = opened.runs(with_samples=True)
    return run


PYTHON = sys.executable


def test_output_and_exit_code_stay_those_of_the_command(tmp_path):
    done = measure(
        tmp_path / "store",
        *(PYTHON, "-c", "import sys; print('out'); sys.exit(3)"),
        options=("--name", "three", "--workload", "nothing", "--hz", "50"),
    )
    assert done.returncode == 3
    assert done.stdout == "out\n"
    run = the_run(tmp_path / "store")
    assert (run.name, run.workload.name) == ("three", "nothing")
    assert (run.status, run.exit_code) == ("failed", 3)
    assert run.command[0] == PYTHON
    assert run.run_id in done.stderr


def test_stdin_reaches_the_command(tmp_path):
    done = subprocess.run(
        [*ISOJOULE, "measure", "--store", str(tmp_path / "s"), "cat"],
        input="through",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == "through"


def test_the_energy_is_that_of_the_time_the_command_ran(tmp_path):
    done = measure(tmp_path / "store", PYTHON, "-c", "import time; time.sleep(0.5)")
    assert done.returncode == 0
    run = the_run(tmp_path / "store")
    assert run.duration_s >= 0.5
    assert any(e.energy_j is not None for e in run.energies)
    assert "kWh" in done.stderr


def test_json_is_one_line_on_stderr(tmp_path):
    done = measure(tmp_path / "store", PYTHON, "-c", "pass", options=("--json",))
    assert json.loads(done.stderr)["run_id"] == the_run(tmp_path / "store").run_id


def test_a_command_that_dies_of_a_signal_is_seen_to_die_of_it(tmp_path):
    done = measure(tmp_path / "store", "sh", "-c", "kill -9 $$")
    assert done.returncode == -signal.SIGKILL
    assert the_run(tmp_path / "store").exit_code == -signal.SIGKILL


HANDLER = """
import signal, sys, time
signal.signal(signal.{name}, lambda *_: sys.exit(7))
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_are_passed_on_and_the_command_ends_in_its_own_way(tmp_path, name):
    wrapper = subprocess.Popen(
        [
            *(*ISOJOULE, "measure", "--store", str(tmp_path / "store")),
            *("--", PYTHON, "-c", HANDLER.format(name=name)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # no terminal that would send the signal by itself
    )
    assert wrapper.stdout.readline() == "ready\n"
    wrapper.send_signal(getattr(signal, name))
    wrapper.communicate(timeout=60)
    assert wrapper.returncode == 7
    assert the_run(tmp_path / "store").exit_code == 7


def test_ctrl_c_on_a_terminal_reaches_the_command_once(tmp_path):
    counting = (
        "import signal, sys, time\n"
        "hits = []\n"
        "signal.signal(signal.SIGINT, lambda *_: hits.append(1))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 30\n"
        "while not hits and time.monotonic() < end: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "sys.exit(40 + len(hits))\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        store = str(tmp_path / "store")
        os.execv(
            PYTHON,
            [*ISOJOULE, "measure", "--store", store, "--", PYTHON, "-c", counting],
        )
    seen = b""
    deadline_s = time.monotonic() + 60
    while b"ready" not in seen and time.monotonic() < deadline_s:
        seen += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    while True:
        try:
            if not os.read(terminal, 1000):
                break
        except OSError:  # how Linux tells that the other side is gone
            break
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 41


def test_a_command_that_is_not_there_is_one_line_and_leaves_nothing(tmp_path):
    done = measure(tmp_path / "store", "no-such-command")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot start 'no-such-command': no such command" in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_file_that_cannot_be_executed_is_told(tmp_path):
    script = tmp_path / "broken"
    script.write_bytes(b"\x7fELF nothing")
    script.chmod(0o755)
    done = measure(tmp_path / "store", str(script))
    assert done.returncode == 2
    assert "cannot start" in done.stderr


def test_a_store_that_cannot_be_made_stops_before_the_command_runs(tmp_path):
    (tmp_path / "file").write_text("")
    done = measure(tmp_path / "file", PYTHON, "-c", "print('ran')")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "is not a folder" in done.stderr


def test_idle_is_recorded_around_the_command_and_not_part_of_it(tmp_path):
    done = measure(
        tmp_path / "store",
        *(PYTHON, "-c", "import time; time.sleep(0.3)"),
        options=("--idle", "0.5"),
    )
    assert done.returncode == 0
    run = the_run(tmp_path / "store")
    before, after = run.windows
    assert [w.phase for w in run.windows] == ["idle", "idle"]
    assert before.duration_s >= 0.5
    assert after.duration_s >= 0.5
    assert run.start_s == before.end_s
    assert run.duration_s < 5.0
    assert run.start_s + run.duration_s <= after.start_s
    assert "idle before" in done.stderr


def test_a_signal_while_idle_before_starts_nothing(tmp_path):
    marker = tmp_path / "started"
    process = subprocess.Popen(
        [
            *(*ISOJOULE, "measure", "--store", str(tmp_path / "s"), "--idle", "60"),
            *("--", "touch", str(marker)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline_s = time.monotonic() + 60
    journals = tmp_path / "s" / "journals"
    while time.monotonic() < deadline_s:
        if journals.is_dir() and list(journals.glob("*.jsonl")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert not marker.exists()
    assert the_run(tmp_path / "s").status == "interrupted"


def test_ctrl_c_while_idle_after_keeps_the_result_of_the_command(tmp_path):
    process = subprocess.Popen(
        [
            *(*ISOJOULE, "measure", "--store", str(tmp_path / "s"), "--idle", "2"),
            *("--", PYTHON, "-c", "import time; time.sleep(0.2); raise SystemExit(3)"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    journals = tmp_path / "s" / "journals"
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        lines = [p.read_bytes() for p in journals.glob("*.jsonl")]
        if any(b'"edge":"end"' in line for line in lines):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert the_run(tmp_path / "s").status == "failed"
