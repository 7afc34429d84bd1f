"""What a reply must not say unseen, found by rules in English, German, Spanish, French and Portuguese.

Each finder gives stretches with a reason; whose data something is, and which links are allowed, is
decided by `services.safety`, which knows the ticket and the articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_assist.domain.suggestion import Mark, MarkKind
from agent_assist.domain.text import words

_FLAGS = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: MarkKind
    reason: str
    pattern: re.Pattern[str]


def _rule(kind: MarkKind, reason: str, *patterns: str) -> _Rule:
    return _Rule(kind, reason, re.compile("|".join(f"(?:{p})" for p in patterns), _FLAGS))


LEGAL = "This reads like legal advice."
MEDICAL = "This reads like medical advice."
INSULT = "This may insult the customer."
TASK = "This speaks of the assistant's own instructions."

_RULES = (
    _rule(
        MarkKind.ADVICE,
        LEGAL,
        r"\byou (?:should|could|can|may|might|must) (?:sue|take (?:them|him|her|us|this|it) to"
        r" (?:court|a tribunal)"
        r"|press charges|take legal action|file (?:a )?(?:lawsuit|claim in court)|claim damages)",
        r"\b(?:you (?:have|are)|he has|she has) (?:a |the |no )?(?:legal(?:ly)? (?:right|entitled"
        r"|obliged|required|liable"
        r"|responsible)|right under the law|strong case)",
        r"\bunder (?:the )?(?:consumer rights act|consumer law|eu law|german law|french law|spanish"
        r" law|civil code"
        r"|gdpr|§|section \d|article \d+ of)",
        r"\b(?:it|this|that) (?:is|would be|was) (?:il)?legal\b|\bbreach of contract\b|\bstatute of"
        r" limitations\b",
        r"\b(?:sie|du) (?:k(?:ö|oe)nn(?:en|test)|sollten|solltest|d(?:ü"
        r"|ue)rfen)\b.{0,40}\b(?:klagen|verklagen|anzeige"
        r" erstatten|rechtlich vorgehen|schadensersatz)",
        r"\b(?:nach|gem(?:ä|ae)(?:ß|ss)|laut) (?:§|dem (?:bgb|gesetz)|bgb|dsgvo|deutschem recht)"
        r"|\b(?:sie haben|ihnen"
        r" steht)\b.{0,30}\b(?:rechtsanspruch|gesetzliche[sn]? recht)",
        r"\b(?:puede|podr(?:í|i)a|debe|deber(?:í|i)a|puedes) (?:usted )?(?:demandar|denunciar"
        r"|reclamar por v(?:í|i)a"
        r" judicial|emprender acciones legales)|\b(?:seg(?:ú|u)n|conforme a) la ley\b|\btiene"
        r" derecho legal\b",
        r"\bvous (?:pouvez|devriez|devez) (?:porter plainte|poursuivre|saisir (?:le tribunal|la"
        r" justice)|engager des"
        r" poursuites)|\b(?:selon|en vertu de) (?:la loi|l'article \d+|le code)|\bvous avez"
        r" (?:l(?:é|e)galement"
        r"|juridiquement) (?:le )?droit",
        r"\bvoc(?:ê|e) (?:pode|deve|deveria) (?:processar|entrar na justi(?:ç|c)a|acionar"
        r" judicialmente)|\bsegundo a"
        r" lei\b",
    ),
    _rule(
        MarkKind.ADVICE,
        MEDICAL,
        r"\b(?:take|increase|reduce|double|stop taking|continue taking|avoid"
        r" taking)\b.{0,40}\b(?:tablets?|pills?"
        r"|capsules?|dos(?:e|es|age)|medication|medicine|antibiotics?|ibuprofen|paracetamol|aspirin|insulin"
        r"|antihistamines?|\d+ ?mg)\b",
        r"\byou (?:probably |may |might |likely |seem to |must )?(?:have|suffer from|are having)"
        r" (?:an? )?(?:infection"
        r"|allerg(?:y|ic reaction)|concussion|fracture|inflammation|disease|heart attack|stroke"
        r"|diabetes|depression)",
        r"\b(?:this|it|that|these) (?:will|can|may|should|does) (?:cure|heal|treat) (?:your|the|any)",
        r"\bno need to (?:see|consult) a doctor|\byou (?:don['’]t|do not) need (?:a|to see a) doctor",
        r"\b(?:nehmen sie|nimm|setzen sie|erh(?:ö|oe)hen sie|verdoppeln"
        r" sie)\b.{0,40}\b(?:tabletten?|medikament\w*|dosis"
        r"|ibuprofen|paracetamol|antibiotik\w+|\d+ ?mg)\b|\bsie haben (?:wahrscheinlich |wohl"
        r" )?eine (?:infektion"
        r"|allergie|entz(?:ü|ue)ndung|gehirnersch(?:ü|ue)tterung)",
        r"\b(?:tome|toma|deje de tomar|aumente|reduzca)\b.{0,40}\b(?:pastillas?|comprimidos?|dosis"
        r"|medicament\w+"
        r"|ibuprofeno|paracetamol|antibi(?:ó|o)tico\w*|\d+ ?mg)\b|\b(?:tiene|padece) (?:probablemente )?una"
        r" (?:infecci(?:ó|o)n|alergia|inflamaci(?:ó|o)n)",
        r"\b(?:prenez|prends|arr(?:ê|e)tez de prendre|augmentez)\b.{0,40}\b(?:comprim(?:é|e)s?|dose"
        r"|m(?:é|e)dicament\w*"
        r"|ibuprof(?:è|e)ne|parac(?:é|e)tamol|antibiotique\w*|\d+ ?mg)\b|\bvous avez"
        r" (?:probablement )?une (?:infection"
        r"|allergie|inflammation)",
        r"\b(?:tome|pare de tomar|aumente)\b.{0,40}\b(?:comprimidos?|rem(?:é|e)dios?|dose"
        r"|ibuprofeno|\d+ ?mg)\b",
    ),
    _rule(
        MarkKind.INSULT,
        INSULT,
        r"\b(?:idiots?|idiotic|morons?|stupid|imbeciles?|dumb(?:ass)?|retard\w*|loser|scum"
        r"|bastards?|bitch(?:es)?"
        r"|assholes?|arseholes?|shut up|fuck\w*|piss off|go to hell|screw you|bullshit|crybaby|pathetic)\b",
        r"\b(?:you(?:['’]re| are) (?:a liar|lying|being (?:ridiculous|stupid|difficult"
        r"|unreasonable)|just (?:lazy"
        r"|whining)|too (?:dumb|stupid|lazy|old)|incapable|clueless)|your own (?:stupid )?fault"
        r"|stop (?:whining"
        r"|complaining)|calm down|people like you|you people|if you could read)\b",
        r"\b(?:idiot(?:en)?|dummkopf|bl(?:ö|oe)dmann|arschloch|depp|trottel|halt(?:en sie)? (?:die"
        r" klappe|den mund)"
        r"|verpiss|selbst schuld|sie l(?:ü|ue)gen|sie sind (?:zu )?(?:dumm|bl(?:ö|oe)d|unf(?:ä"
        r"|ae)hig)|leute wie sie)\b",
        r"\b(?:idiotas?|imb(?:é|e)cil(?:es)?|est(?:ú|u)pid[oa]s?|tont[oa]s?|gilipollas|cabr(?:ó|o)n"
        r"|pendej[oa]|c(?:á|a)"
        r"llese|c(?:á|a)llate|usted miente|es culpa suya|gente como usted)\b",
        r"\b(?:idiote?s?|imb(?:é|e)cile?s?|cr(?:é|e)tin\w*|connard|salaud|abruti\w*|stupides?|ta"
        r" gueule|fermez-la|vous"
        r" mentez|c['’]est votre faute|les gens comme vous)\b",
        r"\b(?:est(?:ú|u)pid[oa]s?|burr[oa]|cala a boca|voc(?:ê|e) est(?:á|a) mentindo|culpa sua)\b",
    ),
    _rule(
        MarkKind.PROMPT,
        TASK,
        r"\b(?:system prompt|my (?:initial |system |original )?(?:instructions|prompt|guidelines)"
        r" (?:are|is|say|state|tell)"
        r"|i (?:was|am|have been) (?:instructed|programmed|prompted|told) to|as an? (?:ai"
        r"|artificial intelligence"
        r"|large language model|language model|llm)\b|i(?:['’]m| am) (?:an? )?(?:ai|language model"
        r"|chatbot))",
        r"<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|\bFacts: .{0,40}\bCustomer's\b",
        r"\b(?:meine (?:anweisungen|instruktionen) (?:sind|lauten)|als (?:ki|sprachmodell|k(?:ü"
        r"|ue)nstliche intelligenz)"
        r"|system-?prompt|ich wurde (?:angewiesen|programmiert))\b",
        r"\b(?:mis instrucciones (?:son|dicen)|como (?:una )?(?:ia|inteligencia artificial|modelo"
        r" de lenguaje)|me han"
        r" (?:indicado|programado))\b",
        r"\b(?:mes (?:instructions|consignes) (?:sont|disent)|en tant qu['’](?:ia|intelligence"
        r" artificielle)|en tant que"
        r" mod(?:è|e)le|j['’]ai (?:é|e)t(?:é|e) programm(?:é|e))\b",
    ),
)  # fmt: skip

_RUN = 6
"""Words in a row of the assistant's own instructions that count as a leak."""


