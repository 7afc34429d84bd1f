"""Replies put together from approved text: greetings, closings, macros, passages, questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent_assist.domain.house import PLAIN, Frame, Style, own_phrase
from agent_assist.domain.knowledge import FROM_REPLIES, Hit, Passage
from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.phrases import announcement, is_courtesy, phrases
from agent_assist.domain.signals import SmallTalk
from agent_assist.domain.telling import asked_for
from agent_assist.domain.text import clean, content_words, listed, similarity, split_sentences
from agent_assist.domain.ticket import LETTER, Channel, Role, Ticket

_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
_MARKUP = re.compile(r"(\*\*|__|`+|~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+.*$", re.MULTILINE)
_SLOT = re.compile(
    r"\{\{\s*([\w. ]{1,40}?)\s*\}\}|\{\s*([A-Za-z][\w. ]{0,40}?)\s*\}|\[\s*([A-Z][\w' ]{1,30})\s*\]"
    r"|%(\w{3,30})%|<<\s*([\w ]{1,30})\s*>>"
)


def plain(markdown: str) -> str:
    """Markdown as a person would type it into a reply."""
    text = _HEADING.sub("", clean(markdown))
    text = _LINK.sub(
        lambda m: m.group(2) if m.group(1) in ("", m.group(2)) else f"{m.group(1)} ({m.group(2)})", text
    )
    return re.sub(r"\n{3,}", "\n\n", _MARKUP.sub("", text)).strip()


def first_name(name: str) -> str:
    """What to call a customer: the first word of a name that is one; empty for an address or a number."""
    words = clean(name).split()
    if not words or "@" in name or any(c.isdigit() for c in words[0]) or len(words) > 4:
        return ""
    first = words[0].strip(",.")
    if first.casefold() in ("dr", "prof", "mr", "mrs", "ms", "miss", "herr", "frau", "sr", "sra", "mme"):
        return ""  # "Hi Dr," greets nobody
    return (
        first[:1].upper() + first[1:] if first.islower() else first if not first.isupper() else first.title()
    )


def letter(
    body: str,
    channel: Channel,
    language: str,
    *,
    name: str = "",
    signature: str = "",
    first: bool = True,
    offer: bool = True,
    sorry: bool = False,
    style: Style = PLAIN,
) -> str:
    """`body` with the greeting and closing of the channel; `first` is False after an earlier reply, `sorry`
    puts a word of regret before the body.  The `style`'s opening is a part of the body: see `opened`."""

    def said(part: Frame) -> str:
        phrase = style.get(part)
        return own_phrase(part, channel, language) if phrase is None else phrase

    body = f"{phrases(language).sorry} {body.strip()}" if sorry else body.strip()
    if offer and not body.endswith("?") and channel is not Channel.SOCIAL:
        body = f"{body} {said(Frame.OFFER)}".rstrip()
    hello = said(Frame.GREETING).replace("{name}", name) if name else said(Frame.GREETING_NOBODY)
    if channel not in LETTER:
        if not hello or not first:
            return body
        return f"{hello} {lower_first(body, language) if hello.endswith(',') else body}"
    closing = said(Frame.CLOSING)
    closing = f"{closing},\n{signature}" if signature and closing else closing or signature
    return "\n\n".join(part for part in (hello, body, closing) if part)


def opened(body: str, style: Style, language: str) -> str:
    """`body` behind what the house says before an answer, where it does not begin so itself."""
    opening = style.opening or ""
    if not opening or opening.casefold() in body.casefold() or announcement(body):
        return body
    return f"{opening} {lower_first(body, language) if opening.endswith(':') else body}"


_SMALL_WORDS = listed(
    """
    a an all after and as at before by can check could do every for from here hold if in is it most no of on
    open our please press some sorry take thank thanks that the there these this those to use we when which
    with yes you your
    """
)
"""Words that are no names and not "I": an English sentence that begins with one may go on in lower case."""


