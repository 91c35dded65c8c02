import warnings

import pytest

from isojoule.integrations.harmless import Guard, harmless


def fail():
    raise ValueError("boom")


def test_what_succeeds_is_returned():
    assert Guard().attempt("nothing", lambda: 3) == 3


def attempts(guard, what, *, again):
    """Let the same work fail three times; return how often it was tried."""
    tried = []
    for _ in range(3):
        work = lambda: tried.append(1) or fail()  # noqa: E731
        assert guard.attempt(what, work, again=again) is None
    return len(tried)


def test_what_fails_is_told_once_and_not_tried_again():
    message = r"^no forecast: ValueError: boom; the training goes on$"
    with pytest.warns(UserWarning, match=message) as told:
        n_tried = attempts(Guard(), "no forecast", again=False)
    assert len(told) == n_tried == 1


def test_what_matters_is_tried_each_time_and_told_once():
    with pytest.warns(UserWarning, match="boom") as told:
        n_tried = attempts(Guard(), "a hook", again=True)
    assert (len(told), n_tried) == (1, 3)


def test_where_warnings_are_errors_the_log_tells(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Guard().attempt("no forecast", fail)
    (record,) = caplog.records
    assert record.name == "isojoule.training"
    assert "ValueError: boom" in record.getMessage()
    caplog.clear()


def test_a_ctrl_c_is_none_of_ours():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guard().attempt("no forecast", interrupt)


def test_a_hook_never_raises():
    class Callback:
        guard = Guard()

        @harmless
        def on_step(self, *steps, scale=1):
            """Note the steps."""
            self.seen = [scale * step for step in steps]
            if not steps:
                fail()

    callback = Callback()
    callback.on_step(1, 2, scale=3)
    assert callback.seen == [3, 6]
    assert Callback.on_step.__doc__ == "Note the steps."
    with pytest.warns(UserWarning, match="isojoule failed in on_step: ValueError"):
        callback.on_step()
