"""`agent-assist kb`: import, search and maintain the knowledge base."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from agent_assist.cli.batch import Row, input_option, output_option, run_batch, ticket_of
from agent_assist.cli.context import Context, json_option, pass_context, progress_line
from agent_assist.cli.kb_held import approve, held
from agent_assist.cli.stopping import stoppable
from agent_assist.domain.knowledge import Article, Hit, ImportReport, KnowledgeStats
from agent_assist.domain.ticket import Ticket, format_time
from agent_assist.errors import BadInput
from agent_assist.ports import CancelToken

TEXT_COLUMNS = 300


@click.group()
def kb() -> None:
    """Import, search and maintain the knowledge base.

    \b
    Example:
      agent-assist kb add ./handbook faq.csv
      agent-assist kb search "Can I bring my dog?"
    """


kb.add_command(held)
kb.add_command(approve)


@kb.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--collection", metavar="NAME", help="articles (default), macros, solved, or a name of your own."
)
@click.option("--prune", is_flag=True, help="Remove what these paths held before and no longer do.")
@json_option
@pass_context
def add(ctx: Context, paths: Sequence[Path], collection: str | None, prune: bool, as_json: bool) -> int:
    """Import files and folders: .md .txt .html .pdf .docx .csv .jsonl

    Rows of CSV and JSON Lines need id, title and body; url, updated_at, collection and language are
    optional. What other columns say in a few words (product, entity, plan) is searched too. Unchanged
    content is not read into the index again, and an interrupted import goes on where it stopped.

    \b
    Example:
      agent-assist kb add ./handbook --prune
      agent-assist kb add macros.csv --collection macros
    """
    report = stoppable(
        lambda token: ctx.desk.knowledge.add(
            list(paths), collection, prune, progress=progress_line, cancel=token
        )
    )
    ctx.emit(as_json, report_to_json(report), lambda: _report_lines(report))
    for place, sentence in report.failed:
        click.echo(f"{place}: {sentence}", err=True)
    if report.cancelled:
        return 130
    return 1 if report.failed else 0


@kb.command("list")
@click.option("--collection", metavar="NAME", help="Only this collection.")
@json_option
@pass_context
def list_(ctx: Context, collection: str | None, as_json: bool) -> None:
    """List the articles.

    \b
    Example:
      agent-assist kb list --collection macros
    """
    articles = ctx.desk.knowledge.articles(collection)
    ctx.emit(
        as_json,
        [article_to_json(a) for a in articles],
        lambda: [f"{a.id}\t{a.collection}\t{a.title}" for a in articles] or ["No articles yet."],
    )


@kb.command()
@click.argument("ids", nargs=-1, metavar="ID…")
@click.option("--collection", metavar="NAME", help="Remove the whole collection.")
@json_option
@pass_context
def remove(ctx: Context, ids: Sequence[str], collection: str | None, as_json: bool) -> int:
    """Remove articles by their id, as `kb list` shows it.

    \b
    Example:
      agent-assist kb remove faq-12 faq-13
    """
    if not ids and not collection:
        raise click.UsageError("Name the articles to remove, or a --collection.")
    knowledge = ctx.desk.knowledge
    wanted = [str(Path(i).resolve()) if knowledge.article(i) is None and Path(i).exists() else i for i in ids]
    unknown = [i for i in wanted if knowledge.article(i) is None]
    if collection:
        wanted += [a.id for a in knowledge.articles(collection)]
    count = knowledge.remove(wanted)
    ctx.emit(as_json, {"removed": count, "unknown": unknown}, [f"{count} removed."])
    for identity in unknown:
        click.echo(f"There is no article {identity}.", err=True)
    return 1 if unknown else 0


@kb.command()
@click.option(
    "--encoder", metavar="MODEL", help="Search with this model from now on: a name, or a tuned one's folder."
)
@json_option
@pass_context
def rebuild(ctx: Context, encoder: str | None, as_json: bool) -> None:
    """Cut and index every article again; the articles themselves stay as they are.

    A tuned search model is used only where its measuring showed it to be better. The one that comes
    with the application is all-MiniLM-L6-v2.

    \b
    Example:
      agent-assist kb rebuild
      agent-assist kb rebuild --encoder runs/ours/encoder/encoder
    """
    knowledge = ctx.desk.knowledge

    def work(token: CancelToken) -> KnowledgeStats:
        if encoder is None:
            return knowledge.rebuild(progress=progress_line, cancel=token)
        return knowledge.change_encoder(encoder, progress=progress_line, cancel=token)

    stats = stoppable(work)
    ctx.emit(as_json, stats_to_json(stats), lambda: _stats_lines(stats))


@kb.command()
@json_option
@pass_context
def stats(ctx: Context, as_json: bool) -> None:
    """Say what the knowledge base holds.

    \b
    Example:
      agent-assist kb stats --json
    """
    found = ctx.desk.knowledge.stats()
    ctx.emit(as_json, stats_to_json(found), lambda: _stats_lines(found))


@kb.command()
@click.argument("query", required=False)
@input_option
@output_option
@click.option(
    "-k", "count", default=5, show_default=True, type=click.IntRange(1, 100), help="Hits for each query."
)
@click.option("--collection", "collections", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@json_option
@pass_context
def search(
    ctx: Context,
    query: str | None,
    source: str | None,
    target: str,
    count: int,
    collections: Sequence[str],
    as_json: bool,
) -> int:
    """Search for a question, or for what each ticket of a file asks.

    Input lines are {"id", "query"} or tickets.

    \b
    Example:
      agent-assist kb search "Can I bring my dog?" -k 3
      agent-assist kb search --input tickets.jsonl --output hits.jsonl
    """
    if (query is None) == (source is None):
        raise click.UsageError("Give either a query or --input.")
    within = list(collections) or None
    if query is not None:
        hits = ctx.desk.retrieval.search(query, count, within)
        ctx.emit(as_json, {"query": query, "hits": [hit_to_json(h) for h in hits]}, lambda: _hit_lines(hits))
        return 0

    def many(rows: list[Row]) -> list[Row]:
        asked = [_asked(row) for row in rows]
        found = ctx.desk.retrieval.search_many(asked, count, within)
        return [
            {"id": row.get("id"), "hits": [hit_to_json(h) for h in hits]}
            for row, hits in zip(rows, found, strict=True)
        ]

    return run_batch(source or "-", target, lambda row: many([row])[0], handle_many=many)


def _asked(row: Row) -> str | Ticket:
    if "messages" in row:
        return ticket_of(row)
    query = row.get("query")
    if not isinstance(query, str):
        raise BadInput(
            "The line has neither a query nor messages.", 'Write {"id": …, "query": "…"} or a ticket.'
        )
    return query


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """The interchange form of a hit; scripts rely on its names."""
    passage = hit.passage
    return {
        "article_id": passage.article_id,
        "title": passage.title,
        "heading": passage.heading,
        "text": passage.text,
        "score": round(hit.score, 4),
        "collection": str(passage.collection),
        "url": passage.url,
        "updated_at": format_time(passage.updated_at),
    }


@kb.command()
@click.option("--output", "target", required=True, help="JSON Lines to write; - is the standard output.")
@click.option("--collection", metavar="NAME", help="Only this collection.")
@pass_context
def export(ctx: Context, target: str, collection: str | None) -> None:
    """Write all articles with their texts as JSON Lines, as `kb add` reads them.

    \b
    Example:
      agent-assist kb export --output articles.jsonl
    """
    knowledge = ctx.desk.knowledge
    with click.open_file(target, "w", encoding="utf-8") as out:
        for listed in knowledge.articles(collection):
            article = knowledge.article(listed.id)
            if article is not None:
                row = article_to_json(article) | {"body": article.body}
                row |= {k: v for k, v in article.context.items() if k not in row}
                out.write(json.dumps({k: v for k, v in row.items() if k != "context"}, ensure_ascii=False))
                out.write("\n")


def article_to_json(article: Article) -> dict[str, Any]:
    """An article without its body."""
    return {
        "id": article.id,
        "title": article.title,
        "collection": str(article.collection),
        "url": article.url,
        "language": article.language,
        "updated_at": format_time(article.updated_at),
        "context": dict(article.context),
    }


def report_to_json(report: ImportReport) -> dict[str, Any]:
    """What an import did, as `kb add --json` prints it."""
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "passages": report.passages,
        "failed": [{"document": place, "message": sentence} for place, sentence in report.failed],
        "held": report.held,
        "cancelled": report.cancelled,
    }


def stats_to_json(found: KnowledgeStats) -> dict[str, Any]:
    """What `kb stats --json` prints."""
    return {
        "articles": found.articles,
        "passages": found.passages,
        "encoded": found.encoded,
        "encoder": found.encoder,
        "dimension": found.dimension,
        "index": found.index_kind,
        "collections": dict(found.collections),
        "updated_at": format_time(found.updated_at),
    }


def _report_lines(report: ImportReport) -> list[str]:
    amounts = [
        f"{number} {word}"
        for number, word in (
            (report.added, "added"),
            (report.changed, "changed"),
            (report.unchanged, "unchanged"),
            (report.removed, "removed"),
            (len(report.failed), "not read"),
        )
        if number
    ]
    lines = [f"{', '.join(amounts) or 'Nothing to add'}."]
    if report.held:
        said = "1 sentence is" if report.held == 1 else f"{report.held} sentences are"
        lines.append(f"{said} held back; `agent-assist kb held` lists what and why.")
    if report.cancelled:
        lines.append("Stopped. What was read is saved; the next `kb add` goes on from there.")
    return lines


def _stats_lines(found: KnowledgeStats) -> list[str]:
    lines = [f"{found.articles} articles in {found.passages} passages, {found.encoded} of them in the index."]
    lines += [f"  {name}: {number}" for name, number in found.collections.items()]
    lines.append(f"Search model {found.encoder}, index {found.index_kind}.")
    return lines


def _hit_lines(hits: Sequence[Hit]) -> list[str]:
    lines: list[str] = []
    for number, hit in enumerate(hits, 1):
        text = " ".join(hit.passage.text.split())
        lines.append(f"{number}. {hit.passage.title}  ({hit.score:.2f}, {hit.passage.article_id})")
        lines.append(f"   {text[:TEXT_COLUMNS]}{'…' if len(text) > TEXT_COLUMNS else ''}")
    return lines or ["Nothing found."]
