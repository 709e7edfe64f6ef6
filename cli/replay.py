"""`lowbg replay`: does a data mix resist model collapse?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.replay.mixes import DEFAULT_POLICIES

from .output import (
    CHECK_FAILED,
    json_option,
    no_store_option,
    print_json,
    print_table,
    store_option,
    workers_option,
)
from .progress import Bar

if TYPE_CHECKING:
    from archive.replay.texts import Taken
    from archive.replay.theory import Check

INCONCLUSIVE_EXIT = 2


@click.group(epilog="Example: lowbg replay run web --policies preserve:0.1")
def command() -> None:
    """Train models on their own text, generation after generation, and judge a data mix.

    After Shumailov et al., "AI models collapse when trained on recursively generated data"
    (Nature 631, 2024).
    """


@command.command(epilog="Example: lowbg replay theory --out theory")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write JSON and SVG.")
@click.option("--seed", default=0, show_default=True, help="Seed of the simulations.")
@no_store_option
@json_option
def theory(out: Path | None, seed: int, as_json: bool) -> int:
    """Simulate the laws of collapse beside their formulas.

    Exit code 1 if a formula lies outside the interval of its simulation.
    """
    from archive.replay.theory import check_all

    with Bar(quiet=as_json) as bar:
        checks = list(check_all(seed, lambda family: bar.update(family, 0, 1)))
    if out:
        from archive.replay.theory_figures import write_theory

        write_theory(checks, out)
    failed = [check for check in checks if not check.agrees]
    if as_json:
        print_json({"ok": not failed, "checks": [check.to_json() for check in checks]})
        return CHECK_FAILED if failed else 0
    _print_checks(checks)
    click.echo(f"{len(checks) - len(failed)} of {len(checks)} simulations agree with their formula")
    return CHECK_FAILED if failed else 0


@command.command(epilog="Example: lowbg replay run --text novels/ --policies preserve:0.1,mix.toml")
@click.argument("snapshot", required=False)
@click.option(
    "--text", "texts", multiple=True, type=click.Path(path_type=Path),
    help="Plain text or TEI files, or folders of them, instead of a snapshot; may be repeated.",
)  # fmt: skip
@click.option("--tier", help="Family of models: ngram, or opt; default: what --model needs.")
@click.option(
    "--model", default="", metavar="MODEL",
    help="OPT, with the extra 'opt': tiny or opt-125m from scratch, a folder that holds a trained"
    " model, or a name on a hub, such as facebook/opt-125m.",
)  # fmt: skip
@click.option(
    "--preset", default="", metavar="NAME",
    help="How OPT trains and writes: web (the default), theory, nature, nature-released,"
    " nature-ablation.",
)  # fmt: skip
@click.option("--cut", metavar="CUT", help="Only the snapshot's documents that a cut keeps.")
@click.option(
    "--policies", default=",".join(DEFAULT_POLICIES), metavar="LIST",
    help="Names with shares, as in preserve:0.1:fixed:add, or TOML files with alpha, beta, gamma,"
    " fresh. The controls all_human and replace are always run.",
)  # fmt: skip
@click.option("--sweep", default="", metavar="POLICY", help="Try shares: preserve or fresh.")
@click.option("--generations", default=10, show_default=True)
@click.option("--seeds", default=5, show_default=True)
@click.option(
    "--words", default=0,
    help="Budget of a generation in words, or OPT's tokens; default: what text and model suit.",
)  # fmt: skip
@click.option("--archive", default=0, help="Words of originals kept; default: the budget.")
@click.option("--prompts", default="original", show_default=True, help="Or: previous.")
@click.option("--margin", default=0.10, show_default=True, help="Loss that still counts as none.")
@click.option("--not-step-matched", is_flag=True, help="A growing mix trains longer, too.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the run.")
@workers_option
@store_option
@json_option
def run(
    snapshot: str | None,
    texts: tuple[Path, ...],
    tier: str | None,
    cut: str | None,
    policies: str,
    margin: float,
    not_step_matched: bool,
    out: Path | None,
    workers: int,
    store: str,
    as_json: bool,
    **options: Any,
) -> int:
    """Run generations of models under data mixes and judge which resist collapse.

    The text is that of SNAPSHOT or of --text. A run that was stopped goes on where it was. With one
    policy besides the controls the exit code is 0 if it resists, 1 if it collapses, 2 if the run
    could not tell.
    """
    from archive.replay import runs
    from archive.replay.endpoints import Margins

    margins = Margins(loss=margin, group=2 * margin)
    asked = tuple(name.strip() for name in policies.split(",") if name.strip())
    config = runs.Config(
        tier=tier or ("opt" if options["model"] or options["preset"] else "ngram"),
        policies=asked,
        step_matched=not not_step_matched,
        margins=margins,
        **options,
    )
    runs.check_names(config)
    taken, origin = _texts(snapshot, texts, store, cut)
    with Bar(quiet=as_json) as bar:
        folder, results = runs.run(
            taken, config, out, origin=origin, workers=workers, progress=bar.update
        )
    code, sentence = _answer(results)
    if as_json:
        print_json({"run": str(folder.path), "sentence": sentence, **results})
        return code
    _print_policies(results)
    if results["sweep"]:
        click.echo(_sweep(results))
    click.echo(f"run in {folder.path}; next: lowbg replay report {folder.path}")
    click.echo(sentence)
    return code


@command.command(epilog="Example: lowbg replay report replay-5f0c2a7e")
@click.argument("run_folder", metavar="RUN", type=click.Path(file_okay=False, path_type=Path))
@no_store_option
@json_option
def report(run_folder: Path, as_json: bool) -> None:
    """Write report.html and figures/*.svg into the folder of a finished run."""
    from archive.replay.folder import Folder
    from archive.replay.report import write_report

    page = write_report(Folder(run_folder))
    figures = sorted(str(path) for path in (run_folder / "figures").glob("*.svg"))
    if as_json:
        print_json({"report": str(page), "figures": figures})
    else:
        click.echo(f"wrote {page} and {len(figures)} figures")


def _print_checks(checks: list[Check]) -> None:
    print_table(
        ["family", "policy", "quantity", "n", "simulated", "interval", "formula", ""],
        [
            [c.family, c.policy, c.quantity, c.generation, f"{c.simulated:.4g}",
             f"{c.interval[0]:.4g} .. {c.interval[1]:.4g}",
             (">= " if c.bound == "at least" else "") + f"{c.formula:.4g}",
             "" if c.agrees else "DISAGREES"]
            for c in checks
        ],
    )  # fmt: skip


def _texts(
    snapshot: str | None, paths: tuple[Path, ...], store: str, cut: str | None
) -> tuple[Taken, str]:
    """The documents of a snapshot or of files, and what the report calls them."""
    from archive.errors import UsageError
    from archive.replay.texts import read_paths, read_snapshot, take

    if bool(snapshot) == bool(paths):
        raise UsageError("what is the text?", next_step="give a SNAPSHOT or --text PATH, not both")
    if paths:
        if cut:
            raise UsageError(
                "a cut is of a snapshot, not of files", next_step="leave --cut or --text away"
            )
        return take(read_paths(paths)), ", ".join(path.name for path in paths)
    from archive.snapshot import open as open_snapshot

    opened = open_snapshot(str(snapshot), store)
    origin = f"{opened.reference}, content root {opened.content_root}"
    return take(read_snapshot(opened, cut)), f"{origin}, cut {cut}" if cut else origin


def _print_policies(results: dict[str, Any]) -> None:
    rows = []
    for name, verdict in results["verdicts"].items():
        judged = results["endpoints"][name]
        loss, curve = judged["endpoints"]["loss"], judged["curve"]
        bounds = "" if loss["low"] is None else f"{loss['low']:+.3f} .. {loss['high']:+.3f}"
        final = f"{curve['start']:.3f} -> {curve['final']:.3f}"
        rows.append([name, final, f"{loss['mean']:+.3f}", bounds, verdict, judged["reason"]])
    print_table(["policy", "loss", "above control", "interval", "verdict", "why"], rows)


def _answer(results: dict[str, Any]) -> tuple[int, str]:
    """The exit code and the verdict in a sentence."""
    from archive.replay.mixes import ALL_HUMAN, REPLACE
    from archive.replay.verdict import COLLAPSES, NOT_SENSITIVE, RESISTS

    span = f"over {results['generations']} generations and {results['seeds']} seeds"
    tested = {n: v for n, v in results["verdicts"].items() if n not in (ALL_HUMAN, REPLACE)}
    if len(tested) == 1:
        ((name, verdict),) = tested.items()
        code = {RESISTS: 0, COLLAPSES: CHECK_FAILED}.get(verdict, INCONCLUSIVE_EXIT)
        return code, f"{name} {verdict} {span}: {results['endpoints'][name]['reason']}"
    by_verdict: dict[str, list[str]] = {}
    for name, verdict in (tested or results["verdicts"]).items():
        by_verdict.setdefault(verdict, []).append(name)
    said = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items())
    return INCONCLUSIVE_EXIT if NOT_SENSITIVE in by_verdict else 0, f"{span}, {said}"


def _sweep(results: dict[str, Any]) -> str:
    found = results["sweep"]
    if found["judged"] is None:
        return "smallest share that resists: none of those tried"
    low, high = ("beyond" if v is None else f"{v:.2f}" for v in found["interval"])
    return (
        f"smallest share that resists: {found['judged']:g}; the loss meets its margin between"
        f" {low} and {high} (this text, budget, archive and number of generations)"
    )
