from isojoule.report.markdown import to_markdown
from isojoule.report.tables import NOT_KNOWN
from isojoule.tables import Table


def test_figures_stand_to_the_right_with_their_units_and_bars_are_escaped():
    rows = [{"name": "a|b", "energy_j": 1500.0}, {"name": "c", "energy_j": None}]
    table = Table.from_rows("Energies", rows, labels={"name": "", "energy_j": "energy"})
    assert to_markdown(table).splitlines() == [
        "### Energies",
        "",
        "| name | energy |",
        "| --- | ---: |",
        r"| a\|b | 1.5 kJ |",
        f"| c | {NOT_KNOWN} |",
    ]


def test_markup_of_others_is_shown_and_not_followed():
    rows = [
        {"name": "<script>alert(1)</script> & co"},
        {"name": "[x](javascript:alert(1))"},
        {"name": r"\[x](y) `z` *b*"},
    ]
    table = Table.from_rows("By <b>", rows, labels={"name": "[a](b)"})
    assert to_markdown(table).splitlines() == [
        "### By &lt;b&gt;",
        "",
        r"| \[a\](b) |",
        "| --- |",
        "| &lt;script&gt;alert(1)&lt;/script&gt; &amp; co |",
        r"| \[x\](javascript:alert(1)) |",
        r"| \\\[x\](y) \`z\` \*b\* |",
    ]
