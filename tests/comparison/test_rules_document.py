import re
from decimal import Decimal

import pytest

from isojoule.comparison.rules_document import rules_from
from isojoule.errors import FormatError
from isojoule.formats.rules import known_rules, packaged_rules, parse_rules

KWH = 3.6e6

SMALLEST = b"""
edition = "E"
hardware = "A100"
[phases.train]
[metrics.f1]
"""

AMENDED = "{ label = 'a', field = 'n_params', value = 1, reason = 'because' }"


def read(text):
    return rules_from(parse_rules(text, "rules.toml"))


def test_two_names_a_phase_and_a_metric_are_enough():
    rules = read(SMALLEST)
    assert (rules.main_phase, rules.main_metric) == ("train", "f1")
    assert rules.phases["train"].method == "none"
    assert rules.level == 0.9


def test_energies_become_joules_and_keep_their_last_digit():
    text = SMALLEST.replace(
        b"[phases.train]",
        b"[phases.train]\nbaseline_energy_kwh = 1.5\nmax_energy_kwh = 2\n"
        b"method = 'single-median'\n"
        b'references = [{ name = "r", energy_kwh = 0.032, energy_std_kwh = 0.001 }]',
    )
    phase = read(text).phases["train"]
    reference = phase.references[0]
    assert phase.baseline_energy_j == 1.5 * KWH
    assert phase.max_energy_j == 2 * KWH
    assert reference.phase == "train"
    assert reference.energy_j == pytest.approx(0.032 * KWH, rel=1e-15)
    assert reference.energy_std_j == pytest.approx(0.001 * KWH, rel=1e-15)
    assert reference.step_j == pytest.approx(0.001 * KWH, rel=1e-15)


def test_nested_fields_become_dotted():
    text = SMALLEST + b'[fields]\nlabel = "id"\nscores.f1 = ["a", "b.c"]\n'
    assert read(text).fields == {"label": ("id",), "scores.f1": ("a", "b.c")}


