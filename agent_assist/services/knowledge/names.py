"""Names in running text: what an article is about where no field of its own says so."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

NAME_KEY: Final = "name"
"""The key of topics that were found in text.  Unlike a field of the source they exclude nothing: a
passage about one product may well name another."""
LARGEST_SHARE: Final = 0.2
"""A name in more passages than this is the company's own, or no name."""

_CAPITAL: Final = r"(?:[A-Z][\w'’.&-]*\w|[A-Z]|\d+[A-Z]\w*)"
_NAME: Final = re.compile(
    rf"{_CAPITAL}(?:\s+(?:(?:and|of|the|du|de|la|le|&)\s+){{0,2}}(?:{_CAPITAL}|\d+\b)){{0,5}}"
)
_FIRST: Final = re.compile(r"(?:^|[.!?:\n*#>|(\"“-])\s*$")
_NOT_NAMES: Final = frozenset(
    """
    i yes no the a an our we you your it its there this that these those they he she if in on at for
    from to please sorry unfortunately can could do does did is are was were will would what when where
    which who why how all any both each every some free not only however also monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september october
    november december faq pdf url http https wifi wi-fi tv ok am pm usd eur gbp
    """.split()  # noqa: SIM905 - a list this long is easier to read as text
)


def names_in(text: str) -> list[str]:
    """Capitalised names in a text; a single word counts only in the middle of a sentence."""
    found: list[str] = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        opens = bool(_FIRST.search(text[max(0, match.start() - 4) : match.start()] or "."))
        while words and words[0].casefold().strip(".'’") in _NOT_NAMES:
            words, opens = words[1:], False
        while words and (words[-1].casefold() in _NOT_NAMES or words[-1].islower()):
            words.pop()
        if len(words) > 1 or (words and not opens and len(words[0]) > 2):
            found.append(" ".join(words).rstrip(".").removesuffix("'s").removesuffix("’s"))
    return found


def topics_in(passages: Iterable[tuple[int, str, str]]) -> list[tuple[str, str, list[int]]]:
    """(key, name, passage ids) from (passage id, title, text) of a whole knowledge base."""
    where: dict[str, list[int]] = defaultdict(list)
    spelling: dict[str, Counter[str]] = defaultdict(Counter)
    total = 0
    for passage_id, title, text in passages:
        total += 1
        for name in dict.fromkeys([*names_in(title), *names_in(text)]):
            folded = name.casefold()
            spelling[folded][name] += 1
            if not where[folded] or where[folded][-1] != passage_id:
                where[folded].append(passage_id)
    most = max(3, int(total * LARGEST_SHARE))
    return [
        (NAME_KEY, spelling[folded].most_common(1)[0][0], ids)
        for folded, ids in where.items()
        if len(ids) <= most
    ]
