from dataclasses import replace

from estimator_runs import make_training
from isojoule.studies.estimators.parts import TABLE_TAG, configuration_of, part_runs

RUN = make_training()


def tagged(table):
    return replace(RUN, tags={TABLE_TAG: table})


def test_runs_go_to_the_table_that_they_are_from():
    tables = ("regression_train", "regression_test", "table10_test")
    found = part_runs([RUN, *(tagged(table) for table in tables)])
    assert [len(part) for part in (found.train, found.test, found.table10)] == [1, 1, 1]
    assert found.own == (RUN,)


def test_the_published_training_part_is_judged_before_own_runs():
    assert part_runs([RUN, tagged("regression_train")]).judged[0].tags
    assert part_runs([RUN, tagged("regression_test")]).judged == (RUN,)


def test_what_is_no_finished_training_is_left_out_and_counted():
    testing = replace(RUN, workload=replace(RUN.workload, phase="test"))
    failed = replace(RUN, status="failed")
    rank = replace(RUN, tags={"rank": "0", "world_size": "2"})
    found = part_runs([RUN, testing, failed, failed, rank])
    assert found.own == (RUN,)
    assert list(found.left_out.values()) == [1, 2, 1]
    assert "of phase test, not train" in found.left_out


def test_repeats_share_a_configuration_and_nothing_else_does():
    same = make_training(repeat=5)
    assert configuration_of(same) == configuration_of(RUN)
    for other in (
        make_training(batch_size=64),
        make_training(gpu="RTX 3070"),
        replace(RUN, hardware=replace(RUN.hardware, memory_bytes=2**33)),
        replace(RUN, workload=replace(RUN.workload, settings={"layers": "frozen"})),
    ):
        assert configuration_of(other) != configuration_of(RUN)


def test_a_stated_configuration_decides():
    assert configuration_of(replace(RUN, tags={"config_id": "c7"})) == "c7"
