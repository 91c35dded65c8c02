"""The mel front end of the published models, by `torch.stft` and filters of our own.

44.1 kHz, windows of 2048 samples 256 apart, symmetric Hamming, magnitude (not power),
centred with mirrored ends, 128 HTK bands without area normalization, no logarithm: what
torchaudio's `MelSpectrogram` makes of the authors' arguments.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.workloads.reference import N_FRAMES, N_MELS, require_torch

if TYPE_CHECKING:
    import torch

# Source: `src/dataloader.py` of ConstanceDws/toolbox_energy, 4c6f87d.
SAMPLE_RATE_HZ: Final = 44_100
N_FFT: Final = 2048
HOP_LENGTH: Final = 256
N_FIRST_SAMPLES: Final = (N_FRAMES - 1) * HOP_LENGTH + N_FFT // 2
"""17152: where the last of the 64 frames ends, so what follows cannot change them."""


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
def _filters() -> "torch.Tensor":
    import torch

    return torch.from_numpy(htk_filter_bank().astype(np.float32))


@cache
def _window() -> "torch.Tensor":
    import torch

    return torch.hamming_window(
        N_FFT, periodic=False, dtype=torch.float32, device="cpu"
    )


def mel_spectrogram(signal: NDArray[np.floating]) -> "torch.Tensor":
    """Return the mel magnitudes of a whole sound.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        Sound at 44.1 kHz in [-1, 1], longer than half a window (1024 samples).

    Returns
    -------
    torch.Tensor of shape (128, 1 + n_samples // 256)
        Magnitudes per band and frame, float32, on the CPU; 10 s have 1723 frames.

    Raises
    ------
    ValueError
        If the sound is too short to be mirrored at its ends.
    MissingExtraError
        If `torch` is not installed.

    Notes
    -----
    Within 1e-6 of the peak of librosa's in double precision.
    """
    if len(signal) <= N_FFT // 2:
        raise ValueError(
            f"a mel spectrogram needs more than {N_FFT // 2} samples, got {len(signal)}"
        )
    require_torch()
    import torch

    spectrum = torch.stft(
        torch.tensor(signal, dtype=torch.float32, device="cpu"),
        N_FFT,
        HOP_LENGTH,
        window=_window(),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return _filters() @ spectrum.abs()


def first_frames(signal: NDArray[np.floating]) -> "torch.Tensor":
    """Return the 64 mel frames that the models see, without computing the others.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        Sound at 44.1 kHz in [-1, 1], 17152 samples or more; the rest is not looked at.

    Returns
    -------
    torch.Tensor of shape (128, 64)
        The first frames of `mel_spectrogram` of the whole sound, to the bit.

    Raises
    ------
    ValueError
        If the signal is shorter.
    MissingExtraError
        If `torch` is not installed.
    """
    if len(signal) < N_FIRST_SAMPLES:
        raise ValueError(
            f"{N_FRAMES} mel frames need {N_FIRST_SAMPLES} samples, got {len(signal)}: "
            "pad the clip with zeros, as the reference does"
        )
    return mel_spectrogram(signal[:N_FIRST_SAMPLES])[:, :N_FRAMES]
