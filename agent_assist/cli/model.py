"""`agent-assist model`: the local model registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agent_assist.cli.context import Context, json_option, pass_context, progress_line
from agent_assist.cli.stopping import stoppable
from agent_assist.domain.canary import CanaryReport
from agent_assist.domain.model import CatalogueEntry, ModelRecord, ModelStatus


@click.group()
def model() -> None:
    """Choose, download and check language models.

    \b
    Example:
      agent-assist model list
      agent-assist model pull Qwen3-4B-Instruct-2507
      agent-assist model use Qwen3-4B-Instruct-2507
    """


@model.command("list")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the models on this machine, and those that can be pulled.

    \b
    Example:
      agent-assist model list --json
    """
    models = ctx.desk.models
    records = models.records()
    names = {record.name for record in records}
    entries = [entry for entry in models.catalogue() if entry.name not in names]
    data = {
        "models": [record_to_json(r) for r in records],
        "catalogue": [entry_to_json(e) for e in entries],
    }
    ctx.emit(as_json, data, lambda: _list_lines(records, entries))


@model.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", default="", help="What to call it; the file's name otherwise.")
@click.option("--licence", default="", help="Its licence, where the file does not say.")
@click.option("--language", "languages", multiple=True, metavar="CODE", help="A language it writes; repeat.")
@click.option(
    "--adapter", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A LoRA adapter for it."
)
@json_option
@pass_context
def add(
    ctx: Context,
    file: Path,
    name: str,
    licence: str,
    languages: tuple[str, ...],
    adapter: Path | None,
    as_json: bool,
) -> None:
    """Register a GGUF file that is already on this machine; it stays where it is.

    \b
    Example:
      agent-assist model add ./granite.gguf --language en --language de
    """
    record = stoppable(
        lambda _: ctx.desk.models.add(file, name, licence, [c.lower() for c in languages], adapter)
    )
    ctx.emit(as_json, record_to_json(record), [f"Added {record.name} ({_size(record.size_bytes)})."])


@model.command()
@click.argument("name")
@click.option("--use", "then_use", is_flag=True, help="Use it as soon as it is here.")
@json_option
@pass_context
def pull(ctx: Context, name: str, then_use: bool, as_json: bool) -> None:
    """Download a model of the catalogue, or any GGUF of the hub as owner/repo/file.gguf.

    An interrupted download is resumed.  HF_ENDPOINT names another hub, HF_TOKEN your access.

    \b
    Example:
      agent-assist model pull Qwen3-4B-Instruct-2507 --use
    """
    record = stoppable(lambda cancel: ctx.desk.models.pull(name, progress_line, cancel))
    lines = [f"{record.name} is here ({_size(record.size_bytes)}, sha256 {record.sha256[:12]}…)."]
    if then_use:
        lines.append(_use_line(stoppable(lambda _: ctx.desk.models.use(record.name))))
    else:
        lines.append(f"Use it: agent-assist model use {record.name}")
    ctx.emit(as_json, record_to_json(record), lines)


@model.command()
@click.argument("name")
@json_option
@pass_context
def use(ctx: Context, name: str, as_json: bool) -> None:
    """Make a model the one that writes, after loading it once.

    \b
    Example:
      agent-assist model use SmolLM2-135M-Instruct
    """
    status = stoppable(lambda _: ctx.desk.models.use(name))
    ctx.emit(as_json, status_to_json(status), [_use_line(status)])


@model.command()
@click.argument("name", required=False)
@json_option
@pass_context
def verify(ctx: Context, name: str | None, as_json: bool) -> int:
    """Check that model files are whole and unchanged; all of them where no name is given.

    \b
    Example:
      agent-assist model verify
    """
    results = stoppable(lambda _: ctx.desk.models.verify(name))
    data = [
        {
            "name": record.name,
            "ok": error is None,
            "sha256": record.sha256,
            "error": None if error is None else {"code": error.code, "message": str(error)},
        }
        for record, error in results
    ]
    lines = [f"{record.name}: {'whole' if error is None else error}" for record, error in results]
    ctx.emit(as_json, data, lines)
    return 3 if any(error is not None for _, error in results) else 0


@model.command()
@click.argument("name")
@json_option
@pass_context
def remove(ctx: Context, name: str, as_json: bool) -> None:
    """Forget a model; a file that was pulled is deleted, one that was added stays.

    \b
    Example:
      agent-assist model remove Qwen3-8B
    """
    ctx.desk.models.remove(name)
    ctx.emit(as_json, {"removed": name}, [f"Removed {name}."])


@model.command()
@json_option
@pass_context
def rollback(ctx: Context, as_json: bool) -> None:
    """Go back to the model that was in use before.

    \b
    Example:
      agent-assist model rollback
    """
    record = stoppable(lambda _: ctx.desk.models.rollback())
    ctx.emit(as_json, record_to_json(record), [f"{record.name} writes again."])


