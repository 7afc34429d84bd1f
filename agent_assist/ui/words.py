"""How the window puts figures, ages and codes into words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from agent_assist.domain.feedback import OutcomeKind, Reason, Strength
from agent_assist.domain.model import Backend
from agent_assist.domain.suggestion import Decision, Origin, Suggestion
from agent_assist.domain.ticket import Channel

_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

CHANNELS = {
    Channel.CHAT: "chat",
    Channel.EMAIL: "e-mail",
    Channel.SOCIAL: "social",
    Channel.MESSAGING: "messaging",
    Channel.PHONE: "phone",
    Channel.WEB: "web",
}
DECISIONS = {
    Decision.DRAFT: "Answer",
    Decision.CLARIFY: "Ask the customer",
    Decision.ESCALATE: "Hand over",
}
_ORIGINS = {
    Origin.MODEL: ("By the model", "The model worded it."),
    Origin.MACRO: ("From a macro", "It is your team's approved text."),
    Origin.PASSAGES: ("From the articles", "It is put together from the articles' own sentences."),
}
_TEMPLATES = {
    Decision.DRAFT: ("Standard reply", "It states nothing, so it needs no article."),
    Decision.CLARIFY: ("Asks back", "It asks the customer for what is missing."),
    Decision.ESCALATE: ("Hands over", "It tells the customer that a colleague takes over."),
}
OUTCOMES = {
    OutcomeKind.ACCEPTED: "Sent as is",
    OutcomeKind.EDITED: "Light edit",
    OutcomeKind.REWRITTEN: "Rewritten",
    OutcomeKind.REJECTED: "Rejected",
    OutcomeKind.IGNORED: "Not used",
    OutcomeKind.EXPIRED: "Out of date",
}
REASONS = {
    Reason.WRONG_FACT: "Wrong fact",
    Reason.MISSING_FACT: "Fact missing",
    Reason.WRONG_TONE: "Wrong tone",
    Reason.TOO_LONG: "Too long",
    Reason.WRONG_LANGUAGE: "Wrong language",
    Reason.OFF_TOPIC: "Off topic",
    Reason.POLICY: "Against policy",
    Reason.OTHER: "Something else",
}
STRENGTHS = {
    Strength.SLIGHTLY: "Slightly better",
    Strength.BETTER: "Better",
    Strength.MUCH: "Much better",
}
_COLLECTIONS = {
    "articles": "Article",
    "macros": "Macro",
    "solved": "Solved ticket",
    "remembered": "Remembered edit",
}
BACKENDS = {
    Backend.CPU: "Processor",
    Backend.CUDA: "NVIDIA GPU",
    Backend.METAL: "Apple GPU",
    Backend.VULKAN: "GPU (Vulkan)",
}


def origin(suggestion: Suggestion) -> tuple[str, str]:
    """What a reply was made of, in a word or two and in a sentence."""
    return _ORIGINS.get(suggestion.origin) or _TEMPLATES[suggestion.decision]


def language(code: str | None) -> str:
    """The English name of an ISO 639-1 code; the code itself where it is not known."""
    if not code:
        return "unknown language"
    return _LANGUAGES.get(code.split("-")[0].lower(), code)


def languages(codes: tuple[str, ...], most: int = 4) -> str:
    """ "English, German and 6 more"; "languages unknown" for none."""
    if not codes:
        return "languages unknown"
    names = [language(code) for code in codes]
    if len(names) <= most:
        return series(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def collection(name: str) -> str:
    """What one passage of a collection is called; those of one's own collections by their own names."""
    return _COLLECTIONS.get(name, name.replace("_", " ").capitalize())


def collection_title(name: str) -> str:
    """A collection as a heading: "Articles", "Solved tickets"; one's own by their own names."""
    return f"{_COLLECTIONS[name]}s" if name in _COLLECTIONS else collection(name)


def series(items: list[str]) -> str:
    """ "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 passage", "3 passages"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def confidence(value: float) -> str:
    """A confidence of 0 to 1 in words; the figure is in the tooltip."""
    if value >= 0.75:
        return "likely right"
    return "check this" if value >= 0.45 else "unsure"


STRONG_MATCH, GOOD_MATCH = 0.7, 0.5
"""Scores from which a hit is called so."""


def score(value: float) -> str:
    """A hit's score of 0 to 1 in words."""
    if value >= STRONG_MATCH:
        return "strong match"
    return "good match" if value >= GOOD_MATCH else "weak match"


def percent(value: float) -> str:
    """A share of 0 to 1, rounded to whole per cent."""
    return f"{round(value * 100)} %"


def _span(delta: timedelta) -> str:
    days = delta.days
    if days >= 730:
        return count(days // 365, "year")
    if days >= 60:
        return count(days // 30, "month")
    if days >= 14:
        return count(days // 7, "week")
    if days >= 1:
        return count(days, "day")
    hours = delta.seconds // 3600
    return count(hours, "hour") if hours else count(max(1, delta.seconds // 60), "minute")


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """ "3 weeks old"; empty where the date is not known."""
    if moment is None:
        return ""
    delta = (now or datetime.now(UTC)) - moment
    if delta < timedelta(hours=1):
        return "new"
    return f"{_span(delta)} old"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
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


def waiting(moment: datetime | None, now: datetime | None = None) -> str:
    """The short form for the queue: "now", "12 min", "3 h", "4 d", "2 w"."""
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h"
    days = int(seconds // 86400)
    return f"{days} d" if days < 14 else f"{days // 7} w"


def clock(moment: datetime | None) -> str:
    """Local hours and minutes; empty for no time."""
    return moment.astimezone().strftime("%H:%M") if moment else ""


def day(moment: datetime, today: date | None = None) -> str:
    """ "Today", "Yesterday", "Monday 3 November", with the year where it is another one."""
    local = moment.astimezone().date()
    today = today or datetime.now().astimezone().date()
    if local == today:
        return "Today"
    if local == today - timedelta(days=1):
        return "Yesterday"
    text = f"{local:%A} {local.day} {local:%B}"
    return text if local.year == today.year else f"{text} {local.year}"


def seconds(milliseconds: float) -> str:
    """ "0.4 s"."""
    return f"{max(0.0, milliseconds) / 1000:.1f} s"


def file_size(size: int) -> str:
    """Bytes as people read them: "98 MB", "2.4 GB"."""
    if size >= 1_000_000_000:
        return f"{size / 1e9:.1f} GB"
    if size >= 1_000_000:
        return f"{size / 1e6:.0f} MB"
    return f"{max(1, round(size / 1e3))} kB" if size else "unknown size"


def text_size(characters: int) -> str:
    """The length of a text: "840 characters", "12,000 characters", "5.0 million characters"."""
    if characters >= 1_000_000:
        return f"{characters / 1_000_000:.1f} million characters"
    return count(characters, "character")
