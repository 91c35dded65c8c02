"""isojoule count as a user meets it."""

import json
import subprocess
import sys

import pytest

from isojoule.cli import main
from isojoule.workloads import SUITE

MODELS = """
import torch
from torch import nn

def build():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), nn.Flatten(), nn.Linear(144, 5)
    )

class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.output = nn.Linear(4, 10)

    def forward(self, words, mask=None):
        return self.output(self.words(words))

class Spectrum(nn.Module):
    def forward(self, x):
        return torch.fft.rfft(torch.einsum("ij,ij->ij", x, x)).abs()

def fails():
    raise KeyError("weights")

def text():
    return "no model"
"""
# 6 x 6 positions of 4 x 27 weights, then 144 x 5.
CONV, LINEAR = 36 * 108, 720


@pytest.fixture
def count(capsys, tmp_path, monkeypatch):
    """Runs the command beside a file of models; returns exit code, stdout, stderr."""
    (tmp_path / "zoo.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str):
        code = main(["count", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield call
    sys.modules.pop("zoo", None)


def of_json(out: str) -> dict:
    document = json.loads(out)
    assert {"multiply-accumulate", "flop", "deepspeed"} <= document[
        "conventions"
    ].keys()
    return {record.pop("name"): record for record in document["models"]}


def test_all_reference_models_are_counted(count):
    code, out, err = count("--json")
    records = of_json(out)
    assert (code, err) == (0, "")
    assert list(records) == list(SUITE)
    assert records["rnn-1x128"] == {
        "n_params": 3_196_938,
        "forward_mac_per_sample": 3_196_160,
        "forward_flop_per_sample": 6_392_320,
        "training_flop_per_sample": 2 * (2 * 3_194_880 + 3 * 1280),
        "deepspeed_flop_per_sample": 6_392_320 + 7 * 128 + 10,
        "activation_bytes_per_sample": 4 * (128 + 20),
    }
    assert count("full", "--json")[1] == out


def test_some_reference_models_are_shown_with_the_conventions(count):
    code, out, err = count("mlp-1x512", "cnn-2x128")
    assert (code, err) == (0, "")
    assert "8,398,848" in out
    assert "312,082,432" in out
    assert "mlp-1x1024" not in out
    for convention in ("multiply-accumulate:", "flop: 2 per MAC", "deepspeed: what"):
        assert convention in out


def test_reference_models_are_listed_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from isojoule.cli import main; sys.exit(main(['count']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert "crnn-2x2-1024x256" in done.stdout


def test_a_model_in_a_file_is_counted(count):
    code, out, err = count("zoo.py:build", "--input", "2x3x8x8", "--json")
    assert (code, err) == (0, "")
    assert of_json(out)["zoo.py:build"] == {
        "n_params": 112 + 725,
        "forward_mac_per_sample": CONV + LINEAR,
        "forward_flop_per_sample": 2 * (CONV + LINEAR),
        "training_flop_per_sample": 2 * (2 * CONV + 3 * LINEAR),
        "deepspeed_flop_per_sample": 2 * (CONV + LINEAR) + 2 * 144,
        "activation_bytes_per_sample": 4 * (144 + 144 + 5),
        "n_samples": 2,
        "forward_mac_per_sample_by_module": {"0": CONV, "0.0": CONV, "2": LINEAR},
        "uncounted": [],
        "deepspeed_gap": "",
    }


def test_the_text_shows_where_the_work_is(count):
    _, out, _ = count("zoo:build", "--input", "2x3x8x8")
    assert "zoo:build was called with 2 samples." in out
    assert "84.4 %" in out  # 3888 of 4608
    assert "0.0 " not in out
    assert "0.0 " in count("zoo:build", "--input", "2x3x8x8", "--depth", "2")[1]


def test_inputs_may_have_names_and_types(count):
    inputs = ("--input", "words=3x7:int64", "--input", "mask=3x7")
    _, out, _ = count("zoo:Words", *inputs, "--json")
    assert of_json(out)["zoo:Words"]["forward_mac_per_sample"] == 7 * 40
    _, out, _ = count("zoo:Words", "--input", "3x7", "--dtype", "int32", "--json")
    assert of_json(out)["zoo:Words"]["forward_mac_per_sample"] == 7 * 40


def test_samples_may_be_stated(count):
    arguments = ("--input", "3x7:int64", "--samples", "7", "--json")
    _, out, _ = count("zoo:Words", *arguments)
    assert of_json(out)["zoo:Words"]["forward_mac_per_sample"] == 3 * 40


def test_the_training_pass_may_be_left_out(count):
    _, out, _ = count("zoo:build", "--input", "1x3x8x8", "--forward-only", "--json")
    assert of_json(out)["zoo:build"]["training_flop_per_sample"] is None


def test_own_and_reference_models_share_a_table(count):
    _, out, _ = count("zoo:build", "mlp-1x512", "--input", "1x3x8x8", "--json")
    assert list(of_json(out)) == ["zoo:build", "mlp-1x512"]


@pytest.mark.filterwarnings("always::UserWarning")
def test_what_is_not_counted_is_told(count):
    code, out, err = count("zoo:Spectrum", "--input", "2x8")
    assert code == 0
    assert "warning: the counts of Spectrum lack operations" in err
    assert "aten::_fft_r2c" in err
    assert "zoo:Spectrum has no DeepSpeed FLOP: torch.einsum has no closed form" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mlp-9x9",), "no reference model or subset 'mlp-9x9': did you mean"),
        (("--input", "1x3"), "--input is for models of your own"),
        (("zoo:build",), "zoo:build needs an input: add --input, such as 1x3x224x224"),
        (("nozoo:build", "--input", "1x3"), "No module named 'nozoo'"),
        (("nozoo.py:build", "--input", "1x3"), "there is no file nozoo.py"),
        (("zoo:nothing", "--input", "1x3"), "zoo has no 'nothing'"),
        (("zoo:fails", "--input", "1x3"), "calling zoo:fails failed with KeyError"),
        (("zoo:text", "--input", "1x3"), "gives a str, not a torch.nn.Module"),
        (("zoo:build", "--input", "3, 8"), "--input '3, 8' is not understood: write"),
        (("zoo:build", "--input", "1x3:int99"), "torch has no type 'int99'"),
        (("zoo:build", "--input", "1x3", "--dtype", "nn"), "torch has no type 'nn'"),
        (
            ("zoo:Words", "--input", "words=1x3", "--input", "1x3"),
            "give every --input a name of its own, or none",
        ),
        (
            ("zoo:Words", "--input", "words=1x3", "--input", "words=1x3"),
            "give every --input a name of its own, or none",
        ),
        (
            ("zoo:build", "--input", "1x4x8x8"),
            "Sequential cannot be called with inputs of shape (1, 4, 8, 8)",
        ),
        (
            ("zoo:Words", "--input", "nouns=1x3"),
            "counting zoo:Words failed with TypeError: Words.forward() got an unexpect",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(count, arguments, told):
    code, out, err = count(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("isojoule: ")
    assert err.count("\n") == 1


def test_counting_an_own_model_without_torch_names_the_extra(count, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = count("zoo:build", "--input", "1x3x8x8")
    assert code == 2
    assert "pip install 'isojoule[suite]'" in err
