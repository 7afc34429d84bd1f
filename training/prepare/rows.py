"""What is done to one record, wherever: clean, redact, structure, filter, near-duplicate signature.

`Rows` depends on the configuration and the articles alone, so that a record gives the same on any machine:
the plain runner calls it in a loop, Ray Data in its workers.  What needs all examples (clusters, caps, the
split) is done by the stage.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.domain.ticket import ticket_from_json, ticket_to_json
from agent_assist.errors import BadInput
from training.config import PrepareOptions
from training.prepare.examples import Articles, Example, Maker
from training.prepare.groups import key_of, signature
from training.prepare.read import records, ticket_of
from training.prepare.record import Bad, Record


@dataclass
class Made:
    """What became of one record."""

    bad: Bad | None = None
    examples: list[Example] = field(default_factory=list)
    marks: list[list[int]] = field(default_factory=list)
    """The MinHash of each example's reply."""
    dropped: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)

    def dump(self) -> str:
        """As text, for the way between processes; `load` gives the same back."""
        return json.dumps(
            {
                "bad": [self.bad.where, self.bad.why] if self.bad else None,
                "examples": [_dumped(one) for one in self.examples],
                "marks": self.marks,
                "dropped": self.dropped,
                "entities": self.entities,
            }
        )

    @classmethod
    def load(cls, text: str) -> Made:
        read = json.loads(text)
        return cls(
            Bad(*read["bad"]) if read["bad"] else None,
            [_loaded(one) for one in read["examples"]],
            read["marks"],
            Counter(read["dropped"]),
            Counter(read["entities"]),
        )


class Rows:
    """A record in, examples out."""

    def __init__(self, options: PrepareOptions, articles: Sequence[Mapping[str, Any]] | None) -> None:
        self._maker = Maker(
            options,
            PackagedLanguageDetector(),
            RuleRedactor() if options.redact else None,
            Articles(articles) if articles is not None else None,
            Counter(),
            Counter(),
        )

    def __call__(self, record: Record) -> Made:
        ticket = ticket_of(record)
        if isinstance(ticket, Bad):
            return Made(ticket)
        made = Made()
        self._maker.dropped, self._maker.entities = made.dropped, made.entities
        made.examples = self._maker.examples(ticket, record.source)
        made.marks = [[int(v) for v in signature(one.reply).hashvalues] for one in made.examples]
        return made


def run_plain(options: PrepareOptions) -> Iterator[Made]:
    """One record after the other, in this process."""
    rows = Rows(options, read_articles(options.knowledge))
    for source in options.inputs:
        for found in records(source):
            yield Made(found) if isinstance(found, Bad) else rows(found)


def marks_of(made: Iterable[Made]) -> dict[str, list[int]]:
    """Signatures by the reply that they are of."""
    return {key_of(e.reply): mark for one in made for e, mark in zip(one.examples, one.marks, strict=True)}


def read_articles(path: Path | None) -> list[dict[str, Any]] | None:
    """JSON Lines of articles; None for no path.  Raises BadInput."""
    if path is None:
        return None
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", "It must be JSON Lines of articles.") from None


def _dumped(one: Example) -> dict[str, Any]:
    made = {f.name: getattr(one, f.name) for f in fields(one)}
    made["moment"] = one.moment.isoformat() if one.moment else None
    made["before"] = ticket_to_json(one.before) if one.before else None
    return made


def _loaded(read: dict[str, Any]) -> Example:
    read["prompt"] = tuple(read["prompt"])
    for name, value in read.items():
        if isinstance(value, list):
            read[name] = tuple(value)
    read["moment"] = datetime.fromisoformat(read["moment"]) if read["moment"] else None
    read["before"] = ticket_from_json(read["before"]) if read["before"] else None
    return Example(**read)
