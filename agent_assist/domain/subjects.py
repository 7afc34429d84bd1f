"""What a figure is said of: the words before its verb.  English; in other languages none are found."""

from __future__ import annotations

import re

from agent_assist.domain.text import content_words

_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|cannot|may|must|will|would|should|do|does|did|costs?|takes?|needs?"
    r"|gets?|gives?|gave|starts?|begins?|ends?|opens?|closes?|lasts?|runs?|includes?|offers?|provides?|charges?"
    r"|requires?|applies|apply|arrives?|comes?|came|goes|go|stays?|remains?|holds?|fits?|weighs?|sleeps?|serves?"
    r"|accepts?|allows?|covers?|expires?|depends?|pays?)\b",
    re.IGNORECASE,
)
_PEOPLE = frozenset(
    content_words("guest guests customer customers people person anyone everybody visitors staff")
)


_BOUNDARY = re.compile(r"[,;:.!?(]|\b(?:and|but|while|so|or|if|when|because)\b", re.IGNORECASE)


def subject(text: str, at: int) -> frozenset[str]:
    """Stems of what stands before the last verb before `at`, in the same clause; empty where that is a
    pronoun or people, or no verb is known.

    In "Invoices are kept for 7 years" the figure is said of invoices; in "You pay €5" and "There is a fee of
    €5" of nothing that is named.
    """
    verbs = list(_VERB.finditer(text, 0, at))
    if not verbs:
        return frozenset()
    before = text[: verbs[-1].start()]
    bounds = list(_BOUNDARY.finditer(before))
    clause = before[bounds[-1].end() :] if bounds else before
    return frozenset(content_words(clause)) - _PEOPLE
