"""Figures and pages: first gather plain data, then render it.

`runs` and `conversion` gather a `page`, with drawings from the modules that end in
`_figure` and sentences from `limits`; `html` renders it. `text` and `tables` serve the
terminal. Nothing here prints or reads files.
"""
