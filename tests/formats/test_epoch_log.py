import json
from itertools import accumulate
from math import isnan

import pytest

from isojoule.errors import FormatError
from isojoule.estimators.epochs import Epoch, epochs_of
from isojoule.formats.epoch_log import COLUMNS, is_epoch_log, read_epoch_log


@pytest.fixture
def read(tmp_path):
    """Writes a log and returns its epochs."""

    def call(text, *, score=None):
        path = tmp_path / "log.csv"
        path.write_text(text)
        return epochs_of(read_epoch_log(path), score=score)

    return call


def test_a_plain_table_is_read(read):
    text = "epoch,energy_j,duration_s,val_f1\n0,100,10,0.5\n1,80,8,0.6\n"
    assert read(text, score="val_f1") == (
        Epoch(0, 0.0, 10.0, 100.0, 0.5),
        Epoch(1, 10.0, 18.0, 80.0, 0.6),
    )


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("epoch,energy_kwh,duration_s", "0,0.001,10"),
        ("Epoch,Energy [Wh],Duration (s)", "0,1.0,10"),
        ("epoch;energy_kJ;epoch_time", "0;3.6;10"),
        ("epoch\tjoules\telapsed_s", "0\t3600\t10"),
        ("epoch,mean_power_w,start_s,end_s", "0,360,0,10"),
        ("current_epoch,kWh,time_elapsed", "0,0.001,10"),
    ],
)
def test_units_and_spellings_come_to_joules_and_seconds(read, header, line):
    (epoch,) = read(f"{header}\n{line}\n")
    assert (epoch.index, epoch.start_s, epoch.end_s) == (0, 0.0, 10.0)
    assert epoch.energy_j == pytest.approx(3600.0)


