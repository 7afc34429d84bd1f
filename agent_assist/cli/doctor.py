"""`agent-assist doctor`: what works on this machine, why, and what to fix."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from agent_assist import __version__
from agent_assist.cli.context import Context, json_option, pass_context
from agent_assist.cli.run import has_display
from agent_assist.domain.model import EngineFacts, ModelStatus
from agent_assist.errors import AgentAssistError
from agent_assist.services.desk import Desk

_PARTS: Final = ("llama-cpp-python", "sentence-transformers", "faiss-cpu", "PySide6-Essentials", "sqlcipher3")
_LEAST_DISK: Final = 500_000_000
_LITTLE_DISK: Final = 3_000_000_000
_LITTLE_MEMORY: Final = 1_000_000_000

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_ENDINGS: Final = {
    OK: "Everything works.",
    WARNING: "Drafting works.",
    PROBLEM: "Drafting does not work yet.",
}
_SECURITY_ENDINGS: Final = {
    OK: "Customer data is safe as far as this machine can tell.",
    WARNING: "Customer data is protected; look at what is marked.",
    PROBLEM: "Customer data is not safe here until what is marked is settled.",
}


@dataclass
class Check:
    """One line of the report."""

    name: str
    state: str
    sentence: str
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@click.command()
@click.option("--security", is_flag=True, help="Look at what keeps customer data safe, and at nothing else.")
@click.option("--quick", is_flag=True, help="Do not load the models, only look at what is there.")
@json_option
@pass_context
def doctor(ctx: Context, security: bool, quick: bool, as_json: bool) -> int:
    """Say what works on this machine, what it runs on and why, and what to fix.

    \b
    Example:
      agent-assist doctor
      agent-assist doctor --json
      agent-assist doctor --security
    """
    if security:
        return _report(ctx, _security(ctx), as_json, _SECURITY_ENDINGS)
    checks = [_versions()]
    try:
        desk = ctx.desk
    except AgentAssistError as error:
        checks.append(_failed("workspace", error))
    else:
        checks += _desk_checks(desk, quick)
    checks += [_display()]
    return _report(ctx, checks, as_json, _ENDINGS)


def _report(ctx: Context, checks: list[Check], as_json: bool, endings: dict[str, str]) -> int:
    state = max((c.state for c in checks), key=(OK, WARNING, PROBLEM).index)
    data = {
        "state": state,
        "version": __version__,
        **{c.name: {"state": c.state, "sentence": c.sentence, "remedy": c.remedy, **c.facts} for c in checks},
        "fix": [c.remedy for c in checks if c.state == PROBLEM and c.remedy],
    }
    ctx.emit(as_json, data, lambda: _lines(checks, endings[state]))
    return 3 if state == PROBLEM else 0


def _security(ctx: Context) -> list[Check]:
    try:
        desk = ctx.desk
    except AgentAssistError as error:
        return [_failed("workspace", error)]
    found = desk.security.checks() if desk.security is not None else []
    return [Check(c.name, c.state.value, c.sentence, c.remedy, dict(c.facts)) for c in found]


def _desk_checks(desk: Desk, quick: bool) -> list[Check]:
    return [
        Check("workspace", OK, f"{desk.folder} opens.", facts={"folder": str(desk.folder)}),
        _key(desk),
        _guarded("helpdesks", lambda: _helpdesks(desk)),
        _disk(desk.folder),
        _guarded("memory", lambda: _memory(desk.models.probe())),
        _guarded("backend", lambda: _backend(desk, quick)),
        _guarded("model", lambda: _model(desk)),
        _guarded("index", lambda: _index(desk, quick)),
        *([_guarded("workers", lambda: _workers(desk))] if desk.security is not None else []),
    ]


def _versions() -> Check:
    found = {"python": platform.python_version(), "system": platform.platform()}
    missing = []
    for part in _PARTS:
        try:
            found[part] = importlib.metadata.version(part)
        except importlib.metadata.PackageNotFoundError:
            missing.append(part)
    if missing:
        names = ", ".join(missing)
        return Check("versions", PROBLEM, f"Missing: {names}.", "Install Agent Assist again.", found)
    parts = ", ".join(f"{name} {found[name]}" for name in _PARTS[:3])
    return Check(
        "versions", OK, f"Agent Assist {__version__}, Python {found['python']}, {parts}.", facts=found
    )


def _key(desk: Desk) -> Check:
    words = {
        "keyring": "The workspace key is in the system's keyring.",
        "passphrase": "The workspace key is sealed with your passphrase.",
        "memory": "The demo desk's key is in memory only.",
    }
    return Check("key", OK, words.get(desk.key_source, desk.key_source), facts={"source": desk.key_source})


def _helpdesks(desk: Desk) -> Check:
    """Which helpdesks are connected, and where their tokens are; asks none of them."""
    connections = desk.connections
    found = connections.all() if connections is not None else []
    place = connections.secrets_in if connections is not None else "database"
    kept = {
        "keyring": "tokens and passwords are in the system's keyring",
        "database": "tokens and passwords are sealed in the encrypted database, for there is no keyring",
    }[place]
    facts = {
        "connections": [{"id": c.id, "kind": c.kind, "enabled": c.enabled} for c in found],
        "secrets_in": place,
    }
    names = ", ".join(f"{c.title}{'' if c.enabled else ' (off)'}" for c in found)
    return Check("helpdesks", OK, f"{names or 'No helpdesk is connected'}; {kept}.", facts=facts)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    facts = {"free_bytes": free}
    if free < _LEAST_DISK:
        remedy = "Free some space, or choose a folder on another disk with --workspace."
        return Check("disk", PROBLEM, f"Only {free / 1e6:.0f} MB are free.", remedy, facts)
    if free < _LITTLE_DISK:
        remedy = "Free some space before you pull a larger model."
        return Check("disk", WARNING, f"{free / 1e9:.1f} GB are free.", remedy, facts)
    return Check("disk", OK, f"{free / 1e9:.0f} GB are free.", facts=facts)


def _memory(facts: EngineFacts) -> Check:
    free = facts.free_memory_bytes
    data = {
        "free_bytes": free,
        "threads": facts.threads,
        "graphics": [
            {
                "name": c.name,
                "backend": c.backend.value,
                "free_bytes": c.free_bytes,
                "total_bytes": c.total_bytes,
            }
            for c in facts.cards
        ],
    }
    if free < _LITTLE_MEMORY:
        remedy = "Close other programs, or use a smaller model."
        return Check("memory", WARNING, f"Only {free / 1e9:.1f} GB are free.", remedy, data)
    cards = "".join(f"; {c.name} with {c.free_bytes / 1e9:.1f} GB free" for c in facts.cards)
    return Check(
        "memory", OK, f"{free / 1e9:.1f} GB are free{cards}; {facts.threads} processor cores.", facts=data
    )


def _backend(desk: Desk, quick: bool) -> Check:
    engine = desk.models.probe()
    status: ModelStatus = desk.models.status if quick else desk.models.start()
    facts = {
        "backend": status.backend.value,
        "gpu_layers": status.gpu_layers,
        "total_layers": status.total_layers,
        "engine": f"llama-cpp-python {engine.version}",
        "graphics_build": engine.offload,
    }
    if quick:
        can = "can" if engine.offload else "cannot"
        return Check("backend", OK, f"The model engine {can} use a graphics card.", facts=facts)
    return Check("backend", OK, status.reason or f"Runs on {status.backend.value}.", facts=facts)


def _model(desk: Desk) -> Check:
    desk.models.records()
    record = desk.models.active()
    if record is None:
        return Check(
            "model", PROBLEM, "There is no model.", "Pull one: `agent-assist model list` shows which fit."
        )
    facts = {"name": record.name, "path": record.path, "sha256": record.sha256, "licence": record.licence}
    _, error = desk.models.verify(record.name)[0]
    if error is not None:
        return Check("model", PROBLEM, error.sentence, error.remedy, facts)
    languages = " ".join(record.languages) or "unknown languages"
    return Check(
        "model", OK, f"{record.name} is whole (sha256 {record.sha256[:12]}…; {languages}).", facts=facts
    )


def _index(desk: Desk, quick: bool) -> Check:
    if not quick:
        desk.knowledge.warm_up()
    stats = desk.knowledge.stats()
    facts = {
        "articles": stats.articles,
        "passages": stats.passages,
        "encoded": stats.encoded,
        "encoder": stats.encoder,
    }
    if not stats.articles:
        remedy = "Import your articles: `agent-assist kb add FOLDER`."
        return Check("index", WARNING, "The knowledge base is empty.", remedy, facts)
    if stats.encoded < stats.passages:
        sentence = f"{stats.passages - stats.encoded} of {stats.passages} passages are not encoded yet."
        return Check("index", WARNING, sentence, "Run `agent-assist kb rebuild`.", facts)
    sentence = f"{stats.articles} articles in {stats.passages} passages ({stats.encoder})."
    return Check("index", OK, sentence, facts=facts)


def _workers(desk: Desk) -> Check:
    if desk.security is None:
        raise AgentAssistError("This desk cannot say.")
    found = desk.security.workers()
    return Check("workers", found.state.value, found.sentence, found.remedy, dict(found.facts))


def _display() -> Check:
    if has_display():
        return Check("display", OK, "A window can be shown.", facts={"available": True})
    sentence = "There is no display: `agent-assist run` works in the terminal."
    return Check(
        "display", WARNING, sentence, "Set DISPLAY, or start from a desktop session.", {"available": False}
    )


def _guarded(name: str, work: Callable[[], Check]) -> Check:
    try:
        return work()
    except AgentAssistError as error:
        return _failed(name, error)


def _failed(name: str, error: AgentAssistError) -> Check:
    return Check(name, PROBLEM, error.sentence, error.remedy, {"code": error.code})


def _lines(checks: list[Check], ending: str) -> list[str]:
    marks = {OK: "ok", WARNING: "look", PROBLEM: "FIX"}
    lines = []
    for check in checks:
        lines.append(f"{marks[check.state]:>5}  {check.name:10} {check.sentence}")
        if check.remedy and check.state != OK:
            lines.append(f"{'':18} {check.remedy}")
    return [*lines, "", ending]
