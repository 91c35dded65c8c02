import pytest

from isojoule.cli.study import study
from isojoule.errors import InsufficientDataError
from isojoule.studies import STUDIES
from link_runs import suite_like_runs
from trainings import make_training

NEEDS_EPOCHS = {"stabilization"}


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_command_of_its_name(name):
    assert name in study.commands


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_answers_runs_and_refuses_none(name):
    runs = suite_like_runs() + suite_like_runs(hardware="NVIDIA A40")
    if name in NEEDS_EPOCHS:
        runs = [*runs, make_training(has_samples=False)]
    assert STUDIES[name](runs, level=0.9) is not None
    with pytest.raises(InsufficientDataError):
        STUDIES[name]([])
