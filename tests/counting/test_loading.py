import sys

import pytest
from torch import nn

from isojoule.counting.loading import load_model, told_as


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def put(name, text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    yield put
    for name in set(sys.modules) - before:
        if name.startswith("counted_"):
            del sys.modules[name]


def test_a_factory_in_a_file_is_called_without_memory(write):
    write(
        "counted_a.py", "from torch import nn\ndef build():\n    return nn.Linear(3, 4)"
    )
    model = load_model("counted_a.py:build")
    assert isinstance(model, nn.Linear)
    assert model.weight.device.type == "meta"


def test_a_module_of_the_working_folder_is_found(write):
    write("counted_b/__init__.py", "")
    write(
        "counted_b/models.py",
        "from torch import nn\nclass Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(2, 2)",
    )
    path = list(sys.path)
    assert type(load_model("counted_b.models:Net")).__name__ == "Net"
    assert sys.path == path


def test_a_file_may_import_its_neighbour(write):
    write("folder/counted_c.py", "WIDTH = 3")
    write(
        "folder/counted_d.py",
        "from torch import nn\nfrom counted_c import WIDTH\n"
        "model = nn.Linear(WIDTH, 2)",
    )
    assert load_model("folder/counted_d.py:model").in_features == 3


def test_a_factory_that_asks_for_values_gets_them(write):
    write(
        "counted_e.py",
        "import torch\ndef build():\n"
        "    rate = torch.linspace(0, 1, 3)[1].item()\n"
        "    return torch.nn.Dropout(rate)",
    )
    assert load_model("counted_e.py:build").p == 0.5


def test_a_name_may_have_parts(write):
    write(
        "counted_f.py", "from torch import nn\nclass Zoo:\n    small = nn.Linear(2, 2)"
    )
    assert load_model("counted_f.py:Zoo.small").in_features == 2


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("counted_none:build", "importing counted_none failed with ModuleNotFoundErr"),
        (
            "counted_none.py:build",
            "failed with FileNotFoundError: there is no file cou",
        ),
        ("counted_g.py:nothing", "counted_g.py has no 'nothing'"),
        ("counted_g.py:number", "counted_g.py:number is neither a model nor makes one"),
        ("counted_g.py:text", "counted_g.py:text gives a str, not a torch.nn.Module"),
        (
            "counted_g.py:needy",
            "calling counted_g.py:needy failed with TypeError: needy",
        ),
        (
            "counted_g.py:broken",
            "calling counted_g.py:broken failed with KeyError: 'a'",
        ),
        (
            "counted_g.py:weak",
            "calling counted_g.py:weak failed with RuntimeError: one",
        ),
        ("counted_h.py:build", "importing counted_h.py failed with SyntaxError"),
        (":build", "importing"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line(write, reference, told):
    write(
        "counted_g.py",
        "number = 5\ndef text(): return 'no'\ndef needy(x): return x\n"
        "def broken(): return {}['a']\n"
        "def weak(): raise RuntimeError('one\\ntwo')",
    )
    write("counted_h.py", "def build(:")
    with pytest.raises(ValueError) as error:  # noqa: PT011  (checked below)
        load_model(reference)
    assert str(error.value).startswith(told) or told in str(error.value)
    assert "\n" not in str(error.value)


def test_errors_that_are_told_keep_their_cause():
    with pytest.raises(ValueError, match="counting it failed: too few") as error:
        with told_as("counting", "it"):
            raise ValueError("too few")
    assert isinstance(error.value.__cause__, ValueError)