def find_unsafe(text: str, approved: Iterable[str] = (), prompt: str = "") -> list[Mark]:
    """Advice, insults and leaked instructions.

    What stands in the same words in an `approved` text (an article, a macro) is the company's own word.
    """
    known = [a.casefold() for a in approved]
    marks = [
        Mark(rule.kind, m.start(), m.end(), rule.reason)
        for rule in _RULES
        for m in rule.pattern.finditer(text)
        if rule.kind in (MarkKind.INSULT, MarkKind.PROMPT)
        or not any(m.group().casefold() in a for a in known)
    ]
    marks += _leaks(text, prompt, known)
    return marks


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def _leaks(text: str, prompt: str, known: Sequence[str]) -> list[Mark]:
    """Runs of the prompt's own words."""
    source = words(prompt)
    if len(source) < _RUN:
        return []
    runs = {tuple(source[i : i + _RUN]) for i in range(len(source) - _RUN + 1)}
    places = list(_WORD.finditer(text))
    said = [m.group().casefold().replace("’", "'") for m in places]
    marks: list[Mark] = []
    for i in range(len(said) - _RUN + 1):
        if tuple(said[i : i + _RUN]) not in runs:
            continue
        start, end = places[i].start(), places[i + _RUN - 1].end()
        if any(text[start:end].casefold() in a for a in known):
            continue
        if marks and start <= marks[-1].end:
            start = marks.pop().start
        marks.append(Mark(MarkKind.PROMPT, start, end, TASK))
    return marks


