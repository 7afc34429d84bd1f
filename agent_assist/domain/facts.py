"""Facts in a text: numbers, dates, times, amounts, links, addresses, names and promises.

Each fact has a kind, its place, and the set of values it may mean ("1,5" is 1.5 or 15 depending on
the writer), so that two ways of writing the same fact agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent_assist.domain.suggestion import MarkKind
from agent_assist.domain.text import listed, split_sentences


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in a text, at the characters from `start` up to, not including, `end`."""

    kind: MarkKind
    start: int
    end: int
    text: str
    values: frozenset[str]
    """Any one of these in the evidence supports it."""
    what: str
    """For the reason: "amount", "telephone number"."""


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar enero janvier janeiro ene",
            "february feb februar febrero février fevereiro",
            "march mar märz marzo mars março",
            "april apr abril avril abr",
            "may mai mayo maio",
            "june jun juni junio juin junho",
            "july jul juli julio juillet julho",
            "august aug agosto août ago",
            "september sep sept septiembre septembre setembro",
            "october oct oktober okt octubre octobre outubro",
            "november nov noviembre novembre novembro",
            "december dec dezember dez diciembre décembre dezembro dic",
        ),
        1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mondays montag lunes lundi segunda-feira",
            "tuesday tuesdays dienstag martes mardi terça-feira",
            "wednesday wednesdays mittwoch miércoles mercredi quarta-feira",
            "thursday thursdays donnerstag jueves jeudi quinta-feira",
            "friday fridays freitag viernes vendredi sexta-feira",
            "saturday saturdays samstag sábado samedi",
            "sunday sundays sonntag domingo dimanche",
            "tomorrow demain amanhã übermorgen",
        )
    )
    for name in names.split()
}
_SPELLED = {
    name: number
    for names, number in (
        ("two zwei dos deux dois duas", 2),
        ("three drei tres trois três", 3),
        ("four vier cuatro quatre quatro", 4),
        ("five fünf cinco cinq", 5),
        ("six sechs seis", 6),
        ("seven sieben siete sept sete", 7),
        ("eight acht ocho huit oito", 8),
        ("nine neun nueve neuf nove", 9),
        ("ten zehn diez dix dez", 10),
        ("eleven elf once onze", 11),
        ("twelve zwölf doce douze doze", 12),
        ("fourteen vierzehn catorce quatorze catorze", 14),
        ("fifteen fünfzehn quince quinze", 15),
        ("twenty zwanzig veinte vingt vinte", 20),
        ("thirty dreißig treinta trente trinta", 30),
        ("sixty sechzig sesenta soixante sessenta", 60),
        ("ninety neunzig noventa", 90),
        ("hundred hundert cien cent cem", 100),
    )
    for name in names.split()
}
_CURRENCIES = {
    "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "dólares": "usd", "€": "eur", "eur": "eur",
    "euro": "eur", "euros": "eur", "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "¥": "jpy",
    "jpy": "jpy", "yen": "jpy", "chf": "chf", "r$": "brl", "brl": "brl", "reais": "brl", "real": "brl",
}  # fmt: skip
_UNITS = {
    name: unit
    for unit, names in {
        "minute": "minute minutes min mins minuten minuto minutos",
        "hour": "hour hours hr hrs h stunde stunden hora horas heure heures",
        "day": "day days tag tage tagen día días jour jours dia dias werktage werktagen",
        "week": "week weeks woche wochen semana semanas semaine semaines",
        "month": "month months monat monate monaten mes meses mois mês",
        "year": "year years jahr jahre jahren año años an ans ano anos",
        "percent": "% percent prozent",
    }.items()
    for name in names.split()
}

