import os
from math import isnan
from pathlib import Path

import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.sensors.rapl import RaplSensor

REAL_ROOT = Path("/sys/class/powercap")


def names_of(sensor):
    return [channel.name for channel in sensor.channels]


@pytest.fixture
def two_sockets(tmp_path, add_zone):
    add_zone("intel-rapl:0", "package-0", 1_500_000)
    add_zone("intel-rapl:0:0", "core", 900_000)
    add_zone("intel-rapl:0:1", "dram", 250_000, range_uj=65_712_999_613)
    add_zone("intel-rapl:1", "package-1", 3_000_000)
    add_zone("intel-rapl:1:0", "uncore", 1)
    add_zone("intel-rapl:1:1", "dram", 500_000, range_uj=65_712_999_613)
    add_zone("intel-rapl:2", "psys", 9_000_000)
    (tmp_path / "intel-rapl").mkdir()
    (tmp_path / "dtpm").mkdir()
    return tmp_path


def test_open_finds_packages_and_memory_and_nothing_inside_them(two_sockets):
    sensor = RaplSensor.open(two_sockets)
    assert names_of(sensor) == [
        "cpu0_energy_j",
        "cpu1_energy_j",
        "dram0_energy_j",
        "dram1_energy_j",
    ]
    assert [c.component for c in sensor.channels] == ["cpu", "cpu", "dram", "dram"]
    assert [c.device for c in sensor.channels] == ["cpu0", "cpu1", "dram0", "dram1"]
    sensor.close()


def test_read_gives_joules(two_sockets):
    sensor = RaplSensor.open(two_sockets)
    assert sensor.read() == pytest.approx([1.5, 3.0, 0.25, 0.5])
    sensor.close()


def test_channels_know_where_the_counter_starts_again(two_sockets):
    sensor = RaplSensor.open(two_sockets)
    ranges_j = [channel.counter_range_j for channel in sensor.channels]
    assert ranges_j == pytest.approx(
        [262_143.32885, 262_143.32885, 65_712.999613, 65_712.999613]
    )
    sensor.close()


def test_a_counter_without_a_stated_range_has_none(tmp_path, add_zone):
    folder = add_zone("intel-rapl:0", "package-0")
    (folder / "max_energy_range_uj").unlink()
    sensor = RaplSensor.open(tmp_path)
    assert sensor.channels[0].counter_range_j is None
    sensor.close()


def test_read_follows_the_file_even_to_a_shorter_number(tmp_path, add_zone):
    folder = add_zone("intel-rapl:0", "package-0", 262_143_000_000)
    sensor = RaplSensor.open(tmp_path)
    assert sensor.read() == pytest.approx([262_143.0])
    (folder / "energy_uj").write_text("2000000\n")
    assert sensor.read() == pytest.approx([2.0])
    sensor.close()


def test_a_counter_that_fails_later_reads_nan(tmp_path, add_zone):
    folder = add_zone("intel-rapl:0", "package-0", 1_000_000)
    add_zone("intel-rapl:1", "package-1", 4_000_000)
    sensor = RaplSensor.open(tmp_path)
    (folder / "energy_uj").write_text("")
    first_j, second_j = sensor.read()
    assert isnan(first_j)
    assert second_j == pytest.approx(4.0)
    sensor.close()


def test_a_package_mirrored_in_two_zones_is_counted_once(tmp_path, add_zone):
    add_zone("intel-rapl:0", "package-0", 1_000_000)
    add_zone("intel-rapl:0:0", "dram", 100_000)
    add_zone("intel-rapl:1", "package-0", 1_000_007)
    add_zone("intel-rapl:1:0", "dram", 100_003)
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_energy_j", "dram0_energy_j"]
    assert sensor.read() == pytest.approx([1.0, 0.1])
    sensor.close()


def test_mmio_never_adds_to_the_msr_zone_of_the_same_name(tmp_path, add_zone):
    add_zone("intel-rapl-mmio:0", "package-0", 7_000_000)
    add_zone("intel-rapl-mmio:0:0", "dram", 700_000)
    add_zone("intel-rapl:3", "package-0", 1_000_000)
    add_zone("intel-rapl:3:0", "dram", 100_000)
    sensor = RaplSensor.open(tmp_path)
    assert sensor.read() == pytest.approx([1.0, 0.1])
    sensor.close()


