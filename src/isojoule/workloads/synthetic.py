"""Stand-ins for DESED clips: made-up sounds through the published mel front end.

Values are not free: zeros and repeated bits draw less power than varied ones, and the
scale of the input decides how many gradients vanish. So the clips are magnitude mel
spectrograms of varied sounds, not ``torch.rand``.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    N_FRAMES,
    N_MELS,
    require_torch,
)

if TYPE_CHECKING:
    import torch

# Source of the front end: `src/dataloader.py` of ConstanceDws/toolbox_energy, 4c6f87d.
SAMPLE_RATE_HZ: Final = 44_100
N_FFT: Final = 2048
HOP_LENGTH: Final = 256
N_CLIP_SAMPLES: Final = (N_FRAMES - 1) * HOP_LENGTH + N_FFT // 2
"""17152: where the last of the 64 frames ends, so what follows cannot change them."""

# Rows of `weak.tsv` of DESED (turpaultn/DESED, 0686178) with one, two, three labels.
LABELS_PER_CLIP_COUNTS: Final = (984, 519, 75)

# Occurrences per class of the weakly labelled set, alphabetical as in the authors'
# loader: alarm bell, blender, cat, dishes, dog, shaver, frying, water, speech, vacuum
# cleaner. As remembered from the task description (DCASE 2018, task 4), NOT counted
# from `weak.tsv`; they do add up to its 2244 occurrences.
CLASS_COUNTS: Final = (205, 134, 173, 184, 214, 103, 171, 343, 550, 167)


def htk_filter_bank() -> NDArray[np.float64]:
    r"""Return the triangular mel filters, ndarray of shape (128, 1025).

    Notes
    -----
    HTK scale :math:`m = 2595 \log_{10}(1 + f / 700)` [1]_ with 130 equally spaced
    points from 0 Hz to 22050 Hz; filter :math:`k` rises from point :math:`k` to 1 at
    point :math:`k + 1` and falls to point :math:`k + 2`, without area normalization.
    The narrowest spans 38 Hz, more than the 21.5 Hz between bins: no row is empty.

    References
    ----------
    .. [1] Young et al., The HTK Book (v3.4), chapter 5, filterbank analysis.
    """
    top_mel = 2595.0 * np.log10(1.0 + SAMPLE_RATE_HZ / 2 / 700.0)
    mels = np.linspace(0.0, top_mel, N_MELS + 2)
    edges_hz = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, N_FFT // 2 + 1)
    low_hz, center_hz, high_hz = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising = (bins_hz - low_hz[:, None]) / (center_hz - low_hz)[:, None]
    falling = (high_hz[:, None] - bins_hz) / (high_hz - center_hz)[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


@cache
def _transposed_filters() -> NDArray[np.float32]:
    return np.ascontiguousarray(htk_filter_bank().T, dtype=np.float32)


def mel_frames(signal: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the first 64 mel frames of a clip, ndarray of shape (128, 64).

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        Sound at 44.1 kHz in [-1, 1], 17152 samples or more; the rest is not looked at.

    Raises
    ------
    ValueError
        If the signal is shorter.

    Notes
    -----
    Magnitude (not power) of windows of 2048 samples, 256 apart and centred, through a
    symmetric Hamming window and `htk_filter_bank`, in float32. The first windows reach
    before the start, where the signal is mirrored; none reaches an end.
    """
    if len(signal) < N_CLIP_SAMPLES:
        raise ValueError(
            f"64 mel frames need {N_CLIP_SAMPLES} samples, got {len(signal)}: "
            "pad the clip with zeros, as the reference does"
        )
    used = signal[:N_CLIP_SAMPLES].astype(np.float32)
    mirrored = np.pad(used, (N_FFT // 2, 0), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, N_FFT)[::HOP_LENGTH]
    spectra = np.abs(np.fft.rfft(windows * np.hamming(N_FFT).astype(np.float32)))
    return np.ascontiguousarray((spectra @ _transposed_filters()).T)


def synthetic_clips(
    n_clips: int, *, seed: int = 0
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return inputs and labels that stand in for DESED clips.

    Parameters
    ----------
    n_clips : int
        How many; the first ones are the same however many are asked for.
    seed : int, default 0
        Same seed, same clips. Global generators are neither read nor moved.

    Returns
    -------
    inputs : torch.Tensor of shape (n_clips, 1, 128, 64)
        Mel magnitudes, float32, contiguous, no two alike.
    labels : torch.Tensor of shape (n_clips, 10)
        One to three ones per row, float32.

    Raises
    ------
    ValueError
        If `n_clips` is not positive.
    MissingExtraError
        If `torch` is not installed.

    Notes
    -----
    From the source: shapes, the mel front end, and how often a clip has one, two or
    three labels (984, 519 and 75 of 1578, 1.42 on average). Class frequencies follow
    `CLASS_COUNTS`, whose sum was checked, not each count; classes of one clip are
    drawn without replacement, which flattens them slightly. A choice, not fitted to
    DESED: the sounds (coloured noise and decaying tones), their levels (RMS
    log-uniform in 0.005 to 0.2, peaks not clipped), and that labels say nothing about
    the sound, so there is nothing to learn but the frequencies.
    """
    if n_clips < 1:
        raise ValueError(f"there must be at least one clip, got {n_clips}")
    require_torch()
    import torch

    inputs = np.empty((n_clips, *INPUT_SHAPE), dtype=np.float32)
    labels = np.zeros((n_clips, N_CLASSES), dtype=np.float32)
    for clip in range(n_clips):
        # One generator per clip, so that a clip does not depend on those before it.
        rng = np.random.default_rng([seed, clip])
        labels[clip, _draw_classes(rng)] = 1.0
        inputs[clip, 0] = mel_frames(_draw_sound(rng))
    return torch.from_numpy(inputs), torch.from_numpy(labels)


def _draw_classes(rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the class indices of one clip."""
    shares = np.array(LABELS_PER_CLIP_COUNTS) / sum(LABELS_PER_CLIP_COUNTS)
    n_labels = rng.choice(len(shares), p=shares) + 1
    frequencies = np.array(CLASS_COUNTS) / sum(CLASS_COUNTS)
    return rng.choice(N_CLASSES, size=n_labels, replace=False, p=frequencies)


def _draw_sound(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return coloured noise with one to four decaying tones, shape (17152,)."""
    sound = _colored_noise(rng)
    n_tones = int(rng.integers(1, 5))
    time_s = np.arange(N_CLIP_SAMPLES) / SAMPLE_RATE_HZ
    frequency_hz = _log_uniform(rng, 100.0, 8000.0, n_tones)
    decay_s = _log_uniform(rng, 0.02, 1.0, n_tones)
    onset_s = rng.uniform(0.0, 0.9 * time_s[-1], n_tones)
    level = _log_uniform(rng, 0.1, 3.0, n_tones)  # against noise of RMS 1
    for tone in range(n_tones):
        start = int(onset_s[tone] * SAMPLE_RATE_HZ)
        after_s = time_s[: N_CLIP_SAMPLES - start]
        ringing = np.sin(2 * np.pi * frequency_hz[tone] * after_s)
        sound[start:] += level[tone] * np.exp(-after_s / decay_s[tone]) * ringing
    return _with_rms(sound, float(_log_uniform(rng, 0.005, 0.2, 1)[0]))


def _colored_noise(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise of RMS 1 whose power falls as f^-a, a between 0 and 2."""
    spectrum = np.fft.rfft(rng.standard_normal(N_CLIP_SAMPLES))
    frequencies = np.arange(1, len(spectrum))
    spectrum[1:] *= frequencies ** (-rng.uniform(0.0, 2.0) / 2)
    spectrum[0] = 0.0  # no constant part, which a falling spectrum would blow up
    return _with_rms(np.fft.irfft(spectrum, n=N_CLIP_SAMPLES), 1.0)


def _with_rms(sound: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = sound * (rms / np.sqrt(np.mean(sound**2)))
    return scaled


def _log_uniform(
    rng: np.random.Generator, low: float, high: float, size: int
) -> NDArray[np.float64]:
    return np.exp(rng.uniform(np.log(low), np.log(high), size))
