"""A comparison made by hand, so small that every figure can be checked in the head.

Four systems of three teams: ``base`` (the baseline), ``small`` and ``large`` of team
Ann, ``odd`` of team Bob. Training takes 1, 2, 8 and 4 kWh as stated and, scaled by a
factor of 0.5 for Ann and 1 for the others, 1, 1, 4 and 4 kWh at the organizers;
``odd`` has no test energy. Scores are 0.30, 0.40, 0.50 and 0.20.
"""

from dataclasses import replace

from isojoule.comparison.budget import Doubt
from isojoule.comparison.caps import CapRow
from isojoule.comparison.checks import Finding
from isojoule.comparison.compare import ALL_SYSTEMS, Compared, Comparison
from isojoule.comparison.front import Front, FrontPoint
from isojoule.comparison.marginal import Step
from isojoule.comparison.proxies import OrderChange, Proxy
from isojoule.comparison.ranking import Ranking, RankInterval
from isojoule.comparison.rules import Cohort, Metric, PhaseRules, Reference, Rules
from isojoule.comparison.scores import Agreement, Sensitivity, WeightedScore
from isojoule.comparison.systems import NormalizedEnergy, System
from isojoule.comparison.use import BreakEven
from isojoule.records import Estimate
from isojoule.submissions import Figure, InputFile, Place, ReferenceRun, Submission

KWH = 3.6e6
STATED_KWH = {"base": 1.0, "small": 2.0, "large": 8.0, "odd": 4.0}
FACTORS = {"base": 1.0, "small": 0.5, "large": 0.5, "odd": 1.0}
SCORES = {"base": 0.30, "small": 0.40, "large": 0.50, "odd": 0.20}
TEAMS = {"base": "organizers", "small": "Ann", "large": "Ann", "odd": "Bob"}
LINES = {"base": 2, "small": 3, "large": 4, "odd": 5}


def place(label, field):
    return Place("all.csv", LINES.get(label, 9), field)


def make_figure(text, value, *, label="base", field="x", **fields):
    return Figure(text=text, value=value, place=place(label, field), **fields)


def make_rules(**fields):
    reference = Reference(name="crnn", phase="train", energy_j=2 * KWH)
    ordinary = {
        "edition": "Task 1 <of> 2026",
        "hardware": "A100 & host",
        "phases": {
            name: PhaseRules(
                name=name,
                method="single-median",
                references=(reference,),
                baseline_energy_j=KWH,
            )
            for name in ("train", "test")
        },
        "metrics": {"f1": Metric(name="f1"), "eer": Metric(name="eer")},
        "baseline": "base",
        "cohorts": {"ann": Cohort(name="ann", where={"team": "Ann"})},
    }
    return Rules(**{**ordinary, **fields})


def make_submission(label, **fields):
    stated = STATED_KWH[label]
    energy = make_figure(
        f"{stated:.2f}", stated * KWH, label=label, field="kwh", step=0.01 * KWH
    )
    reference = make_figure("0.5", 0.5 * KWH, label=label, field="ref", step=0.1 * KWH)
    energies = {"train": energy, "test": replace(energy, value=energy.value / 10)}
    if label == "odd":
        del energies["test"]
    score = SCORES[label]
    ordinary = {
        "label": label,
        "team": TEAMS[label],
        "name": f"System {label}",
        "is_baseline": label == "base",
        "energies": energies,
        "references": (ReferenceRun("crnn", "train", reference),),
        "scores": {
            "f1": make_figure(
                f"{score:.2f}",
                score,
                label=label,
                field="f1",
                low=score - 0.01,
                high=score + 0.01,
                step=0.01,
            )
        },
        "n_params": make_figure("1.5M", 1.5e6, label=label, field="params"),
    }
    return Submission(**{**ordinary, **fields})


def make_system(submission):
    factor = FACTORS.get(submission.label, 1.0)
    return System(
        submission=submission,
        energies={
            phase: NormalizedEnergy(
                estimate=Estimate(
                    workload=submission.label,
                    hardware="A100 & host",
                    energy_j=figure.value * factor,
                    energy_low_j=figure.value * factor / 2,
                    energy_high_j=figure.value * factor * 2,
                    level=0.9,
                    method="single-median",
                    references=("crnn, train",),
                    in_range=False,
                    provenance="declared",
                ),
                declared=figure,
                factor=factor,
                doubts=(
                    Doubt("conversion", 0.3, "system"),
                    Doubt("rounding of the reference", 0.4, "site"),
                ),
                extrapolation_factor=3.0,
            )
            for phase, figure in submission.energies.items()
        },
        refusals={
            phase: f"no {phase} energy was stated"
            for phase in ("train", "test")
            if phase not in submission.energies
        },
    )


