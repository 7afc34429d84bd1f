"""What no reply asks of a customer unseen: secrets, and money on ways that fraudsters use.

Articles with such a sentence are held back at import (`domain.planted`); a reply with one waits until the
agent has confirmed it, wherever the sentence came from.  What sends a customer to a form of the company's own
("enter your password on the sign-in page") and what warns them ("we never ask for your PIN") is no such
sentence.  English in full; German, Spanish, French and Portuguese in their usual words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent_assist.domain.injection import fold
from agent_assist.domain.suggestion import Mark, MarkKind
from agent_assist.domain.text import split_sentences

SECRET = "This asks the customer for a secret. No company of good repute does that."
PAYMENT = "This asks for money to an account, or on a way, that fraudsters use."

_LONGEST = 600
"""Characters of a sentence that are looked at."""

_NOUN = (
    r"(?:pass ?words?(?! (?:reset|manager|rules|protected))|pass ?codes?|pass ?phrases?|pins?(?: (?:code|number)s?)?"
    r"|cv[vc]2?|card verification \w+|security (?:code|number) (?:of|on|from) (?:the|your|their) (?:\w+ )?card"
    r"|digits on (?:its|the|their|your) back|(?:full|whole|complete|entire|long)? ?(?:credit |debit |bank )?card"
    r" (?:numbers?|details|data)|one[- ]time (?:code|password|passcode|pin)s?|otps?|tans?"
    r"|(?:verification|sms|2fa|two[- ]factor|authentication|authenticator|security|log-?in|sign-?in) codes?"
    r"|code (?:from|in) (?:the|your|their) (?:sms|text|authenticator|app)|(?:seed|recovery) (?:phrase|words)"
    r"|private keys?|maiden name|(?:log-?in|sign-?in|access|banking) (?:details|data|credentials)|credentials"
    r"|social security numbers?|ssn"
    r"|passwort|kennwort|geheimzahl|kartennummer|prufziffer|zugangsdaten"
    r"|contrasena|clave(?: de acceso)?|numero (?:completo )?de (?:la |su |tu )?tarjeta|codigo de (?:seguridad|verificacion)"
    r"|mots? de passe|numero (?:complet )?de (?:la |votre )?carte|code (?:secret|de verification|pin)"
    r"|senha|numero (?:completo )?do cartao)"
)
_NOT_ALL = re.compile(r"\blast (?:four|three|4|3|two|2) (?:digits|numbers|figures)\b")
"""What is customary: the last digits of a card."""
_TELL = (
    r"(?:send|share[ds]?|give|giving|given|tell|provide[ds]?|suppl(?:y|ied)|reply with|respond with|read out|forward(?:ed)?"
    r"|disclose[ds]?|let (?:us|me|them) know|e-?mail|text|message|hand over|reveal(?:ed)?|dictate[ds]?"
    r"|request(?:ed)?|ask(?:ed)?(?: \w+)? for|collect(?:ed)?|demand(?:ed)?|obtain|gather|write down"
    r"|(?:we|i)(?: \w+)? (?:need|require)|have (?:them|him|her|the \w+)|what(?:'s| is) (?:your|the|their)"
    r"|schicken?|senden?|nennen?|teilen?|mitteilen|verraten|geben"
    r"|envi[ae]\w*|manda\w*|dime|diga\w*|comparta|comparte|facilit[ae]\w*|indi(?:que|ca)\w*|proporcion[ae]\w*"
    r"|envoye[rz]|donne[rz]|communique[rz]|indique[rz]|transmett\w+|compartilh\w+|inform[ea]\w*)"
)
_ENTER = (
    r"(?:enter|type|confirm|verify|repeat|state|write|key in|bestatig\w+|confirm[ea]\w*|saisi\w+|digit[ea])"
)
_HERE = re.compile(
    r"\b(?:here|below|in (?:this|the|your|a) (?:chat|reply|message|e-?mail|conversation|ticket|answer|text)|to (?:us|me"
    r"|the (?:agent|desk|team|support))|with (?:us|me)|by (?:e-?mail|sms|text|phone|chat)|once (?:more|again)|have them)\b"
)
"""Where a secret that is "entered" or "confirmed" would come to us."""
_NEGATED = re.compile(
    r"(?:\b(?:never|not|nobody|no one|cannot|avoid|without|nie|niemals|nicht|keine?|nunca|no|jamais|ne|nao|neither"
    r"|whoever|anyone who|anybody who|someone who)\b|n't\b)[^,;:.!?]{0,60}$"
)
_ASKS = re.compile(rf"\b(?P<tell>{_TELL})\b(?P<between>.{{0,70}}?)\b{_NOUN}\b")
_ENTERS = re.compile(rf"\b(?P<tell>{_ENTER})\b(?P<between>.{{0,50}}?)\b{_NOUN}\b")
_PASSIVE = re.compile(
    rf"\b{_NOUN}\b.{{0,60}}?\b(?:must|should|has to|have to|needs? to|is to|are to|can|may) be"
    r" (?P<tell>shared|sent|given|told|provided|read out|forwarded|disclosed|supplied|collected|announced)\b"
)


def asks_secret(sentence: str) -> bool:
    """Whether a sentence asks the customer, or has the agent ask, for a password, a PIN, a whole card number,
    a one-time code, or what else opens an account."""
    folded = fold(sentence[:_LONGEST])
    if _NOT_ALL.search(folded):
        return False
    for pattern in (_ASKS, _PASSIVE):
        for match in pattern.finditer(folded):
            if not _NEGATED.search(folded[: match.start("tell")]) and not _sent_to_them(folded, match):
                return True
    return any(
        not _NEGATED.search(folded[: m.start("tell")]) and bool(_HERE.search(folded))
        for m in _ENTERS.finditer(folded)
    )


def _sent_to_them(folded: str, match: re.Match[str]) -> bool:
    """ "We send you a code", "it gives you a new password": the other way round."""
    before = folded[max(0, match.start("tell") - 24) : match.start("tell")]
    said = match.group("tell")
    if said.startswith(
        ("send", "give", "e-mail", "email", "text", "message", "provide", "tell", "forward", "share")
    ):
        if re.match(r" (?:you|the customer|them|him|her)\b", folded[match.end("tell") :]) and not re.search(
            r"\b(?:please|and|to)\s*$", before
        ):
            return bool(
                re.search(r"\b(?:we|it|that|they|will|can|system|page|app|bank|which)\s(?:\w+ )?$", before)
            )
        return bool(re.search(r"\b(?:we|it|system|app|bank)(?:'ll| will| can)?\s$", before))
    return False


_PAY = r"(?:pay(?:s|able|ments?|ing)?|paid|settled?|transfer(?:red)?|deposits?|send|wire|remit|charged?|fees?|bill|refundable|money)"
_COINS = (
    r"(?:bitcoins?|btc|ethereum|usdt|tether|monero|litecoin|crypto(?:currenc(?:y|ies))?|western union|moneygram|ukash"
    r"|(?:itunes|google play|steam|prepaid|amazon) (?:gift )?cards?|paysafe(?:card)?)"
)
_RULES = tuple(
    re.compile(p)
    for p in (
        rf"\b{_PAY}\b.{{0,80}}?\b{_COINS}\b|\b{_COINS}\b.{{0,60}}?\b{_PAY}\b",
        r"\b(?:paid|pay|payable|settled?|valid)\b.{0,40}\b(?:in|by|with|through) (?:\w+ )?(?:gift ?cards?|vouchers?)\b.{0,40}\b(?:only|within|code|codes|immediately|at once|first)\b",
        r"\b(?:only|exclusively|must|has to be|have to be)\b.{0,40}\b(?:paid|pay|payable|settled?)\b.{0,20}\b(?:in|by|with|through) (?:\w+ )?gift ?cards?\b",
        r"\b(?:send|read|tell|give|share|forward)\b.{0,40}\b(?:codes?|numbers?|photos?) (?:of|from|on) (?:the|your|these|them|\w+) (?:\w+ )?gift ?cards?\b",
        r"\b(?:our|the|new|changed|company) (?:bank|account|payment|iban) ?(?:details|account|number|data|information|connection)?s? (?:has|have|was|were|are|is)(?: been)?(?: now)? (?:changed|new|updated|moved|different|replaced)\b",
        rf"\b{_PAY}\b.{{0,60}}?\b(?:private|personal|another|different|new) (?:bank )?account\b",
        r"\b(?:unsere|neue) (?:bankverbindung|kontodaten|iban)\b.{0,40}\b(?:geandert|neu|lautet)|\b(?:nuestros?|nuevos?) (?:datos bancarios|cuenta|numero de cuenta)\b.{0,40}\b(?:ha\w* cambiado|nuev\w)|\b(?:nos|nouvelles?) (?:coordonnees bancaires|iban)\b.{0,40}\b(?:ont change|nouvel\w+)",
    )
)
_ACCOUNT = re.compile(
    r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,8}(?: ?[a-z0-9]{1,3})?\b|\b(?:0x[0-9a-f]{40}|bc1[0-9a-z]{20,60})\b"
)
_MONEY = re.compile(
    rf"\b(?:{_PAY}|account|iban|wallet|uberweis\w+|zahl\w+|transfer\w*|pag\w+|ingres\w+|vir(?:ez|ement)\w*|deposit\w*)\b"
)


def diverts_payment(sentence: str) -> bool:
    """Whether a sentence sends money to an account that it names, in crypto coins or gift cards, or says that
    the bank account is another one now."""
    folded = fold(sentence[:_LONGEST])
    for rule in _RULES:
        for match in rule.finditer(folded):
            if not re.search(r"\b(?:not|never|no|cannot|nor|if your)\b|n't\b", folded[: match.end()]):
                return True
    plain = sentence[:_LONGEST].casefold()
    return any(any(c.isdigit() for c in m.group()) for m in _ACCOUNT.finditer(plain)) and bool(
        _MONEY.search(folded)
    )


def find_asking(text: str) -> Iterable[Mark]:
    """A mark on each sentence of a reply that asks for a secret or sends money elsewhere."""
    for span in split_sentences(text):
        if asks_secret(span.text):
            yield Mark(MarkKind.SECRET, span.start, span.end, SECRET)
        elif diverts_payment(span.text):
            yield Mark(MarkKind.PAYMENT, span.start, span.end, PAYMENT)
