import subprocess
import sys

import pytest

from isojoule.errors import MissingExtraError
from isojoule.workloads import SUITE, suite_table
from isojoule.workloads.reference import count_gru

torch = pytest.importorskip("torch")
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

N_SAMPLES = 2
NOT_CRNN = [name for name, model in SUITE.items() if model.family != "crnn"]


def counted_flop(network, inputs, *, backward):
    with FlopCounterMode(display=False) as counter:
        outputs = network(inputs)
        if backward:
            outputs.sum().backward()
    return counter.get_total_flops()


def counted_flop_per_sample(model, *, backward):
    with torch.device("meta"):
        network = model.build()
        clips = torch.empty(N_SAMPLES, 1, 128, 64)
    total = counted_flop(network, clips, backward=backward)
    assert total % N_SAMPLES == 0
    return total // N_SAMPLES


@pytest.mark.parametrize("name", SUITE)
def test_the_network_has_as_many_parameters_as_the_closed_form_says(name):
    with torch.device("meta"):
        network = SUITE[name].build()
    assert sum(p.numel() for p in network.parameters()) == SUITE[name].n_params


@pytest.mark.parametrize("name", NOT_CRNN)
def test_the_forward_count_is_what_torch_counts(name):
    model = SUITE[name]
    counted = counted_flop_per_sample(model, backward=False)
    assert counted == model.forward_flop_per_sample


@pytest.mark.parametrize("name", NOT_CRNN)
def test_the_training_count_is_what_torch_counts(name):
    model = SUITE[name]
    counted = counted_flop_per_sample(model, backward=True)
    assert counted == model.training_flop_per_sample


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crnn-2x1-64x64", "crnn-1x1-64x64"])
def test_the_forward_count_of_a_long_sequence_is_what_torch_counts(name):
    model = SUITE[name]
    counted = counted_flop_per_sample(model, backward=False)
    assert counted == model.forward_flop_per_sample


@pytest.mark.slow
def test_the_training_count_of_a_long_sequence_is_what_torch_counts():
    model = SUITE["crnn-2x1-64x64"]
    counted = counted_flop_per_sample(model, backward=True)
    assert counted == model.training_flop_per_sample


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(("n_layers", "n_steps"), [(1, 1), (1, 5), (3, 4)])
def test_a_gru_passes_no_gradient_to_its_first_state(is_first, n_layers, n_steps):
    counts = count_gru(7, 3, n_layers=n_layers, n_steps=n_steps, is_first=is_first)
    with torch.device("meta"):
        network = torch.nn.GRU(7, 3, n_layers, batch_first=True)
        inputs = torch.empty(1, n_steps, 7, requires_grad=not is_first)
    counted = counted_flop(lambda x: network(x)[0], inputs, backward=True)
    expected = sum(2 * c.forward_mac + c.input_gradient_mac for c in counts)
    assert counted == 2 * expected


def test_counts_of_a_perceptron_by_hand():
    model = SUITE["mlp-1x512"]
    first, last = 8192 * 512, 512 * 10  # 4 194 304 and 5 120 MAC
    assert model.n_params == (first + 512) + (last + 10) == 4_199_946
    assert model.forward_mac_per_sample == first + last == 4_199_424
    assert model.forward_flop_per_sample == 8_398_848
    # Clips need no gradient: the first layer counts twice, the last three times.
    assert model.training_flop_per_sample == 2 * (2 * first + 3 * last) == 16_807_936
    # One for each ReLU and softmax output, none for the biases.
    assert model.deepspeed_flop_per_sample == 8_398_848 + 512 + 10


