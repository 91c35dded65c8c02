import sys

import pytest

from isojoule.errors import MissingExtraError
from isojoule.formats.submissions.yaml_nodes import (
    MAX_DEPTH,
    MAX_PROBLEMS,
    flattened,
    items_of,
    read_yaml,
)


def leaves(text):
    """Texts and lines by path of keys."""
    (root,) = read_yaml(text, "f.yaml").roots
    return {path: (leaf.text, leaf.line) for path, leaf in flattened(root)}


def problems(text):
    return [
        (p.severity, p.place.line, p.text) for p in read_yaml(text, "f.yaml").problems
    ]


def test_scalars_keep_their_text_and_line():
    text = "a: 0.0320\nb:\n  c: yes\n  d: [1e3, 'x']\n"
    assert leaves(text) == {
        "a": ("0.0320", 1),
        "b.c": ("yes", 3),
        "b.d.0": ("1e3", 4),
        "b.d.1": ("x", 4),
    }


@pytest.mark.parametrize("null", ["", "~", "null", "!!null", "!!null ''"])
def test_null_is_empty(null):
    assert leaves(f"a: {null}\nb: 1\n")["a"][0] == ""


def test_null_in_quotes_is_a_text():
    assert leaves("a: 'null'")["a"][0] == "null"


def test_malformed_text_gives_nothing_and_its_line():
    document = read_yaml("a: 1\nb: [2\nc: 3\n", "f.yaml")
    assert not document.is_whole
    (problem,) = document.problems
    assert problem.severity == "error"
    assert problem.place.line in {2, 3}
    assert "malformed" in problem.text


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch /tmp/isojoule-was-here']",
        "!!python/name:os.system",
        "!custom {x: {y: 1}}",
        "!!binary aGk=",
    ],
)
def test_a_strange_tag_is_refused_and_the_rest_read(value):
    text = f"a: {value}\nb: 2\n"
    assert leaves(text) == {"b": ("2", 2)}
    ((severity, line, said),) = problems(text)
    assert (severity, line) == ("error", 1)
    assert "refused" in said


def test_an_alias_is_not_followed():
    text = "a: &x [1, 2]\nb: *x\nc: 3\n"
    assert "b" not in {path.split(".")[0] for path in leaves(text)}
    assert problems(text)[0][1] == 2


def test_a_bomb_of_aliases_does_not_grow():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, other in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{one}: &{one} [" + ", ".join([f"*{other}"] * 9) + "]")
    document = read_yaml("\n".join(lines), "f.yaml")
    assert sum(1 for _ in flattened(document.roots[0])) == 9
    assert len(document.problems) == 72


def test_endless_nesting_is_refused():
    document = read_yaml("[" * 100_000, "f.yaml")
    assert document.roots == ()
    assert f"more than {MAX_DEPTH} deep" in document.problems[0].text


def test_a_key_that_comes_again_is_said_and_the_first_counts():
    text = "a: 1\nb: 2\na: 3\n"
    assert leaves(text)["a"] == ("1", 1)
    assert problems(text) == [
        ("warning", 3, "the key 'a' comes again: the first one counts")
    ]


def test_problems_do_not_pile_up_without_end():
    assert len(read_yaml("a: 1\n" * 5000, "f.yaml").problems) == MAX_PROBLEMS


def test_a_key_that_is_no_text_is_left_out_with_its_value():
    assert leaves("? [1, 2]\n: {x: 3}\nb: 4\n") == {"b": ("4", 3)}


def test_control_characters_are_shown_not_sent():
    assert leaves("a: x\x1b[31m\n")["a"][0] == "x\\x1b[31m"
    assert leaves('b: "\\x1b"\n')["b"][0] == "\\x1b"


def test_items_of_a_list_come_with_their_lines():
    text = "entries:\n  - a: 1\n    b: 2\n\n  - a: 3\n"
    assert [line for _, line in items_of(text)] == [2, 5]


def test_items_of_no_list_are_none():
    assert list(items_of("a: 1\n")) == []


def test_without_the_parser_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match="compare"):
        read_yaml("a: 1", "f.yaml")


def test_the_parser_in_python_gives_the_same(monkeypatch):
    import yaml

    text = "a: &x 1\nb: [*x, !!null , {c: 'd'}]\na: 2\n"
    fast = read_yaml(text, "f.yaml")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read_yaml(text, "f.yaml") == fast
