import random
import re
import sys
import wave

import numpy as np
import pytest

from isojoule.errors import FormatError, MissingExtraError, StoreError
from isojoule.workloads import synthetic
from isojoule.workloads.desed import open_desed
from isojoule.workloads.synthetic import (
    draw_classes,
    draw_sound,
    synthetic_clips,
    write_stand_in,
)

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def some():
    return synthetic_clips(40, seed=5)


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
    sounds = [draw_sound(rng) for _ in range(200)]
    logs = np.log([np.sqrt(np.mean(sound**2)) for sound in sounds])
    low, high = np.log(0.005), np.log(0.2)
    assert low <= logs.min() < logs.max() <= high
    # A uniform variable has a standard deviation of its width / sqrt(12).
    tolerance = 4 * (high - low) / np.sqrt(12 * 200)
    assert abs(logs.mean() - (low + high) / 2) < tolerance


def test_label_counts_and_classes_follow_desed():
    rng = np.random.default_rng(0)
    drawn = [draw_classes(rng) for _ in range(5000)]
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
        classes = draw_classes(rng).tolist()
        assert len(set(classes)) == len(classes)


def test_class_counts_add_up_to_the_published_total():
    assert sum(synthetic.CLASS_COUNTS) == 2244
    assert sum(synthetic.LABELS_PER_CLIP_COUNTS) == 1578


def test_a_decaying_tone_is_a_sine_under_an_exponential():
    time_s = np.arange(40_000) / 44_100
    expected = np.exp(-time_s / 0.3) * np.sin(2 * np.pi * 1234.5 * time_s)
    found = synthetic._decaying_tone(1234.5, 0.3, 40_000)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_decaying_tone_ends_where_float32_no_longer_knows_it():
    # 20 decays of 0.02 s are 0.4 s: 17640 samples, and exp(-20) = 2e-9.
    assert len(synthetic._decaying_tone(500.0, 0.02, 441_000)) == 17_640


def test_longer_sounds_have_as_many_tones_in_the_same_time(monkeypatch):
    tones = []

    def silent(frequency_hz, decay_s, n_samples):
        tones.append(frequency_hz)
        return np.zeros(0)

    monkeypatch.setattr(synthetic, "_decaying_tone", silent)
    draw_sound(np.random.default_rng(1))
    assert len(tones) in {1, 2, 3, 4}
    tones.clear()
    draw_sound(np.random.default_rng(1), 3 * 17_152)
    assert len(tones) in {3, 6, 9, 12}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """Four made-up clips of seed 9 in a folder that was empty."""
    root = tmp_path_factory.mktemp("stand-in")
    write_stand_in(root, 4, seed=9)
    return root


def wav_files(root):
    return sorted((root / "audio" / "train" / "weak").iterdir())


def test_a_stand_in_has_the_layout_and_the_names_of_desed(stand_in):
    header, *rows = (stand_in / "metadata/train/weak.tsv").read_text().splitlines()
    assert header == "filename\tevent_labels"
    names = [row.split("\t")[0] for row in rows]
    assert names == [path.name for path in wav_files(stand_in)]
    assert all(re.fullmatch(r"Y.{11}_\d+\.000_\d+\.000\.wav", name) for name in names)


def test_stand_in_clips_are_16_bit_at_44100_hz_and_as_long_as_they_are_called(stand_in):
    for path in wav_files(stand_in):
        start, end = re.findall(r"(\d+)\.000", path.name)
        with wave.open(str(path)) as reader:
            assert (reader.getframerate(), reader.getsampwidth()) == (44_100, 2)
            assert reader.getnframes() == 44_100 * (int(end) - int(start))


def test_a_stand_in_says_that_it_was_made_up(stand_in):
    assert "no recordings" in (stand_in / "MADE-UP-SOUNDS.txt").read_text()
    folder = open_desed(stand_in)
    assert folder.is_stand_in
    assert "made-up sounds, not recordings: 4" in folder.notes


def test_a_stand_in_has_the_labels_of_the_clips_of_its_seed(stand_in):
    _, labels = synthetic_clips(4, seed=9)
    np.testing.assert_array_equal(open_desed(stand_in).labels, labels.numpy())


def test_the_same_seed_writes_the_same_files(stand_in, tmp_path):
    write_stand_in(tmp_path / "again", 2, seed=9)
    for again, first in zip(
        wav_files(tmp_path / "again"), wav_files(stand_in), strict=False
    ):
        assert again.read_bytes() == first.read_bytes()


def test_some_stand_in_clips_are_short_and_most_have_two_channels(
    tmp_path, monkeypatch
):
    # Silence in place of sounds: only lengths and channels are looked at.
    monkeypatch.setattr(synthetic, "draw_sound", lambda rng, n_samples: np.zeros(1))
    write_stand_in(tmp_path / "many", 1578)
    lengths = [re.findall(r"(\d+)\.000", p.name) for p in wav_files(tmp_path / "many")]
    seconds = [int(end) - int(start) for start, end in lengths]
    assert set(seconds) <= {3, 4, 5, 6, 7, 8, 9, 10}
    # 29 of 1578 are expected to be short, with a deviation of sqrt(29) at most.
    assert abs(sum(s < 10 for s in seconds) - 29) < 4 * np.sqrt(29)
    n_stereo = 0
    for path in wav_files(tmp_path / "many"):
        with wave.open(str(path)) as reader:
            n_stereo += reader.getnchannels() == 2
    share = 616 / 692
    assert abs(n_stereo / 1578 - share) < 4 * np.sqrt(share * (1 - share) / 1578)


def test_peaks_beyond_full_scale_are_cut_and_do_not_wrap_around(tmp_path, monkeypatch):
    loud = np.array([2.0, -2.0, 0.5])
    monkeypatch.setattr(synthetic, "draw_sound", lambda rng, n_samples: loud)
    write_stand_in(tmp_path / "loud", 1)
    with wave.open(str(wav_files(tmp_path / "loud")[0])) as reader:
        samples = np.frombuffer(reader.readframes(3), "<i2")
        first = samples.reshape(3, reader.getnchannels())[:, 0]
    assert first.tolist() == [32767, -32768, 16384]


def test_progress_counts_the_clips_that_are_written(tmp_path):
    done = []
    write_stand_in(tmp_path / "new", 2, on_clip=done.append)
    assert done == [1, 2]


def test_a_folder_that_holds_anything_is_refused(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(StoreError, match="not empty: name a new folder"):
        write_stand_in(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="choose another place"):
        write_stand_in(tmp_path / "file", 1)


def test_no_stand_in_clips_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one clip, got 0"):
        write_stand_in(tmp_path, 0)


def test_a_stand_in_that_was_not_finished_is_known_as_such(tmp_path):
    def interrupt(n_done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_stand_in(tmp_path, 3, on_clip=interrupt)
    with pytest.raises(FormatError, match="stand-in that was not finished: delete it"):
        open_desed(tmp_path)
