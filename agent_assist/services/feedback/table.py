"""All feedback records as a table: one flat row a suggestion, as CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from agent_assist.domain.feedback import Outcome
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.ticket import format_time

Row = dict[str, Any]

_BATCH = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

TEXT, TEXTS, NUMBER, NUMBERS, INTEGER, FLAG = "text", "texts", "number", "numbers", "integer", "flag"

COLUMNS: Mapping[str, tuple[str, str]] = {
    "suggestion_id": (TEXT, "The suggestion"),
    "ticket_id": (TEXT, "The ticket it was made for"),
    "message_ids": (TEXTS, "The messages it had read"),
    "thread_hash": (TEXT, "The state of the conversation it answers"),
    "created_at": (TEXT, "When it was made, UTC"),
    "channel": (TEXT, "chat, email, social, messaging, phone or web"),
    "language": (TEXT, "Its language, ISO 639-1"),
    "intent": (TEXT, "What the customer wanted, where known"),
    "decision": (TEXT, "draft, clarify or escalate"),
    "origin": (TEXT, "Who worded it: model, macro, passages or template"),
    "confidence": (NUMBER, "0 to 1"),
    "reasons": (TEXTS, "Why this decision"),
    "steer": (TEXT, "What the agent asked for"),
    "alternative_of": (TEXT, "The suggestion it stood beside"),
    "draft": (TEXT, "The draft"),
    "citations": (TEXTS, "Articles that its sentences cite"),
    "article_ids": (TEXTS, "Articles that were found, best first"),
    "article_scores": (NUMBERS, "Their scores, 0 to 1"),
    "model_name": (TEXT, "The model"),
    "model_sha256": (TEXT, "Its file's hash"),
    "adapter_sha256": (TEXT, "The adapter's hash, where there was one"),
    "prompt_version": (TEXT, "The version of the prompt builder"),
    "retrieve_ms": (NUMBER, "Time to the passages"),
    "first_token_ms": (NUMBER, "Time to the first word"),
    "total_ms": (NUMBER, "Time to the finished draft"),
    "prompt_tokens": (INTEGER, "Tokens read"),
    "cached_tokens": (INTEGER, "Of these, taken from the cache"),
    "completion_tokens": (INTEGER, "Tokens written"),
    "outcome": (TEXT, "accepted, edited, rewritten, rejected, ignored, expired; empty while open"),
    "action": (TEXT, "sent, inserted, copied or none"),
    "final_text": (TEXT, "What left the editor"),
    "edit_distance": (NUMBER, "Share of characters changed, 0 to 1"),
    "decision_ms": (NUMBER, "From the draft on the screen to the decision"),
    "reason_codes": (TEXTS, "The reason chips"),
    "reason_text": (TEXT, "The reason in words"),
    "relevant_articles": (TEXTS, "Articles marked as helpful"),
    "irrelevant_articles": (TEXTS, "Articles marked as not helpful"),
    "missing_knowledge": (FLAG, "No article answers the question"),
    "missing_note": (TEXT, "What one should say"),
    "preferred_over": (TEXT, "The suggestion that lost the comparison"),
    "preference_strength": (TEXT, "slightly, better or much"),
    "agent_id": (TEXT, "The agent's pseudonym"),
    "team": (TEXT, "The agent's team"),
    "decided_at": (TEXT, "When it was decided, UTC"),
}
"""Name to kind and meaning, in the order of the file."""


def record(suggestion: Suggestion, outcome: Outcome | None) -> Row:
    """One flat row with every field of the record."""
    s = suggestion
    row: Row = {
        "suggestion_id": s.id,
        "created_at": format_time(s.created_at) or "",
        "decision": s.decision.value,
        "origin": s.origin.value,
        "draft": s.text,
        "citations": list(s.citations),
        "article_ids": [hit.passage.article_id for hit in s.hits],
        "article_scores": [hit.score for hit in s.hits],
        "retrieve_ms": s.timings.retrieve,
        "first_token_ms": s.timings.first_token,
        "total_ms": s.timings.total,
        "prompt_tokens": s.usage.prompt_tokens,
        "cached_tokens": s.usage.cached_tokens,
        "completion_tokens": s.usage.completion_tokens,
        "message_ids": list(s.message_ids),
        "reasons": list(s.reasons),
    }
    for name in ("ticket_id", "thread_hash", "channel", "language", "confidence", "steer", "alternative_of"):
        row[name] = getattr(s, name)
    for name in ("model_name", "model_sha256", "adapter_sha256", "prompt_version"):
        row[name] = getattr(s, name)
    if outcome is not None:
        row |= _decided(outcome)
    return {name: row.get(name, _EMPTY[kind]) for name, (kind, _) in COLUMNS.items()}


_EMPTY: Mapping[str, Any] = {TEXT: "", TEXTS: [], NUMBER: None, NUMBERS: [], INTEGER: None, FLAG: False}


def _decided(outcome: Outcome) -> Row:
    preference = outcome.preference
    row: Row = {
        "outcome": outcome.kind.value,
        "action": outcome.action.value,
        "reason_codes": [reason.value for reason in outcome.reasons],
        "relevant_articles": [article for article, mark in outcome.relevance.items() if mark],
        "irrelevant_articles": [article for article, mark in outcome.relevance.items() if not mark],
        "preferred_over": preference.rejected if preference else "",
        "preference_strength": preference.strength.value if preference else "",
        "decided_at": format_time(outcome.created_at) or "",
    }
    for name in ("intent", "final_text", "edit_distance", "decision_ms", "reason_text"):
        row[name] = getattr(outcome, name)
    for name in ("missing_knowledge", "missing_note", "agent_id", "team"):
        row[name] = getattr(outcome, name)
    return row


def write_csv(path: Path, rows: Iterator[Row]) -> int:
    """Lists become JSON texts.  Returns the number of rows.

    A text that a spreadsheet would run as a formula gets an apostrophe in front: customers write
    these texts, and the file will be opened in one.
    """
    count = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for count, row in enumerate(rows, 1):  # noqa: B007 -- the last count is the result
            writer.writerow([_cell(row[name]) for name in COLUMNS])
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def write_parquet(path: Path, rows: Iterator[Row]) -> int:
    """Returns the number of rows."""
    # Loaded here: pyarrow takes a third of a second, and only this export needs it.
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    kinds = {
        TEXT: arrow.string(),
        TEXTS: arrow.list_(arrow.string()),
        NUMBER: arrow.float64(),
        NUMBERS: arrow.list_(arrow.float64()),
        INTEGER: arrow.int64(),
        FLAG: arrow.bool_(),
    }
    schema = arrow.schema([(name, kinds[kind]) for name, (kind, _) in COLUMNS.items()])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _BATCH)):
            writer.write_table(arrow.Table.from_pylist(batch, schema))
            count += len(batch)
    return count
