"""How figures, dates and the values of enums read on the secondary pages."""

from __future__ import annotations

from datetime import UTC, datetime

from agent_assist.domain.feedback import OutcomeKind, Reason, Strength
from agent_assist.domain.knowledge import Collection
from agent_assist.domain.model import Backend
from agent_assist.ui.words import collection, count, language

OUTCOME_WORDS = {
    OutcomeKind.ACCEPTED: "Sent as is",
    OutcomeKind.EDITED: "Light edit",
    OutcomeKind.REWRITTEN: "Rewritten",
    OutcomeKind.REJECTED: "Rejected",
    OutcomeKind.IGNORED: "Not used",
    OutcomeKind.EXPIRED: "Out of date",
}
REASON_WORDS = {
    Reason.WRONG_FACT: "Wrong fact",
    Reason.MISSING_FACT: "Fact missing",
    Reason.WRONG_TONE: "Wrong tone",
    Reason.TOO_LONG: "Too long",
    Reason.WRONG_LANGUAGE: "Wrong language",
    Reason.OFF_TOPIC: "Off topic",
    Reason.POLICY: "Against policy",
    Reason.OTHER: "Something else",
}
STRENGTH_WORDS = {
    Strength.SLIGHTLY: "Slightly better",
    Strength.BETTER: "Better",
    Strength.MUCH: "Much better",
}
BACKEND_WORDS = {
    Backend.CPU: "Processor",
    Backend.CUDA: "NVIDIA GPU",
    Backend.METAL: "Apple GPU",
    Backend.VULKAN: "GPU (Vulkan)",
}
COLLECTION_WORDS = {
    Collection.ARTICLES: "Articles",
    Collection.MACROS: "Macros",
    Collection.SOLVED: "Solved tickets",
    Collection.REMEMBERED: "Remembered edits",
}


def collection_words(name: str) -> str:
    """A collection as a heading: the built-in ones in the plural, others as they are."""
    return COLLECTION_WORDS[Collection(name)] if name in set(Collection) else collection(name)


def size_words(size: int) -> str:
    """Bytes as people read them: "98 MB", "2.4 GB"."""
    if size >= 1_000_000_000:
        return f"{size / 1e9:.1f} GB"
    if size >= 1_000_000:
        return f"{size / 1e6:.0f} MB"
    return f"{max(1, round(size / 1e3))} kB" if size else "unknown size"


def language_words(codes: tuple[str, ...], most: int = 4) -> str:
    """ "English, German and 6 more"; "languages unknown" for none."""
    if not codes:
        return "languages unknown"
    names = [language(code) for code in codes]
    if len(names) <= most:
        return join_words(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def join_words(words: list[str]) -> str:
    """ "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def age_words(moment: datetime | None, now: datetime | None = None) -> str:
    """ "today", "3 weeks ago"; "" where the time is not known."""
    if moment is None:
        return ""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    days = ((now or datetime.now(UTC)) - moment).days
    if days < 1:
        return "today"
    for length, word in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= length:
            return f"{count(days // length, word)} ago"
    return ""