def test_decisions_keep_their_reasons():
    text = (
        SMALLEST
        + b"""
[[waivers]]
check = "few-digits"
label = "*"
reason = "asked for three decimals"
[[amendments]]
label = "A_1"
field = "reference_energy_kwh"
value = 0.156
reason = "scaled"
"""
    )
    rules = read(text)
    assert rules.waivers[0].reason == "asked for three decimals"
    assert rules.amendments[0].value == 0.156


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("exponnt = 1", "no 'exponnt'; did you mean exponent"),
        ("level = 1.0", "level must be a coverage between 0 and 1"),
        ("level = 90", "level must be a coverage between 0 and 1"),
        ("n_draws = 10", "n_draws must be a whole number from 100 on"),
        ("n_draws = 1e4", "n_draws must be a whole number"),
        ("n_draws = 10000000", "n_draws must be at most 1000000; it is 10000000"),
        ("exponent = inf", "exponent must be a number; it is Infinity"),
        (
            "fields = { lable = 'x' }",
            r"no quantity 'lable' of these rules; did you mean",
        ),
        ("fields = { scores = { f2 = 'x' } }", "did you mean scores.f1"),
        ("fields = { energy_kwh = { trian = 'x' } }", "did you mean energy_kwh.train"),
        (
            "fields = { reference_energy_kwh = { crn = { train = 'x' } } }",
            r"no quantity 'reference_energy_kwh.crn.train'",
        ),
        ("cohorts = { 'all systems' = {} }", "that is everybody"),
        (
            "waivers = [{ check = 'a', label = '*', reason = ' ' }]",
            "the waiver of 'a' has no reason",
        ),
        (
            f"amendments = [{AMENDED.replace('n_params', 'scores.f2')}]",
            "no metric 'f2'; there are f1",
        ),
        (
            f"amendments = [{AMENDED}, {AMENDED}]",
            "amended twice",
        ),
        ("seed = -1", "seed must be a whole number from 0 on"),
        ("exponent = -1", "exponent must be a number from 0 to 10"),
        ("limits = { power_slack = 0 }", "power_slack must be 1 or more"),
        ("exponent = true", "exponent must be a number"),
        ("exponent = nan", "exponent must be a number"),
        ("price_kwh_per_point = 0", "price_kwh_per_point must be above 0"),
        ('scope = "room"', "scope must be one of gpu, node, wall"),
        ("baseline = 3", "baseline must be a text"),
        ("errors = 3", "errors must be a table"),
        ("waivers = 3", "waivers must be written as"),
        ("waivers = [3]", "waivers must be written as"),
        ("errors = { meter_fracton = 0.1 }", "did you mean meter_fraction"),
        ("limits = { min_reference_digits = 0 }", "from 1 on"),
        ("cohorts = { a = 3 }", "cohorts.a must be a table"),
        ("carbon = { country = 'FRA', pue = 0.5 }", "pue must be a number from 1 on"),
        (
            "waivers = [{ check = 'a' }]",
            "number 1: label must be a text; it is missing",
        ),
        (
            "amendments = [{ label = 'a', field = 'f', value = 'x', reason = 'r' }]",
            "value must be a number; it is 'x'",
        ),
        (
            f"amendments = [{AMENDED.replace('because', '')}]",
            "reason must be a text",
        ),
    ],
)
def test_a_slip_is_refused_with_its_place(line, message):
    with pytest.raises(FormatError, match=message):
        read(line.encode() + SMALLEST)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b'edition = "E"', b""), "edition must be a text; it is missing"),
        ((b"[phases.train]", b""), r"the rules name no phases: add \[phases"),
        ((b"[metrics.f1]", b""), r"the rules name no metrics: add \[metrics"),
        (
            (b"[phases.train]", b"[phases.train]\nreferences = [{ name = 'r' }]"),
            "of .phases.train. needs energy_kwh > 0",
        ),
        (
            (
                b"[phases.train]",
                b"[phases.train]\nreferences = [{ name = 'r', energy_kwh = 0.0 }]",
            ),
            "needs energy_kwh > 0",
        ),
        ((b"[phases.train]", b"[phases.train]\nmethd = 'none'"), "did you mean method"),
        (
            (b"[phases.train]", b"[phases.train]\nmethod = 'sngle'"),
            "no method 'sngle'; there are none, single-low",
        ),
        (
            (
                b"[phases.train]",
                b"[phases.train]\nmethod = 'dual'\nfeatures = ['n_params']",
            ),
            "features: dual takes no features",
        ),
        (
            (
                b"[phases.train]",
                b"[phases.train]\nmethod = 'linear'\nfeatures = ['parms']",
            ),
            "no feature 'parms'",
        ),
        (
            (
                b"[phases.train]",
                b"[phases.train]\nreferences = ["
                + 2 * b"{name='r',energy_kwh=1.0},"
                + b"]",
            ),
            "2 references are called 'r'",
        ),
        ((b"[phases.train]", b"[phases.params]"), "the name is taken"),
        ((b"[metrics.f1]", b"[metrics.ranking]"), "the name is taken"),
        ((b"[metrics.f1]", b"[metrics.train]"), "the name is taken"),
        (
            (b"[phases.train]", b"[phases.train]\nmethod = 'joint'"),
            "joint needs references",
        ),
        (
            (
                b"[phases.train]",
                b"[phases.train]\nreferences = [{ name='r', energy_kwh=1.0 }]",
            ),
            "references, but no method",
        ),
        ((b"[metrics.f1]", b"[metrics.'a.b']"), "has other signs"),
        (
            (b"[metrics.f1]", b"[metrics.f1]\n[cohorts.a]\ndrop_duplicates = 'tain'"),
            "drop_duplicates can hold macs, params, train",
        ),
    ],
)
def test_what_cannot_be_left_out_is_asked_for(change, message):
    with pytest.raises(FormatError, match=message):
        read(SMALLEST.replace(*change))


def test_what_is_no_toml_is_refused_with_its_line():
    with pytest.raises(FormatError, match=r"rules.toml is no rules file .*line 2"):
        read(b"a = 1\nb = ?\n")


@pytest.mark.parametrize("name", known_rules())
def test_the_packaged_rules_can_be_used_as_they_are(name):
    rules = read(packaged_rules(name))
    assert rules.phases
    assert rules.metrics


def test_the_starter_can_be_used_with_all_its_lines():
    """What is commented out there is right too."""
    text = packaged_rules("starter").decode()
    all_of_it = re.sub(r"^# (?=\S+ = |\[|\]|  \{)", "", text, flags=re.MULTILINE)
    rules = read(all_of_it.replace('"none"', '"joint"').encode())
    assert rules.waivers
    assert rules.amendments
    assert rules.carbon
    assert rules.phases["train"].references[0].name == "crnn-10-epochs"
    assert rules.cohorts["single systems"].drop_duplicates
    assert rules.price_kwh_per_point == 0.5


def test_energies_can_be_stated_in_other_units():
    text = SMALLEST + b"[fields]\nenergy_wh.train = 'wh'\n"
    assert read(text).fields == {"energy_wh.train": ("wh",)}


def test_numbers_need_not_be_decimals():
    """A document can come from elsewhere than TOML, too."""
    document = parse_rules(SMALLEST, "rules.toml")
    assert rules_from({**document, "exponent": 0.5}).exponent == 0.5
    assert rules_from({**document, "exponent": Decimal("0.5")}).exponent == 0.5
