"""`python -m training`: the stages as commands."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from agent_assist.errors import AgentAssistError, BadInput
from training.config import read_config
from training.stage import Plan, Run, Stage, run_stage

STAGES = {
    "prepare": "training.prepare.stage:Prepare",
    "sft": "training.sft:Sft",
    "preference": "training.preference:Preference",
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
            "Install what training needs: `pip install 'agent-assist[training]'`.",
        ) from None
    return made


@click.group(help=__doc__)
def cli() -> None:
    pass


def _command(name: str) -> click.Command:
    @click.command(
        name, help=(f"Run the stage “{name}” of CONFIG." if name != "run" else "Run all stages in order.")
    )
    @click.argument("config", type=click.Path(path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Say what would be done, with three rendered examples.")
    @click.option("--resume", is_flag=True, help="Go on from what an interrupted run left.")
    def command(config: Path, dry_run: bool, resume: bool) -> None:
        names = list(STAGES) if name == "run" else [name]
        try:
            run = Run(read_config(config), say=_say, resume=resume)
            for one in names:
                if dry_run:
                    _show(one, stage(one).plan(run))
                else:
                    run_stage(stage(one), run)
        except AgentAssistError as error:
            click.echo(str(error), err=True)
            sys.exit(error.exit_code)

    return command


for _name in (*STAGES, "run"):
    cli.add_command(_command(_name))


def _say(text: str) -> None:
    click.echo(text, err=True)


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
    cli.main(args, prog_name="python -m training", **kwargs)
