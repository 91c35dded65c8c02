from isojoule.integrations.windows import OneWindow

TRAIN, VALIDATION = ("train", "train", 0), ("validation", "validation", 0)


def test_there_is_one_window_at_a_time_and_the_same_goes_on(meter, clock):
    with meter:
        window = OneWindow(meter)
        assert window.phase is None
        for label in (TRAIN, TRAIN, VALIDATION):
            window.enter(label)
            assert window.phase == label[1]
            clock.now_s += 1.0
        window.leave()
        assert window.phase is None
        window.leave()
        clock.now_s += 1.0
    found = [(w.name, w.phase, w.epoch, w.duration_s) for w in meter.run.windows]
    assert found == [(*TRAIN, 2.0), (*VALIDATION, 1.0)]
