import json

import pytest

from isojoule.cli import main

EPOCHS = "epoch,energy_j,duration_s\n" + "".join(
    f"{i},{100 + i % 2},{10}\n" for i in range(8)
)
TABLE = "workload_id,hardware,phase,energy_j,duration_s,scope,provenance\n" + "".join(
    f"{name},{machine},train,{energy_j * factor},{energy_j / 20},gpu,measured\n"
    for name, energy_j in (("a", 10.0), ("b", 100.0), ("c", 1000.0), ("d", 5000.0))
    for machine, factor in (("A40", 1.0), ("V100", 2.0))
)


@pytest.fixture
def files(tmp_path):
    log, table = tmp_path / "epochs.csv", tmp_path / "table.csv"
    log.write_text(EPOCHS)
    table.write_text(TABLE)
    return log, table


def transfer(log, table, *arguments):
    asked = ["estimate", "transfer", str(log), "--with", str(table), "--from", "A40"]
    # A log of epochs states neither scope nor provenance.
    return main([*asked, "--allow-mixed", *map(str, arguments)])


def test_a_machine_that_takes_twice_as_much_takes_twice_as_much(files, capsys):
    asked = ["--to", "V100", "--epochs", 20, "--method", "dual", "--json"]
    assert transfer(*files, *asked) == 0
    document = json.loads(capsys.readouterr().out)
    epoch, epoch_there, here, there = document["estimates"]
    # The stable epochs take 100.5 J or a little less or more: they are seven.
    assert epoch["energy_j"] == pytest.approx(100.5, rel=0.01)
    assert epoch_there["energy_j"] == pytest.approx(2 * epoch["energy_j"])
    assert there["energy_j"] == pytest.approx(2 * here["energy_j"])
    assert here["energy_j"] == pytest.approx(2010, rel=0.01)


def test_the_doubt_of_both_steps_is_told(files, capsys):
    assert transfer(*files, "--to", "V100", "--epochs", 20) == 0
    text = capsys.readouterr().out
    assert "On V100: " in text
    assert "of the doubt is about the other machine" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "nothing", "--epochs", 20], "no hardware 'nothing'"),
        (["--to", "V100"], "how many epochs are planned"),
        (["--to", "V100", "--epochs", 20, "--seen", 1], "no forecast yet"),
        (["--to", "V100", "--epochs", 20, "--change-at", 12], "changes at epoch 12"),
        (["--to", "V100", "--epochs", 5], "only 5 are planned"),
        (["--to", "A40", "--epochs", 20], "source and target are both"),
    ],
)
def test_bad_input_says_what_to_do(files, arguments, message, capsys):
    assert transfer(*files, *arguments) == 2
    assert message in capsys.readouterr().err
