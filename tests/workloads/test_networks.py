import numpy as np
import pytest

from isojoule.workloads import SUBSETS, SUITE

torch = pytest.importorskip("torch")


def clips(n_clips):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n_clips, 1, 128, 64, generator=generator)


def built(name, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SUITE[name].build()


@pytest.mark.parametrize("n_clips", [8, 2])
@pytest.mark.parametrize("name", SUBSETS["quick"])
def test_outputs_are_probabilities_for_full_and_last_batches(name, n_clips):
    with torch.no_grad():
        outputs = built(name)(clips(n_clips))
    assert outputs.shape == (n_clips, 10)
    assert outputs.min() >= 0
    torch.testing.assert_close(outputs.sum(dim=1), torch.ones(n_clips))


@pytest.mark.parametrize("name", ["mlp-1x512", "cnn-1x128", "rnn-1x128"])
def test_a_training_step_reaches_every_parameter(name):
    network = built(name)
    labels = torch.zeros(2, 10).index_fill(1, torch.tensor([8]), 1.0)
    torch.nn.BCELoss()(network(clips(2)), labels).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_the_caller_decides_the_weights():
    first, same = built("rnn-1x128", seed=3), built("rnn-1x128", seed=3)
    other = built("rnn-1x128", seed=4)
    assert torch.equal(first.output.weight, same.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)


def test_a_perceptron_is_products_relu_and_softmax():
    network = built("mlp-1x512")
    first, last = (m for m in network if isinstance(m, torch.nn.Linear))
    arrays = [
        p.detach().double().numpy() for m in (first, last) for p in m.parameters()
    ]
    inputs = clips(2)
    hidden = np.maximum(
        inputs.double().numpy().reshape(2, 8192) @ arrays[0].T + arrays[1], 0
    )
    scores = np.exp(hidden @ arrays[2].T + arrays[3])
    with torch.no_grad():
        outputs = network(inputs).numpy()
    np.testing.assert_allclose(
        outputs, scores / scores.sum(axis=1, keepdims=True), rtol=1e-4
    )


def test_six_convolution_blocks_leave_two_positions():
    with torch.device("meta"):
        network = SUITE["cnn-6x384"].build()
    linear = next(m for m in network if isinstance(m, torch.nn.Linear))
    assert linear.in_features == 384 * 2 * 1


def test_a_recurrent_network_sees_one_step_of_the_whole_clip():
    seen = []
    network = built("rnn-1x128")
    network.gru.register_forward_pre_hook(lambda _, args: seen.append(args))
    inputs = clips(2)
    with torch.no_grad():
        network(inputs)
    [(sequence, state)] = seen
    assert torch.equal(sequence, inputs.reshape(2, 1, 8192))
    assert torch.equal(state, torch.zeros(1, 2, 128))


def test_a_recurrent_network_makes_its_state_on_the_cpu_in_every_pass(monkeypatch):
    devices = []
    zeros = torch.zeros

    def spy(*shape, device=None):
        devices.append(device)
        return zeros(*shape, device=device)

    with torch.device("meta"):
        network = SUITE["rnn-1x128"].build()
        inputs = torch.empty(2, 1, 128, 64)
        monkeypatch.setattr(torch, "zeros", spy)
        outputs = [network(inputs), network(inputs)]
    assert devices == ["cpu", "cpu"]
    assert {str(output.device) for output in outputs} == {"meta"}


def test_a_step_of_the_convolutional_recurrent_network_is_a_run_of_one_channel():
    seen = {}
    network = built("crnn-2x1-64x64")
    network.blocks.register_forward_hook(
        lambda _, __, output: seen.update(features=output)
    )
    network.gru.register_forward_pre_hook(lambda _, args: seen.update(sequence=args[0]))
    with torch.no_grad():
        network(clips(2))
    features, sequence = seen["features"], seen["sequence"]
    assert features.shape == (2, 64, 32, 16)
    assert sequence.shape == (2, 512, 64)
    # 64 values are 4 rows of 16 frames: step 1 holds rows 4 to 7 of channel 0, and
    # after 32 / 4 = 8 steps channel 1 begins.
    assert torch.equal(sequence[0, 1], features[0, 0, 4:8].flatten())
    assert torch.equal(sequence[0, 8], features[0, 1, 0:4].flatten())
