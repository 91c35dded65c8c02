import pytest

from isojoule.formats.submissions.devices import read_devices


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
