"""Counting a model: what comes out, what stays as it was, what is refused."""

import copy
import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import isojoule
from isojoule import MissingExtraError, count_flop


class Small(nn.Module):
    """Convolution, normalization, recurrence and a buffer, and a cache of its own."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout()
        self.gru = nn.GRU(4, 5, 2, dropout=0.5, batch_first=True)
        self.register_buffer("scale", torch.tensor(2.0))
        self.table = torch.ones(4)
        self.seen = []

    def forward(self, x):
        features = self.drop(self.norm(self.conv(x))) * self.scale
        self.last = features.transpose(1, 2) * self.table
        self.seen.append(self.last)
        return self.gru(self.last)[0]


# 6 positions x 3 x 4 x 3 weights; 6 steps x 3 gates x 5 units x (4 + 5) and (5 + 5).
SMALL_MAC = 6 * 36 + 6 * 15 * (9 + 10)


def test_inputs_may_be_a_tensor_a_tuple_or_a_mapping():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 5)

        def forward(self, x, y=None, *, times=1):
            total = x if y is None else x + y
            return sum(self.layer(total) for _ in range(times))

    x = torch.ones(3, 4)
    model = Sum()
    assert count_flop(model, x).forward_mac == 60
    assert count_flop(model, (x, x)).forward_mac == 60
    assert count_flop(model, {"x": x, "y": x, "times": 2}).forward_mac == 120


def test_a_model_is_left_as_it_was():
    model = Small()
    calls = []
    model.conv.register_forward_hook(lambda *_: calls.append("conv"))
    model.drop.eval()
    x = torch.ones(2, 3, 6)
    model(x).sum().backward()
    model.seen.clear()
    state = copy.deepcopy(model.state_dict())
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    objects = {name: id(tensor) for name, tensor in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    last, generator = model.last, torch.random.get_rng_state()

    assert count_flop(model, x).forward_mac_per_sample == SMALL_MAC

    assert all(torch.equal(t, state[name]) for name, t in model.state_dict().items())
    assert all(
        torch.equal(p.grad, gradients[name]) for name, p in model.named_parameters()
    )
    assert {name: id(tensor) for name, tensor in model.named_parameters()} == objects
    assert [module.training for module in model.modules()] == modes
    assert model.last is last
    assert model.seen == []
    assert model.table.device.type == "cpu"
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert calls == ["conv"] * 3  # once above, then in either pass
    torch.testing.assert_close(model.eval()(x).shape, torch.Size((2, 6, 5)))


def test_a_model_without_memory_counts_like_a_real_one():
    with torch.device("meta"):
        model = Small()
    model.table = torch.ones(4)
    x = torch.ones(2, 3, 6)
    assert count_flop(model, x) == count_flop(Small(), x)


@pytest.mark.parametrize("n_samples", [1, 3, 16])
def test_counts_per_sample_do_not_depend_on_the_batch(n_samples):
    one = count_flop(Small(), torch.ones(1, 3, 6))
    several = count_flop(Small(), torch.ones(n_samples, 3, 6))
    for key in ("forward_mac", "training_flop", "deepspeed_flop", "activation_bytes"):
        share = getattr(several, f"{key}_per_sample")
        assert share == getattr(one, key)
        assert type(share) is int


def test_samples_may_be_stated():
    # Steps first: 7 steps of 2 sequences.
    count = count_flop(nn.GRU(3, 4), torch.ones(7, 2, 3), n_samples=2)
    assert count.forward_mac_per_sample == 7 * 3 * 4 * (3 + 4)


def test_shared_parameters_count_once_and_work_twice():
    layer = nn.Linear(4, 4, bias=False)
    count = count_flop(nn.Sequential(layer, nn.ReLU(), layer), torch.ones(1, 4))
    assert count.n_params == 16
    assert count.forward_mac == 32


def test_frozen_layers_have_no_weight_gradient():
    def training_flop(*frozen):
        model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(3)))
        for place in frozen:
            model[place].requires_grad_(False)
        return count_flop(model, torch.ones(1, 4)).training_flop / (2 * 16)

    assert training_flop() == 3 + 3 + 2  # forward, weights, inputs but the first
    assert training_flop(0) == 3 + 2 + 1  # nothing before the second needs a gradient
    assert training_flop(2) == 3 + 2 + 2  # it goes through the last all the same
    assert training_flop(0, 1, 2) == 3


def test_parameters_are_those_that_are_trained():
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2))
    assert count_flop(model, torch.ones(1, 4)).n_params == 25 + 12
    model[0].requires_grad_(False)
    assert count_flop(model, torch.ones(1, 4)).n_params == 12


def test_an_input_that_is_trained_gets_its_gradient():
    layer = nn.Linear(4, 4)
    count = count_flop(layer, torch.ones(1, 4, requires_grad=True))
    assert count.training_flop == 3 * count.forward_flop


def test_the_training_pass_is_one_in_training_mode():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head, self.extra = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x):
            features = self.body(x)
            if self.training:
                return {"main": self.head(features), "extra": self.extra(features)}
            return self.head(features)

    count = count_flop(Auxiliary(), torch.ones(1, 4))
    assert count.forward_mac == 2 * 16
    assert count.training_flop == 2 * 16 * (3 + 3 + 2)


def test_the_backward_pass_may_be_left_out():
    count = count_flop(nn.Linear(4, 4), torch.ones(1, 4), training=False)
    assert count.training_flop is None
    assert count.forward_mac == 16


def test_a_batch_of_one_passes_a_batch_normalization():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    assert count_flop(model, torch.ones(1, 4)).training_flop == 2 * 16 * 5


def test_where_the_caller_trains_does_not_matter():
    model, x = nn.Linear(4, 4), torch.ones(1, 4)
    expected = count_flop(model, x)
    with torch.no_grad():
        assert count_flop(model, x) == expected
    with torch.inference_mode():
        assert count_flop(model, x) == expected


def test_attention_counts_alike_however_it_is_written():
    class Attention(nn.Module):
        def __init__(self, write):
            super().__init__()
            self.layer = nn.Linear(8, 8)
            self.write = write

        def forward(self, x):
            return self.write(self.layer(x))

    def fused(x):
        return functional.scaled_dot_product_attention(x, x, x, is_causal=True)

    def in_two(x):
        return torch.softmax(x @ x.transpose(-2, -1), dim=-1) @ x

    x = torch.ones(2, 3, 5, 8)
    ways = [count_flop(Attention(write), x) for write in (fused, in_two)]
    product = 2 * 3 * 5 * 5 * 8
    assert [w.forward_mac for w in ways] == [2 * 3 * 5 * 64 + 2 * product] * 2
    assert ways[0].training_flop == ways[1].training_flop


def test_modules_with_their_work_are_listed_in_order():
    inner = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    model = nn.Sequential(inner, nn.GRU(2, 3))
    count = count_flop(model, torch.ones(2, 1, 4))
    gru = 2 * 3 * 3 * (2 + 3)
    assert list(count.by_module.items()) == [
        ("0", 2 * 30),
        ("0.0", 2 * 20),
        ("0.2", 2 * 10),
        ("1", gru),
    ]
    assert count.forward_mac == 2 * 30 + gru


class AsksForValues(nn.Module):
    """Calls `.item()` on something; the work does not depend on it."""

    def __init__(self, of):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("buffer", torch.tensor(3.0))
        self.of = of

    def forward(self, x):
        return self.layer(x) * self.of(self, x)


@pytest.mark.parametrize(
    "of",
    [
        lambda model, _: model.buffer.item(),
        lambda _, __: torch.tensor(2.0).item(),
        lambda _, __: torch.linspace(0, 1, 3)[1].item(),
        lambda _, x: x.max().item(),
    ],
    ids=["buffer", "constant", "computed", "input"],
)
def test_models_that_ask_for_values_are_counted(of, capfd):
    count = count_flop(AsksForValues(of), torch.ones(2, 4))
    assert count.forward_mac_per_sample == 16
    assert count.training_flop_per_sample == 64
    assert count.activation_bytes_per_sample == 16
    assert capfd.readouterr() == ("", "")


def test_recurrent_layers_are_counted_where_values_are_asked_for():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 4)

        def forward(self, x):
            return self.lstm(x)[0] * torch.linspace(0, 1, 3)[1].item()

    x = torch.ones(5, 2, 3)
    count, plain = count_flop(Scaled(), x), count_flop(nn.LSTM(3, 4), x)
    assert (count.forward_mac, count.training_flop) == (
        plain.forward_mac,
        plain.training_flop,
    )


def test_tensors_that_are_not_the_models_may_be_mixed_in():
    mask = torch.ones(4)

    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(x) * mask

    assert count_flop(Masked(), torch.ones(2, 4)).forward_mac_per_sample == 16


class DependsOnValues(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.choose = choose

    def forward(self, x):
        return self.layer(self.choose(x))


@pytest.mark.parametrize(
    "choose",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x[x[:, 0] > 0],
        lambda x: x[: int(x[0, 0].item())],
    ],
    ids=["branch", "selection", "slice"],
)
def test_work_that_depends_on_values_is_refused(choose, capfd):
    with pytest.raises(
        ValueError, match="forward pass of DependsOnValues depends"
    ) as e:
        count_flop(DependsOnValues(choose), torch.ones(2, 4))
    assert "\n" not in str(e.value)
    assert capfd.readouterr() == ("", "")


def test_the_line_where_a_value_decides_is_told():
    model = DependsOnValues(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(ValueError, match=r"alone \(at test_model.py:\d+\), so it has"):
        count_flop(model, torch.ones(2, 4))


def test_a_model_that_is_left_to_chance_in_training_counts_forward():
    class DropsLayers(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            is_dropped = self.training and torch.rand(()) < 0.1
            return x if is_dropped else self.layer(x)

    with pytest.raises(ValueError, match=r"training pass .* alone \(training=False\)"):
        count_flop(DropsLayers(), torch.ones(2, 4))
    count = count_flop(DropsLayers(), torch.ones(2, 4), training=False)
    assert count.forward_mac_per_sample == 16


def test_a_wrong_shape_is_told_in_one_line(capfd):
    with pytest.raises(ValueError, match=r"shape \(2, 3\): ") as e:
        count_flop(nn.Linear(4, 4), torch.ones(2, 3))
    assert "\n" not in str(e.value)
    assert "4" in str(e.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("model", "example_input", "error", "told"),
    [
        (lambda x: x, torch.ones(1), TypeError, "function is no torch.nn.Module"),
        (nn.Linear(4, 4), (torch.ones(1, 4),) * 2, TypeError, "positional arguments"),
        (nn.Linear(4, 4), torch.tensor(1.0), ValueError, "state n_samples"),
        (nn.Linear(4, 4), "text", ValueError, "state n_samples"),
        (nn.Linear(4, 4), torch.ones(0, 4), ValueError, "n_samples is 0"),
        (nn.LazyLinear(4), torch.ones(1, 4), ValueError, "has no shape yet"),
    ],
    ids=["no module", "too many", "no dimension", "no tensor", "no samples", "lazy"],
)
def test_wrong_input_is_refused(model, example_input, error, told):
    with pytest.raises(error, match=told):
        count_flop(model, example_input)


def test_wrapped_models_are_unwrapped():
    layer = nn.Linear(4, 4)
    for model in (nn.DataParallel(layer), torch.compile(layer, backend="eager")):
        assert count_flop(model, torch.ones(2, 4)).forward_mac_per_sample == 16


def test_a_scripted_model_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripting itself is deprecated
        scripted = torch.jit.trace(nn.Linear(4, 4), torch.ones(1, 4))
    with pytest.raises(ValueError, match="count the model it was made from"):
        count_flop(scripted, torch.ones(1, 4))


def test_large_models_take_no_memory():
    with torch.device("meta"):
        model = nn.Linear(1_000_000, 1_000_000)
    count = count_flop(model, torch.empty(1_000, 1_000_000, device="meta"))
    assert count.forward_mac_per_sample == 10**12


def test_importing_isojoule_leaves_torch_alone():
    code = "import sys, isojoule; isojoule.count_flop; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_counting_without_torch_names_the_extra():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import isojoule\n"
        "try: isojoule.count_flop(None, None)\n"
        "except isojoule.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == (
        "counting a model needs the 'suite' extra: pip install 'isojoule[suite]'\n"
    )
    assert issubclass(MissingExtraError, isojoule.IsojouleError)
