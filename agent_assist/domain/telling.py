"""What a customer tells and asks, line by line, and what of it they did already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.questions import asks, begins_question
from agent_assist.domain.signals import in_trouble
from agent_assist.domain.text import content_words, split_sentences, words

ASKS: Final = re.compile(
    r"\?|^also\b|\b(?:please|(?:wants?|wish|needs?|like|try|trying) (?:to|a|an|my|the|you)|prefer"
    r"|(?:can|could) (?:you|i|we)|whether|asks|how (?:do|can|much|long)|what (?:do|is|does)|cancel|help)\b",
    re.IGNORECASE,
)
"""A question or a wish, among what a customer tells."""
_TRIED: Final = re.compile(
    r"\b(?:already|tried|as you (?:told|said|wrote|suggested)|as (?:described|instructed)|twice|several times"
    r"|(?:I|we)(?:['’]ve| have) done|did (?:that|this|all that))\b",
    re.IGNORECASE,
)
_DID: Final = re.compile(
    r"\b(?:I|we)(?:['’]ve| have)? (?:(?:already|also|even|just) )?(?:tried|did|done|took|taken|put|pulled"
    r"|pushed|pressed|held|reset|restarted|rebooted|reinstalled|installed|updated|charged|checked|looked|asked|changed"
    r"|cleaned|cleared|removed|replaced|plugged|unplugged|switched|turned|deleted|signed|logged|followed"
    r"|measured|opened|closed|loosened|tightened|waited|used|called|sent)\b",
    re.IGNORECASE,
)
WHAT_ELSE: Final = "It still comes back after trying that: what else can be done?"
_LONG, _MOST_TOLD = 12, 12
"""Words from which a sentence is looked at part by part, and the parts that are looked at."""
_PARTS: Final = re.compile(r"[,;:–]\s+|\s+(?:and|but|or|because)\s+", re.IGNORECASE)


def told_in(question: str) -> list[str]:
    """What a question tells and asks, the last first: its sentences, and the parts of long ones."""
    told: list[str] = []
    for span in split_sentences(question):
        line = " ".join(span.text.split())
        if is_courtesy(line) and "?" not in line:
            continue
        told.append(line)
        if len(words(line)) > _LONG:
            told += _parts_of(line)
    told = [t for t in told if len(set(content_words(t))) >= (1 if t.endswith("?") else 2)]
    return (told or [" ".join(question.split())])[::-1][:_MOST_TOLD] if question.strip() else []


def _parts_of(line: str) -> list[str]:
    """The parts of a long sentence; of a question those are marked that ask, and not what leads to it."""
    parts = _PARTS.split(line.rstrip("?."))
    if not line.endswith("?"):
        return parts
    return [f"{p}?" if p is parts[-1] or begins_question(p) else p for p in parts]


def asked_for(text: str, limit: int) -> str:
    """The sentences of a long text that ask, then those that tell what went wrong, in their order: as many as
    fit into `limit` characters; empty where none does."""
    spans = [s.text for s in split_sentences(text)]
    worth = [2 if asks(s) else 1 if in_trouble(s) else 0 for s in spans]
    kept: set[int] = set()
    for place in sorted(range(len(spans)), key=lambda i: (-worth[i], -i)):
        if worth[place] and sum(len(spans[i]) + 1 for i in (*kept, place)) <= limit:
            kept.add(place)
    return " ".join(spans[i] for i in sorted(kept))


def tried(told: Sequence[str]) -> bool:
    """Whether a line says that something was tried, or happens again and again."""
    return any(_TRIED.search(line) for line in told)


def done_in(told: Sequence[str]) -> list[str]:
    """The lines that tell what the customer did already, with the parts that long ones have."""
    did = [line for line in told if _TRIED.search(line) and _DID.search(line) and not line.endswith("?")]
    return [line for line in told if any(line in whole for whole in did)]
