import pytest

from isojoule.formats.native import write_native
from isojoule.suite.launch import gather, launch
from isojoule.workloads.synthetic import write_stand_in
from suite.conftest import RULES
from suite.test_calibration import GOOD


@pytest.mark.slow
def test_models_run_as_jobs_in_processes_of_their_own(session_of, tmp_path):
    write_stand_in(tmp_path / "data", 16)
    session = session_of("rnn-1x128", "mlp-1x512", rules=RULES)
    stages = []
    runs = list(
        launch(
            session,
            session.jobs(),
            launcher="local",
            folder=tmp_path / "jobs",
            data=tmp_path / "data",
            on_stage=lambda job, stage: stages.append((job.model.name, stage[:9])),
        )
    )
    assert sorted(r.workload.name for r in runs) == ["mlp-1x512", "rnn-1x128"]
    assert {r.status for r in runs} == {"complete"}
    assert {r.tags["suite"] for r in runs} == {"test"}
    assert all(r.samples is not None for r in runs)
    assert [stage for _, stage in stages].count("submitted") == 2
    assert list(tmp_path.glob("jobs/*/*.json")) == []


@pytest.mark.slow
def test_a_job_that_fails_is_told_and_the_others_go_on(session_of, tmp_path, caplog):
    session = session_of("rnn-1x128", rules=RULES)
    runs = launch(
        session,
        session.jobs(),
        launcher="local",
        folder=tmp_path,
        data=tmp_path / "nowhere",
        on_stage=lambda job, stage: None,
    )
    assert list(runs) == []
    assert "of rnn-1x128 failed" in caplog.text
    assert "log: " in caplog.text


def test_runs_that_nobody_waited_for_are_gathered_once(tmp_path):
    write_native(tmp_path / "a.json", GOOD[:1])
    assert list(gather(tmp_path)) == [GOOD[0]]
    assert list(gather(tmp_path)) == []
