from isojoule.studies.stabilization.settled import settle
from trainings import epochs_of_pairs


def test_a_change_of_kind_is_seen_and_when_that_was_known():
    # Start-up, nine alike, then another kind whose first epoch holds a compilation.
    settled = settle(
        epochs_of_pairs((300, 3), *[(100, 1)] * 9, (250, 2.5), *[(200, 2)] * 9)
    )
    assert settled.first_since == 1
    assert settled.regimes == (0, 10)
    assert settled.since == 11
    assert 13 <= settled.known_after <= 15


def test_a_steady_training_is_stable_from_its_second_epoch_on():
    settled = settle(epochs_of_pairs(*[(100, 1)] * 12))
    assert (settled.first_since, settled.since, settled.regimes) == (1, 1, (0,))
    assert settled.known_after == 4


def test_last_epochs_that_depart_do_not_undo_what_was_stable():
    settled = settle(epochs_of_pairs(*[(100, 1)] * 12, (300, 3)))
    assert (settled.since, settled.n_departing) == (1, 1)


def test_too_few_epochs_are_never_stable():
    settled = settle(epochs_of_pairs((100, 1), (100, 1)))
    assert (settled.first_since, settled.since, settled.known_after) == (None,) * 3
