"""Where a reply sends the customer: links, e-mail addresses and telephone numbers, and whose they are.

The company's own are those that several of its articles give, and those of the setting.  One that stands in
a single article may have been planted there: the reply waits until the agent has confirmed it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from agent_assist.domain.knowledge import Article, Collection
from agent_assist.domain.safety import allowed, links_in
from agent_assist.domain.suggestion import Mark, MarkKind
from agent_assist.ports import KnowledgeRepository
from agent_assist.services.options import OptionsService

TELLING: Final = 20
"""Articles from which it says something that only one of them has an address."""

_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@([\w-]+(?:\.[\w-]+)+)")
_PHONE: Final = re.compile(r"(?<![\w/.-])\+?\(?\d(?:[\d \u00a0()./-]{5,20})\d(?![\w/])")
_ONCE: Final = "Only one article gives this {what}. Make sure that it is yours."


class Values(Protocol):
    """What the ticket itself holds, as `services.safety.Own`."""

    def has(self, value: str, kind: str = "", /) -> bool:
        """Whether the value stands there, however it is spelt; `kind` is a placeholder's type, as "EMAIL"."""


@dataclass(frozen=True)
class _Known:
    """In how many articles each stands."""

    hosts: Counter[str] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)
    phones: Counter[str] = field(default_factory=Counter)
    articles: int = 0

    def shared(self, number: int) -> bool:
        return number > 1 or (number == 1 and self.articles < TELLING)

    @property
    def ours(self) -> frozenset[str]:
        """Domains and e-mail addresses that are the company's own."""
        return frozenset(d for d, number in (self.hosts + self.mails).items() if self.shared(number))


class Contacts:
    """Thread-safe."""

    def __init__(self, articles: KnowledgeRepository, options: OptionsService) -> None:
        self._articles = articles
        self._options = options
        self._known: _Known | None = None
        self._ours: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Articles came or went."""
        self._known = None

    def marks(self, text: str, own: Values) -> list[Mark]:
        """Links, addresses and numbers of `text` that neither the articles share, nor the setting allows, nor
        the ticket (`own`) has.  An unknown address or number is marked by whoever looks for personal data."""
        links, mails = links_in(text), list(_EMAIL.finditer(text))
        phones = list(_PHONE.finditer(text))
        if not (links or mails or phones):
            return []
        known = self._read()
        extra, numbers = _listed(self._options.current.reply.link_domains)
        ours = self._ours | extra
        marks: list[Mark] = []
        for start, end, host in links:
            if allowed(host, ours) or any(m.start() <= start < m.end() for m in mails):
                continue
            once = known.hosts[host] == 1 and not own.has(host)
            reason = (
                _ONCE.format(what="link") if once else f"Links to {host} are not on the list of allowed ones."
            )
            marks.append(Mark(MarkKind.CONTACT if once else MarkKind.LINK, start, end, reason))
        for mail in mails:
            address = mail.group().casefold()
            listed = address in ours or allowed(mail.group(1).casefold(), ours)
            if known.mails[address] == 1 and not listed and not own.has(address, "EMAIL"):
                marks.append(_once(mail, "e-mail address"))
        for phone in phones:
            digits = _digits(phone.group())
            listed = any(digits.endswith(n) or n.endswith(digits) for n in numbers)
            once = known.phones[digits] == 1 and not known.shared(1)
            if once and not listed and not own.has(phone.group(), "PHONE"):
                marks.append(_once(phone, "telephone number"))
        return marks

    def _read(self) -> _Known:
        known = self._known
        if known is None:
            given = [a for a in self._articles.articles() if a.collection != Collection.SOLVED]
            self._known = known = _counted(given)
            self._ours = known.ours
        return known


def _counted(articles: Iterable[Article]) -> _Known:
    hosts: Counter[str] = Counter()
    mails: Counter[str] = Counter()
    phones: Counter[str] = Counter()
    total = 0
    for article in articles:
        total += 1
        text = f"{article.url}\n{article.title}\n{article.body}"
        hosts.update({host for _, _, host in links_in(text)})
        mails.update({m.group().casefold() for m in _EMAIL.finditer(text)})
        phones.update({_digits(m.group()) for m in _PHONE.finditer(text)})
    return _Known(hosts, mails, phones, total)


def _listed(setting: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Domains and addresses, and the digits of telephone numbers, of the lead's list."""
    domains: set[str] = set()
    numbers: list[str] = []
    for entry in re.split(r"[,;\n]+", setting.casefold()):
        if len(_digits(entry)) >= 6 and not re.search(r"[a-z@]", entry):
            numbers.append(_digits(entry))
        else:
            domains.update(d.removeprefix("www.") for d in entry.split())
    return frozenset(domains), tuple(numbers)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text).lstrip("0")


def _once(match: re.Match[str], what: str) -> Mark:
    return Mark(MarkKind.CONTACT, match.start(), match.end(), _ONCE.format(what=what))
