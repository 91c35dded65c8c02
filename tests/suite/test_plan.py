from dataclasses import replace

import pytest

from isojoule.probe import probe_hardware
from isojoule.suite import FAST, Settings, hardware_of, run_jobs


def made(session, clips, **changes):
    (run,) = run_jobs(
        session, session.jobs(), clips=clips, on_stage=lambda job, stage: None
    )
    return replace(run, **changes)


def test_jobs_are_models_times_phases_times_repeats_in_one_order_per_seed(session_of):
    def jobs(seed):
        session = session_of(
            *("mlp-1x512", "cnn-1x128", "rnn-1x128"),
            rules=replace(FAST, n_repeats=2),
            phases=("train", "test"),
            settings=Settings(seed=seed),
        )
        return [str(job) for job in session.jobs()]

    assert len(set(jobs(0))) == 12
    assert "mlp-1x512 test, repeat 2" in jobs(0)
    assert jobs(0) == jobs(0)
    assert jobs(0) != jobs(1)
    assert jobs(0) != sorted(jobs(0))


@pytest.mark.usefixtures("steady")
def test_what_was_measured_in_the_same_way_is_kept(session_of, clips):
    session = session_of("rnn-1x128")
    run = made(session, clips)
    (job,) = session.jobs()
    hardware = hardware_of(session.configuration)
    assert session.kept([run], hardware) == {job: run}
    assert session.kept([run], None) == {job: run}
    interrupted = replace(run, status="interrupted")
    assert session.kept([interrupted], hardware) == {}
    too_large = replace(run, status="failed", warnings=("out of memory: 9 GiB",))
    assert session.kept([too_large], hardware) == {job: too_large}


@pytest.mark.usefixtures("steady")
def test_what_was_measured_otherwise_is_not_kept(session_of, clips):
    session = session_of("rnn-1x128")
    run = made(session, clips)
    hardware = hardware_of(session.configuration)
    others = [
        replace(session, rules=replace(session.rules, min_duration_s=9.0)),
        replace(session, settings=Settings(loss="sigmoid")),
        replace(session, settings=Settings(seed=1)),
        replace(session, phases=("test",)),
        session_of("mlp-1x512"),
    ]
    assert [other.kept([run], hardware) for other in others] == [{}] * len(others)
    newer = replace(hardware, software={**hardware.software, "torch": "9.9"})
    assert session.kept([run], newer) == {}
    assert session.kept([run], replace(probe_hardware(), host="another")) == {}


@pytest.mark.usefixtures("steady")
def test_the_newest_of_two_runs_is_kept(session_of, clips):
    session = session_of("rnn-1x128")
    run = made(session, clips)
    newer = replace(run, run_id="newer")
    (kept,) = session.kept([run, newer], hardware_of(session.configuration)).values()
    assert kept.run_id == "newer"
