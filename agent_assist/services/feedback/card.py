"""The dataset card that lies beside every export: what is in the file, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from agent_assist.domain.feedback import TRAINING, ExportFormat, ExportReport
from agent_assist.domain.ticket import format_time
from agent_assist.services.feedback.table import COLUMNS

_TITLES: Mapping[ExportFormat, str] = {
    ExportFormat.SFT: "Replies to learn from (supervised fine-tuning)",
    ExportFormat.PREFERENCE: "Pairs of a better and a worse reply (preference tuning)",
    ExportFormat.UNPAIRED: "Replies with a yes or no (unpaired preference tuning)",
    ExportFormat.RETRIEVAL: "Questions with the articles that answered them (tuning of the search)",
    ExportFormat.CSV: "All feedback records (CSV)",
    ExportFormat.PARQUET: "All feedback records (Parquet)",
}

_TRAINING_COLUMNS: Mapping[ExportFormat, Mapping[str, str]] = {
    ExportFormat.SFT: {
        "prompt": "list of {role, content}: what the model is asked, by the builder that serves",
        "completion": "list with one assistant message: what the agent sent, inserted or copied",
        "ticket": "the conversation as the draft saw it",
    },
    ExportFormat.PREFERENCE: {
        "prompt": "list of {role, content}",
        "chosen": "list with one assistant message: the agent's text, or the draft that won a comparison",
        "rejected": "list with one assistant message: the draft, or the one that lost",
    },
    ExportFormat.UNPAIRED: {
        "prompt": "list of {role, content}",
        "completion": "list with one assistant message",
        "label": "true for an accepted reply, false for a draft that was rejected or rewritten",
    },
    ExportFormat.RETRIEVAL: {
        "question": "what the customer asked",
        "articles": "ids of the articles that an agent marked as relevant, or whose sentences were left in",
        "irrelevant": "ids of those that an agent marked as not helping",
        "group": "a keyed digest of the customer: their questions stay on one side of a split",
        "language": "ISO 639-1",
        "at": "when it was decided, UTC",
    },
}


def dataset_card(
    report: ExportReport,
    facts: Mapping[str, Mapping[str, int]],
    since: datetime | None,
    until: datetime | None,
    team: str | None,
    made_at: datetime,
) -> str:
    """Markdown.  `facts` are counts by title, over all suggestions of the period."""
    lines = [
        f"# {_TITLES[report.format]}",
        "",
        f"- File: `{Path(report.path).name}`",
        f"- Rows: {report.rows}, from {report.suggestions} suggestions",
        f"- Made: {format_time(made_at)} by Agent Assist",
        f"- Period: {_period(since, until)}",
        f"- Team: {team or 'all'}",
        "",
        "## Personal data",
        "",
        *_privacy(report),
        *(
            ()
            if report.format in _TRAINING_COLUMNS
            else ("", "Ticket ids and the agent's pseudonym are kept.")
        ),
        "",
        "## Contents",
        "",
    ]
    for title, counts in facts.items():
        listed = ", ".join(f"{name}: {n}" for name, n in sorted(counts.items(), key=lambda p: -p[1]))
        lines.append(f"- {title}: {listed}")
    if report.skipped:
        lines += ["", "Suggestions that gave no row:", ""]
        lines += [f"- {why}: {count}" for why, count in report.skipped.items()]
    lines += ["", "## Columns", "", "| column | meaning |", "|---|---|"]
    columns = _TRAINING_COLUMNS.get(report.format) or {name: what for name, (_, what) in COLUMNS.items()}
    lines += [f"| `{name}` | {what} |" for name, what in columns.items()]
    if report.format in TRAINING:
        lines += ["", "Greeting and closing, which the product adds itself, are left out of the replies."]
    if report.format is ExportFormat.CSV:
        lines += ["", "Lists are JSON texts. A text that a spreadsheet would run begins with an apostrophe."]
    return "\n".join(lines) + "\n"


def _period(since: datetime | None, until: datetime | None) -> str:
    if since is None and until is None:
        return "everything that was recorded"
    start, end = format_time(since), format_time(until)
    return " ".join(
        part for part in (f"from {start}" if start else "", f"until before {end}" if end else "") if part
    )


def _privacy(report: ExportReport) -> list[str]:
    if not report.redacted:
        return ["Not redacted: this file holds personal data. Keep it as you keep your tickets."]
    counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(report.entities.items()))
    return [
        "Redacted by rules: e-mail addresses, telephone and card numbers, IBANs, IP addresses, links with",
        "personal parts, and the names and numbers that the ticket itself states. The same value has the",
        "same placeholder throughout a ticket. Names that only the text mentions are not found: look before",
        "you share.",
        "",
        f"Replaced: {counts or 'nothing'}.",
    ]
