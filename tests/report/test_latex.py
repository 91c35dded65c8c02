import shutil
import subprocess

import pytest

from isojoule.report.latex import escape, to_latex
from isojoule.tables import Column, Table


def test_a_table_has_rules_a_head_and_numbers_to_the_right():
    table = Table(
        "Two machines",
        (Column("name", ("A40", "V100")), Column("energy_j", (1500.0, None), "energy")),
    )
    assert to_latex(table) == (
        "% Two machines. Needs the packages booktabs.\n"
        "\\begin{tabular}{lr}\n"
        "\\toprule\n"
        "name & energy \\\\\n"
        "\\midrule\n"
        "A40 & 1.5 kJ \\\\\n"
        "V100 & -- \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )


@pytest.mark.parametrize(
    ("value", "typeset"),
    [
        (-0.25, "$-$0.25"),
        (4.2e-5, r"$4.2\times10^{-5}$"),
        (-1.5e-7, r"$-1.5\times10^{-7}$"),
        (2.5e20, r"$2.5\times10^{20}$"),
        (float("inf"), r"$\infty$"),
        (12345, "12,345"),
    ],
)
def test_numbers_have_a_true_minus_and_powers_of_ten(value, typeset):
    line = to_latex(Table("t", (Column("x", (value,)),))).splitlines()[5]
    assert line == rf"{typeset} \\"


def test_a_share_keeps_its_percent_sign():
    table = Table("t", (Column("mdape_fraction", (0.5,)),))
    assert "50 \\% \\\\" in to_latex(table)


def test_text_is_not_taken_for_a_number():
    assert "adam 1e-3 \\\\" in to_latex(Table("t", (Column("name", ("adam 1e-3",)),)))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & c % d # e $ f", r"a\_b \& c \% d \# e \$ f"),
        (
            "{x} \\y ^ ~",
            r"\{x\} \textbackslash{}y \textasciicircum{} \textasciitilde{}",
        ),
        ("[kWh²]", "{[}kWh$^2$]"),
        ("two\nlines", "two lines"),
    ],
)
def test_whatever_latex_would_take_for_a_command_is_escaped(text, escaped):
    assert escape(text) == escaped


def test_forty_rows_are_one_table_and_more_go_on_over_pages():
    def table(n):
        return to_latex(Table("t", (Column("x", tuple(range(n))),)))

    assert r"\begin{tabular}" in table(40)
    assert r"\begin{longtable}" in table(41)
    assert table(41).index(r"\endfoot") < table(41).index("0 \\\\")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("n_rows", [2, 60])
def test_latex_takes_what_is_written(tmp_path, n_rows):
    hostile = (
        '[*] \\x{} _^~ %&#$ <|> \N{MICRO SIGN}° → … “q” "q" ∞ \N{MINUS SIGN}1 kWh²'
    )
    table = Table(
        "% title",
        (
            Column("n", (hostile,) * n_rows, "[kWh²]"),
            Column("x", (-1.5e-9,) * n_rows),
        ),
    )
    (tmp_path / "table.tex").write_text(to_latex(table), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,longtable}\n"
        "\\begin{document}\\input{table}\\end{document}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-800:]
    assert (tmp_path / "paper.pdf").exists()
