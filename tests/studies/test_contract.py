import pytest

from isojoule.cli.study import study
from isojoule.errors import InsufficientDataError
from isojoule.studies import STUDIES
from link_runs import suite_like_runs


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_command_of_its_name(name):
    assert name in study.commands


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_answers_runs_and_refuses_none(name):
    runs = suite_like_runs() + suite_like_runs(hardware="NVIDIA A40")
    assert STUDIES[name](runs, level=0.9) is not None
    with pytest.raises(InsufficientDataError):
        STUDIES[name]([])
