"""`python -m training`: the stages as commands."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from agent_assist.errors import AgentAssistError, BadInput
from training.config import read_config
from training.loop import run_all, since_of
from training.stage import Plan, Run, Stage

STAGES = {
    "prepare": "training.prepare.stage:Prepare",
    "encoder": "training.encoder.stage:EncoderStage",
    "sft": "training.sft:Sft",
    "preference": "training.preference:Preference",
    "probe": "training.probe:Probe",
    "export": "training.export:Export",
    "evaluate": "training.evaluation.stage:Evaluate",
    "promote": "training.promotion:Promote",
}
"""In the order in which `run` goes through them; loaded when wanted, since torch takes seconds."""


def stage(name: str) -> Stage:
    """Raises BadInput where what a stage needs is not installed."""
    module, _, kind = STAGES[name].partition(":")
    try:
        made: Stage = getattr(import_module(module), kind)()
    except ImportError as error:
        raise BadInput(
            f"The stage “{name}” cannot start: {error.name or error} is missing.",
            "Install what training needs, in the folder of Agent Assist: "
            "`.venv/bin/pip install -c constraints.txt -e '.[training]'`.",
        ) from None
    return made


@click.group(help=__doc__)
def cli() -> None:
    """The group; each stage adds its command below."""


def _command(name: str) -> click.Command:
    @click.command(
        name, help=(f"Run the stage “{name}” of CONFIG." if name != "run" else "Run all stages in order.")
    )
    @click.argument("config", type=click.Path(path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Say what would be done, with three rendered examples.")
    @click.option("--resume", is_flag=True, help="Go on from what an interrupted run left.")
    @click.option(
        "--since",
        default="",
        metavar="last|DATE",
        help="What is older was learnt before: only a share of it is learnt again.",
    )
    @click.option(
        "--canary",
        type=click.FloatRange(0, 99),
        help="Per cent of the tickets that a promoted model writes at first.",
    )
    def command(config: Path, dry_run: bool, resume: bool, since: str, canary: float | None) -> None:
        try:
            wanted = read_config(config)
            if canary is not None:
                share = {"canary": canary / 100}
                wanted = wanted.model_copy(update={"promote": wanted.promote | share})
            run = Run(wanted, say=_say, resume=resume)
            names = [s for s in STAGES if _wanted(s, run)] if name == "run" else [name]
            if dry_run:
                run = replace(run, since=since_of(run, since))
                for place, one in enumerate(names):
                    if not _planned(one, run, first=place == 0):
                        break
            else:
                run_all(run, names, stage, since)
        except AgentAssistError as error:
            click.echo(str(error), err=True)
            sys.exit(error.exit_code)

    return command


def _wanted(name: str, run: Run) -> bool:
    """Whether `run` goes through a stage: some only where the configuration has their part."""
    return name not in ("encoder", "probe") or getattr(run.config, name) is not None


for _name in (*STAGES, "run"):
    cli.add_command(_command(_name))


@cli.command()
@click.option("--cases", required=True, type=click.Path(path_type=Path), help="Tickets with replies.")
@click.option("--before", required=True, type=click.Path(path_type=Path), help="Workspace as it is.")
@click.option("--after", required=True, type=click.Path(path_type=Path), help="Workspace as it would be.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for the report.")
@click.option("--most", default=200, show_default=True, help="Cases, spread evenly over the file.")
def backtest(cases: Path, before: Path, after: Path, output: Path, most: int) -> None:
    """Replay solved tickets in two workspaces; show wins and losses side by side."""

    def work() -> None:
        from training.backtest import backtest as replay

        found = replay(cases, before, after, output, most)
        click.echo(
            f"{found['wins']} better, {found['losses']} worse of {found['cases']}: {output / 'report.html'}"
        )

    _guarded(work)


@cli.command()
@click.argument("sheets", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seed", default=7, show_default=True, help="The configuration's seed, which hid the sides.")
def sheet(sheets: tuple[Path, ...], seed: int) -> None:
    """Read the sheets that people filled in: gains, preference, agreement."""

    def work() -> None:
        from training.evaluation.sheet import read_sheets

        click.echo(json.dumps(read_sheets(sheets, seed), indent=1))

    _guarded(work)


@cli.command()
@click.option("--source", type=click.Path(path_type=Path), help="A source package downloaded elsewhere.")
def converter(source: Path | None) -> None:
    """Fetch llama.cpp's converter of exactly the version that serves, for `export`."""

    def work() -> None:
        from training.converter import fetch

        click.echo(str(fetch(source)))

    _guarded(work)


@cli.command()
@click.option("--model", type=click.Path(path_type=Path), help="A GGUF; without it the packaged model.")
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter on it.")
@click.option("--json", "as_json", is_flag=True, help="Print the failures as JSON.")
def golden(model: Path | None, adapter: Path | None, as_json: bool) -> None:
    """Run the frozen golden set through the installed product: after an upgrade, before a promotion.

    Ends with 1 where a case fails.
    """

    def work() -> None:
        from training.evaluation.golden import run_golden

        failures, cases = run_golden(model, adapter)
        if as_json:
            click.echo(json.dumps({"cases": cases, "failures": failures}, ensure_ascii=False, indent=1))
        else:
            for failure in failures:
                click.echo(f"{failure['id']}: {failure['why']}\n  {failure['text']}")
            click.echo(f"{cases - len(failures)} of {cases} golden cases pass.")
        if failures:
            sys.exit(1)

    _guarded(work)


@cli.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["cron", "systemd", "windows"]), default="cron", show_default=True)
@click.option("--weekday", default="sunday", show_default=True)
@click.option("--hour", default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path(), help="Folder for the files.")
def schedule(config: Path, kind: str, weekday: str, hour: int, output: Path) -> None:
    """Write the files with which a scheduler runs CONFIG every week."""

    def work() -> None:
        from training.schedule import schedule_text

        read_config(config)
        output.mkdir(parents=True, exist_ok=True)
        for name, text in schedule_text(kind, config, weekday, hour).items():
            (output / name).write_text(text, encoding="utf-8")
            click.echo(str(output / name))

    _guarded(work)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except AgentAssistError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _planned(name: str, run: Run, *, first: bool) -> bool:
    """Show what a stage would do; False where it is not known before the stages before it have run."""
    try:
        _show(name, stage(name).plan(run))
    except BadInput as error:
        if first:
            raise
        click.echo(f"{name}\n  can be told after the stages before it: {error.sentence}")
        return False
    return True


def _show(name: str, plan: Plan) -> None:
    click.echo(f"{name}")
    for what, count in plan.counts.items():
        click.echo(f"  {count:>10}  {what}" if not isinstance(count, float) else f"  {count:>10.1f}  {what}")
    if plan.seconds is not None:
        click.echo(
            f"  about {plan.seconds / 60:.0f} min" if plan.seconds > 90 else f"  about {plan.seconds:.0f} s"
        )
    for number, text in enumerate(plan.examples[:3], 1):
        click.echo(f"  --- example {number}\n{text}")


def main(args: list[str] | None = None, **kwargs: Any) -> None:
    """The command line of a person; warnings of the libraries about their own future are left out."""
    # What the libraries will rename is nothing to whoever runs this.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\b")
    warnings.filterwarnings("ignore", message="Could not find a config file in", module=r"peft\b")
    cli.main(args, prog_name="python -m training", **kwargs)
