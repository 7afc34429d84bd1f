"""The questions of a message: a customer asks two or three things in one letter, often in one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.text import clean, content_words, listed, similarity, split_sentences, stem, words

MOST_QUESTIONS: Final = 5
"""Of one message; of a letter with more only the whole is answered."""
_SAME: Final = 0.8
_LONGEST_QUOTE: Final = 140
_SITUATION: Final = 240
"""Characters of what was told before a question that are searched for with it."""
_TELLING, _LONG_WORD = 2, 6
"""Content words from which a question says by itself what it is about; one of so many letters does, too."""

_EMPTY: Final = frozenset(
    stem(w)
    for w in listed(
        """
        it this that they them one there those these same more detail details other what how about else here
        work works happen happens happening going go do does thing things something anything way problem issue
        question help hear wait waiting think know understand believe say tell mean possible exactly really
        still again now soon next find out find look check actually right expect
        """
    )
)
"""Stems of words that point at something without naming it."""

_OPENER: Final = (
    r"(?:what(?:['’]?s)?|which|when|where|who|whose|why|how|whether|do|does|did|is|are|was|were|can|could|will|would|may"
    r"|should|must|have|has|am"
    r"|qué|cuánto|cuánta|cuándo|cuál|cómo|dónde|puedo|pueden|tengo"
    r"|was|wie|wann|wo|welche[rsn]?|warum|kann|können|ist|sind|muss|gibt|gilt|kostet|habe"
    r"|quel(?:le)?s?|quand|comment|combien|où|pourquoi|est-ce|puis-je|faut-il|peut-on"
    r"|quanto|quando|qual|como|onde|posso|pode|tenho)\b"
)
_ASKS: Final = re.compile(
    rf"\W*(?:@\w+[\s,:]+)?(?:if [^,?]{{3,60}}, )?"
    rf"(?:(?:and|but|so|then|also)\b[\s,:]*)?(?:if not,? )?{_OPENER}",
    re.IGNORECASE,
)
_TOLD: Final = re.compile(
    r"\b(?:ask(?:s|ed|ing)?|want(?:s|ed)? to know|wonder(?:s|ed|ing)?|tell (?:me|us)|let (?:me|us) know"
    r"|explain|like to know|find out|not sure)\s+(?=(?:what|which|when|where|who|why|how|whether|if)\b)",
    re.IGNORECASE,
)
"""What goes before a question that is told, not asked: "Mr Pym asks what it costs"."""
_JOINT: Final = re.compile(
    rf"\s*(?:[,;]\s*(?:and|also|plus|y|und|et|e)?|\b(?:and|also|plus|y|und|et)\b)\s*"
    rf"(?:also |if not,? |then )?(?={_OPENER})",
    re.IGNORECASE,
)
"""Between two questions in one sentence; "or" joins the two sides of one."""
_QUOTED: Final = re.compile(r"^\s*>")
_LINK: Final = re.compile(r"https?://|www\.|@")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked."""

    text: str
    """As the customer wrote it, with what they add to it ("And if not, what then?")."""
    situation: str
    """What they told before it asks: the shoes that are too small."""
    telling: bool
    """Whether it says by itself what it is about."""

    @property
    def meant(self) -> str:
        """The question with what was told before it."""
        return f"{self.situation} {self.text}".strip()

    @property
    def quote(self) -> str:
        """The question as a reply may repeat it, without its mark; empty where it had better not."""
        first = split_sentences(clean(self.text))[:1]
        line = " ".join(first[0].text.split()).strip(" .,;–-") if first else ""
        line = re.sub(r"^(?:and|also|but|so|then)\b[\s,]*", "", line, flags=re.IGNORECASE)
        line = re.sub(r"[?!？]+$", "", line).strip()
        if not line or len(line) > _LONGEST_QUOTE or _LINK.search(line) or "“" in line or '"' in line:
            return ""
        return f"{line[0].upper()}{line[1:]}"


