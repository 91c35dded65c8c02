"""Stand-ins for DESED: made-up sounds, as clips in memory or as a folder of files.

Values are not free: zeros and repeated bits draw less power than varied ones, and the
scale of the input decides how many gradients vanish. So the clips are magnitude mel
spectrograms of varied sounds, not ``torch.rand``.
"""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import StoreError
from isojoule.workloads.desed import AUDIO_FOLDER, CLASSES, LABELS_FILE, STAND_IN_FILE
from isojoule.workloads.mel import N_FIRST_SAMPLES, SAMPLE_RATE_HZ, first_frames
from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    N_SAMPLES_PER_EPOCH,
    require_torch,
)

if TYPE_CHECKING:
    import torch

# Rows of `weak.tsv` of DESED (turpaultn/DESED, 0686178) with one, two, three labels.
LABELS_PER_CLIP_COUNTS: Final = (984, 519, 75)

# Occurrences per class of the weakly labelled set, by index in `CLASSES`. As remembered
# from the task description (DCASE 2018, task 4), NOT counted from `weak.tsv`; they do
# add up to its 2244 occurrences.
CLASS_COUNTS: Final = (205, 134, 173, 184, 214, 103, 171, 343, 550, 167)

# Of its 1578 file names, 29 span 3 s to 9 s, the others 10 s.
_SHORT_FRACTION: Final = 29 / 1578

# Not known of the weakly labelled clips. A copy of DESED's public evaluation set, which
# comes from the same place, is described as 616 stereo files of 692.
_STEREO_FRACTION: Final = 616 / 692

# exp(-20) = 2e-9: far below the rounding of float32 and of 16-bit samples.
_N_DECAYS: Final = 20


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

    inputs = torch.empty((n_clips, *INPUT_SHAPE), dtype=torch.float32, device="cpu")
    labels = np.zeros((n_clips, N_CLASSES), dtype=np.float32)
    for clip in range(n_clips):
        # One generator per clip, so that a clip does not depend on those before it.
        rng = np.random.default_rng([seed, clip])
        labels[clip, draw_classes(rng)] = 1.0
        inputs[clip, 0] = first_frames(draw_sound(rng))
    return inputs, torch.from_numpy(labels)


def write_stand_in(
    root: Path,
    n_clips: int = N_SAMPLES_PER_EPOCH,
    *,
    seed: int = 0,
    on_clip: Callable[[int], None] | None = None,
) -> None:
    """Write made-up sounds as a folder of files in the layout of DESED.

    For the as-published mode where the recordings are not at hand: files to open,
    decode and transform, of the lengths of DESED and labels in its frequencies. Nothing
    in it was recorded: the folder says so in ``MADE-UP-SOUNDS.txt``, and what
    `open_desed` returns says it too.

    Parameters
    ----------
    root : Path
        Folder to make, or an empty one.
    n_clips : int, default 1578
        How many; 1.7 MB each, 2.6 GB for all of DESED.
    seed : int, default 0
        Same seed, same files; labels as of `synthetic_clips`, sounds are others.
    on_clip : callable or None
        Called with the number of clips done, after each.

    Raises
    ------
    ValueError
        If `n_clips` is not positive.
    StoreError
        If the folder is not empty or cannot be written.

    Notes
    -----
    16 bit at 44.1 kHz, of 10 s but for 29 of 1578, which have 3 s to 9 s. A choice: 616
    of 692 have a second channel, the first one at half the level; peaks beyond full
    scale are cut. The list of labels is written last, so that a folder without it is
    one that was not finished.
    """
    if n_clips < 1:
        raise ValueError(f"there must be at least one clip, got {n_clips}")
    try:
        _make_empty(root)
        (root / STAND_IN_FILE).write_text(
            f"{n_clips} made-up sounds (coloured noise, decaying tones; seed {seed}) "
            "with made-up labels,\nwritten by isojoule in the layout of DESED. "
            "They are no recordings.\n"
        )
        (root / AUDIO_FOLDER).mkdir(parents=True)
        (root / LABELS_FILE).parent.mkdir(parents=True)
        rows = ["filename\tevent_labels"]
        for clip in range(n_clips):
            rows.append(_write_clip(root / AUDIO_FOLDER, clip, seed=seed))
            if on_clip is not None:
                on_clip(clip + 1)
        unfinished = (root / LABELS_FILE).with_suffix(".part")
        unfinished.write_text("\n".join(rows) + "\n", encoding="utf-8")
        unfinished.replace(root / LABELS_FILE)
    except OSError as error:
        raise StoreError(
            f"cannot write {root}: {error.strerror or error}; choose another place"
        ) from error


