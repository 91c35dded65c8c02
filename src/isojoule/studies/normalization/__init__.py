"""Energy on machine A to energy on machine B: which references, curves, features [1]_.

All is judged on workloads that the fits did not see.

``results`` is what the studies give, ``design`` what they ask, ``running`` how they are
run. ``pairs``, ``splits`` and ``sampling`` lay the measurements out as arrays, one row
per fold; ``methods`` and ``batched`` fit all rows at once; ``scores``, ``summaries``
and ``claims`` judge.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation.
"""
