"""When does a training become stable, and what follows for the online estimators.

``study`` runs it all. ``traces`` is the power over time, ``arcs`` and ``fluss`` find
where it changes, ``settled`` where the epochs do. ``sweeps`` tries every start and
window of the two online estimators, ``rules`` takes the start from what was found.
"""
