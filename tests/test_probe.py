import importlib.metadata
import os
import platform
import subprocess
import sys

import psutil
import pytest

from isojoule import probe
from isojoule.probe import probe_hardware
from isojoule.records import Accelerator

A40 = Accelerator("NVIDIA A40", "nvidia", memory_bytes=48 * 1024**3)
T4 = Accelerator("Tesla T4", "nvidia")


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    """Return a function that sets the CPU of this machine, a Linux one."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(probe, "_CPUINFO", path)
    return path.write_text


@pytest.mark.parametrize(
    ("accelerators", "name"),
    [
        ([A40], "NVIDIA A40"),
        ([A40, A40], "2x NVIDIA A40"),
        ([A40, T4, A40], "2x NVIDIA A40 + Tesla T4"),
    ],
)
def test_accelerators_name_the_hardware(accelerators, name):
    hardware = probe_hardware(accelerators=accelerators, n_threads=4)
    assert hardware.name == name
    assert hardware.accelerators == tuple(accelerators)
    assert hardware.n_threads == 4


@pytest.mark.parametrize(
    ("reported", "name"),
    [
        ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "Intel Xeon Gold 6248"),
        ("12th Gen Intel(R) Core(TM) i7-12700", "12th Gen Intel Core i7-12700"),
        (
            "Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz",
            "Intel Core 2 Duo CPU E8400",
        ),
        ("AMD EPYC 7763 64-Core Processor", "AMD EPYC 7763 64-Core Processor"),
    ],
)
def test_a_run_on_the_cpu_is_named_after_it_without_marks(cpuinfo, reported, name):
    cpuinfo(f"processor\t: 0\nmodel\t\t: 85\nmodel name\t: {reported}\nflags\t: fpu\n")
    hardware = probe_hardware()
    assert hardware.name == name
    assert hardware.cpu_name == reported
    assert hardware.accelerators == ()


@pytest.mark.parametrize(
    ("n_threads", "name"), [(1, "AMD EPYC, 1 thread"), (2, "AMD EPYC, 2 threads")]
)
def test_threads_are_part_of_the_name_of_a_cpu_run(cpuinfo, n_threads, name):
    cpuinfo("model name\t: AMD EPYC\n")
    assert probe_hardware(n_threads=n_threads).name == name


def test_zero_threads_are_refused():
    with pytest.raises(ValueError, match="n_threads must be positive, got 0"):
        probe_hardware(n_threads=0)


def test_a_cpu_without_a_name_is_named_after_its_architecture(cpuinfo):
    cpuinfo("processor\t: 0\nCPU implementer\t: 0x41\n")
    hardware = probe_hardware(n_threads=1)
    assert hardware.name == "aarch64 CPU, 1 thread"
    assert hardware.cpu_name is None


def test_a_system_without_cpuinfo_falls_back_to_python(cpuinfo, monkeypatch):
    monkeypatch.setattr(platform, "processor", lambda: "x86_64 Family 6")
    assert probe_hardware().cpu_name == "x86_64 Family 6"


def test_a_mac_is_asked_through_sysctl(cpuinfo, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")

    def run(command, **options):
        assert command == ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.CompletedProcess(command, 0, stdout="Apple M2 Pro\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert probe_hardware().cpu_name == "Apple M2 Pro"


def test_a_mac_without_sysctl_still_has_a_name(cpuinfo, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")

    def run(command, **options):
        raise FileNotFoundError(2, "No such file or directory", command[0])

    monkeypatch.setattr(subprocess, "run", run)
    assert probe_hardware().name == "aarch64 CPU"


def test_cpus_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 5}, raising=False)
    assert probe_hardware().n_cpus == 3


def test_cpus_are_counted_where_there_is_no_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 10)
    assert probe_hardware().n_cpus == 10


def test_memory_and_host_are_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "node17")
    hardware = probe_hardware()
    assert hardware.memory_bytes == psutil.virtual_memory().total
    assert hardware.host == "node17"


def test_versions_come_from_metadata_of_what_is_installed(monkeypatch):
    installed = {"numpy": "2.1.0", "torch": "2.5.1+cu124"}

    def version(package):
        if package not in installed:
            raise importlib.metadata.PackageNotFoundError(package)
        return installed[package]

    monkeypatch.setattr(probe, "version", version)
    software = probe_hardware(drivers={"nvidia_driver": "570.86.15"}).software
    assert software == {
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": "2.1.0",
        "torch": "2.5.1+cu124",
        "nvidia_driver": "570.86.15",
    }


def test_a_machine_without_driver_states_none():
    assert "nvidia_driver" not in probe_hardware().software


def test_probing_imports_no_framework():
    program = (
        "import sys; from isojoule.probe import probe_hardware; probe_hardware(); "
        "assert not {'torch', 'jax', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
