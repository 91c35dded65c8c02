import errno
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


@pytest.fixture
def deny(monkeypatch):
    """Return a function that denies zones; the set it returns is of open files."""
    real_open, real_close = os.open, os.close
    left_open = set()

    def deny_zones(*zone_ids):
        def refuse(path, flags, *args, **options):
            if Path(path).parent.name in zone_ids:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            descriptor = real_open(path, flags, *args, **options)
            left_open.add(descriptor)
            return descriptor

        monkeypatch.setattr(os, "open", refuse)
        return left_open

    def close(descriptor):
        left_open.discard(descriptor)
        real_close(descriptor)

    monkeypatch.setattr(os, "close", close)
    return deny_zones


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
    assert "where cpu0_energy_j starts again" in sensor.doubts[0]
    sensor.close()


def test_a_wrap_around_is_bridged_by_the_range_of_the_zone(tmp_path, add_zone):
    # The counter of a Zen part: 2^32 steps of 2^-16 J.
    folder = add_zone("intel-rapl:0", "package-0", 65_482_610_987, 65_532_610_987)
    sensor = RaplSensor.open(tmp_path)
    (before_j,) = sensor.read()
    (folder / "energy_uj").write_text("25000000\n")
    (after_j,) = sensor.read()
    # 50 J to the end of the range, 25 J from its start
    bridged_j = after_j - before_j + sensor.channels[0].counter_range_j
    assert bridged_j == pytest.approx(75.0)
    sensor.close()


def test_only_what_is_asked_for_is_read(two_sockets):
    sensor = RaplSensor.open(two_sockets)
    assert sensor.read({"energy_j", "power_w"}) == pytest.approx([1.5, 3.0, 0.25, 0.5])
    assert all(isnan(value) for value in sensor.read({"utilization_fraction"}))
    sensor.close()


def test_channels_tell_the_file_that_is_read(two_sockets):
    sensor = RaplSensor.open(two_sockets)
    assert sensor.channels[2].origin == str(two_sockets / "intel-rapl:0:1/energy_uj")
    assert not sensor.doubts
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


def test_a_zone_that_vanishes_reads_nan(two_sockets, monkeypatch):
    sensor = RaplSensor.open(two_sockets)

    def vanish(*args):
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(os, "pread", vanish)
    assert all(isnan(value) for value in sensor.read())
    sensor.close()


def test_a_ryzen_has_a_package_and_no_memory(tmp_path, add_zone):
    # The same names and the same folder as on Intel; `core` is a part of the package.
    add_zone("intel-rapl:0", "package-0", 5_000_000, range_uj=65_532_610_987)
    add_zone("intel-rapl:0:0", "core", 2_000_000, range_uj=65_532_610_987)
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_energy_j"]
    assert sensor.read() == pytest.approx([5.0])
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


def test_dies_that_show_one_counter_are_counted_once_and_told(tmp_path, add_zone):
    # As on a Threadripper 1950X; the second look is a refresh of the counter later.
    add_zone("intel-rapl:0", "package-0-die-0", 40_000_000_000)
    add_zone("intel-rapl:1", "package-0-die-1", 40_000_068_000)
    add_zone("intel-rapl:2", "package-0-die-2", 39_999_999_000)
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_die0_energy_j"]
    assert [doubt.split(":")[0] for doubt in sensor.doubts] == [
        "RAPL shows the counter of cpu0_die0 again as cpu0_die1",
        "RAPL shows the counter of cpu0_die0 again as cpu0_die2",
    ]
    sensor.close()


def test_two_sockets_of_two_dies_are_two_counters(tmp_path, add_zone):
    # Sockets are never mirrors, however near their counters are.
    for number, (socket, die) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        add_zone(f"intel-rapl:{number}", f"package-{socket}-die-{die}", 9_000_000)
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_die0_energy_j", "cpu1_die0_energy_j"]
    sensor.close()


def test_counters_that_never_counted_are_no_mirrors(tmp_path, add_zone):
    add_zone("intel-rapl:0", "package-0-die-0", 0)
    add_zone("intel-rapl:1", "package-0-die-1", 0)
    sensor = RaplSensor.open(tmp_path)
    assert len(sensor.channels) == 2
    assert not sensor.doubts
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
    with pytest.raises(SensorUnavailableError, match="only psys: that is the whole"):
        RaplSensor.open(tmp_path)


def test_a_container_that_masks_the_counters_is_told_how_to_unmask_them(tmp_path):
    (tmp_path / "intel-rapl:0").symlink_to("../../devices/virtual/powercap/masked")
    with pytest.raises(SensorUnavailableError, match="container hides") as caught:
        RaplSensor.open(tmp_path)
    assert "docker run --security-opt systempaths=unconfined" in caught.value.remedy


def test_a_package_that_names_no_memory_is_measured_alone(tmp_path, add_zone):
    add_zone("intel-rapl:0", "package-0", 1_000_000)
    add_zone("intel-rapl:0:0", "dram", 1_000_000).joinpath("name").unlink()
    sensor = RaplSensor.open(tmp_path)
    assert names_of(sensor) == ["cpu0_energy_j"]
    sensor.close()


def test_a_denied_package_names_the_commands_that_grant_it(two_sockets, deny):
    left_open = deny("intel-rapl:1")
    with pytest.raises(SensorUnavailableError, match="may not read") as caught:
        RaplSensor.open(two_sockets)
    files = f"{two_sockets}/intel-rapl*:*/energy_uj"
    assert f"`sudo chmod a+r {files}`" in caught.value.remedy
    assert f"`echo 'z {files} 0444' | sudo tee /etc/tmpfiles.d/" in caught.value.remedy
    assert not left_open


def test_denied_memory_is_left_out_whole_and_told(two_sockets, deny):
    left_open = deny("intel-rapl:1:1")
    sensor = RaplSensor.open(two_sockets)
    # Half of the memory would not be the energy of the memory.
    assert names_of(sensor) == ["cpu0_energy_j", "cpu1_energy_j"]
    assert sensor.read() == pytest.approx([1.5, 3.0])
    (doubt,) = sensor.doubts
    assert "memory is left out" in doubt
    assert "sudo chmod a+r" in doubt
    assert left_open
    sensor.close()
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


def test_the_first_rank_measures_the_cpus_for_all(two_sockets, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(SensorUnavailableError, match="local rank 0"):
        RaplSensor.open(two_sockets)
    monkeypatch.setenv("LOCAL_RANK", "0")
    RaplSensor.open(two_sockets).close()


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
