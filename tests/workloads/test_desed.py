import sys
import wave

import numpy as np
import pytest

from isojoule.errors import FormatError, MissingExtraError
from isojoule.workloads.desed import (
    CLASSES,
    decode_batch,
    load_clips,
    open_desed,
    read_signal,
)

torch = pytest.importorskip("torch")


def write_wav(path, samples, *, rate_hz=44_100):
    """Write 16-bit samples, one column per channel, with the standard library."""
    columns = np.asarray(samples, dtype="<i2")
    if columns.ndim == 1:
        columns = columns[:, None]
    with wave.open(str(path), "wb") as writer:
        writer.setparams((columns.shape[1], 2, rate_hz, 0, "NONE", ""))
        writer.writeframes(columns.tobytes())


def noise(n_samples, *, n_channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(-8000, 8000, size=(n_samples, n_channels))


class Copy:
    """A copy of DESED that a test fills."""

    def __init__(self, root):
        self.root = root
        self.audio = root / "audio" / "train" / "weak"
        self.audio.mkdir(parents=True)
        (root / "metadata" / "train").mkdir(parents=True)

    def clip(self, name, samples=None, **kwargs):
        write_wav(
            self.audio / name, noise(4000) if samples is None else samples, **kwargs
        )

    def labels(self, *rows, header="filename\tevent_labels", end="\n"):
        path = self.root / "metadata" / "train" / "weak.tsv"
        path.write_bytes("".join(line + end for line in (header, *rows)).encode())


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A mono, a stereo and a short clip."""
    copy = Copy(tmp_path_factory.mktemp("desed"))
    copy.clip("Y1.wav", noise(441_000, seed=1))
    copy.clip("Y2.wav", noise(441_000, n_channels=2, seed=2))
    copy.clip("Y3.wav", noise(132_300, seed=3))
    copy.labels("Y1.wav\tSpeech", "Y2.wav\tAlarm_bell_ringing,Dog", "Y3.wav\tCat")
    return open_desed(copy.root)


def test_labels_are_ones_at_the_index_of_their_class(copy):
    copy.clip("-a.wav")
    copy.clip("b.wav")
    copy.labels("-a.wav\tAlarm_bell_ringing,Speech", "b.wav\tVacuum_cleaner")
    folder = open_desed(copy.root)
    assert folder.labels.tolist() == [
        [1, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ]
    assert folder.labels.dtype == np.float32
    assert [path.name for path in folder.paths] == ["-a.wav", "b.wav"]


def test_classes_are_in_alphabetical_order():
    assert list(CLASSES) == sorted(CLASSES)
    assert len(set(CLASSES)) == 10


def test_a_label_that_is_there_twice_counts_once(copy):
    copy.clip("a.wav")
    copy.labels("a.wav\tDog,Dog,Cat")
    assert open_desed(copy.root).labels.sum() == 2


def test_unknown_labels_are_ignored_and_told(copy):
    copy.clip("a.wav")
    copy.clip("b.wav")
    copy.labels("a.wav\tDog,Bird", "b.wav\tBird")
    folder = open_desed(copy.root)
    assert folder.labels.sum(axis=1).tolist() == [1, 0]
    assert "unknown labels (Bird), ignored: 2" in folder.notes
    assert "clips without a known label: 1" in folder.notes


def test_a_list_with_no_known_label_is_refused(copy):
    copy.clip("a.wav")
    copy.labels("a.wav\tSiren")
    with pytest.raises(FormatError, match=r"no label in .*weak\.tsv is a class of"):
        open_desed(copy.root)


def test_clips_that_are_missing_are_left_out_and_told(copy):
    copy.clip("b.wav")
    copy.labels("a.wav\tDog", "b.wav\tCat", "c.wav\tDog")
    folder = open_desed(copy.root)
    assert (folder.n_clips, folder.n_listed) == (1, 3)
    assert folder.labels.argmax(axis=1).tolist() == [CLASSES.index("Cat")]
    assert "listed clips that are not there: 2" in folder.notes
    assert "clips in the list, 1578 in DESED: 3" in folder.notes


def test_files_that_are_not_listed_are_ignored_and_told(copy):
    copy.clip("a.wav")
    copy.clip("b.wav", rate_hz=16_000)
    (copy.audio / ".DS_Store").touch()
    copy.labels("a.wav\tDog")
    folder = open_desed(copy.root)
    assert folder.n_clips == 1
    assert "files that are not listed, ignored: 2" in folder.notes


def test_lengths_other_than_ten_seconds_are_told(copy):
    copy.clip("a.wav", noise(440_999))
    copy.clip("b.wav", noise(441_000))
    copy.clip("c.wav", noise(441_001))
    copy.labels("a.wav\tDog", "b.wav\tDog", "c.wav\tDog")
    notes = open_desed(copy.root).notes
    assert "clips shorter than 10 s, padded with zeros: 1" in notes
    assert "clips longer than 10 s, cut to the first 10 s: 1" in notes


def test_recordings_are_not_taken_for_a_stand_in(filled):
    assert not filled.is_stand_in
    assert not [note for note in filled.notes if "made-up" in note]


def test_a_list_from_windows_is_read(copy):
    copy.clip("a.wav")
    copy.labels(
        "a.wav\tDog, Cat", "", header="\ufefffilename\tevent_labels", end="\r\n"
    )
    assert open_desed(copy.root).labels.sum() == 2


@pytest.mark.parametrize(
    ("rows", "header", "told"),
    [
        (["a.wav\tDog"], "filename,event_labels", "does not begin with the columns"),
        (
            ["a.wav\t0\t1\tDog"],
            "filename\tonset\toffset\tevent_label",
            "does not begin with the columns filename and event_labels",
        ),
        (["a.wav\tDog", "a.wav"], None, "row 2 has 1 cells, must be 2"),
        (["a.wav\tDog", "", "a.wav\tCat"], None, "row 3 names a.wav again"),
        (["b.wav\tDog"], None, "none of the 1 clips"),
        ([], None, "none of the 0 clips"),
    ],
)
def test_another_list_is_refused(copy, rows, header, told):
    copy.clip("a.wav")
    copy.labels(*rows, header=header or "filename\tevent_labels")
    with pytest.raises(FormatError, match=told):
        open_desed(copy.root)


def test_a_list_that_is_no_text_is_refused(copy):
    (copy.root / "metadata/train/weak.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="cannot read"):
        open_desed(copy.root)


def test_a_folder_of_another_layout_is_told_what_is_expected(tmp_path):
    expected = r"audio/train/weak/\*\.wav and metadata/train/weak\.tsv"
    with pytest.raises(FormatError, match=f"no audio/train/weak: .*{expected}"):
        open_desed(tmp_path / "nowhere")
    (tmp_path / "audio" / "train" / "weak").mkdir(parents=True)
    with pytest.raises(FormatError, match=f"no metadata/train/weak.tsv: .*{expected}"):
        open_desed(tmp_path)


def test_a_folder_with_resampled_clips_only_is_refused(tmp_path):
    (tmp_path / "audio" / "train" / "weak_16k").mkdir(parents=True)
    with pytest.raises(FormatError, match=r"16000 Hz only .*44100 Hz in .*/weak$"):
        open_desed(tmp_path)


def test_resampled_clips_under_the_right_name_are_refused(copy):
    copy.clip("a.wav")
    copy.clip("b.wav", rate_hz=16_000)
    copy.labels("a.wav\tDog", "b.wav\tDog")
    with pytest.raises(
        FormatError, match=r"b\.wav is at 16000 Hz, needed are 44100 Hz: .*audio/train"
    ):
        open_desed(copy.root)


def test_a_clip_that_is_no_sound_is_named(copy):
    (copy.audio / "a.wav").write_bytes(b"<html>not found</html>")
    copy.labels("a.wav\tDog")
    with pytest.raises(
        FormatError, match=r"cannot read .*a\.wav \(Format not recognised\): fetch it"
    ):
        open_desed(copy.root)


def test_a_clip_without_samples_is_named(copy):
    copy.clip("a.wav", np.zeros((0, 1)))
    copy.labels("a.wav\tDog")
    with pytest.raises(FormatError, match=r"a\.wav holds no sound: fetch it again"):
        open_desed(copy.root)


def test_a_clip_that_vanishes_after_the_check_is_named(copy):
    copy.clip("a.wav")
    copy.labels("a.wav\tDog")
    folder = open_desed(copy.root)
    (copy.audio / "a.wav").unlink()
    with pytest.raises(FormatError, match=r"cannot read .*a\.wav"):
        load_clips(folder)


def test_a_signal_is_the_samples_over_32768_and_then_zeros(tmp_path):
    write_wav(tmp_path / "a.wav", [16_384, -32_768, 1])
    signal = read_signal(tmp_path / "a.wav")
    assert signal.dtype == np.float32
    assert len(signal) == 441_000
    assert signal[:4].tolist() == [0.5, -1.0, 1 / 32_768, 0.0]
    assert not signal[4:].any()


@pytest.mark.parametrize("n_channels", [2, 6])
def test_a_signal_is_the_first_channel(tmp_path, n_channels):
    samples = noise(500, n_channels=n_channels)
    write_wav(tmp_path / "a.wav", samples)
    np.testing.assert_array_equal(
        read_signal(tmp_path / "a.wav", n_samples=500),
        (samples[:, 0] / 32_768).astype(np.float32),
    )


def test_a_long_signal_is_cut_to_its_first_ten_seconds(tmp_path):
    samples = noise(450_000)
    write_wav(tmp_path / "a.wav", samples)
    np.testing.assert_array_equal(
        read_signal(tmp_path / "a.wav"), samples[:441_000, 0] / np.float32(32_768)
    )


def test_loaded_clips_are_those_of_the_published_way_to_the_bit(filled):
    inputs, labels = load_clips(filled)
    assert inputs.shape == (3, 1, 128, 64)
    assert inputs.dtype == labels.dtype == torch.float32
    assert inputs.is_contiguous()
    published, their_labels = decode_batch(filled, [0, 1, 2])
    assert torch.equal(inputs, published)
    assert torch.equal(labels, their_labels)


def test_a_batch_has_the_clips_that_are_asked_for_in_their_order(filled):
    inputs, _ = load_clips(filled)
    batch, labels = decode_batch(filled, torch.tensor([2, 0]))
    assert torch.equal(batch, inputs[[2, 0]])
    assert labels.argmax(dim=1).tolist() == [
        CLASSES.index("Cat"),
        CLASSES.index("Speech"),
    ]


def test_a_batch_transforms_all_ten_seconds(filled, monkeypatch):
    lengths = []

    def transform(signal):
        lengths.append(len(signal))
        return torch.ones(128, 1723)

    monkeypatch.setattr("isojoule.workloads.desed.mel_spectrogram", transform)
    decode_batch(filled, [0, 2])
    assert lengths == [441_000, 441_000]


def test_labels_that_were_handed_out_can_be_changed_without_harm(filled):
    _, labels = load_clips(filled)
    labels.zero_()
    _, labels = decode_batch(filled, [0])
    labels.zero_()
    assert filled.labels.sum() == 4
    with pytest.raises(ValueError, match="read-only"):
        filled.labels[0, 0] = 1


def test_progress_counts_the_clips_that_are_loaded(filled):
    done = []
    load_clips(filled, on_clip=done.append)
    assert done == [1, 2, 3]


def test_recordings_without_soundfile_name_the_extra(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[suite\]"):
        open_desed(filled.root)


def test_clips_without_torch_name_the_extra(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for use in (load_clips, lambda folder: decode_batch(folder, [0])):
        with pytest.raises(MissingExtraError, match=r"isojoule\[suite\]"):
            use(filled)
