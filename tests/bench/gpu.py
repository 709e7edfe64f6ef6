"""OPT-125m on one GPU in under ten minutes: rates, share of the device's peak, curves; as JSON.

    python -m tests.bench.gpu --out manifests/replay-gpu.json [--text PATH...]
    python -m tests.bench.gpu --out FILE --miniature        # the same path on a CPU, in seconds

First the opt-125m configuration is trained from scratch and written from, which is timed; then that
model, as a folder, is put through generations as a pretrained one would be, under `replace`,
`preserve:0.1` and `all_human`. Without --text the text is drawn from Zipf's law with some order in
it: good for rates and for the way through, not for claims about language.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch

from archive.replay.compose import human_only
from archive.replay.corpus import prepare
from archive.replay.opt import device, presets
from archive.replay.opt.presets import PRESETS, SHAPES, Preset, Schedule, Shape
from archive.replay.opt.tier import OptModel, OptTier
from archive.replay.runs import Config, run
from archive.replay.texts import Taken, read_paths, take
from archive.replay.tiers import BLOCK, Training
from tests.replay.made import documents

PEAK_FLOPS: Final = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12}
"""Dense bfloat16 of the data sheets (NVIDIA H100 SXM, H200 SXM, A100, L40S, L4); else unknown."""

POLICIES: Final = ("preserve:0.1",)
GENERATIONS: Final = 3

MINIATURE: Final = Shape(
    width=48, layers=2, heads=2, vocabulary=400, blocks=24,
    first=Schedule(2, 3e-3, 8, falls=True, best_epoch=True), fit=Schedule(2, 3e-3, 8, falls=True),
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--text", type=Path, nargs="*", default=[])
    parser.add_argument("--blocks", type=int, default=8000)
    parser.add_argument("--miniature", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.miniature and device.device().type != "cuda":
        raise SystemExit("no GPU here: --miniature takes the same way on a CPU")
    started = time.monotonic()
    shape = MINIATURE if asked.miniature else replace(
        SHAPES["opt-125m"], first=replace(SHAPES["opt-125m"].first, epochs=3)
    )  # fmt: skip
    blocks = shape.blocks if asked.miniature else asked.blocks
    taken = take(read_paths(asked.text)) if asked.text else made_text(blocks)
    with tempfile.TemporaryDirectory() as temporary:
        held = measure(taken, shape, blocks, Path(temporary))
    held |= {"command": "python -m tests.bench.gpu" + (" --miniature" if asked.miniature else "")}
    held |= {"seconds": round(time.monotonic() - started, 1)}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in held.items() if key != "curves"}, indent=1))


def measure(taken: Taken, shape: Shape, blocks: int, folder: Path) -> dict[str, Any]:
    """Rates from scratch, then a run from the folder that this gave."""
    where = device.device()
    corpus = prepare(taken, {"scribe": "pieces", "size": shape.vocabulary})
    text, validation = corpus.blocks["train"][:blocks], corpus.blocks["validation"][:64]
    presets.SHAPES["benchmark"] = shape
    try:
        tier = OptTier(corpus.scribe.size, "benchmark", "web")
        model, trained = timed_training(tier, human_only(text), validation, shape.first)
    finally:
        del presets.SHAPES["benchmark"]
    parameters = sum(p.numel() for p in model.network.parameters())
    written = {
        name: timed_writing(model, text[: 2000 if where.type == "cuda" else 8], name)
        for name in ("web", "nature")
    }
    (folder / "model").mkdir()
    model.save(folder / "model")
    corpus.scribe.save(folder / "model")
    curves = generations(taken, folder, blocks, shape)
    peak = next((v for k, v in PEAK_FLOPS.items() if k in machine(where)), None)
    # Six operations a parameter and token (Kaplan et al. 2020, section 2.1); attention left out.
    used = 6 * parameters * trained
    return {
        "machine": machine(where),
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "parameters": parameters,
        "blocks": len(text),
        "training_tokens_per_second": round(trained),
        "generated_tokens_per_second": written,
        "training_flops": used,
        "share_of_peak": used / peak if peak else None,
        "curves": curves,
    }


def timed_training(
    tier: OptTier, data: Training, validation: Any, schedule: Schedule
) -> tuple[OptModel, float]:
    started = time.monotonic()
    model = tier.first(data, validation, 1)
    settle()
    return model, schedule.epochs * data.blocks.size / (time.monotonic() - started)


def timed_writing(model: OptModel, prompts: Any, name: str) -> int:
    writer = OptModel(model.network, PRESETS[name].decoding, {})
    writer.generate(prompts[:4], 0)
    settle()
    started = time.monotonic()
    out = writer.generate(prompts, 1)
    settle()
    return round(out.size / (time.monotonic() - started))


def generations(taken: Taken, folder: Path, blocks: int, shape: Shape) -> dict[str, Any]:
    """The path of a pretrained folder, its trainings as short as the shape's own."""
    fit = shape.fit or replace(PRESETS["web"].fit, epochs=1, rate=1e-4)
    usual = PRESETS["web"]
    PRESETS["web"] = Preset(usual.decoding, fit)
    budget = blocks // 4
    try:
        config = Config(
            tier="opt", model=str(folder / "model"), policies=POLICIES, generations=GENERATIONS,
            seeds=1, words=budget * BLOCK,
        )  # fmt: skip
        _, results = run(taken, config, folder / "run", workers=1)
    finally:
        PRESETS["web"] = usual
    return {
        name: [round(generation["loss"], 4) for generation in chains[0]]
        for name, chains in results["measures"].items()
    }


def made_text(blocks: int, count: int = 60) -> Taken:
    """Documents drawn from Zipf's law with some order in them; the split leaves the twin enough."""
    return take(documents(count, max(400, blocks * BLOCK * 2 // count), types=20_000))


def machine(where: torch.device) -> str:
    if where.type == "cuda":
        return str(torch.cuda.get_device_name(where))
    return f"{platform.machine()} CPU, one thread: no GPU was used"


def settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
