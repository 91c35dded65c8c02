import random
import sys

import numpy as np
import pytest

from isojoule.errors import MissingExtraError
from isojoule.workloads import synthetic
from isojoule.workloads.synthetic import (
    htk_filter_bank,
    mel_frames,
    synthetic_clips,
)
from oracles import naive_htk_filter_bank, naive_mel_frame

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def some():
    return synthetic_clips(40, seed=5)


def test_filters_equal_the_naive_ones():
    np.testing.assert_allclose(
        htk_filter_bank(), naive_htk_filter_bank(), rtol=0, atol=1e-12
    )


def test_no_filter_is_empty():
    assert (htk_filter_bank().max(axis=1) > 0).all()


@pytest.mark.parametrize("frame", [0, 1, 4, 63])
def test_mel_frames_equal_the_naive_ones_of_the_whole_clip(frame):
    clip = np.random.default_rng(2).normal(scale=0.1, size=441_000)
    expected = naive_mel_frame(clip, frame, naive_htk_filter_bank())
    found = mel_frames(clip)[:, frame]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * expected.max())


def test_a_tone_of_one_kilohertz_lands_where_the_htk_scale_says():
    # 1000 Hz is 2595 log10(1 + 1000 / 700) = 1000.0 mel, the top 22050 Hz is
    # 3923.3 mel, and centres lie 3923.3 / 129 = 30.41 mel apart: 1000 / 30.41 = 32.9,
    # nearest to centre 33, which is the 32nd row from zero.
    tone = np.sin(2 * np.pi * 1000 * np.arange(17_152) / 44_100)
    assert set(mel_frames(tone)[:, 8:].argmax(axis=0)) == {32}


def test_mel_frames_look_at_the_first_17152_samples_only():
    clip = np.random.default_rng(3).normal(size=20_000)
    changed = clip.copy()
    changed[17_152:] = 0.0
    np.testing.assert_array_equal(mel_frames(clip), mel_frames(changed))
    changed[17_151] += 1e3
    assert not np.array_equal(mel_frames(clip), mel_frames(changed))


def test_mel_frames_refuse_a_clip_that_is_too_short():
    with pytest.raises(ValueError, match="17152 samples, got 17151"):
        mel_frames(np.ones(17_151))


def test_clips_have_the_shape_and_type_of_the_reference(some):
    inputs, labels = some
    assert inputs.shape == (40, 1, 128, 64)
    assert labels.shape == (40, 10)
    assert inputs.dtype == labels.dtype == torch.float32
    assert inputs.is_contiguous()


def test_clips_are_positive_finite_and_all_different(some):
    inputs, _ = some
    assert torch.isfinite(inputs).all()
    assert inputs.min() > 0
    assert len({clip.numpy().tobytes() for clip in inputs}) == 40


def test_every_clip_has_one_to_three_labels(some):
    _, labels = some
    assert set(labels.unique().tolist()) == {0.0, 1.0}
    assert set(labels.sum(dim=1).tolist()) <= {1.0, 2.0, 3.0}


def test_the_seed_decides_and_the_number_of_clips_does_not(some):
    inputs, labels = synthetic_clips(3, seed=5)
    assert torch.equal(inputs, some[0][:3])
    assert torch.equal(labels, some[1][:3])
    assert not torch.equal(inputs, synthetic_clips(3, seed=6)[0])


def test_global_generators_are_left_alone():
    def states():
        name, keys, *rest = np.random.get_state()  # noqa: NPY002 - the one to protect
        return (
            random.getstate(),
            (name, keys.tobytes(), rest),
            torch.get_rng_state().tolist(),
        )

    before = states()
    synthetic_clips(2)
    assert states() == before


def test_no_clips_are_refused():
    with pytest.raises(ValueError, match="at least one clip, got 0"):
        synthetic_clips(0)


def test_clips_without_torch_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[suite\]"):
        synthetic_clips(1)


def test_levels_are_log_uniform():
    rng = np.random.default_rng(0)
    sounds = [synthetic._draw_sound(rng) for _ in range(200)]
    logs = np.log([np.sqrt(np.mean(sound**2)) for sound in sounds])
    low, high = np.log(0.005), np.log(0.2)
    assert low <= logs.min() < logs.max() <= high
    # A uniform variable has a standard deviation of its width / sqrt(12).
    tolerance = 4 * (high - low) / np.sqrt(12 * 200)
    assert abs(logs.mean() - (low + high) / 2) < tolerance


def test_label_counts_and_classes_follow_desed():
    rng = np.random.default_rng(0)
    drawn = [synthetic._draw_classes(rng) for _ in range(5000)]
    n_labels = np.array([len(classes) for classes in drawn])
    # Of 1578 clips, 984, 519 and 75 have 1, 2 and 3: 2247 / 1578 = 1.424 on average,
    # variance (984 + 4 * 519 + 9 * 75) / 1578 - 1.424^2 = 0.339.
    assert abs(n_labels.mean() - 2247 / 1578) < 4 * np.sqrt(0.339 / 5000)
    share = 984 / 1578
    tolerance = 4 * np.sqrt(share * (1 - share) / 5000)
    assert abs((n_labels == 1).mean() - share) < tolerance
    # Speech, class 8, has 550 of 2244 occurrences; with one label that is its chance.
    alone = np.array([classes[0] for classes in drawn if len(classes) == 1])
    share = 550 / 2244
    tolerance = 4 * np.sqrt(share * (1 - share) / len(alone))
    assert abs((alone == 8).mean() - share) < tolerance


def test_classes_of_one_clip_are_different():
    rng = np.random.default_rng(1)
    for _ in range(300):
        classes = synthetic._draw_classes(rng).tolist()
        assert len(set(classes)) == len(classes)


def test_class_counts_add_up_to_the_published_total():
    assert sum(synthetic.CLASS_COUNTS) == 2244
    assert sum(synthetic.LABELS_PER_CLIP_COUNTS) == 1578
