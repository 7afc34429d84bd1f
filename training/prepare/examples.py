"""From a ticket to examples: one for each reply of an agent that is worth learning.

Rules by which a reply is left out, each counted in the report:

- it has fewer than `min_words` or more than `max_words` words;
- it is automatic (out of office, delivery notices, "this is an automated message");
- it says nothing but courtesy;
- it repeats itself (more than a fifth of its groups of four words);
- it is in a language that is not wanted, or in another than the customer's;
- it holds a number, a date or a link that neither the passages nor the conversation have, though
  passages were found;
- it contradicts the passage that retrieval would have given;
- it does not rest on that passage: less than the share `rests` of what it says stands there or in the
  conversation.  Learnt, it would teach to answer from elsewhere; often the wrong article was found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent_assist.domain.answers import answer_from
from agent_assist.domain.composing import macro_body
from agent_assist.domain.knowledge import Passage
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.privacy import known_values
from agent_assist.domain.prompt import build_messages
from agent_assist.domain.remembered import figures
from agent_assist.domain.support import stated_in, states_something
from agent_assist.domain.text import content_words, coverage, repeated, split_sentences, words
from agent_assist.domain.ticket import Message, Role, Ticket, ticket_to_json
from agent_assist.ports import LanguageDetector, Redactor
from training.config import PrepareOptions

_AUTOMATIC = re.compile(
    r"\b(?:this is an automat\w+|automatic(?:ally)? (?:reply|generated|sent)|auto-?reply"
    r"|out of (?:the )?office"
    r"|do not reply to this|delivery (?:status )?notification|mail delivery failed|undeliverable"
    r"|abwesenheitsnotiz|automatisch(?:e|er)? (?:antwort|erstellt)|réponse automatique"
    r"|respuesta automática|resposta automática)",
    re.IGNORECASE,
)
_JOIN = "\n\ufdd0\n"


@dataclass(frozen=True)
class Example:
    """One reply with what it answered and where it came from."""

    prompt: tuple[Mapping[str, str], ...]
    reply: str
    ticket: str
    customer: str
    agent: str
    language: str
    channel: str
    moment: datetime | None
    passages: tuple[str, ...]
    position: int = 0
    """Which reply of its ticket."""
    source: str = ""
    rejected: str = ""
    label: bool | None = None
    intent: str = ""
    tags: tuple[str, ...] = ()
    before: Ticket | None = None
    """The ticket as it was when the reply was written."""
    learnable: bool = True
    """False: a question to measure with, whose reply is not learnt."""

    def case(self) -> dict[str, Any]:
        """What `evaluate` asks the product for, with the reply that the agent gave."""
        ticket = ticket_to_json(self.before) if self.before else {}
        return {
            "ticket": ticket | {"id": f"{self.ticket}#{self.position}"},
            "reply": self.reply,
            "articles": list(self.passages),
            "intent": self.intent or None,
        }

    def labelled(self) -> dict[str, Any]:
        """The ticket and what its customer wanted."""
        return {"ticket": ticket_to_json(self.before) if self.before else {}, "intent": self.intent}

    def row(self) -> dict[str, Any]:
        """As TRL reads it, with what the later stages group by."""
        made: dict[str, Any] = {"prompt": [dict(m) for m in self.prompt]}
        reply = [{"role": "assistant", "content": self.reply}]
        if self.rejected:
            made |= {"chosen": reply, "rejected": [{"role": "assistant", "content": self.rejected}]}
        else:
            made["completion"] = reply
        if self.label is not None:
            made["label"] = self.label
        return made | {
            "meta": {
                "ticket": self.ticket,
                "agent": self.agent,
                "language": self.language,
                "channel": self.channel,
                "intent": self.intent,
                "tags": list(self.tags),
                "passages": list(self.passages),
                "at": self.moment.isoformat() if self.moment else None,
            }
        }


class Articles:
    """Finds the passage that an answer would have rested on: BM25 over the articles' words.

    k1 1.5 and b 0.75 as in Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009.  It stands in
    for the product's search, which needs a workspace; an article newer than the question is not seen.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._passages: list[Passage] = []
        self._times: list[datetime | None] = []
        self._words: list[Counter[str]] = []
        for place, row in enumerate(rows):
            context = [f"{k}: {v}" for k, v in row.items() if k in ("domain", "entity", "product") and v]
            passage = Passage(
                place,
                str(row.get("id", place)),
                0,
                " › ".join(context),
                str(row.get("body", "")),
                str(row.get("title", "")),
            )
            self._passages.append(passage)
            stamp = row.get("updated_at")
            self._times.append(datetime.fromisoformat(stamp) if isinstance(stamp, str) and stamp else None)
            self._words.append(Counter(content_words(f"{passage.title} {passage.heading} {passage.text}")))
        self._seen = Counter(w for words_ in self._words for w in words_)
        self._length = sum(sum(w.values()) for w in self._words) / max(1, len(self._words))
        self._at: dict[str, list[int]] = {}
        for place, found in enumerate(self._words):
            for word in found:
                self._at.setdefault(word, []).append(place)

    def find(self, question: str, moment: datetime | None) -> list[Passage]:
        """The best passage where it has at least half of the question's telling words; else none."""
        asked = set(content_words(question))
        scores: Counter[int] = Counter()
        for word in asked:
            weight = math.log(1 + (len(self._words) - self._seen[word] + 0.5) / (self._seen[word] + 0.5))
            for place in self._at.get(word, ()):
                count, size = self._words[place][word], sum(self._words[place].values())
                scores[place] += weight * count * 2.5 / (count + 1.5 * (0.25 + 0.75 * size / self._length))  # type: ignore[assignment]
        for place, _ in scores.most_common(5):
            newer = moment and self._times[place] and self._times[place] > moment  # type: ignore[operator]
            if not newer and asked and len(asked & set(self._words[place])) / len(asked) >= 0.5:
                return [self._passages[place]]
        return []


