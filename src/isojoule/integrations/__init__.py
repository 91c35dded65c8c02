"""Callbacks that measure where people already train, one file per framework.

Nothing of a framework is imported before its own file is.
"""
