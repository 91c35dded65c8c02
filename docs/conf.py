"""Sphinx settings. Nothing here needs a network, neither to build nor to read."""

from importlib.metadata import version as installed_version

project = "isojoule"
author = "the isojoule authors"
copyright = "the isojoule authors"
release = version = installed_version("isojoule")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"isojoule {release}"
html_copy_source = False

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the NumPy docstrings tell the types
napoleon_google_docstring = False
napoleon_use_rtype = False
