import sys

import numpy as np
import pytest

from isojoule.errors import MissingExtraError
from isojoule.workloads.mel import first_frames, htk_filter_bank, mel_spectrogram
from oracles import naive_htk_filter_bank, naive_mel_frame

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def clip():
    """Ten seconds of noise, a tone and a click."""
    rng = np.random.default_rng(2)
    sound = rng.normal(scale=0.1, size=441_000)
    sound += 0.2 * np.sin(2 * np.pi * 3000 * np.arange(441_000) / 44_100)
    sound[10_000] = 0.9
    return sound.astype(np.float32)


def test_filters_equal_the_naive_ones():
    np.testing.assert_allclose(
        htk_filter_bank(), naive_htk_filter_bank(), rtol=0, atol=1e-12
    )


def test_no_filter_is_empty():
    assert (htk_filter_bank().max(axis=1) > 0).all()


@pytest.mark.parametrize("frame", [0, 1, 4, 63, 64, 1717])
def test_the_mel_spectrogram_equals_the_naive_one(clip, frame):
    # 1717 is the last frame that does not reach the end: 1717 * 256 + 1024 < 441000.
    expected = naive_mel_frame(clip, frame, naive_htk_filter_bank())
    found = mel_spectrogram(clip)[:, frame].numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * expected.max())


@pytest.mark.slow
def test_the_mel_spectrogram_is_within_a_millionth_of_the_peak_of_that_of_librosa(clip):
    import librosa

    expected = librosa.feature.melspectrogram(
        y=clip.astype(np.float64),
        sr=44_100,
        n_fft=2048,
        hop_length=256,
        window=np.hamming(2048),  # the symmetric one
        center=True,
        pad_mode="reflect",
        power=1.0,
        n_mels=128,
        fmin=0.0,
        fmax=22_050.0,
        htk=True,
        norm=None,
        dtype=np.float64,
    )
    found = mel_spectrogram(clip).numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-6 * expected.max()


@pytest.mark.slow
def test_the_filters_are_those_of_librosa():
    import librosa

    expected = librosa.filters.mel(
        sr=44_100, n_fft=2048, n_mels=128, htk=True, norm=None, dtype=np.float64
    )
    np.testing.assert_allclose(htk_filter_bank(), expected, rtol=0, atol=1e-12)


def test_ten_seconds_have_1723_frames(clip):
    mel = mel_spectrogram(clip)
    assert mel.shape == (128, 1723)
    assert mel.dtype == torch.float32


def test_the_first_frames_are_those_of_the_whole_clip_to_the_bit(clip):
    assert first_frames(clip).shape == (128, 64)
    assert torch.equal(first_frames(clip), mel_spectrogram(clip)[:, :64])


def test_a_tone_of_one_kilohertz_lands_where_the_htk_scale_says():
    # 1000 Hz is 2595 log10(1 + 1000 / 700) = 1000.0 mel, the top 22050 Hz is
    # 3923.3 mel, and centres lie 3923.3 / 129 = 30.41 mel apart: 1000 / 30.41 = 32.9,
    # nearest to centre 33, which is the 32nd row from zero.
    tone = np.sin(2 * np.pi * 1000 * np.arange(17_152) / 44_100)
    assert set(first_frames(tone)[:, 8:].argmax(dim=0).tolist()) == {32}


def test_magnitudes_grow_with_the_sound_and_not_with_its_square(clip):
    louder, softer = first_frames(clip), first_frames(clip / 4)
    torch.testing.assert_close(louder, 4 * softer)


def test_first_frames_look_at_the_first_17152_samples_only():
    clip = np.random.default_rng(3).normal(size=20_000)
    changed = clip.copy()
    changed[17_152:] = 0.0
    assert torch.equal(first_frames(clip), first_frames(changed))
    changed[17_151] += 1e3
    assert not torch.equal(first_frames(clip), first_frames(changed))


def test_the_front_end_stays_float32_on_the_cpu_whatever_the_defaults(clip):
    expected = first_frames(clip)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            found = first_frames(clip)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, expected)


def test_first_frames_refuse_a_clip_that_is_too_short():
    with pytest.raises(ValueError, match="17152 samples, got 17151"):
        first_frames(np.ones(17_151))


def test_a_sound_that_cannot_be_mirrored_is_refused():
    assert mel_spectrogram(np.ones(1025)).shape == (128, 5)
    with pytest.raises(ValueError, match="more than 1024 samples, got 1024"):
        mel_spectrogram(np.ones(1024))


def test_the_front_end_without_torch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[suite\]"):
        mel_spectrogram(np.ones(2000))
