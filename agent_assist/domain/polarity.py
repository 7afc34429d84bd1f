"""Yes and no: whether two sentences about the same thing say the opposite."""

from __future__ import annotations

import re

from agent_assist.domain.text import content_words, listed, words

_NOT = listed(
    """
    no not never without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't couldn't
    shouldn't haven't hasn't unable unavailable none nor neither prohibited forbidden nothing unfortunately
    nunca sin ni ningún ninguna tampoco
    nicht kein keine keinen keinem keiner ohne nie niemals leider
    ne pas sans jamais aucun aucune non malheureusement
    não sem nenhum nenhuma nem infelizmente
    """
)
_SOFT = listed("unfortunately leider malheureusement infelizmente")
_YES = listed("yes yeah yep sure certainly absolutely sí si ja oui sim")
_NO = listed("no nope unfortunately nein non não leider")
_CLAUSE = re.compile(
    r"[,;:.!?()\n]+|\b(?:but|however|although|though|unless|except|pero|aunque|aber|jedoch|mais|mas"
    r"|porém|sondern)\b",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"\b(?:for free|(?:is |are )?free of charge|is free|are free|free (?!to\b)|complimentary|gratis"
    r"|gratuit\w*|kostenlos\w*|kostenfrei\w*|at no (?:extra |additional )?(?:cost|charge)"
    r"|no (?:extra |additional )?(?:cost|charge|fee)s?|not? (?:a |any )?(?:charge|fee|cost)|sin coste"
    r"|sem custo|sans frais)\b",
    re.IGNORECASE,
)
_NOT_FREE = re.compile(
    r"\b(?:not|isn't|aren't|no es|no son|nicht|n'est pas|não é)\s+(?:for )?(?:free|complimentary|gratis"
    r"|gratuit\w*|kostenlos\w*|kostenfrei\w*)\b",
    re.IGNORECASE,
)
_PAID = re.compile(
    r"\b(?:costs?|charged?|charges|fees?|surcharge|extra cost|pay|paid|payable|chargeable|kostet"
    r"|gebühr\w*|coste|cuesta|coût\w*|payant\w*|custa|taxa)\b",
    re.IGNORECASE,
)
_OPPOSITES = [
    (listed("open opens"), listed("closed closes closed")),
    (listed("allowed permitted welcome accepted"), listed("prohibited forbidden banned")),
    (listed("refundable"), listed("non-refundable nonrefundable")),
    (listed("included includes"), listed("excluded excludes")),
    (listed("always"), listed("never")),
    (listed("required mandatory necessary"), listed("optional unnecessary")),
]


_ANSWERS_NO = re.compile(
    r"^\W*no(?:\s*[,.:;!–-]+\s*|\s+(?=(?:it|they|there|you|we|i|he|she|this|that|these|those|sorry)\b))",
    re.IGNORECASE,
)


def without_answer_no(text: str) -> str:
    """`text` without a "no" at its start that answers: "No it is not", not the "no" of "No dogs inside"."""
    return _ANSWERS_NO.sub("", text, count=1)


def opening(text: str) -> bool | None:
    """True where the text begins with yes, False with no, None with neither."""
    first = words(text[:40])[:1]
    if not first:
        return None
    return True if first[0] in _YES else False if first[0] in _NO else None


def negative(clause: str) -> bool:
    """Whether a clause denies what it speaks of; two negations affirm, words of regret do not count.

    The "no" that answers a question is none of them: "No it does not offer music" denies once.
    """
    tokens = words(without_answer_no(clause))
    if "only" in tokens and "not" in tokens:
        return False
    denials = sum(1 for t in tokens if t in _NOT and t not in _SOFT)
    if "ne" in tokens and {"pas", "jamais", "aucun", "aucune"} & set(tokens):
        denials -= 1  # French denies with a pair of words
    return denials % 2 == 1


def clauses(text: str) -> list[tuple[frozenset[str], bool]]:
    """Content words and denial of each clause that has content."""
    parts = [p for p in _CLAUSE.split(text) if p and p.strip()]
    return [(frozenset(found), negative(part)) for part in parts if (found := content_words(part))]


def free_or_paid(text: str) -> bool | None:
    """True for free, False for paid, None where the text speaks of neither or of both."""
    if _NOT_FREE.search(text):
        return False
    rest, free = _FREE.subn(" ", text)
    paid = bool(_PAID.search(rest))
    return None if bool(free) == paid else bool(free)


def contradicts(sentence: str, source: str, question: str = "") -> bool:
    """Whether `sentence` says the opposite of `source`, which answers `question` where there is one."""
    said, known = opening(sentence), opening(source)
    wanted, having = set(content_words(sentence)), set(content_words(f"{source} {question}"))
    shared = wanted & having
    if said is not None and known is not None and said is not known and len(shared) >= 2:
        return True
    money, cost = free_or_paid(sentence), free_or_paid(source)
    if money is not None and cost is not None and shared:
        return money is not cost  # "free" and "no charge" agree, though only one of them denies
    if _opposed(sentence, source) and len(shared) >= 2:
        return True
    statements = clauses(source)
    if question and known is not None:
        statements.append((frozenset(content_words(question)), not known))
    return any(_clashes(clause, denied, statements) for clause, denied in clauses(sentence))


def _clashes(clause: frozenset[str], denied: bool, statements: list[tuple[frozenset[str], bool]]) -> bool:
    """Whether the statement nearest to the clause denies what it affirms, or the other way round."""
    if len(clause) < 2:
        return False
    close = {False: 0.0, True: 0.0}
    for content, negated in statements:
        shared = clause & content
        if len(shared) >= 2:
            close[negated] = max(close[negated], len(shared) / min(len(clause), max(len(content), 2)))
    return close[not denied] >= 0.6 and close[not denied] > close[denied]


def _opposed(sentence: str, source: str) -> bool:
    one, other = set(words(sentence)), set(words(source))
    if negative(sentence) or negative(source):
        return False
    return any(
        (one & a and other & b and not one & b and not other & a)
        or (one & b and other & a and not one & a and not other & b)
        for a, b in _OPPOSITES
    )