def test_mmio_serves_where_it_is_all_there_is(tmp_path, add_zone):
    add_zone("intel-rapl-mmio:0", "package-0", 7_000_000)
    sensor = RaplSensor.open(tmp_path)
    assert sensor.read() == pytest.approx([7.0])
    sensor.close()


def test_the_dies_of_a_package_are_counted_each(tmp_path, add_zone):
    add_zone("intel-rapl:0", "package-0-die-0", 1_000_000)
    add_zone("intel-rapl:1", "package-0-die-1", 2_000_000)
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_die0_energy_j", "cpu0_die1_energy_j"]
    assert sensor.read() == pytest.approx([1.0, 2.0])
    sensor.close()


def test_packages_beyond_ten_stay_in_the_order_of_their_numbers(tmp_path, add_zone):
    for number in range(12):
        add_zone(f"intel-rapl:{number}", f"package-{number}", number * 1_000_000)
    sensor = RaplSensor.open(tmp_path)
    assert sensor.read() == pytest.approx([float(number) for number in range(12)])
    sensor.close()


def test_a_machine_without_powercap_is_unavailable(tmp_path):
    with pytest.raises(SensorUnavailableError, match="a virtual machine, a container"):
        RaplSensor.open(tmp_path / "powercap")


def test_a_tree_with_psys_alone_is_unavailable(tmp_path, add_zone):
    add_zone("intel-rapl:0", "psys")
    with pytest.raises(SensorUnavailableError, match="no RAPL packages"):
        RaplSensor.open(tmp_path)


def test_the_dangling_links_of_a_container_are_unavailable(tmp_path):
    (tmp_path / "intel-rapl:0").symlink_to("../../devices/virtual/powercap/masked")
    with pytest.raises(SensorUnavailableError, match="no RAPL packages"):
        RaplSensor.open(tmp_path)


def test_a_denied_counter_names_the_command_that_grants_it(two_sockets, monkeypatch):
    real_open, real_close = os.open, os.close
    left_open = set()

    def deny_memory(path, flags, *args, **options):
        if Path(path).parent.name == "intel-rapl:1:1":
            raise PermissionError(13, "Permission denied", str(path))
        descriptor = real_open(path, flags, *args, **options)
        left_open.add(descriptor)
        return descriptor

    def close(descriptor):
        left_open.discard(descriptor)
        real_close(descriptor)

    monkeypatch.setattr(os, "open", deny_memory)
    monkeypatch.setattr(os, "close", close)
    with pytest.raises(SensorUnavailableError, match="may not read") as caught:
        RaplSensor.open(two_sockets)
    command = f"sudo chmod a+r {two_sockets}/intel-rapl*:*/energy_uj"
    assert command in caught.value.remedy
    assert not left_open


@pytest.mark.parametrize("content", ["", "not a number"])
def test_a_file_without_a_counter_is_unavailable(tmp_path, add_zone, content):
    folder = add_zone("intel-rapl:0", "package-0")
    (folder / "energy_uj").write_text(content)
    with pytest.raises(SensorUnavailableError, match="holds no counter"):
        RaplSensor.open(tmp_path)


def test_a_counter_that_is_no_file_is_unavailable(tmp_path, add_zone):
    folder = add_zone("intel-rapl:0", "package-0")
    (folder / "energy_uj").unlink()
    (folder / "energy_uj").mkdir()
    with pytest.raises(SensorUnavailableError, match="Is a directory"):
        RaplSensor.open(tmp_path)


@pytest.mark.rapl
@pytest.mark.skipif(
    not any(REAL_ROOT.glob("intel-rapl*:*")), reason=f"no RAPL zones in {REAL_ROOT}"
)
def test_a_real_package_counts_up():
    sensor = RaplSensor.open()
    first, second = sensor.read(), sensor.read()
    sensor.close()
    for channel, before_j, after_j in zip(sensor.channels, first, second, strict=True):
        assert 0 <= before_j <= (channel.counter_range_j or float("inf"))
        assert not isnan(after_j)