def test_counts_of_a_convolutional_network_by_hand():
    model = SUITE["cnn-2x128"]
    conv_1 = 9 * 1 * 128 * (128 * 64)  # 9 437 184 MAC
    conv_2 = 9 * 128 * 128 * (64 * 32)  # 301 989 888 MAC
    dense = 128 * (32 * 16) * 10  # 655 360 MAC
    n_params = (9 * 128 + 128) + (9 * 128 * 128 + 128) + (dense + 10)
    mac = conv_1 + conv_2 + dense
    assert model.n_params == n_params == 804_234
    assert model.forward_mac_per_sample == mac == 312_082_432
    assert model.forward_flop_per_sample == 2 * mac
    assert model.training_flop_per_sample == 2 * (2 * conv_1 + 3 * (conv_2 + dense))
    # Bias, ReLU and pooling input of both blocks, softmax.
    assert model.deepspeed_flop_per_sample == (
        2 * mac + 3 * 128 * (128 * 64) + 3 * 128 * (64 * 32) + 10
    )


def test_counts_of_a_recurrent_network_by_hand():
    model = SUITE["rnn-1x128"]
    gru = 3 * 128 * (8192 + 128)  # 3 194 880 MAC: one step
    dense = 128 * 10
    assert model.n_params == (gru + 6 * 128) + (dense + 10) == 3_196_938
    assert model.forward_mac_per_sample == gru + dense == 3_196_160
    assert model.forward_flop_per_sample == 6_392_320
    # Neither the clip nor the state of zeros needs a gradient.
    assert model.training_flop_per_sample == 2 * (2 * gru + 3 * dense)
    assert model.deepspeed_flop_per_sample == 6_392_320 + 7 * 128 + 10


def test_counts_of_a_convolutional_recurrent_network_by_hand():
    model = SUITE["crnn-2x1-64x64"]
    conv_1 = 9 * 1 * 64 * (128 * 64)  # 4 718 592 MAC
    conv_2 = 9 * 64 * 64 * (64 * 32)  # 75 497 472 MAC
    n_steps = 32 * 16  # 512
    gate = 3 * 64 * 64  # 12 288 MAC per step, for the input and again for the state
    gru = n_steps * 2 * gate  # 12 582 912 MAC
    dense = 64 * 10  # on the last step only
    n_params = (9 * 64 + 64) + (9 * 64 * 64 + 64) + (2 * gate + 6 * 64) + (dense + 10)
    mac = conv_1 + conv_2 + gru + dense
    input_gradients = conv_2 + n_steps * gate + (n_steps - 1) * gate + dense
    assert model.n_params == n_params == 63_178
    assert model.forward_mac_per_sample == mac == 92_799_616
    assert model.forward_flop_per_sample == 2 * mac
    assert model.training_flop_per_sample == 2 * (2 * mac + input_gradients)
    assert model.deepspeed_flop_per_sample == (
        2 * mac + 3 * 64 * (128 * 64) + 3 * 64 * (64 * 32) + 7 * 64 * n_steps + 10
    )


def test_training_costs_two_to_three_times_the_forward_pass():
    for model in SUITE.values():
        ratio = model.training_flop_per_sample / model.forward_flop_per_sample
        assert 2 < ratio < 3


def test_importing_and_counting_leave_torch_alone():
    code = (
        "import sys; from isojoule.workloads import suite_table; suite_table(); "
        "import isojoule.workloads.synthetic; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["mlp-1x512", "cnn-1x128", "rnn-1x128"])
def test_building_without_torch_names_the_extra(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[suite\]"):
        SUITE[name].build()


def test_counting_works_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert suite_table().n_rows == 43


def test_activations_are_the_outputs_of_all_layers():
    # One block on 128 x 64 pixels with 128 channels: convolution, ReLU, and a quarter
    # of it after pooling; then ten outputs before and ten after the softmax.
    pixels = 128 * 128 * 64
    assert SUITE["cnn-1x128"].activation_bytes_per_sample == 4 * (
        2 * pixels + pixels // 4 + 20
    )
    assert SUITE["mlp-1x512"].activation_bytes_per_sample == 4 * (2 * 512 + 20)
    # 512 steps of 64 states after two blocks of 64 channels.
    blocks = 64 * 128 * 64 * 9 // 4 + 64 * 64 * 32 * 9 // 4
    assert SUITE["crnn-2x1-64x64"].activation_bytes_per_sample == 4 * (
        blocks + 512 * 64 + 20
    )
