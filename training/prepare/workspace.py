"""A workspace as a source: its feedback and articles, by the product's own commands, redacted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agent_assist.adapters.training_files import register
from agent_assist.domain.knowledge import FROM_REPLIES
from training.base import is_small
from training.config import PrepareOptions
from training.product import run_in
from training.stage import Run, read_rows, write_rows

_FORMATS = ("sft", "preference", "unpaired")


def folder_of(run: Run) -> Path:
    """Where the exports lie; beside the stages, so that an unchanged workspace changes no stage."""
    return run.folder / "workspace"


def take(run: Run) -> None:
    """Export what the workspace of the configuration holds now; does nothing where there is none.

    The role is enforced and the exports are written down in the audit log by the product.  The passphrase
    comes from AGENT_ASSIST_PASSPHRASE or the keyring.  Raises BadInput with the command's own words.
    """
    workspace = run.config.prepare.workspace
    if workspace is None:
        return
    run.say(f"prepare: exporting the feedback of {workspace}")
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    if workspace.is_dir():
        register(workspace, run.folder)  # so that an erasure finds it
    os.chmod(folder, 0o700)  # noqa: PTH101 -- replies to customers, though redacted
    for wanted in _FORMATS:
        target = folder / f"{wanted}.jsonl"
        run_in(workspace, ["feedback", "export", "--format", wanted, "--output", str(target)])
    if run.config.prepare.knowledge is None:
        articles = folder / "articles.jsonl"
        run_in(workspace, ["kb", "export", "--output", str(articles)])
        write_rows(articles, without_replies(read_rows(articles)))


def without_replies(articles: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without what was made of replies: remembered edits and solved tickets answer the very tickets that are
    held out, and a model that copies them would be measured as one that knows."""
    return [row for row in articles if row.get("collection") not in FROM_REPLIES]


def resolved(run: Run) -> PrepareOptions:
    """The options with what they leave open: whether prompts show excerpts, and the workspace's exports among
    the files; takes those where they are not there."""
    options = run.config.prepare
    if options.excerpts is None:
        options = options.model_copy(update={"excerpts": is_small(run)})
    if options.workspace is None:
        return options
    folder = folder_of(run)
    if not (folder / f"{_FORMATS[-1]}.jsonl").exists():
        take(run)
    files = tuple(folder / f"{wanted}.jsonl" for wanted in _FORMATS)
    articles = folder / "articles.jsonl"
    known = options.knowledge or (articles if articles.exists() and articles.stat().st_size else None)
    return options.model_copy(update={"feedback": (*options.feedback, *files), "knowledge": known})
