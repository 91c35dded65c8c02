from comparison.submitted import rules, submission
from isojoule.comparison.checks.implied_power import find_implied_power
from isojoule.comparison.checks.unexplained_power import find_unexplained_power


def found(**stated):
    stated = {"device": "Tesla V100", "n_devices": 1, "duration_s": 3600} | stated
    return list(find_unexplained_power([submission(**stated)], rules()))


def test_more_than_an_ordinary_host_explains_is_a_note():
    # (250 W + 300 W) x 1.2 = 660 W
    assert not found(train_kwh="0.65")
    (finding,) = found(train_kwh="0.72")
    assert (finding.check, finding.severity) == ("unexplained-power", "note")
    assert "720 W" in finding.text
    assert "660 W" in finding.text
    assert "large host" in finding.mail


def test_it_names_the_reading_of_one_member():
    (finding,) = found(train_kwh="2.0", n_subsystems=6)
    assert "one of the 6 members (333 W)" in finding.text


def test_what_nothing_explains_is_left_to_the_other_check():
    stated = {"device": "V100", "n_devices": 1, "duration_s": 3600, "train_kwh": "2.0"}
    assert not found(**stated)
    assert list(find_implied_power([submission(**stated)], rules()))


def test_an_unknown_number_of_devices_says_nothing():
    assert not found(train_kwh="0.72", n_devices=None)
