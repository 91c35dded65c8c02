"""Every normalizer by every way of choosing references, on every table of a folder.

``sources`` lays runs out by file and phase, ``folds`` hides what is judged,
``selectors`` and ``contenders`` say what is tried, ``judging`` tries it, ``means`` and
``comparison`` sum it up, ``bars`` says what is demanded. A file is left out whole where
a method learns from others.
"""
