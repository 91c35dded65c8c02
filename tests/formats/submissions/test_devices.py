import pytest

from isojoule.accelerators import find_specification
from isojoule.formats.submissions.devices import corrected_device, read_devices


@pytest.mark.parametrize(
    ("text", "count", "name"),
    [
        ("8x A100", 8, "A100"),
        ("A100 x4", 4, "A100"),
        ("2 x RTX 3090", 2, "RTX 3090"),
        ("two V100", 2, "V100"),
        ("1080 Ti", None, "1080 Ti"),
        ("40 GB A100", None, "40 GB A100"),
        ("1 V100 + 2 A100", None, "1 V100 + 2 A100"),
        ("CPU", None, "CPU"),
        ("4 GPUs", 4, None),
        ("", None, None),
    ],
)
def test_a_count_is_only_read_where_one_is_stated(text, count, name):
    assert read_devices(text) == (count, name)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Telsa A100", "Tesla A100"),
        ("GTX 3090", "RTX 3090"),
        ("GTX 2080 Ti", "RTX 2080 Ti"),
        ("GTX 4090", "RTX 4090"),
        ("2080 Ti", "RTX 2080 Ti"),
        ("1080 Ti", "GTX 1080 Ti"),
    ],
)
def test_known_slips_are_corrected_for_look_ups_and_said(written, meant):
    name, note = corrected_device(written)
    assert name == meant
    assert written in note
    assert meant in note
    assert find_specification(name) is not None


@pytest.mark.parametrize(
    "written", ["Tesla V100", "GTX 1080 Ti", "A100", "Quadro RTX 8000"]
)
def test_what_is_right_is_left_alone(written):
    assert corrected_device(written) == (written, "")