def make_ranking(key, *rows):
    return Ranking(
        key,
        tuple(
            RankInterval(label, rank, max(1, rank - 1), rank + 1, first, tuple(tied))
            for label, rank, first, tied in rows
        ),
    )


def make_findings():
    kwh = make_figure("2.00", 2 * KWH, label="small", field="kwh")
    return (
        Finding(
            check="implied-power",
            severity="error",
            label="small",
            team="Ann",
            text="3000 W on one <GPU>",
            evidence=(("energy", kwh), ("devices", "one A100")),
            mail="Please check your energy.",
        ),
        Finding(
            check="few-digits",
            severity="note",
            label="odd",
            team="Bob",
            text="two digits",
            evidence=(),
            mail="Please send more digits.",
            waived="three decimals were asked for",
        ),
    )


def make_front(phase, metric, members, others):
    points = {**dict.fromkeys(members, True), **dict.fromkeys(others, False)}
    return Front(
        phase,
        metric,
        tuple(
            FrontPoint(label, phase, metric, on, 0.95 if on else 0.25)
            for label, on in points.items()
        ),
        tuple(members),
    )


def make_cohort(name, systems, members, others):
    step = Step(
        from_label="small",
        to_label="large",
        phase="train",
        metric="f1",
        energy_j=3 * KWH,
        gain=0.1,
        points=10.0,
        energy_j_per_point=0.3 * KWH,
        gain_above_noise=True,
        is_worthy=None,
        reason="the rules state no price",
    )
    cap = CapRow(
        quantity="train",
        cap="Median",
        metric="f1",
        max_value=2.5 * KWH,
        n_systems=2,
        best_label="small",
        best_score=0.4,
        loss=0.1,
        loss_low=0.08,
        loss_high=0.12,
    )
    taus = tuple(Sensitivity(a, 1 - a, a) for a in (0.0, 0.5, 1.0))
    return Compared(
        cohort=Cohort(name=name),
        systems=systems,
        fronts={
            ("train", "f1"): make_front("train", "f1", members, others),
            ("test", "f1"): make_front("test", "f1", members, ()),
            ("train", "eer"): make_front("train", "eer", (), ()),
            ("test", "eer"): make_front("test", "eer", (), ()),
        },
        steps={("train", "f1"): (step,)},
        caps={
            "f1": (
                replace(cap, cap="All", max_value=4 * KWH, best_label="large"),
                cap,
                replace(cap, quantity="params", max_value=1.5e6),
            )
        },
        agreements=(
            Agreement(
                phase="train",
                metric="f1",
                n=4,
                kendall_tau=0.0,
                p_value=1.0,
                tau_with_energy=1.0,
                is_energy_alone=True,
                sensitivity=taus,
            ),
        ),
        proxies=(
            Proxy(
                phase="train", quantity="params", n=4, reason="the same for all systems"
            ),
            Proxy(phase="train", quantity="macs", n=0, spearman=0.5, p_value=0.5),
        ),
        order_changes=(OrderChange(phase="train", n=4, kendall_tau=0.5, p_value=0.3),),
        break_evens=(
            BreakEven(
                a="small",
                b="large",
                n_inferences=7.5,
                cheaper_below="small",
                cheaper_above="large",
            ),
            BreakEven(a="base", b="large", reason="one is never dearer"),
        ),
    )


def make_comparison(*, rules=None, submissions=None, **fields):
    rules = make_rules() if rules is None else rules
    if submissions is None:
        submissions = [make_submission(label) for label in STATED_KWH]
    systems = tuple(make_system(submission) for submission in submissions)
    labels = [system.label for system in systems]
    front = [label for label in labels if label not in {"base", "odd"}]
    content = b"label,kwh\n"
    ordinary = {
        "rules": rules,
        "systems": systems,
        "findings": make_findings(),
        "problems": (),
        "rankings": {
            "energy.train": make_ranking(
                "energy.train",
                *(
                    (label, number, 1 / number, [o for o in labels if o != label][:1])
                    for number, label in enumerate(labels, start=1)
                ),
            ),
            "score.f1": make_ranking("score.f1", ("large", 1, 1.0, ())),
            "weighted.f1.train": make_ranking("weighted.f1.train", ("small", 1, 1, ())),
        },
        "weighted": {"train": (WeightedScore("small", "train", {"f1": 0.4}, 1.0),)},
        "cohorts": {
            ALL_SYSTEMS: make_cohort(
                ALL_SYSTEMS, systems, front, [n for n in labels if n not in front]
            ),
            "ann": make_cohort(
                "ann", tuple(s for s in systems if s.team == "Ann"), front, ()
            ),
        },
        "empty_cohorts": (),
        "files": (InputFile("all.csv", "ab" * 32, content),),
    }
    return Comparison(**{**ordinary, **fields})
