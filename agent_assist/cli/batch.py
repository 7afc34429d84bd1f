"""JSON Lines in, JSON Lines out: one line for each line, in order; a bad line does not stop the run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from agent_assist.adapters.privacy import logs
from agent_assist.cli.context import progress_line
from agent_assist.domain.ticket import Ticket, ticket_from_json
from agent_assist.errors import AgentAssistError, BadInput, Cancelled, DiskFull, WorkspaceReadOnly

Row = dict[str, Any]


def input_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --input of a command, as the parameter `source`; None where it is not given."""
    return click.option("--input", "source", metavar="FILE", help="JSON Lines to read; - is standard input.")(
        function
    )


def output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --output of a command, as the parameter `target`; "-" where it is not given."""
    return click.option(
        "--output", "target", metavar="FILE", default="-", help="JSON Lines to write; - is standard output."
    )(function)


def run_batch(
    source: str,
    target: str,
    handle: Callable[[Row], Row],
    *,
    handle_many: Callable[[list[Row]], list[Row]] | None = None,
    size: int = 64,
) -> int:
    """Apply `handle` to each row of `source` and write the results to `target`.

    Where `handle_many` is given, rows go through it `size` at a time, and one by one through `handle` when a
    batch fails, so that one bad row spoils no other.  Returns the exit code: 0, or 1 where rows failed.
    An environment problem (no model, disk full) ends the run: no later row could succeed.
    """
    failed = done = 0
    with ExitStack() as stack:
        reader = open_source(source, stack)
        writer = _open_target(target, stack)
        for chunk in _chunks(reader, size if handle_many else 1):
            for row in _handle_chunk(chunk, handle, handle_many):
                failed += "error" in row
                done += 1
                _write(writer, row, target)
            progress_line(done, 0, "done")
    if sys.stderr.isatty() and done:
        click.echo(err=True)
    return 1 if failed else 0


def _handle_chunk(
    chunk: list[Row | AgentAssistError],
    handle: Callable[[Row], Row],
    handle_many: Callable[[list[Row]], list[Row]] | None,
) -> Iterator[Row]:
    rows = [row for row in chunk if isinstance(row, dict)]
    if handle_many and len(rows) == len(chunk) > 1:
        try:
            yield from handle_many(rows)
            return
        except BadInput:
            pass
    for row in chunk:
        if isinstance(row, AgentAssistError):
            yield _failure(None, row)
            continue
        try:
            yield handle(row)
        except Cancelled:
            raise
        except AgentAssistError as error:
            if error.exit_code == 3 and not error.retryable:
                raise
            yield _failure(row.get("id"), error)


def _failure(identity: object, error: AgentAssistError) -> Row:
    return {"id": identity, "error": {"code": error.code, "message": str(error)}}


def _chunks(lines: Iterator[str], size: int) -> Iterator[list[Row | AgentAssistError]]:
    chunk: list[Row | AgentAssistError] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        chunk.append(read_row(line, number))
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def ticket_of(row: Row) -> Ticket:
    """The ticket of a row, its people's names kept out of logs from now on.  Raises BadInput."""
    ticket = ticket_from_json(row)
    logs.remember(ticket)
    return ticket


def read_row(line: str, number: int) -> Row | AgentAssistError:
    """One line as a JSON object, or the error that stands in its place in the output; `number` counts
    from 1."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return BadInput(f"Line {number} is not valid JSON.")
    return row if isinstance(row, dict) else BadInput(f"Line {number} is not a JSON object.")


def open_source(source: str, stack: ExitStack) -> Iterator[str]:
    """The lines of a file, or of standard input for "-"; `stack` closes the file.  Raises BadInput."""
    if source == "-":
        return iter(sys.stdin)
    try:
        return iter(stack.enter_context(Path(source).open(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise BadInput(
            f"{source} cannot be read: {error.strerror}.", "Check the path given with --input."
        ) from None


def _open_target(target: str, stack: ExitStack) -> IO[str]:
    if target == "-":
        return sys.stdout
    try:
        return stack.enter_context(Path(target).open("w", encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written: {error.strerror}.", "Check the path given with --output."
        ) from None


def _write(writer: IO[str], row: Row, target: str) -> None:
    try:
        writer.write(json.dumps(row, ensure_ascii=False) + "\n")
        writer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = DiskFull if error.errno == 28 else WorkspaceReadOnly
        raise problem(f"{target} cannot be written: {error.strerror}.") from None