_ALT = "|".join
_MONTH = _ALT(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_NUM = r"\d+(?:[.,'’\u00a0\u202f]\d+)*"
_CUR = _ALT(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_FLAGS = re.IGNORECASE

_LINK = re.compile(
    r"\b(?:https?://|www\.)[^\s<>()\"']+[^\s<>()\"'.,;:!?]|\b[a-z0-9-]+\.(?:com|org|net|io|de|es|fr|pt"
    r"|br|co\.uk|eu|example|app)\b(?:/[^\s<>()\"']*[^\s<>()\"'.,;:!?])?",
    _FLAGS,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(
    rf"\b(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?(?:{_MONTH})\b(?:\.?,?\s+(?:de\s+)?\d{{4}})?"
    rf"|(?:{_MONTH})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?)",
    _FLAGS,
)
_TIME = re.compile(
    r"\b(\d{1,2})(?:[:.h](\d{2}))\s*(a\.?m\b\.?|p\.?m\b\.?|uhr\b)?|\b(\d{1,2})\s*(a\.?m\b\.?|p\.?m\b\.?"
    r"|uhr\b|o'clock\b)",
    _FLAGS,
)
_AMOUNT = re.compile(
    rf"(?<!\w)(?:r\$|[$€£¥])\s?{_NUM}|(?<![\w.,]){_NUM}\s?(?:{_CUR})(?!\w)|\b(?:usd|eur|gbp|chf)\s?{_NUM}",
    _FLAGS,
)
_PHONE = re.compile(r"(?<![\w/.,])\+?\(?\d[\d\s().\-]{5,}\d(?!\w)")
_NUMBER = re.compile(
    rf"(?<![\w.,]){_NUM}(?:st|nd|rd|th|º|ª)?(?![\w])|(?<![\w.,]){_NUM}(?=%|x\d|[a-z]{{1,3}}\b)", _FLAGS
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CODE = re.compile(r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*\b")


def numbers(text: str) -> frozenset[str]:
    """All values that a written number may have: "1,500" is 1500 or 1.5."""
    digits = re.sub(r"['’\u00a0\u202f]", "", text)
    readings = {digits.replace(",", "").replace(".", "") if re.search(r"[.,]\d{3}(?!\d)", digits) else digits}
    parts = re.split(r"[.,]", digits)
    if len(parts) == 2 and len(parts[1]) != 3:
        readings = {f"{parts[0]}.{parts[1]}"}
    elif len(parts) == 2:
        readings.add(f"{parts[0]}.{parts[1]}")
    elif len(parts) > 2:
        readings.add("".join(parts[:-1]) + "." + parts[-1] if len(parts[-1]) != 3 else "".join(parts))
    return frozenset(_canonical(r) for r in readings)


def _canonical(number: str) -> str:
    try:
        value = float(number)
    except ValueError:
        return number
    return str(int(value)) if value.is_integer() and value < 1e15 else str(value)


def find_facts(text: str, language: str = "en") -> list[Fact]:
    """The facts of `text` in order; each stretch belongs to one fact at most."""
    taken = [False] * (len(text) + 1)
    facts: list[Fact] = []

    def take(kind: MarkKind, start: int, end: int, values: Iterable[str], what: str) -> None:
        if start < end and not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            facts.append(Fact(kind, start, end, text[start:end], frozenset(values), what))

    for m in _EMAIL.finditer(text):
        take(MarkKind.LINK, m.start(), m.end(), {m.group().casefold()}, "e-mail address")
    for m in _LINK.finditer(text):
        address = re.sub(r"^(?:https?://)?(?:www\.)?", "", m.group().casefold()).rstrip("/")
        take(MarkKind.LINK, m.start(), m.end(), {address}, "link")
    for m in _CODE.finditer(text):
        take(MarkKind.NUMBER, m.start(), m.end(), {m.group().casefold()}, "code")
    for m in _DATE.finditer(text):
        take(MarkKind.DATE, m.start(), m.end(), _date_values(m.group()), "date")
    for m in _AMOUNT.finditer(text):
        take(MarkKind.AMOUNT, m.start(), m.end(), _amount_values(m.group()), "amount")
    for m in _TIME.finditer(text):
        take(MarkKind.DATE, m.start(), m.end(), _time_values(m), "time")
    for m in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", m.group())
        if 7 <= len(digits) <= 16:
            take(MarkKind.NUMBER, m.start(), m.end(), {f"tel:{digits}", digits}, "number")
    for m in _NUMBER.finditer(text):
        figure = re.match(_NUM, m.group())
        unit = _unit_after(text, m.end())
        values = numbers(figure.group() if figure else m.group())
        take(MarkKind.NUMBER, m.start(), m.end(), {f"{v} {unit}".strip() for v in values}, "number")
    for m in _WORD.finditer(text):
        word = m.group().casefold()
        if word in _SPELLED:
            unit = _unit_after(text, m.end())
            take(MarkKind.NUMBER, m.start(), m.end(), {f"{_SPELLED[word]} {unit}".strip()}, "number")
        elif word in _WEEKDAYS:
            take(MarkKind.DATE, m.start(), m.end(), {f"day:{_WEEKDAYS[word]}"}, "day")
    for start, end in _names(text, language):
        take(MarkKind.NAME, start, end, {text[start:end].casefold()}, "name")
    return sorted(facts, key=lambda f: f.start)


def _unit_after(text: str, position: int) -> str:
    m = re.match(r"[\s-]*(%|[^\W\d_]+)(?:\s+([^\W\d_]+))?", text[position : position + 40])
    if not m:
        return ""
    return _UNITS.get(m.group(1).casefold()) or _UNITS.get((m.group(2) or "").casefold(), "")


def _amount_values(text: str) -> set[str]:
    digits = re.search(_NUM, text)
    sign = text.replace(digits.group() if digits else "", "").strip().casefold()
    currency = _CURRENCIES.get(sign, sign)
    return {f"{v} {currency}" for v in numbers(digits.group())} if digits else {text}


def _date_values(text: str) -> set[str]:
    parts = re.findall(r"\d+|[^\W\d_]+", text.casefold())
    month = next((_MONTHS[p] for p in parts if p in _MONTHS), 0)
    digits = [int(p) for p in parts if p.isdigit()]
    if month and digits:
        return {f"{month:02}-{digits[0]:02}"}
    if len(digits) == 3 and digits[0] > 31:
        return {f"{digits[1]:02}-{digits[2]:02}"}
    if len(digits) >= 2:
        return {f"{digits[1]:02}-{digits[0]:02}", f"{digits[0]:02}-{digits[1]:02}"}
    return {text.casefold()}


def _time_values(m: re.Match[str]) -> set[str]:
    hour, minute = int(m.group(1) or m.group(4)), int(m.group(2) or 0)
    half = (m.group(3) or m.group(5) or "").casefold()
    if half.startswith("p") and hour < 12:
        hour += 12
    if half.startswith("a") and hour == 12:
        hour = 0
    return {f"{hour:02}:{minute:02}"}


_NO_NAMES = listed(
    """
    i i'm i'll i've i'd ok okay faq pdf id url wi-fi wifi internet gps tv usb sms app e-mail
    email mr mrs ms dr sir madam dear hello hi sr sra srta monsieur madame herr frau english
    spanish german french portuguese sie ihr ihre ihnen ihrem ihren ihrer usted ustedes ud uds
    yes no
    """
)
_TITLES = re.compile(r"\b(?:Herr|Herrn|Frau|Firma)\s+([^\W\d_]+)")


def _names(text: str, language: str) -> list[tuple[int, int]]:
    """Capitalised words that do not begin a sentence.  In German, where nouns are capitalised, only
    those after a title."""
    if language == "de":
        return [m.span(1) for m in _TITLES.finditer(text)]
    found: list[tuple[int, int]] = []
    for span in split_sentences(text):
        first = True
        for m in re.finditer(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", span.text):
            word = m.group()
            before = span.text[: m.start()].rstrip()
            initial = (
                first
                or before.endswith((":", "•", "“", '"', "(", "-", "¿", "¡", ",\n"))
                or ("\n" in span.text[len(before) : m.start()])
            )
            first = False
            if (
                word[0].isupper()
                and not initial
                and word.casefold() not in _NO_NAMES
                and word.casefold() not in _MONTHS
            ):
                found.append((span.start + m.start(), span.start + m.end()))
    return found


# --- promises -----------------------------------------------------------------------------------

_ACTIONS: dict[str, str] = {
    "refund": r"refund|reimburs|money back|credit(?:ed)?\b|reembols|devol(?:ver|uci)|erstatt"
    r"|zurückerstatt|rembours|estorn",
    "send": r"sen[dt]|ship|mail|deliver|dispatch|receive|post\b|envi|mand(?:ar|aremos)|recib|schick"
    r"|send|versend|erhalten|zuschick|envo|expéd|recev|receb",
    "contact": r"call|phone|ring you|contact|get back|reach out|follow(?: |-)up|notify|inform you"
    r"|let you know|update you|keep you|text you|llam|contact|avis|anruf|rufen?\b|rufe\b|meld|kontakt"
    r"|informier"
    r"|appel"
    r"|contacter|rappel|préven|lig(?:ar|aremos)|entrar em contato|avis",
    "replace": r"replac|exchang|swap|reemplaz|cambi|ersetz|umtausch|austausch|remplac|échang|substitu|troc",
    "cancel": r"cancel|stornier|kündig|annul",
    "book": r"book|reserv|arrang|schedul|buch|réserv|program|agend",
    "fix": r"fix|repair|resolv|sort (?:it|this) out|take care|reset|arregl|resolv|solucion|repar|behob"
    r"|beheb|lös|répar|résoud|consert",
    "discount": r"discount|voucher|coupon|compensat|free of charge|waive|descuento|vale\b|rabatt"
    r"|gutschein|réduction|remise|bon d'achat|desconto|cupom",
    "guarantee": r"guarantee|garanti|garant",
    "process": r"process|approv|escalat|forward|investigat|look into|check (?:on|with|it)|make sure"
    r"|ensure|proces|investig|prüf|weiterleit|bearbeit|vérifi|trait|encaminh|verific",
    "change": r"chang|updat|modif|correct|änder|aktualisier|modific|actualiz|alter|atualiz|mett\w+ à jour",
}  # fmt: skip
_ACTION = {name: re.compile(rf"\b(?:{pattern})", _FLAGS) for name, pattern in _ACTIONS.items()}
_PROMISE = re.compile(
    r"\b(?:we|i|our (?:team|colleagues|support)|someone|a colleague)(?:['’]ll| will| shall"
    r"|['’]m going to|['’]re going to| am going to"
    r"| are going to| have (?:already )?(?!to\b)|['’]ve (?:already )?| guarantee| promise"
    r"| can (?:refund|offer you|give you))"
    r"|\byou(?:['’]ll| will) (?:receive|get|be (?:refunded|contacted|called|notified|credited))"
    r"|\byour (?:refund|order|replacement|request|account|booking|ticket) (?:has been|will be|was)\b"
    r"|\b(?:te|le|les|os) (?:enviaremos|reembolsaremos|llamaremos|contactaremos|avisaremos"
    r"|devolveremos)|\b(?:enviaremos|reembolsaremos|llamaremos|hemos)\b|\brecibirá\b"
    r"|\b(?:te|le|les|os) (?:llamamos|llamo|enviamos|devolvemos|reembolsamos|contactamos)\b"
    r"|\bse (?:le|te|les) (?:reembolsará|devolverá|enviará|llamará|avisará|contactará)\b|\brecibirás\b"
    r"|\b(?:wir|ich) (?:werden|werde|haben|habe|schicken|schicke|senden|sende|erstatten|erstatte|rufen|rufe"
    r"|melden|melde)\b"
    r"|\bsie (?:erhalten|bekommen)\b|\bihnen (?:wird|werden)\b|\bihre (?:erstattung|bestellung) wird\b"
    r"|\b(?:nous|je) (?:vous )?(?:allons|vais|enverrons|rembourserons|rappellerons|contacterons|avons"
    r"|ai)\b|\bvous (?:recevrez|serez (?:remboursée?|rappelée?|contactée?|livrée?))\b"
    r"|\bon vous (?:rappelle(?:ra)?|rembourse(?:ra)?|enverra|contacte(?:ra)?)\b"
    r"|\b(?:nós )?(?:vamos|enviaremos|reembolsaremos|ligaremos|entraremos em contato)\b|\bvocê receberá\b",
    _FLAGS,
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A clause by which the company commits itself; `actions` are the kinds that `actions_in` tells apart."""

    start: int
    end: int
    actions: frozenset[str]


def actions_in(text: str) -> frozenset[str]:
    """Which kinds of action a text speaks of."""
    return frozenset(name for name, pattern in _ACTION.items() if pattern.search(text))


def find_promises(sentence: str) -> list[Promise]:
    """Statements that the company does, did or will do something."""
    found: list[Promise] = []
    for m in _PROMISE.finditer(sentence):
        clause = re.split(r"[,;]|\bif\b|\bwenn\b|\bsi\b|\bse\b", sentence[m.start() :], maxsplit=1)[0]
        actions = actions_in(clause)
        if actions and not sentence.rstrip().endswith("?") and not any(m.start() < p.end for p in found):
            found.append(Promise(m.start(), m.start() + len(clause.rstrip(" .!")), actions))
    return found