# --- links --------------------------------------------------------------------------------------

_LINK = re.compile(
    r"\b(?:https?://|ftp://|www\.)[^\s<>()\"'\]]+"
    r"|(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|org|net"
    r"|io|de|es|fr|pt|br|uk|eu|at|ch|it|nl|pl|us|info|biz|xyz|ru|cn|top|shop|site|online|store|app"
    r"|dev|example|test)\b"
    r"(?:/[^\s<>()\"'\]]*)?",
    _FLAGS,
)


def links_in(text: str) -> list[tuple[int, int, str]]:
    """(start, end, host) of each link, the host without "www."."""
    found = []
    for match in _LINK.finditer(text):
        end = match.start() + len(match.group().rstrip(".,;:!?)'\"»”’"))
        host = re.sub(r"^[a-z]+://", "", text[match.start() : end].casefold())
        host = re.split(r"[/?#]", host, maxsplit=1)[0].rsplit("@", 1)[-1].split(":")[0].removeprefix("www.")
        if "." in host:
            found.append((match.start(), end, host))
    return found


def allowed(host: str, domains: Iterable[str]) -> bool:
    """Whether the host is one of the domains or below one."""
    return any(host == d or host.endswith(f".{d}") for d in domains)


# --- names in a greeting ------------------------------------------------------------------------

_GREETING = re.compile(
    r"(?:^|\n)\s*(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen"
    r"|abend)|liebe[r]?"
    r"|sehr geehrte[r]?|moin|hola|estimad[oa]|buen[oa]s (?:d(?:í|i)as|tardes)|bonjour|bonsoir|cher"
    r"|ch(?:è|e)re|salut"
    r"|ol(?:á|a)|oi|prezad[oa]|car[oa]|bom dia|boa tarde)\s+"
    r"((?:(?:Mr|Mrs|Ms|Dr|Prof|Herrn?|Frau|Sr|Sra|Señora?|M|Mme|Monsieur|Madame|Senhora?)\.?\s+){0,2})"
    r"([^\W\d_a-z][\w'’-]+(?:\s+[^\W\d_a-z][\w'’-]+){0,3})"
)
_NOBODY = frozenset(
    words(
        "there all team customer customers sir madam everyone friend friends guest zusammen"
        " kunde kundin kunden"
        " damen herren team cliente clientes equipo todos todas señor señora monsieur madame"
        " client cliente equipe"
        " senhor senhora herr frau mr mrs ms support valued dear"
    )
)


def greeted(text: str) -> tuple[int, int] | None:
    """Where the name stands that the reply's greeting names."""
    match = _GREETING.search(text[:400])
    if match is None or not set(words(match.group(2))) - _NOBODY:
        return None
    return match.span(2)
