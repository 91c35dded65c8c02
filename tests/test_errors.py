from isojoule.errors import MissingExtraError, SensorUnavailableError, UnknownNameError


def test_an_unknown_name_is_answered_with_near_ones():
    error = UnknownNameError("hardware", "a4o", ["NVIDIA A40", "A40", "V100"])
    assert str(error) == "no hardware 'a4o': did you mean A40?"


def test_an_unknown_name_is_found_inside_longer_ones():
    error = UnknownNameError("hardware", "A4", ["NVIDIA Tesla A40", "V100"])
    assert str(error) == "no hardware 'A4': did you mean NVIDIA Tesla A40?"


def test_a_far_name_is_answered_with_what_there_is():
    error = UnknownNameError("method", "zzz", ["linear", "dual"])
    assert str(error) == "no method 'zzz': there are dual, linear"


def test_an_unknown_name_among_none_says_so():
    assert str(UnknownNameError("run", "x", [])) == "no run 'x': there are none"


def test_a_missing_extra_says_what_to_install():
    error = MissingExtraError("plots", "drawing")
    assert (
        str(error) == "drawing needs the 'plots' extra: pip install 'isojoule[plots]'"
    )


def test_a_sensor_error_names_reason_and_remedy():
    error = SensorUnavailableError("no driver", "install one")
    assert (error.reason, error.remedy) == ("no driver", "install one")
    assert str(error) == "no driver; install one"
