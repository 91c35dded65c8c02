"""Time and memory of counting: the reference suite and five known models.

Run it where isojoule is installed with its ``test`` extra, with nothing else running:

    python benchmarks/counting.py --json benchmarks/results/counting.json

The suite is counted twice: by closed form, as `isojoule count` does, and by
`count_flop` on the networks. It stops where the two differ in any figure.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BAR_S = 1.0
"""For the counts of all reference models, after import."""
N_REPEATS = 3
"""Of which the fastest is told; what happens once per process is timed once."""
COUNTS = (
    "n_params",
    "forward_mac_per_sample",
    "forward_flop_per_sample",
    "training_flop_per_sample",
    "deepspeed_flop_per_sample",
    "activation_bytes_per_sample",
)
KNOWN_GMAC = {
    "ResNet-50": 4.089,
    "MobileNetV2": 0.3008,
    "ViT-B/16": 17.564,
    "BERT-base, 128 tokens": 11.174,
    "GPT-2 small, 1024 tokens": 145.82,
}
"""Published multiply-accumulates of a forward pass [GMAC]."""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long it took once [s], and what came of it."""
    start_s = time.perf_counter()
    result = work()
    return time.perf_counter() - start_s, result


def fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long it takes in an undisturbed moment [s], and what comes of it."""
    return min((timed(work) for _ in range(N_REPEATS)), key=lambda pair: pair[0])


def peak_memory_bytes() -> int:
    """Return the largest memory of this process so far [bytes]."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def listing() -> dict[str, float]:
    """Return the time of all counts by closed form, and of the import before [s]."""

    def load() -> Any:
        from isojoule import workloads

        return workloads

    import_s, workloads = timed(load)
    count_s, _ = timed(workloads.suite_table)
    return {"import_s": import_s, "count_s": count_s}


def warm_up() -> dict[str, float]:
    """Return the time of importing torch, and of a first count [s].

    At its first count torch imports hundreds of modules of its own.
    """

    def load() -> Any:
        import torch

        import isojoule.counting.model  # noqa: F401

        return torch

    def count() -> None:
        from isojoule import count_flop

        count_flop(torch.nn.Linear(1, 1), torch.ones(1, 1))

    import_s, torch = timed(load)
    first_s, _ = timed(count)
    return {"import_torch_s": import_s, "first_count_s": first_s}


def count_suite() -> dict[str, float]:
    """Return the time of `count_flop` for every reference model [s]."""
    import torch

    from isojoule import count_flop
    from isojoule.workloads import INPUT_SHAPE, SUITE

    clips = torch.empty(8, *INPUT_SHAPE, device="meta")
    times_s = {}
    for name, model in SUITE.items():
        with torch.device("meta"):
            network = model.build()
        times_s[name], count = fastest(lambda: count_flop(network, clips))  # noqa: B023
        differing = [
            key for key in COUNTS if getattr(count, key) != getattr(model, key)
        ]
        if differing:
            sys.exit(f"{name}: {', '.join(differing)} differ from the closed form")
    return times_s


def known_models() -> Mapping[str, tuple[Any, dict[str, Any]]]:
    """Return the known models with their inputs, all without memory."""
    import torch
    import transformers as hub

    image = {"pixel_values": torch.empty(1, 3, 224, 224, device="meta")}

    def words(n_words: int) -> dict[str, Any]:
        tokens = torch.empty(1, n_words, dtype=torch.int64, device="meta")
        return {"input_ids": tokens}

    with torch.device("meta"):
        models = (
            hub.ResNetForImageClassification(hub.ResNetConfig(num_labels=1000)),
            hub.MobileNetV2ForImageClassification(
                hub.MobileNetV2Config(num_labels=1000)
            ),
            hub.ViTForImageClassification(hub.ViTConfig(num_labels=1000)),
            hub.BertModel(hub.BertConfig()),
            hub.GPT2LMHeadModel(hub.GPT2Config()),
        )
    inputs = (image, image, image, words(128), words(1024))
    return dict(zip(KNOWN_GMAC, zip(models, inputs, strict=True), strict=True))


def count_known() -> dict[str, dict[str, float]]:
    """Return time [s] and counts of the known models."""
    from isojoule import count_flop

    found = {}
    for name, (model, example_input) in known_models().items():
        time_s, count = fastest(lambda: count_flop(model, example_input))  # noqa: B023
        found[name] = {
            "time_s": time_s,
            "forward_gmac": count.forward_mac / 1e9,
            "published_gmac": KNOWN_GMAC[name],
            "training_over_forward": count.training_flop / count.forward_flop,
        }
    return found


def render(document: Mapping[str, Any]) -> str:
    """Return the results for people."""
    suite_s = document["suite_s"]
    slowest = max(suite_s, key=suite_s.get)
    facts = {
        f"all {len(suite_s)} by closed form": (
            f"{document['listing']['count_s']:8.4f} s, bar {BAR_S} s"
        ),
        f"all {len(suite_s)} by count_flop": (
            f"{sum(suite_s.values()):8.3f} s, forward and training; "
            f"slowest {slowest}: {suite_s[slowest]:.3f} s"
        ),
        "memory of the latter": f"{document['growth_bytes'] / 2**20:8.1f} MiB",
        "import of torch": f"{document['import_torch_s']:8.3f} s",
        "first count after it": f"{document['first_count_s']:8.3f} s, torch imports",
    }
    known = [
        f"{name:26} {one['time_s']:6.3f} s {one['forward_gmac']:9.4f} "
        f"{one['published_gmac']:9} {one['training_over_forward']:7.3f} x"
        for name, one in document["known"].items()
    ]
    return "\n".join(
        [
            *(f"{what:26} {figure}" for what, figure in facts.items()),
            "",
            f"{'':26} {'time':>8} {'GMAC':>9} {'published':>9} {'training':>9}",
            *known,
            "",
            *(f"{name:26} {time_s:6.3f} s" for name, time_s in suite_s.items()),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    listed, first = listing(), warm_up()
    before_bytes = peak_memory_bytes()
    suite_s = count_suite()
    growth_bytes = peak_memory_bytes() - before_bytes
    import torch

    from isojoule.probe import probe_hardware

    hardware = probe_hardware()
    document = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cpu": hardware.cpu_name,
            "n_cpus": hardware.n_cpus,
            "load_before": load,
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "n_repeats": N_REPEATS,
        "listing": listed,
        **first,
        "suite_s": suite_s,
        "growth_bytes": growth_bytes,
        "known": count_known(),
    }
    print(render(document))
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
