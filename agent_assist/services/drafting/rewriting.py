"""The agent's text made shorter, warmer, more formal or simpler, by rules that keep its facts."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from enum import StrEnum

from agent_assist.domain.composing import first_name, letter
from agent_assist.domain.facts import find_facts
from agent_assist.domain.phrases import is_courtesy, phrases
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.support import check, evidence_for
from agent_assist.domain.text import split_sentences, words
from agent_assist.domain.ticket import Role, Ticket
from agent_assist.ports import LanguageDetector, SemanticIndex
from agent_assist.services.options import OptionsService


class Rewrite(StrEnum):
    """What a button above the draft asks for; the value stands in the sentence that says what was done."""

    SHORTER = "shorter"
    """Without courtesies and without what nothing supports."""
    WARMER = "warmer"
    """With a word of thanks after the greeting."""
    FORMAL = "formal"
    """Without contractions and colloquial words."""
    SIMPLER = "simpler"
    """With everyday words for stiff ones."""


_FORMAL = (
    (r"\bcan't\b", "cannot"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(I|we|you|they)'ll\b", r"\1 will"),
    (r"\b(I|we|you|they)'ve\b", r"\1 have"), (r"\b(we|you|they)'re\b", r"\1 are"), (r"\bI'm\b", "I am"),
    (r"\b(it|that|there|what)'s\b", r"\1 is"), (r"\bthanks\b", "thank you"), (r"\bok(?:ay)?\b", "all right"),
)  # fmt: skip
_SIMPLE = (
    (r"\bin order to\b", "to"),
    (r"\bprior to\b", "before"),
    (r"\bsubsequent(?:ly)? to\b", "after"),
    (r"\bpurchased?\b", "buy"),
    (r"\badditional(?:ly)?\b", "more"),
    (r"\bassistance\b", "help"),
    (r"\bassist\b", "help"),
    (r"\bapproximately\b", "about"),
    (r"\bcommence(s?)\b", r"start\1"),
    (r"\bterminate(s?)\b", r"end\1"),
    (r"\butili[sz]e(s?)\b", r"use\1"),
    (r"\brequire(s?)\b", r"need\1"),
    (r"\bregarding\b", "about"),
    (r"\bprovided that\b", "if"),
    (r"\bin the event that\b", "if"),
    (r"\bobtain\b", "get"),
)  # fmt: skip


class Rewriter:
    """Rewrites by rules; no model runs.  The check of the new text may wait for the encoder."""

    def __init__(self, index: SemanticIndex, languages: LanguageDetector, options: OptionsService) -> None:
        self._index = index
        self._languages = languages
        self._options = options

    def rewrite(self, ticket: Ticket, suggestion: Suggestion, kind: Rewrite, text: str) -> Suggestion:
        """A new suggestion with the changed text, checked like any draft; no fact is added or altered."""
        language = suggestion.language
        changed = _CHANGES[kind](text, suggestion, ticket, self._options.current.reply.signature)
        if {v for f in find_facts(text, language) for v in f.values if f.what != "name"} - {
            v for f in find_facts(changed, language) for v in f.values
        } and kind is not Rewrite.SHORTER:
            changed = text  # a fact was lost on the way: the agent's own text is the better one
        said = [m.text for m in ticket.messages if m.role is Role.AGENT] + [suggestion.steer]
        customer = [m.text for m in ticket.messages if m.role is Role.CUSTOMER]
        evidence = evidence_for(
            suggestion.hits,
            said=said,
            customer=customer,
            names=(
                ticket.customer.name,
                self._options.current.reply.company,
                self._options.current.reply.signature,
            ),
        )
        return replace(
            suggestion,
            id=uuid.uuid4().hex,
            text=changed,
            sentences=check(changed, evidence, language, self._index.similarity),
            alternative_of=suggestion.id,
            reasons=(f"Made {kind.value} by rules; its facts are the same.", *suggestion.reasons),
        )


def _shorter(text: str, suggestion: Suggestion, ticket: Ticket, signature: str) -> str:
    """Without courtesies between greeting and closing, and without what nothing supports."""
    spans = split_sentences(text)
    unsupported = {s.text for s in suggestion.sentences if not s.supported}
    facts = [s for s in spans if not is_courtesy(s.text, suggestion.language)]
    dropped = [
        s
        for i, s in enumerate(spans)
        if (s.text in unsupported and len(facts) > 1)
        or (
            0 < i < len(spans) - 1
            and is_courtesy(s.text, suggestion.language)
            and not _frame(s.text, signature, suggestion)
        )
        or (i == len(spans) - 1 and len(spans) > 1 and s.text.endswith("?") and facts)
    ]
    for span in reversed(dropped):
        text = text[: span.start].rstrip(" ") + text[span.end :]
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _frame(sentence: str, signature: str, suggestion: Suggestion) -> bool:
    own = phrases(suggestion.language)
    return (
        bool(signature and signature in sentence)
        or sentence.rstrip(",") in (own.closing, own.formal_closing)
        or len(words(sentence)) <= 3
    )


def _warmer(text: str, suggestion: Suggestion, ticket: Ticket, signature: str) -> str:
    own = phrases(suggestion.language)
    if own.thanks.casefold() in text.casefold():
        return text
    return _insert_after_greeting(text, own.thanks[0].upper() + own.thanks[1:], suggestion, ticket)


def _formal(text: str, suggestion: Suggestion, ticket: Ticket, signature: str) -> str:
    own = phrases(suggestion.language)
    name = ticket.customer.name.strip() or first_name(ticket.customer.name)
    hello = own.formal_hello.format(name=name) if name else own.hello_nobody
    text = text.replace(own.hello.format(name=first_name(ticket.customer.name)), hello, 1)
    text = text.replace(f"\n{own.closing}", f"\n{own.formal_closing}")
    return _replace_all(text, _FORMAL) if suggestion.language == "en" else text


def _simpler(text: str, suggestion: Suggestion, ticket: Ticket, signature: str) -> str:
    if suggestion.language == "en":
        text = _replace_all(text, _SIMPLE)
    return re.sub(r";\s+(\w)", lambda m: f". {m.group(1).upper()}", text)


def _replace_all(text: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, new in rules:
        text = re.sub(pattern, lambda m, n=new: _cased(m.group(), m.expand(n)), text, flags=re.IGNORECASE)  # type: ignore[misc]
    return text


def _cased(old: str, new: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _insert_after_greeting(text: str, sentence: str, suggestion: Suggestion, ticket: Ticket) -> str:
    spans = split_sentences(text)
    if spans and spans[0].text.endswith((",", ":")):
        end = spans[0].end
        rest = text[end:].lstrip()
        gap = text[end : len(text) - len(rest)] or " "
        return f"{text[:end]}{gap}{sentence} {rest}"
    return f"{sentence} {text}"


_CHANGES = {
    Rewrite.SHORTER: _shorter,
    Rewrite.WARMER: _warmer,
    Rewrite.FORMAL: _formal,
    Rewrite.SIMPLER: _simpler,
}

__all__ = ["Rewrite", "Rewriter", "letter"]
