"""`agent-assist kb held` and `approve`: sentences of articles that are kept out of drafts."""

from __future__ import annotations

from collections.abc import Sequence

import click

from agent_assist.cli.context import Context, json_option, pass_context


@click.command()
@json_option
@pass_context
def held(ctx: Context, as_json: bool) -> None:
    """List sentences of articles that are held back.

    A sentence is held back where it tells the assistant what to write, overrules its article, asks for a
    secret or for money in an unusual way. Drafts do not see it until a lead approves it.

    \b
    Example:
      agent-assist kb held
      agent-assist kb approve 3fa91c0b2d44
    """
    found = ctx.desk.knowledge.held()
    ctx.emit(
        as_json,
        [{"id": s.id, "article_id": s.article_id, "text": s.text, "reason": s.reason} for s in found],
        lambda: (
            [line for s in found for line in (f"{s.id}  {s.article_id}", f"  {s.text}", f"  {s.reason}")]
            or ["No sentence is held back."]
        ),
    )


@click.command()
@click.argument("ids", nargs=-1, metavar="ID…")
@click.option("--all", "everything", is_flag=True, help="All that are held back now.")
@click.option("--undo", is_flag=True, help="Hold them back again.")
@json_option
@pass_context
def approve(ctx: Context, ids: Sequence[str], everything: bool, undo: bool, as_json: bool) -> None:
    """Let held-back sentences count, by the ids that `kb held` shows. It takes a lead and stands in the log.

    \b
    Example:
      agent-assist kb approve 3fa91c0b2d44
      agent-assist kb approve 3fa91c0b2d44 --undo
    """
    if bool(ids) == everything or (everything and undo):
        raise click.UsageError("Name the sentences, or take --all of those that are held back.")
    knowledge = ctx.desk.knowledge
    wanted = list(ids) or [s.id for s in knowledge.held()]
    changed = knowledge.approve(wanted, back=undo)
    done = "held back again" if undo else "approved"
    ctx.emit(as_json, {"sentences": len(wanted), "articles": changed}, [f"{len(wanted)} {done}."])
