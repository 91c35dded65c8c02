import numpy as np
import pytest

from estimator_runs import make_trainings
from isojoule.errors import InsufficientDataError
from isojoule.studies.estimators.contenders import (
    CONTENDERS,
    Question,
    by_lookup,
)
from isojoule.studies.estimators.grouped import without_answer

RUNS = make_trainings()


def test_the_lookup_takes_the_nearest_of_what_it_knows():
    known = [r for r in RUNS if "-128-32-RTX 3090" in r.run_id]
    asked = [r for r in RUNS if r.run_id == "vgg16-224-32-RTX 3090-0"]
    answer = by_lookup(Question(known, [without_answer(asked[0])]), "power_w")
    # vgg16 and resnet50 have 181 W and the same shape; forward work tells them apart.
    assert answer.value == pytest.approx([150 + 26.5 + 3.2 + 1])


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_answers_in_the_shape_of_the_question(name):
    pytest.importorskip("sklearn")
    asked = [without_answer(run) for run in RUNS[:5]]
    for level in (None, 0.8):
        answer = CONTENDERS[name](Question(RUNS[5:], asked, level), "epoch_energy_j")
        assert answer.value.shape == (5,)
        assert np.isfinite(answer.value).all()
        if answer.low is not None:
            assert answer.low.shape == answer.high.shape == (5,)


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_refuses_where_it_knows_nothing(name):
    pytest.importorskip("sklearn")
    with pytest.raises(InsufficientDataError):
        CONTENDERS[name](Question([], [without_answer(RUNS[0])]), "power_w")
