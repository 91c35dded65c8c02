import inspect
import threading
import weakref

import pytest

from isojoule.integrations.watch import Watch, calling_frame

HERE = __name__.split(".")[0]


def train(then):
    """Stands for a framework: the innermost call of this name is watched."""
    then(calling_frame("train", package=HERE))


def test_the_innermost_call_of_that_name_in_that_package_is_found():
    frames = []
    train(lambda outer: train(lambda inner: frames.extend([outer, inner])))
    outer, inner = frames
    assert outer is not inner
    assert inner.f_code is outer.f_code is train.__code__


def test_no_call_under_way_is_no_frame():
    frames = []
    train(lambda _: frames.append(calling_frame("train", package="elsewhere")))
    train(lambda _: frames.append(calling_frame("fit", package=HERE)))
    assert frames == [None, None]


def test_a_call_is_left_when_it_returns_or_raises():
    def fail(frame):
        watches.append(Watch(frame))
        assert not watches[-1].has_left()
        raise ValueError("boom")

    watches = []
    with pytest.raises(ValueError, match="boom"):
        train(fail)
    train(lambda frame: watches.append(Watch(frame)))
    assert [w.has_left() for w in watches] == [True, True]


def test_a_later_call_of_the_same_function_is_another_one():
    watches = []
    train(lambda frame: watches.append(Watch(frame)))
    train(lambda _: watches.append(watches[0].has_left()))
    assert watches[1] is True


class Model:
    """Something large."""


def test_what_the_call_held_is_let_go_with_the_watch():
    def train():
        model = Model()
        held.append(weakref.ref(model))
        watches.append(Watch(inspect.currentframe()))

    held, watches = [], []
    train()
    assert held[0]() is not None
    watches[0].cancel()
    assert held[0]() is None


def test_the_end_of_a_call_is_told_once():
    told = threading.Event()
    train(lambda frame: Watch(frame).start(told.set))
    assert told.wait(20)


def test_a_cancelled_watch_tells_nothing():
    told = threading.Event()

    def cancel_at_once(frame):
        watch = Watch(frame)
        watch.start(told.set)
        watch.cancel()

    train(cancel_at_once)
    for thread in threading.enumerate():
        if thread.name == "isojoule-watch":
            thread.join(20)
    assert not told.is_set()


def test_a_call_of_another_thread_is_watched_there():
    watches, begun, go_on = [], threading.Event(), threading.Event()

    def wait(frame):
        watches.append(Watch(frame))
        begun.set()
        go_on.wait(20)

    thread = threading.Thread(target=train, args=(wait,))
    thread.start()
    assert begun.wait(20)
    assert not watches[0].has_left()
    go_on.set()
    thread.join()
    assert watches[0].has_left()


def train_until(error, watches):
    """Add the watch of a call to `watches` and leave the call by `error`."""

    def leave(frame):
        watches.append(Watch(frame))
        raise error

    train(leave)


@pytest.mark.parametrize(
    ("error", "interrupted"), [(KeyboardInterrupt(), True), (ValueError(), False)]
)
def test_a_ctrl_c_is_known_while_it_is_handled(error, interrupted):
    watches = []
    try:
        train_until(error, watches)
    except type(error):
        assert watches[0].was_interrupted() is interrupted
        try:
            raise RuntimeError("while that is handled")
        except RuntimeError:
            assert watches[0].was_interrupted() is interrupted


def test_a_ctrl_c_that_was_told_of_is_known_afterwards(monkeypatch):
    watches = []
    with pytest.raises(KeyboardInterrupt) as raised:
        train_until(KeyboardInterrupt(), watches)
    assert not watches[0].was_interrupted()
    monkeypatch.setattr("sys.last_value", raised.value, raising=False)
    assert watches[0].was_interrupted()


def test_the_ctrl_c_of_another_call_is_not_taken_for_its_own(monkeypatch):
    watches = []
    with pytest.raises(KeyboardInterrupt) as raised:
        train_until(KeyboardInterrupt(), watches)
    monkeypatch.setattr("sys.last_value", raised.value, raising=False)
    train(lambda frame: watches.append(Watch(frame)))
    assert not watches[1].was_interrupted()
