"""Do groups of trainings differ in energy, by how much, and what for [1]_.

``study`` runs it all. ``quantities`` is what is compared, ``factors`` what runs differ
in, ``contexts`` which runs may be compared and what is confounded. ``ranks`` tests,
``effects`` tells sizes, ``comparison`` puts both together for one set of groups.
``tradeoff`` holds energy against a score.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", research question 1.
"""
