"""What an agent's edit says beyond this ticket: a rule that the next drafts rest on before any tuning.

Pure functions decide what of an edit is a rule and whether its facts have support; the same ones decide
which edits may become training pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote, urlencode

from agent_assist.domain.facts import Fact, find_facts
from agent_assist.domain.knowledge import Article, Hit
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.reading import about_one_case
from agent_assist.domain.suggestion import Mark, MarkKind, mark_id
from agent_assist.domain.support import agrees, stated_in
from agent_assist.domain.text import split_sentences, words

TYPO = 0.02
"""Edit distance, as a share of the longer text, below which an edit is a typo and says nothing."""

ARTICLE_PREFIX = "remembered:"
"""Begins the id of the article in which a rule is searched."""

_LEAST_WORDS = 3
_LONGEST = 1200
"""Characters of a rule: a reply that was written anew at length is an article to be written, no rule."""


_ORIGIN = "agent-assist://ticket/"


class RuleState(StrEnum):
    """Whether drafts may rest on a rule."""

    ACTIVE = "active"
    WAITING = "waiting"
    """It states what nothing supports: it is used once a person has confirmed it."""
    REVIEW = "review"
    """The article that it corrected has changed since: it is not used until a person has looked at it."""
    DISABLED = "disabled"
    """Switched off by a person."""
    NONE = "none"
    """The edit gives no rule, or its rule was removed: kept so that it does not come back."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One remembered edit; `id` is that of the suggestion which was edited.

    All of its texts are redacted.  It is searched as an article of the collection `remembered`, which is
    there only while the rule is active.
    """

    id: str
    ticket_id: str
    state: RuleState
    agent_id: str = ""
    """Pseudonym of who edited."""
    team: str = ""
    created_at: datetime | None = None
    language: str = ""
    question: str = ""
    """What the customer had asked."""
    before: str = ""
    """The sentences that went."""
    after: str = ""
    """The sentences that came: what is remembered."""
    gone: tuple[str, ...] = ()
    """Values of facts that the edit replaced; passages with them no longer stand beside the rule."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Id of each article that was corrected to the digest it had then."""
    context: Mapping[str, str] = field(default_factory=dict)
    """What the corrected article is about ("hotel"), so that a rule about one thing answers for no other."""
    why: str = ""
    """Why it is in this state, in a sentence."""
    edit: str = ""
    """Digest of the reply it was made of."""
    style: str = ""
    """The part of a reply (domain.house.Frame) that `after` words, where it is no edit's but a habit of the
    team, seen in many replies; it is then not searched."""
    channel: str = ""
    """Where a habit holds."""

    @property
    def article_id(self) -> str:
        return f"{ARTICLE_PREFIX}{self.id}"

    @property
    def url(self) -> str:
        """Where its article says that it is from: ticket, who, when; empty for a habit."""
        if self.style:
            return ""
        when = f"{self.created_at:%Y-%m-%d}" if self.created_at else ""
        query = urlencode({"by": self.agent_id, "on": when})
        return f"{_ORIGIN}{quote(self.ticket_id, safe='')}?{query}"


@dataclass(frozen=True, slots=True)
class Change:
    """The sentences of an edit that say something: what went and what came."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def changed_sentences(draft: str, final: str, language: str = "en") -> Change:
    """The sentences that are in one text alone, without greetings, courtesies, questions back to the customer
    and what is true of this customer's case only."""
    old, new = _sentences(draft), _sentences(final)
    before = tuple(t for k, t in old.items() if k not in new)
    after = tuple(t for k, t in new.items() if k not in old and _says_something(t, language))
    return Change(before, after)


def _sentences(text: str) -> dict[str, str]:
    """By their words; what only announces an answer is style, and says nothing."""
    told = (stated_in(s.text) for s in split_sentences(text))
    return {" ".join(words(t)): t[:1].upper() + t[1:] for t in told if words(t)}


def _says_something(sentence: str, language: str) -> bool:
    if len(words(sentence)) < _LEAST_WORDS or sentence.rstrip().endswith("?"):
        return False
    return not is_courtesy(sentence, language) and not about_one_case(sentence)


def why_no_rule(change: Change, distance: float) -> str:
    """Empty where an edit may become a rule; `distance` as in `Outcome.edit_distance`."""
    if _only_spelling(change, distance):
        return "Only a typo was corrected."
    if not change.after:
        return "The edit says nothing that holds beyond this ticket."
    if sum(map(len, change.after)) > _LONGEST:
        return "The reply was written anew at length: an article should say it."
    return ""


def is_typo(draft: str, final: str, distance: float) -> bool:
    """Whether an edit changed so little that it says nothing; another number is never so little."""
    return distance < TYPO and figures(draft) == figures(final)


def _only_spelling(change: Change, distance: float) -> bool:
    """Whether each sentence that came is one that went with letters changed: one word of it, or several
    where the whole edit is small."""
    if not change.before or len(change.before) != len(change.after):
        return False
    most = 99 if distance < TYPO else 1
    return all(_close(a, b, most) for a, b in zip(change.before, change.after))


