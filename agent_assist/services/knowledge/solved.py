"""Solved tickets without personal data: what was written to one customer must not reach another."""

from __future__ import annotations

import re
from dataclasses import replace

from agent_assist.domain.knowledge import Article, Collection
from agent_assist.domain.safety import greeted
from agent_assist.ports import Redactor

_PERSON = re.compile(r"(?:^|_)(?:name|customer|e?mail|phone|author|agent)(?:$|_)", re.IGNORECASE)
_PART = re.compile(r"(?im)^(?:question|reply|customer|agent)\s*:\s*")


class SolvedRedaction:
    """Gives articles of the collection of solved tickets back redacted, all others as they are."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, article: Article) -> Article:
        if article.collection != Collection.SOLVED:
            return article
        known = [("NAME", name) for name in _greeted(article.body)]
        known += [("NAME", value) for key, value in article.context.items() if _PERSON.search(key)]
        # One text, so that a person has one placeholder in title and body.
        text, _ = self._redactor.redact(f"{article.title}\n\f\n{article.body}", known)
        title, _, body = text.partition("\n\f\n")
        context = {key: value for key, value in article.context.items() if not _PERSON.search(key)}
        return replace(article, title=title, body=body, context=context)


def _greeted(body: str) -> list[str]:
    """The names that the parts of a thread greet; the rules of redaction do not know names."""
    parts = re.split(r"\n{2,}", _PART.sub("", body))
    return [part[at[0] : at[1]] for part in parts if (at := greeted(part)) is not None]