def questions_in(text: str) -> list[Question]:
    """The different questions of a text in their order; beyond `MOST_QUESTIONS` one more, as a sign.

    Each comes with what was told since the question before, or, where that is nothing, with what that one
    came with.  One that names nothing ("And if not, what then?") belongs to the question before it.  What is
    quoted from earlier mail is not asked again.
    """
    found: list[Question] = []
    told: list[str] = []
    situation = ""
    own = "\n".join(line for line in text.split("\n") if not _QUOTED.match(line))
    for span in split_sentences(own):
        lead, parts = _asked(span.text)
        if lead and not is_courtesy(lead):
            told.append(lead)
        if parts and told:
            situation = _last_of(told)
        for part in parts:
            _add(found, part, situation, fresh=bool(told))
            told = []
    return found[: MOST_QUESTIONS + 1]


def asks(sentence: str) -> bool:
    """Whether a sentence asks something, with a question mark or without."""
    return bool(_asked(sentence)[1])


def begins_question(part: str) -> bool:
    """Whether a part of a sentence begins as a question does: "what does it cost"."""
    return _ASKS.match(part) is not None


_PRICE: Final = re.compile(
    r"\b(?:costs?|prices?|charged?|fees?|how much (?:is|are|for|do (?:you|i|we))"
    r"|cuánto (?:cuesta|vale)|precios?|kostet|kosten|preise?|coûtent?|coûte|prix|tarifs?|custa|preços?)\b",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"[€$£¥]|\b(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|francs?|free|for nothing|at no (?:cost|charge)"
    r"|gratis|kostenlos|kostenfrei|gratuite?s?|sin coste|grátis)\b|\d\s?%",
    re.IGNORECASE,
)


_POINT: Final = re.compile(r"^[ \t]*\(?\d{1,2}[.)][ \t]+(?=\S)", re.MULTILINE)
_SPELT_OUT: Final = 15
"""Words from which a numbered point is a matter of its own, not a step that was tried or an item."""


def told_points(text: str) -> int:
    """How many numbered points of a text are spelt out and ask nothing: each wants an answer nonetheless."""
    points = [part.split("\n\n")[0] for part in _POINT.split(text)[1:]]
    return sum(
        len(words(p)) >= _SPELT_OUT and not any(asks(s.text) for s in split_sentences(p)) for p in points
    )


def asks_price(question: str) -> bool:
    """Whether a question asks what something costs."""
    return _PRICE.search(question) is not None


def names_price(sentence: str) -> bool:
    """Whether a sentence says what something costs: an amount of money, a share, or that it is free."""
    return _AMOUNT.search(sentence) is not None


def _last_of(told: Sequence[str]) -> str:
    """The last sentences of what was told, as much as belongs to one search."""
    kept: list[str] = []
    for sentence in reversed(told):
        if kept and sum(map(len, kept)) + len(sentence) > _SITUATION:
            break
        kept.insert(0, sentence)
    return " ".join(kept)[-2 * _SITUATION :]


def _add(found: list[Question], part: str, situation: str, *, fresh: bool) -> None:
    telling = bool(_ASKS.match(part)) and _tells(part)
    part = part if part.endswith(("?", "？", "”", ")")) else f"{part.rstrip(' .,')}?"
    if not telling and found and not fresh:
        last = found[-1]
        found[-1] = replace(last, text=f"{last.text} {part}")
    elif (telling or _tells(f"{situation} {part}")) and all(similarity(part, q.text) < _SAME for q in found):
        found.append(Question(part, situation, telling))


def _tells(text: str) -> bool:
    named = set(content_words(text)) - _EMPTY
    return len(named) >= _TELLING or any(len(w) >= _LONG_WORD for w in named)


def _asked(sentence: str) -> tuple[str, Sequence[str]]:
    """(what is said, what is asked) in one sentence."""
    text = sentence.strip()
    marked = text.rstrip(")\"'”").endswith(("?", "？"))
    told = _TOLD.search(text)
    if told is not None:
        text = text[told.end() :]
    elif not marked and (text.endswith((".", "!", ":", ",", "…")) or not _ASKS.match(text)):
        return text, ()
    parts = [part for part in (p.strip() for p in _JOINT.split(text)) if words(part)]
    asked = [part for part in parts if _ASKS.match(part)]
    if told is not None or not asked:
        return "", parts if told is not None else [text] if words(text) else []
    lead = [part for part in parts if part not in asked]
    return " ".join(lead), asked