def lower_first(body: str, language: str) -> str:
    """After "Hi Ana," a sentence goes on; what may be a name keeps its capital letter."""
    first = body.split(maxsplit=1)[0].rstrip(",.:;") if body.strip() else ""
    small = language[:2] in ("", "en") and first.casefold() in _SMALL_WORDS and first != first.casefold()
    return f"{body[:1].lower()}{body[1:]}" if small else body


def greeting_of(ticket: Ticket) -> tuple[str, bool]:
    """(name to greet, whether this is the first reply)."""
    first = not any(m.role is Role.AGENT for m in ticket.messages)
    return first_name(ticket.customer.name), first


# --- approved text ------------------------------------------------------------------------------

_NAME_SLOTS = (
    "customer",
    "requester",
    "name",
    "first",
    "kunde",
    "cliente",
    "nombre",
    "client",
    "nom",
    "nome",
    "user",
)
_AGENT_SLOTS = ("agent", "signature", "sender", "current_user")
_COMPANY_SLOTS = ("company", "brand", "shop", "store", "firma", "empresa")


def fill_slots(
    text: str, *, name: str = "", agent: str = "", company: str = "", fields: Mapping[str, str] | None = None
) -> str:
    """A macro with its slots filled; a sentence with a slot that nothing fills is left out."""
    known = {re.sub(r"\W+", "_", k.casefold()): v for k, v in (fields or {}).items()}

    def value(match: re.Match[str]) -> str:
        key = re.sub(r"\W+", "_", next(g for g in match.groups() if g).casefold())
        if known.get(key):
            return known[key]
        for slots, filler in ((_AGENT_SLOTS, agent), (_COMPANY_SLOTS, company), (_NAME_SLOTS, name)):
            if any(s in key for s in slots):
                return filler or match.group()
        return match.group()

    filled = _SLOT.sub(value, text)
    kept: list[str] = []
    position = 0
    for span in split_sentences(filled):
        gap = filled[position : span.start]
        position = span.end
        if not _SLOT.search(span.text):
            kept.append((gap if kept else "") + span.text)
    return "".join(kept).strip()


def macro_body(text: str, **values: object) -> str:
    """A macro's own words without its greeting and closing, which the channel brings."""
    filled = fill_slots(plain(text), **values)  # type: ignore[arg-type]
    spans = split_sentences(filled)
    start, end = 0, len(spans)
    while start < end and is_courtesy(spans[start].text) and spans[start].text.rstrip().endswith((",", ":")):
        start += 1
    while end > start and is_courtesy(spans[end - 1].text) and not spans[end - 1].text.endswith("?"):
        end -= 1
    return filled[spans[start].start : spans[end - 1].end] if start < end else filled


# --- the steer line -----------------------------------------------------------------------------

_WISH = re.compile(
    r"^\s*(?:please\s+)?(?:mention|say|add|tell (?:them|him|her|the customer)"
    r"|include|explain|note|write|remind (?:them|him|her))"
    r"\b\s*(?:also\s+)?(?:that\s+)?",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"\b(?:is|are|was|were|will|can|cannot|can't|has|have|had|does|do|takes?|costs?|arrives?|ships?|must|may|should|we|you)\b",
    re.IGNORECASE,
)


def with_wish(body: str, steer: str, passages: Sequence[Passage]) -> str | None:
    """`body` with what the agent asked for in the steer line; None where no words for it are at hand.

    A statement is taken over in the agent's own words; a topic ("mention the label") brings the
    sentence of the passages that speaks of it.
    """
    wish = _WISH.sub("", clean(steer)).strip(" .")
    if not wish or not content_words(wish):
        return None
    if len(wish.split()) >= 3 and _STATEMENT.search(wish):
        return f"{body.rstrip()} {wish[0].upper()}{wish[1:]}."
    wanted = set(content_words(wish))
    for passage in passages:
        for span in split_sentences(plain(passage.text)):
            if wanted <= set(content_words(span.text)):
                return body if span.text in body else f"{body.rstrip()} {' '.join(span.text.split())}"
    return None


# --- questions and hand-overs -------------------------------------------------------------------