def _make_empty(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise StoreError(f"{root} is not empty: name a new folder for the stand-in")


def _write_clip(folder: Path, clip: int, *, seed: int) -> str:
    """Write one sound and return its row of the list of labels."""
    rng = np.random.default_rng([seed, clip])
    labels = ",".join(CLASSES[i] for i in sorted(draw_classes(rng)))
    length_s = int(rng.integers(3, 10)) if rng.random() < _SHORT_FRACTION else 10
    n_channels = 2 if rng.random() < _STEREO_FRACTION else 1
    sound = draw_sound(rng, length_s * SAMPLE_RATE_HZ)
    channels = np.multiply.outer(32768 * sound, [1.0, 0.5][:n_channels])
    name = f"Ymadeup{clip:05d}_30.000_{30 + length_s}.000.wav"
    with (folder / name).open("xb") as file, wave.open(file, "wb") as writer:
        writer.setparams((n_channels, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        writer.writeframes(channels.round().clip(-32768, 32767).astype("<i2").tobytes())
    return f"{name}\t{labels}"


def draw_classes(rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the class indices of one clip, one to three different ones.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws with the frequencies of `LABELS_PER_CLIP_COUNTS` and `CLASS_COUNTS`.
    """
    shares = np.array(LABELS_PER_CLIP_COUNTS) / sum(LABELS_PER_CLIP_COUNTS)
    n_labels = rng.choice(len(shares), p=shares) + 1
    frequencies = np.array(CLASS_COUNTS) / sum(CLASS_COUNTS)
    return rng.choice(N_CLASSES, size=n_labels, replace=False, p=frequencies)


def draw_sound(
    rng: np.random.Generator, n_samples: int = N_FIRST_SAMPLES
) -> NDArray[np.float64]:
    """Return coloured noise with decaying tones, ndarray of shape (n_samples,).

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything but the length.
    n_samples : int, default 17152
        Length at 44.1 kHz. Longer sounds have more tones, so that their beginnings are
        alike: one to four per 17152 samples.

    Notes
    -----
    The RMS is log-uniform in 0.005 to 0.2; peaks may exceed 1.
    """
    sound = _colored_noise(rng, n_samples)
    n_tones = int(rng.integers(1, 5)) * (n_samples // N_FIRST_SAMPLES)
    frequency_hz = _log_uniform(rng, 100.0, 8000.0, n_tones)
    decay_s = _log_uniform(rng, 0.02, 1.0, n_tones)
    onset_s = rng.uniform(0.0, 0.9 * (n_samples - 1) / SAMPLE_RATE_HZ, n_tones)
    level = _log_uniform(rng, 0.1, 3.0, n_tones)  # against noise of RMS 1
    for tone in range(n_tones):
        ringing = sound[int(onset_s[tone] * SAMPLE_RATE_HZ) :]
        decaying = _decaying_tone(frequency_hz[tone], decay_s[tone], len(ringing))
        ringing[: len(decaying)] += level[tone] * decaying
    return _with_rms(sound, float(_log_uniform(rng, 0.005, 0.2, 1)[0]))


def _decaying_tone(
    frequency_hz: float, decay_s: float, n_samples: int
) -> NDArray[np.float64]:
    """Return a tone that starts at 0 and decays from 1, at most `n_samples` of it.

    Imaginary part of the powers of one number, each a coarse times a fine step: 1400
    exponentials instead of 441 000 for 10 s.
    """
    n_heard = min(n_samples, int(_N_DECAYS * decay_s * SAMPLE_RATE_HZ))
    step = complex(-1 / decay_s, 2 * np.pi * frequency_hz) / SAMPLE_RATE_HZ
    n_fine = 512
    coarse = np.exp(step * n_fine * np.arange(-(-n_heard // n_fine)))
    fine = np.exp(step * np.arange(n_fine))
    tone: NDArray[np.float64] = (
        np.column_stack([coarse.imag, coarse.real]) @ np.stack([fine.real, fine.imag])
    ).ravel()
    return tone[:n_heard]


def _colored_noise(rng: np.random.Generator, n_samples: int) -> NDArray[np.float64]:
    """Return noise of RMS 1 whose power falls as f^-a, a between 0 and 2."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequencies = np.arange(1, len(spectrum))
    spectrum[1:] *= frequencies ** (-rng.uniform(0.0, 2.0) / 2)
    spectrum[0] = 0.0  # no constant part, which a falling spectrum would blow up
    return _with_rms(np.fft.irfft(spectrum, n=n_samples), 1.0)


def _with_rms(sound: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = sound * (rms / np.sqrt(np.mean(sound**2)))
    return scaled


def _log_uniform(
    rng: np.random.Generator, low: float, high: float, size: int
) -> NDArray[np.float64]:
    return np.exp(rng.uniform(np.log(low), np.log(high), size))