@model.command()
@click.argument("name", required=False)
@click.option(
    "--share",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    default=10.0,
    show_default=True,
    help="Per cent of the tickets.",
)
@click.option("--stop", is_flag=True, help="The model in use writes for all tickets again.")
@click.option("--promote", is_flag=True, help="The challenger writes for all tickets.")
@json_option
@pass_context
def canary(ctx: Context, name: str | None, share: float, stop: bool, promote: bool, as_json: bool) -> None:
    """Let a challenger write for a share of the tickets first; without NAME, say how it does.

    A ticket keeps its model.  It must be another adapter on the base in use.

    \b
    Example:
      agent-assist model canary weekly-3f09ab12 --share 10
      agent-assist model canary
      agent-assist model canary --promote
    """
    service = ctx.desk.canary
    if service is None or (bool(name) + stop + promote) > 1:
        raise click.UsageError("Give either a NAME, --stop or --promote.")
    if name:
        made = service.start(name, share / 100)
        ctx.emit(
            as_json,
            {"name": made.name, "share": made.share},
            [f"{made.name} writes for {made.share:.0%} of the tickets."],
        )
    elif stop:
        ended = service.stop()
        ctx.emit(as_json, {"stopped": ended}, [f"{ended} writes no more."])
    elif promote:
        status = stoppable(lambda _: service.promote())
        ctx.emit(as_json, status_to_json(status), [_use_line(status)])
    else:
        found = service.report()
        ctx.emit(as_json, canary_to_json(found), lambda: canary_lines(found))


def canary_to_json(found: CanaryReport | None) -> dict[str, Any]:
    """Both sides of a canary; {"name": null} where none runs."""
    if found is None:
        return {"name": None}
    sides = {
        side: {
            "name": arm.name,
            "drafts": arm.drafts,
            "decided": arm.decided,
            "acceptance": arm.acceptance,
            "edit_cost": arm.edit_cost,
            "median_ms": arm.median_ms,
        }
        for side, arm in (("champion", found.champion), ("challenger", found.challenger))
    }
    return {
        "name": found.canary.name,
        "share": found.canary.share,
        "started_at": found.canary.started_at.isoformat(),
        "failures": found.canary.failures,
        **sides,
        "acceptance_gain": found.acceptance_gain,
        "problems": list(found.problems),
    }


def canary_lines(found: CanaryReport | None) -> list[str]:
    """The same for a person, one line each."""
    if found is None:
        return ["No challenger is being tried."]
    lines = [f"{found.canary.name} writes for {found.canary.share:.0%} of the tickets."]
    for arm in (found.champion, found.challenger):
        accepted = "none decided" if arm.acceptance is None else f"{arm.acceptance:.0%} accepted"
        changed = "" if arm.edit_cost is None else f", {arm.edit_cost:.0%} of the characters changed"
        time = "" if arm.median_ms is None else f", {arm.median_ms / 1000:.1f} s a draft"
        lines.append(f"  {arm.name:32} {arm.drafts} drafts, {arm.decided} decided, {accepted}{changed}{time}")
    if found.acceptance_gain:
        low, high = found.acceptance_gain
        lines.append(f"  change of acceptance {low:+.0%} to {high:+.0%} (95 %)")
    return [*lines, *(f"  {problem}" for problem in found.problems)]


def record_to_json(record: ModelRecord) -> dict[str, Any]:
    """A model of the registry, as `model list --json` prints it."""
    return {
        "name": record.name,
        "active": record.active,
        "path": record.path,
        "sha256": record.sha256,
        "size_bytes": record.size_bytes,
        "licence": record.licence,
        "languages": list(record.languages),
        "source": record.source,
        "adapter": {"path": record.adapter_path, "sha256": record.adapter_sha256}
        if record.adapter_path
        else None,
        "context_tokens": record.context_tokens,
        "scores": dict(record.scores),
        "added_at": record.added_at.isoformat() if record.added_at else None,
    }


def entry_to_json(entry: CatalogueEntry) -> dict[str, Any]:
    """A model that can be downloaded."""
    return {
        "name": entry.name,
        "title": entry.title,
        "repo": entry.repo,
        "file": entry.file,
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "licence": entry.licence,
        "languages": list(entry.languages),
        "memory_gb": entry.memory_gb,
        "context_tokens": entry.context_tokens,
        "note": entry.note,
    }


def status_to_json(status: ModelStatus) -> dict[str, Any]:
    """The running model, as `model use --json` prints it."""
    return {
        "state": status.state.value,
        "name": status.name,
        "backend": status.backend.value,
        "gpu_layers": status.gpu_layers,
        "total_layers": status.total_layers,
        "context_tokens": status.context_tokens,
        "reason": status.reason,
    }


def _list_lines(records: list[ModelRecord], entries: list[CatalogueEntry]) -> list[str]:
    lines = ["On this machine:"]
    for record in records:
        mark = "*" if record.active else " "
        languages = " ".join(record.languages) or "languages unknown"
        licence = record.licence or "licence unknown"
        lines.append(f"{mark} {record.name:32} {_size(record.size_bytes):>8}  {licence}  {languages}")
    if entries:
        lines += ["", "Can be pulled (agent-assist model pull NAME):"]
    for entry in entries:
        languages = " ".join(entry.languages[:6]) + (" …" if len(entry.languages) > 6 else "")
        size = _size(entry.size_bytes)
        lines.append(
            f"  {entry.name:32} {size:>8}  {entry.memory_gb:>2} GB machine  {entry.licence}  {languages}"
        )
    return lines


def _use_line(status: ModelStatus) -> str:
    return f"{status.name} writes now. {status.reason}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