def test_json_lines_are_read(tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [
        {"epoch": 0, "energy_j": 10.0, "duration_s": 2, "acc": 0.5, "note": "a"},
        {"epoch": 1, "energy_j": 11.0, "duration_s": 2, "acc": float("nan")},
        {"epoch": 2, "energy_j": 12.0, "duration_s": 2, "acc": None},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    scores = [e.score for e in epochs_of(read_epoch_log(path), score="acc")]
    assert scores[0] == 0.5
    assert isnan(scores[1])
    assert scores[2] is None


def test_elapsed_time_ends_an_epoch(read):
    first, second = read("epoch,energy_j,elapsed_s\n0,1,10\n1,1,25\n")
    assert (first.start_s, first.end_s) == (0.0, 10.0)
    assert (second.start_s, second.end_s) == (10.0, 25.0)


def test_duration_and_elapsed_time_leave_the_gap_between_epochs(read):
    text = "epoch,energy_j,duration_s,elapsed_s\n0,1,10.04,10\n1,1,10,22\n2,1,10.1,32\n"
    epochs = read(text)
    assert [(e.start_s, e.end_s) for e in epochs] == [
        (0.0, 10.0),
        (12.0, 22.0),
        (22.0, 32.0),  # what rounding would let overlap
    ]


@pytest.mark.parametrize("first_kwh", [0.01, 0.0085])
def test_energies_since_the_start_are_refused(read, first_kwh):
    sums = [first_kwh + 0.01 * n for n in range(8)]
    lines = [f"{n},{kwh:.4f},{30 * (n + 1)}" for n, kwh in enumerate(sums)]
    with pytest.raises(FormatError, match="look cumulative: write the energy of each"):
        read("\n".join(["epoch,energy_kwh,elapsed_s", *lines, ""]))


@pytest.mark.parametrize("column", ["elapsed_s", "duration_s"])
@pytest.mark.parametrize(
    ("energies_j", "durations_s"),
    [
        ([100.0] * 8, [30] * 8),
        ([100.0] * 8, [300] + [30] * 7),
        ([100.0 + 5 * n for n in range(20)], [30] * 20),
        ([0.0] * 8, [30] * 8),
        ([10.0, 20.0, 30.0, 40.0], [10, 20, 30, 40]),
        ([100.0, 200.0, 300.0], [30] * 3),
    ],
)
def test_energies_of_each_epoch_are_not_taken_for_sums(
    read, column, energies_j, durations_s
):
    times = [*accumulate(durations_s)] if column == "elapsed_s" else durations_s
    lines = [
        f"{n},{energy_j},{time}"
        for n, (energy_j, time) in enumerate(zip(energies_j, times, strict=True))
    ]
    epochs = read("\n".join([f"epoch,energy_j,{column}", *lines, ""]))
    assert [e.energy_j for e in epochs] == energies_j


def test_a_log_that_counts_from_1_is_counted_from_0(read):
    epochs = read("epoch,energy_j,duration_s\n1,5,1\n2,6,1\n")
    assert [e.index for e in epochs] == [0, 1]


def test_a_resumed_training_keeps_its_numbers(read):
    epochs = read("epoch,energy_j,duration_s\n20,5,1\n21,6,1\n")
    assert [e.index for e in epochs] == [20, 21]
    with pytest.raises(FormatError, match="how long epoch 20, the first one, took"):
        read("epoch,energy_j,elapsed_s\n20,5,100\n21,6,105\n")


def test_lines_of_one_epoch_are_put_together(read):
    text = (
        "epoch,step,train_loss,energy_j,elapsed_s,val_f1\n"
        "0,100,0.9,,2,\n0,200,0.8,50,5,\n0,200,,,6,0.4\n1,300,0.7,51,11,0.5\n"
    )
    epochs = read(text, score="val_f1")
    assert [(e.energy_j, e.score) for e in epochs] == [(50.0, 0.4), (51.0, 0.5)]
    assert [e.end_s for e in epochs] == [6.0, 11.0]


def test_the_run_says_what_it_is_not(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("epoch,energy_j,duration_s,loss,host\n0,5,2,0.1,a\n1,7,2,0.2,a\n")
    run = read_epoch_log(path)
    assert (run.run_id, run.name, run.duration_s) == ("mine", "mine.csv", 4.0)
    assert run.default_scope is None
    (energy,) = run.energies
    assert (energy.energy_j, energy.provenance) == (12.0, "declared")
    assert [w.scores for w in run.windows] == [{"loss": 0.1}, {"loss": 0.2}]
    assert run.workload.n_epochs is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no lines"),
        ("epoch,energy_j,duration_s\n", "has no lines"),
        ("energy_j,duration_s\n5,1\n", "has no column epoch; it has duration_s"),
        ("epoch,energy,duration_s\n0,5,1\n", "energy names no unit"),
        ("epoch,energy_j\n0,5\n", "does not tell how long an epoch took"),
        ("epoch,energy_j,start_s\n0,5,1\n", "does not tell how long an epoch took"),
        ("epoch,energy_j,duration_s\n0,5\n", "line 2 has 2 cells, the header 3"),
        ("epoch,energy_j,energy_j\n0,5,1\n", "columns twice: energy_j"),
        ("epoch,energy_j,duration_s\n0,a,1\n", "line 2: energy_j is 'a', not a number"),
        ("epoch,energy_j,duration_s\n0,-1,1\n", "line 2: energy_j is -1, which cannot"),
        ("epoch,energy_j,duration_s\n0,nan,1\n", "energy_j is nan, which cannot be"),
        ("epoch,energy_j,duration_s\n0.5,1,1\n", "epoch is '0.5', not a whole number"),
        ("epoch,energy_j,duration_s\n,1,1\n", "epoch is '', not a whole number"),
        ("epoch,energy_j,duration_s\n0,1,0\n", "epoch 0 has no length"),
        ("epoch,energy_j,duration_s\n0,1,\n", "does not tell how long the epoch took"),
        ("epoch,energy_j,duration_s\n0,,1\n", "states no energy of the epoch"),
        ("epoch,energy_j,duration_s\n0,1,1\n0,1,1\n", "epoch 0 has duration_s already"),
        ('{"epoch": 0', "line 1 is not JSON"),
        ('{"epoch": 0, "energy_j": 1, "duration_s": 1}\n[1]', "not a JSON object"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(read, text, told):
    with pytest.raises(FormatError, match=told):
        read(text)


def test_missing_and_overlapping_epochs_are_refused(read):
    with pytest.raises(ValueError, match="epoch 0 is followed by epoch 2"):
        read("epoch,energy_j,duration_s\n0,1,1\n2,1,1\n")
    with pytest.raises(ValueError, match="before epoch 0 has ended"):
        read("epoch,energy_j,start_s,end_s\n0,1,0,10\n1,1,5,15\n")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(FormatError, match="is not a text file"):
        read_epoch_log(path)


def test_it_is_known_by_its_columns():
    assert is_epoch_log("epoch,energy_j,duration_s\n0,1,1")
    assert is_epoch_log('{"epoch": 0, "energy_kwh": 1}\n')
    assert is_epoch_log("Epoch;Energy [kWh];Duration\n")
    assert not is_epoch_log("workload_id,hardware,energy_j\n")
    assert not is_epoch_log("epoch,loss\n")
    assert not is_epoch_log("")


def test_every_spelling_leads_to_a_column_of_ours():
    ours = {*COLUMNS.values()}
    assert all(COLUMNS[name] == name for name in ours)
