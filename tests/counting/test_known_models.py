"""Models whose counts everybody knows, with random weights from their configurations.

The structures are those of Transformers; published figures and closed forms agree.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pytest
import torch

from isojoule import count_flop

transformers = pytest.importorskip("transformers", reason="needs transformers")

pytestmark = pytest.mark.slow

IMAGE = {"pixel_values": ((1, 3, 224, 224), torch.float32)}


def of_tokens(n_tokens):
    return {"input_ids": ((1, n_tokens), torch.int64)}


class Known(NamedTuple):
    model: str
    config: str
    options: Mapping[str, object]
    inputs: Mapping[str, tuple]
    n_params: int
    forward_mac: int


# ViT: 12 layers of width w = 768 on n = 197 tokens: 12 w^2 of projections and
# multilayer perceptron per token, 2 n w of attention; patches of 768 numbers, 1000
# classes from one token.
VIT_MAC = 12 * 197 * (12 * 768**2 + 2 * 197 * 768) + 196 * 768 * 768 + 768 * 1000
# BERT: the same layers on 128 tokens, and a pooling of one token.
BERT_MAC = 12 * 128 * (12 * 768**2 + 2 * 128 * 768) + 768 * 768
# GPT-2: the same layers on 1024 tokens, full attention, and 50257 words for each token.
GPT2_MAC = 12 * 1024 * (12 * 768**2 + 2 * 1024 * 768) + 1024 * 768 * 50257

KNOWN = {
    # 25.557 M parameters and 4.089 GMAC, as torchvision states for its ResNet-50.
    "ResNet-50": Known(
        "ResNetForImageClassification",
        "ResNetConfig",
        {"num_labels": 1000},
        IMAGE,
        25_557_032,
        4_089_184_256,
    ),
    # 3.505 M and 0.3008 GMAC, likewise.
    "MobileNetV2": Known(
        "MobileNetV2ForImageClassification",
        "MobileNetV2Config",
        {"num_labels": 1000},
        IMAGE,
        3_504_872,
        300_774_272,
    ),
    "ViT-B/16": Known(
        "ViTForImageClassification",
        "ViTConfig",
        {"num_labels": 1000},
        IMAGE,
        86_567_656,
        VIT_MAC,
    ),
    "BERT-base": Known(
        "BertModel", "BertConfig", {}, of_tokens(128), 109_482_240, BERT_MAC
    ),
    "GPT-2 small": Known(
        "GPT2LMHeadModel", "GPT2Config", {}, of_tokens(1024), 124_439_808, GPT2_MAC
    ),
}
"""By name: structure, input, parameters, forward MAC."""


def built(known: Known):
    config = getattr(transformers, known.config)(**known.options)
    with torch.device("meta"):
        return getattr(transformers, known.model)(config)


def inputs_for(known: Known, *, n_samples: int = 1):
    return {
        name: torch.empty(n_samples, *shape[1:], dtype=dtype, device="meta")
        for name, (shape, dtype) in known.inputs.items()
    }


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_model_has_its_known_counts(name):
    known = KNOWN[name]
    count = count_flop(built(known), inputs_for(known))
    assert count.n_params == known.n_params
    assert count.forward_mac == known.forward_mac
    assert count.uncounted == ()


def test_the_closed_forms_are_the_published_figures():
    rounded = {name: round(known.forward_mac / 1e9, 4) for name, known in KNOWN.items()}
    assert rounded == {
        "ResNet-50": 4.0892,
        "MobileNetV2": 0.3008,
        "ViT-B/16": 17.5638,
        "BERT-base": 11.1742,
        "GPT-2 small": 145.8242,
    }


@pytest.mark.parametrize("name", ["MobileNetV2", "ViT-B/16"])
def test_operations_per_sample_do_not_depend_on_the_batch(name):
    known = KNOWN[name]
    model = built(known)
    counts = [count_flop(model, inputs_for(known, n_samples=n)) for n in (1, 4)]
    for key in ("forward_mac", "training_flop", "deepspeed_flop", "activation_bytes"):
        one, four = (getattr(count, f"{key}_per_sample") for count in counts)
        assert one == four


@pytest.mark.parametrize("name", ["ViT-B/16", "BERT-base", "GPT-2 small"])
def test_attention_counts_alike_fused_or_not(name):
    known = KNOWN[name]
    model = built(known)
    counts = []
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        count = count_flop(model, inputs_for(known))
        counts.append((count.forward_mac, count.training_flop))
    assert counts[0] == counts[1]


def test_training_a_transformer_costs_three_times_forward_less_the_first_gradient():
    bert, vit = (
        count_flop(built(KNOWN[name]), inputs_for(KNOWN[name]))
        for name in ("BERT-base", "ViT-B/16")
    )
    # Words are looked up, so every product has both gradients.
    assert bert.training_flop == 3 * bert.forward_flop
    # The gradient of an image is not needed.
    patches = 196 * 768 * 768
    assert vit.training_flop == 3 * vit.forward_flop - 2 * patches


def test_depthwise_convolutions_train_at_three_times_forward():
    known = KNOWN["MobileNetV2"]
    count = count_flop(built(known), inputs_for(known))
    # The first convolution: 3 x 3 x 3 weights, 32 channels, 112 x 112 pixels.
    first = 27 * 32 * 112 * 112
    assert count.training_flop == 3 * count.forward_flop - 2 * first


def test_where_the_work_is_adds_up():
    known = KNOWN["GPT-2 small"]
    count = count_flop(built(known), inputs_for(known))
    by_module = count.by_module
    assert by_module["lm_head"] == 1024 * 768 * 50257
    assert by_module["transformer"] + by_module["lm_head"] == count.forward_mac
    blocks = [mac for name, mac in by_module.items() if name.count(".") == 2]
    assert sum(blocks) == by_module["transformer"]
