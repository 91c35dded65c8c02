"""A comparison of submissions: its page, tables, figures and JSON document."""