def _close(one: str, other: str, most: int) -> bool:
    a, b = words(one), words(other)
    if len(a) != len(b) or figures(one) != figures(other):
        return False
    different = [(x, y) for x, y in zip(a, b) if x != y]
    return len(different) <= most and all(_typo(x, y) for x, y in different)


def _typo(one: str, other: str) -> bool:
    """One letter more, less, other, or two that changed places (Damerau); short words are words."""
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    rest, other_rest = one[start:], other[start:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[1::-1] == other_rest[:2] and rest[2:] == other_rest[2:])
    )


def origin_at(url: str) -> str:
    """Where a rule is from, in words, by the address of its article; empty for any other address."""
    if not url.startswith(_ORIGIN):
        return ""
    ticket, _, query = url.removeprefix(_ORIGIN).partition("?")
    told = dict(parse_qsl(query))
    when = f" on {told['on']}" if told.get("on") else ""
    return f"Edited by {told.get('by') or 'an agent'}{when} in ticket {unquote(ticket)}"


# --- facts ----------------------------------------------------------------------------------------


def figures(text: str, language: str = "de") -> frozenset[str]:
    """Values of all numbers, dates, amounts and links.

    With "de" as the language nothing is taken for a name by its capital letter alone.
    """
    return frozenset(v for f in find_facts(text, language) if f.kind is not MarkKind.NAME for v in f.values)


def unsupported(text: str, known: Iterable[str], confirmed: Iterable[str] = ()) -> tuple[Fact, ...]:
    """The facts of a text that stand in none of the `known` texts and that nobody confirmed (mark ids)."""
    values = figures("\n".join(known))
    accepted = frozenset(confirmed)
    return tuple(
        fact
        for fact in find_facts(text, "de")
        if fact.kind is not MarkKind.NAME
        and not agrees(fact, values)
        and mark_id(Mark(fact.kind, fact.start, fact.end, ""), text) not in accepted
    )


def replaced(change: Change) -> tuple[str, ...]:
    """Facts that an edit took out while it put others in their place."""
    old, new = figures(" ".join(change.before)), figures(" ".join(change.after))
    return tuple(sorted(old - new)) if new - old else ()


def digest_of(article: Article) -> str:
    """Changes with what an article says."""
    return hashlib.sha256(f"{article.title}\0{article.body}".encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_text(text: str) -> str:
    """SHA-256 in hex; spacing makes no difference."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()


def joined(sentences: Sequence[str]) -> str:
    """One paragraph of these sentences."""
    return " ".join(" ".join(s.split()) for s in sentences)


# --- use ------------------------------------------------------------------------------------------

_NEAR = 0.45
"""Cosine from which a rule may go first at all."""
_LEAD = 0.03
"""By how much another passage may be nearer than a rule that goes first."""
_LEAD_OVER_SOURCE = 0.12
"""As much for the article that the rule corrected: it is about the same, with the old wording."""


def preferred(hits: Sequence[Hit], rules: Mapping[str, Rule]) -> list[Hit]:
    """Hits with the rule first that is as near as what search put first: the nearest, or a newer one that is
    about as near.

    Passages of the articles that it corrected are then left out where they have the facts that it replaced,
    or say the opposite: a draft must not rest on both.  `rules` are by article id.
    """
    if not hits or not rules:
        return list(hits)
    top = hits[0]
    near = [h for h in hits if h.passage.article_id in rules and _goes_first(h, top, rules)]
    if not near:
        return list(hits)
    nearest = max(near, key=lambda h: h.dense or 0.0)
    alike = [h for h in near if _about_as_near(h, nearest, rules)]
    first = max(alike, key=lambda h: (_time(rules[h.passage.article_id]), h.score))
    rule = rules[first.passage.article_id]
    rest = [h for h in hits if h is not first and not _outdated(h, rule)]
    return [first, *rest]


def _goes_first(hit: Hit, top: Hit, rules: Mapping[str, Rule]) -> bool:
    rule = rules[hit.passage.article_id]
    lead = _LEAD_OVER_SOURCE if top.passage.article_id in rule.sources else _LEAD
    return (hit.dense or 0.0) >= max(_NEAR, (top.dense or 0.0) - lead)


def _about_as_near(hit: Hit, nearest: Hit, rules: Mapping[str, Rule]) -> bool:
    one, other = (set(rules[h.passage.article_id].sources) for h in (hit, nearest))
    lead = _LEAD_OVER_SOURCE if one & other else _LEAD
    return (hit.dense or 0.0) >= (nearest.dense or 0.0) - lead


def _time(rule: Rule) -> str:
    return rule.created_at.isoformat() if rule.created_at else ""


def _outdated(hit: Hit, rule: Rule) -> bool:
    if hit.passage.article_id not in rule.sources:
        return False
    if figures(hit.passage.text) & set(rule.gone):
        return True
    return any(contradicts(s.text, hit.passage.text) for s in split_sentences(rule.after))
