import pytest
import torch
from torch import nn

from isojoule.counting.stand_in import (
    blank_attributes,
    blank_inputs,
    blank_on,
    blank_state,
    left_as_it_was,
)

BLANK = blank_on("meta", is_training=True)


def test_a_blank_has_shape_type_and_gradient_of_the_original():
    original = torch.ones(2, 3, dtype=torch.float16).t().requires_grad_()
    blank = BLANK(original)
    assert blank.device.type == "meta"
    assert blank.shape == (3, 2)
    assert blank.stride() == original.stride()
    assert blank.dtype == torch.float16
    assert blank.requires_grad
    assert blank.is_leaf
    assert not blank_on("meta", is_training=False)(original).requires_grad


def test_inputs_keep_their_structure():
    inputs = (
        ([torch.ones(2), 3], "text"),
        {"mask": {"left": torch.ones(4), "no": None}},
    )
    (pair, text), kwargs = blank_inputs(inputs, BLANK)
    assert (pair[0].device.type, pair[1], text) == ("meta", 3, "text")
    assert kwargs["mask"]["left"].shape == (4,)
    assert kwargs["mask"]["no"] is None


def test_lengths_of_sequences_are_kept():
    packed = nn.utils.rnn.pack_sequence(
        [torch.ones(2, 5), torch.ones(3, 5)], enforce_sorted=False
    )
    ((blank,), _) = blank_inputs(((packed,), {}), BLANK)
    assert blank.batch_sizes.tolist() == [2, 2, 1]
    assert blank.data.device.type == blank.sorted_indices.device.type == "meta"


def test_shared_parameters_have_one_blank():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    assert set(blank_state(model, BLANK)) == {"0.weight", "0.bias", "1.bias"}


def test_parameters_without_a_shape_are_refused():
    with pytest.raises(ValueError, match=r"weight has no shape yet: call the model"):
        blank_state(nn.LazyLinear(3), BLANK)


def test_what_is_set_on_modules_is_undone():
    model = nn.Sequential(nn.Linear(3, 3))
    layer = model[0]
    layer.history, layer.names, layer.cache = [1], {"a"}, {"x": 1}
    history, before = layer.history, dict(vars(layer))
    with left_as_it_was(model):
        layer.history.append(2)
        layer.names.add("b")
        layer.cache["x"] = 2
        layer.new = 5
        layer.training = False
        layer.register_buffer("table", torch.ones(2))
        del layer.bias
    assert dict(vars(layer)) == before
    assert layer.history is history
    assert (layer.history, layer.names, layer.cache) == ([1], {"a"}, {"x": 1})
    assert set(dict(layer.named_parameters())) == {"weight", "bias"}
    assert not list(layer.buffers())


def test_an_error_undoes_it_too():
    layer = nn.Linear(3, 3)

    def fail():
        with left_as_it_was(layer):
            layer.cache = 1
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert not hasattr(layer, "cache")


def test_tensors_that_are_only_attributes_become_blank():
    layer = nn.Linear(3, 3)
    layer.mask = torch.ones(3)
    blank_attributes(layer, BLANK)
    assert layer.mask.device.type == "meta"
    assert layer.weight.device.type == "cpu"