def topic_names(hits: Sequence[Hit]) -> list[str]:
    """Short names of what the passages are about, without repeats; never what another customer asked, which
    is the title of what was made of replies."""
    names: list[str] = []
    for hit in (h for h in hits if h.passage.collection not in FROM_REPLIES):
        name = clean(hit.passage.title or hit.passage.heading).rstrip(".! ")
        if name.endswith("?"):
            continue  # "Do you mean Do you deliver?" is no question a person would ask
        name = re.sub(r"^(?:faq|macro|how to|howto)\s*[:–-]\s*", "", name, flags=re.IGNORECASE)
        if name and len(name) <= 70 and all(similarity(name, n) < 0.7 for n in names):
            names.append(name)
    return names


def small_talk_reply(kind: SmallTalk, language: str) -> str:
    """The answer to a message that asks nothing: an offer of help, or thanks returned and a goodbye."""
    own = phrases(language)
    if kind is SmallTalk.GREETING:
        return own.how_help
    return f"{own.welcome} {own.goodbye}"


def clarifying_question(
    options: Sequence[str],
    language: str,
    topic: str = "",
    *,
    titles: bool = False,
    fields: Mapping[str, str] | None = None,
) -> str:
    """A question between two things, whether one is meant, or for more detail.

    `titles` says that the options are titles of articles, `fields` what the ticket knows: who has one order
    is asked whether it is about that one.
    """
    own = phrases(language)
    if len(options) >= 2:
        return (own.topics if titles else own.which).format(one=options[0], other=options[1])
    if options:
        return own.meant.format(one=options[0])
    if fields is not None:
        thing = next((clean(v) for k in _THINGS for n, v in fields.items() if k in n.casefold() and v), "")
        return own.about_thing.format(thing=thing) if thing else own.which_thing
    return own.about.format(topic=topic) if topic else own.detail


_THINGS = ("product", "plan", "order")
"""Parts of the names of fields that say what a ticket may be about, the most telling first."""


def holding_reply(channel: Channel, language: str, *, sorry: bool = False, person: bool = False) -> str:
    """What the customer can be told while a colleague takes over: `sorry` where they are upset, `person`
    where they asked for one."""
    own = phrases(language)
    text = own.to_person if person else own.hand_over
    text = f"{own.sorry} {text}" if sorry and not person else text
    return f"{text} {own.private}" if channel is Channel.SOCIAL else text


def hand_over_summary(ticket: Ticket, missing: str = "") -> list[str]:
    """For the colleague: what the customer wants, what was said, what is missing."""
    customer = [m for m in ticket.messages if m.role is Role.CUSTOMER and m.text.strip()]
    agent = [m for m in ticket.messages if m.role is Role.AGENT and m.text.strip()]
    lines: list[str] = []
    if customer:
        lines.append(f"The customer wants: {_gist(customer[0].text, asking=True)}")
        if len(customer) > 1:
            lines.append(f"Latest message: {_gist(customer[-1].text, asking=True)}")
    lines.append(f"Said so far: {_gist(agent[-1].text)}" if agent else "Nobody has answered yet.")
    details = [f"{k.replace('_', ' ')} {v}" for k, v in ticket.fields.items() if v][:4]
    if details:
        lines.append(f"Known: {', '.join(details)}.")
    if missing:
        lines.append(f"Missing: {missing}")
    return lines


_STORY = 700
"""Characters from which a letter does not begin with what it is about."""


def _gist(text: str, limit: int = 160, *, asking: bool = False) -> str:
    """The first sentences that say something, short; `asking`: of a long letter those that ask instead."""
    own = reduce_mail(text[:8000]).text
    spans = [s.text for s in split_sentences(clean(own)) if not (is_courtesy(s.text) and "?" not in s.text)]
    line = " ".join(" ".join(spans or [clean(text[:400])]).split())
    line = asked_for(line, limit) or line if asking and len(line) > _STORY else line
    return line if len(line) <= limit else f"{line[: line.rfind(' ', 0, limit)]} …"
