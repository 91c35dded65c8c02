"""The recordings that the published models were trained on, read from a folder.

DESED's layout: ``ROOT/audio/train/weak/*.wav`` at 44.1 kHz, labels of whole clips in
``ROOT/metadata/train/weak.tsv``.

References
----------
.. [1] https://github.com/turpaultn/DESED, commit 0686178 (layout, labels).
.. [2] https://github.com/ConstanceDws/toolbox_energy, commit 4c6f87d,
   `src/dataloader.py` (what the published runs make of them).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import FormatError, MissingExtraError
from isojoule.workloads.mel import (
    N_FIRST_SAMPLES,
    SAMPLE_RATE_HZ,
    first_frames,
    mel_spectrogram,
)
from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    N_FRAMES,
    N_SAMPLES_PER_EPOCH,
    require_torch,
)

if TYPE_CHECKING:
    import torch

AUDIO_FOLDER: Final = "audio/train/weak"
LABELS_FILE: Final = "metadata/train/weak.tsv"
STAND_IN_FILE: Final = "MADE-UP-SOUNDS.txt"
"""In the root of a folder that `synthetic.write_stand_in` has made."""

CLASSES: Final = (
    "Alarm_bell_ringing",
    "Blender",
    "Cat",
    "Dishes",
    "Dog",
    "Electric_shaver_toothbrush",
    "Frying",
    "Running_water",
    "Speech",
    "Vacuum_cleaner",
)
"""By index in a label vector."""

N_CLIP_SAMPLES: Final = 10 * SAMPLE_RATE_HZ
"""441000: every clip is padded or cut to 10 s."""


@dataclass(frozen=True, slots=True, eq=False)
class DesedFolder:
    """The labelled clips of a folder that are there, checked but not decoded.

    Parameters
    ----------
    root : Path
        The folder.
    paths : tuple of Path
        Clips that are both listed and there, in the order of the list.
    labels : ndarray of shape (n_clips, 10)
        One where the class is heard, float32, read-only.
    n_listed : int
        Clips in the list.
    notes : tuple of str
        What differs from the full set: missing, ignored, padded, cut, made up.
    is_stand_in : bool
        Whether the sounds are made up.
    """

    root: Path
    paths: tuple[Path, ...]
    labels: NDArray[np.float32]
    n_listed: int
    notes: tuple[str, ...] = ()
    is_stand_in: bool = False

    @property
    def n_clips(self) -> int:
        """Clips that can be used."""
        return len(self.paths)


def open_desed(root: Path) -> DesedFolder:
    """Return the clips of a folder in the layout of DESED.

    Every header is read, no sound. Clips of the list that are not there, and files that
    the list does not name, are left out and told of in `notes`: recordings vanish from
    where they were published, so that real copies are incomplete.

    Parameters
    ----------
    root : Path
        Holds ``audio/train/weak`` and ``metadata/train/weak.tsv``.

    Raises
    ------
    FormatError
        If the folder has another layout, no clip of its list is there, a clip is not at
        44.1 kHz or cannot be read.
    MissingExtraError
        If `soundfile` is not installed.
    """
    try:
        _check_layout(root)
        there = {path.name for path in (root / AUDIO_FOLDER).iterdir()}
        text = (root / LABELS_FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot read {root}: {error}") from error
    listed = dict(_rows(root / LABELS_FILE, text.splitlines()))
    present = {name: labels for name, labels in listed.items() if name in there}
    if not present:
        raise FormatError(
            f"none of the {len(listed)} clips in {root / LABELS_FILE} is in "
            f"{root / AUDIO_FOLDER}: put the recordings there under their listed names"
        )
    paths = tuple(root / AUDIO_FOLDER / name for name in present)
    labels, unknown = _encoded(present.values())
    lengths = [_n_samples(path) for path in paths]
    is_stand_in = (root / STAND_IN_FILE).exists()
    is_whole = len(listed) == N_SAMPLES_PER_EPOCH
    differences = {
        "made-up sounds, not recordings": len(paths) if is_stand_in else 0,
        "clips in the list, 1578 in DESED": 0 if is_whole else len(listed),
        "listed clips that are not there": len(listed) - len(present),
        "files that are not listed, ignored": len(there) - len(present),
        f"unknown labels ({', '.join(sorted(unknown))}), ignored": unknown.total(),
        "clips without a known label": int((~labels.any(axis=1)).sum()),
        "clips shorter than 10 s, padded with zeros": sum(
            n < N_CLIP_SAMPLES for n in lengths
        ),
        # The published loader cuts at random, which no second run would repeat.
        "clips longer than 10 s, cut to the first 10 s": sum(
            n > N_CLIP_SAMPLES for n in lengths
        ),
    }
    return DesedFolder(
        root=root,
        paths=paths,
        labels=labels,
        n_listed=len(listed),
        notes=tuple(f"{what}: {n}" for what, n in differences.items() if n),
        is_stand_in=is_stand_in,
    )


def _check_layout(root: Path) -> None:
    """Raise unless both parts of DESED are in `root`.

    Raises
    ------
    FormatError
        If one is not; the message tells what there is instead, where it is known.
    """
    audio, labels = root / AUDIO_FOLDER, root / LABELS_FILE
    if audio.is_dir() and labels.is_file():
        return
    if (root / STAND_IN_FILE).exists():
        raise FormatError(
            f"{root} is a stand-in that was not finished: delete it, write it anew"
        )
    resampled = audio.with_name("weak_16k")
    if not audio.is_dir() and resampled.is_dir():
        raise FormatError(
            f"{root} has its clips resampled to 16000 Hz only ({resampled.name}): put "
            f"the recordings at {SAMPLE_RATE_HZ} Hz in {audio}"
        )
    raise FormatError(
        f"{root} has no {LABELS_FILE if audio.is_dir() else AUDIO_FOLDER}: name the "
        f"folder of DESED that holds {AUDIO_FOLDER}/*.wav and {LABELS_FILE}"
    )


def _rows(path: Path, lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield file name and labels of each line of the list.

    Raises
    ------
    FormatError
        If it is another kind of table, a line has not two cells or names a clip again.
    """
    if not lines or lines[0].split("\t") != ["filename", "event_labels"]:
        raise FormatError(
            f"{path} does not begin with the columns filename and event_labels, "
            "separated by a tab: take weak.tsv as DESED has it"
        )
    seen = set()
    for number, line in enumerate(lines[1:], start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 2:
            raise FormatError(f"{path} row {number} has {len(cells)} cells, must be 2")
        name = cells[0].strip()
        if name in seen:
            raise FormatError(f"{path} row {number} names {name} again: keep one row")
        seen.add(name)
        yield name, [label.strip() for label in cells[1].split(",") if label.strip()]


def _encoded(
    labels: Collection[Sequence[str]],
) -> tuple[NDArray[np.float32], Counter[str]]:
    """Return label vectors, and how often which label is in none of them.

    Raises
    ------
    FormatError
        If no label is known.
    """
    index = {name: i for i, name in enumerate(CLASSES)}
    unknown: Counter[str] = Counter()
    vectors = np.zeros((len(labels), N_CLASSES), dtype=np.float32)
    for row, names in enumerate(labels):
        vectors[row, [index[name] for name in names if name in index]] = 1.0
        unknown.update(name for name in names if name not in index)
    if not vectors.any():
        raise FormatError(
            f"no label in {LABELS_FILE} is a class of DESED such as {CLASSES[8]}: take "
            "weak.tsv as DESED has it"
        )
    vectors.setflags(write=False)
    return vectors, unknown


@contextmanager
def _reading(path: Path) -> Iterator[ModuleType]:
    """Yield `soundfile`; what it cannot read is told by the name of the file.

    Raises
    ------
    FormatError
        If `soundfile` fails to read.
    MissingExtraError
        If it is not installed.
    """
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtraError("suite", "reading recordings") from error
    try:
        yield soundfile
    except soundfile.SoundFileError as error:
        # The message of soundfile names the file again.
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise FormatError(
            f"cannot read {path} ({reason}): fetch it again, or delete it to do without"
        ) from error


def _n_samples(path: Path) -> int:
    """Return the length of a recording by its header.

    Raises
    ------
    FormatError
        If it cannot be read, is empty or is not at 44.1 kHz.
    """
    with _reading(path) as soundfile:
        header = soundfile.info(str(path))
    if header.samplerate != SAMPLE_RATE_HZ:
        raise FormatError(
            f"{path} is at {header.samplerate} Hz, needed are {SAMPLE_RATE_HZ} Hz: "
            f"put the recordings in {AUDIO_FOLDER} as published, not resampled"
        )
    if header.frames == 0:
        raise FormatError(
            f"{path} holds no sound: fetch it again, or delete it to do without"
        )
    return int(header.frames)


def read_signal(path: Path, *, n_samples: int = N_CLIP_SAMPLES) -> NDArray[np.float32]:
    """Return the first channel of a recording, cut or padded with zeros.

    Parameters
    ----------
    path : Path
        A recording with one channel or more.
    n_samples : int, default 441000
        Length to return; what lies behind is not decoded.

    Returns
    -------
    ndarray of shape (n_samples,)
        In [-1, 1); a 16-bit sample is divided by 32768.

    Raises
    ------
    FormatError
        If it cannot be read.
    MissingExtraError
        If `soundfile` is not installed.
    """
    with _reading(path) as soundfile:
        channels, _ = soundfile.read(
            str(path), frames=n_samples, dtype="float32", always_2d=True
        )
    signal = np.zeros(n_samples, dtype=np.float32)
    signal[: len(channels)] = channels[:, 0]
    return signal


def load_clips(
    folder: DesedFolder, *, on_clip: Callable[[int], None] | None = None
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return all clips of a folder as the models see them, for the device-only mode.

    Only the 17152 samples that the 64 frames need are decoded.

    Parameters
    ----------
    folder : DesedFolder
        From `open_desed`.
    on_clip : callable or None
        Called with the number of clips done, after each.

    Returns
    -------
    inputs : torch.Tensor of shape (n_clips, 1, 128, 64)
        Equal to those of `decode_batch`, to the bit.
    labels : torch.Tensor of shape (n_clips, 10)
        Float32.

    Raises
    ------
    FormatError
        If a clip cannot be read.
    MissingExtraError
        If `torch` or `soundfile` is not installed.
    """
    require_torch()
    import torch

    inputs = torch.empty(
        (folder.n_clips, *INPUT_SHAPE), dtype=torch.float32, device="cpu"
    )
    for row, path in enumerate(folder.paths):
        inputs[row, 0] = first_frames(read_signal(path, n_samples=N_FIRST_SAMPLES))
        if on_clip is not None:
            on_clip(row + 1)
    return inputs, torch.from_numpy(folder.labels.copy())


def decode_batch(
    folder: DesedFolder, indices: Iterable[int]
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return a batch made as in the published runs, for the as-published mode.

    Each clip is decoded whole and its mel spectrogram made of all 10 s, of which the
    first 64 frames are kept.

    Parameters
    ----------
    folder : DesedFolder
        From `open_desed`.
    indices : iterable of int
        Positions in `folder.paths`.

    Returns
    -------
    inputs : torch.Tensor of shape (n_indices, 1, 128, 64)
        Float32, on the CPU.
    labels : torch.Tensor of shape (n_indices, 10)
        Float32, on the CPU.

    Raises
    ------
    FormatError
        If a clip cannot be read.
    MissingExtraError
        If `torch` or `soundfile` is not installed.
    """
    require_torch()
    import torch

    chosen = [int(index) for index in indices]
    inputs = torch.empty((len(chosen), *INPUT_SHAPE), dtype=torch.float32, device="cpu")
    for row, index in enumerate(chosen):
        signal = read_signal(folder.paths[index])
        inputs[row, 0] = mel_spectrogram(signal)[:, :N_FRAMES]
    return inputs, torch.from_numpy(folder.labels[chosen])