@dataclass
class Maker:
    """Makes examples of tickets; counts what it leaves out and what it redacts."""

    options: PrepareOptions
    languages: LanguageDetector
    redactor: Redactor | None
    articles: Articles | None
    dropped: Counter[str]
    entities: Counter[str]

    def examples(self, ticket: Ticket, source: str) -> list[Example]:
        """One for each of the agent's turns that may be learnt."""
        ticket = self._redacted(ticket)
        found: list[Example] = []
        for place, message in enumerate(ticket.messages):
            if message.role is not Role.AGENT:
                continue
            before = replace(ticket, messages=ticket.messages[:place])
            if before.last_customer_message is None or not _answers(before):
                self.dropped["answers no customer"] += 1
                continue
            one = self._example(before, message, source, len(found))
            if one is not None:
                found.append(one)
        return found

    def _example(self, before: Ticket, message: Message, source: str, position: int) -> Example | None:
        asked = "\n".join(m.text for m in before.open_customer_messages)
        name = before.customer.name
        body = macro_body(message.text, name=name).strip()
        language, _ = self.languages.detect(f"{asked}\n{body}")
        passages = self.articles.find(asked, message.created_at) if self.articles else []
        why = self._why_not(body, asked, language, passages, before)
        if why:
            self.dropped[why] += 1
            return None
        prompt = build_messages(
            before,
            [_excerpt(p, asked) for p in passages] if self.options.excerpts else passages,
            company=self.options.company,
            voice=self.options.voice,
            channel=before.channel,
            language=language or "en",
        )
        return Example(
            tuple({"role": m.role, "content": m.content} for m in prompt),
            body,
            before.id,
            before.customer.id or before.customer.email,
            message.author,
            language,
            before.channel.value,
            message.created_at,
            tuple(p.article_id for p in passages),
            position,
            source,
            intent=intent_of(before),
            tags=before.tags,
            before=before,
        )

    def _why_not(
        self, body: str, asked: str, language: str, passages: Sequence[Passage], before: Ticket
    ) -> str:
        count = len(words(body))
        if count < self.options.min_words:
            return "too short"
        if count > self.options.max_words:
            return "too long"
        if _AUTOMATIC.search(body):
            return "automatic"
        if not states_something(body, language or "en") and "?" not in body:
            return "only courtesy"
        if repeated(body) > 0.2:
            return "repeats itself"
        if self.options.languages and language and language not in self.options.languages:
            return f"language {language}"
        theirs, sure = self.languages.detect(asked)
        mine, certain = self.languages.detect(body)
        if theirs and mine and theirs != mine and min(sure, certain) > 0.8:
            return "another language than the customer's"
        if passages:
            known = "\n".join([*(p.text for p in passages), *(m.text for m in before.messages)])
            if not figures(body) <= figures(known):
                return "a figure that nothing supports"
            if contradicts(body, passages[0].text, passages[0].title):
                return "contradicts the passage"
            told = "\n".join([*(f"{p.title} {p.heading}" for p in passages), known])
            if rests_on(body, told, language) < self.options.rests:
                return "does not rest on the passage"
        return ""

    def _redacted(self, ticket: Ticket) -> Ticket:
        if self.redactor is None:
            return ticket
        text, found = self.redactor.redact(_JOIN.join(m.text for m in ticket.messages), known_values(ticket))
        self.entities.update(kind for kind, *_ in found)
        parts = text.split(_JOIN)
        return replace(
            ticket, messages=tuple(replace(m, text=t) for m, t in zip(ticket.messages, parts)), subject=""
        )


def rests_on(body: str, known: str, language: str = "en") -> float:
    """The share of the content words of what `body` states that `known` has; 1 where it states nothing."""
    stating = [s.text for s in split_sentences(body) if states_something(s.text, language or "en")]
    return coverage(" ".join(map(stated_in, stating)), known)


def intent_of(ticket: Ticket) -> str:
    """What the helpdesk says that the customer wanted: a field of that name, or a tag `intent:…`."""
    fields = {name.casefold(): value for name, value in ticket.fields.items()}
    tagged = (tag.partition(":")[2] for tag in ticket.tags if tag.casefold().startswith("intent:"))
    return str(fields.get("intent") or next(tagged, "")).strip()


def _excerpt(passage: Passage, asked: str) -> Passage:
    """The sentences that answer, found by their words: what the product shows a small model, which finds them
    by meaning as well."""
    return replace(passage, text=answer_from(passage, asked) or passage.text)


def _answers(before: Ticket) -> bool:
    public = [m for m in before.messages if m.role is not Role.NOTE]
    return bool(public) and public[-1].role is Role.CUSTOMER
