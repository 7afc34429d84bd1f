"""What a customer's words call for besides an answer: a person, care, or only a courtesy in return."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from agent_assist.domain.text import visible, words

_FLAGS = re.IGNORECASE


class Alarm(StrEnum):
    """Why a person should take over; the value is the sentence for the agent."""

    HUMAN = "The customer asks for a person."
    LEGAL = "The customer speaks of legal steps or the press."
    ANGER = "The customer is very angry."
    SECURITY = "This may be fraud or a break-in to an account."
    HARM = "The customer may be in danger: follow your safety guidelines first."


class SmallTalk(StrEnum):
    """A message that is this and nothing more."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"


_ALARMS: dict[Alarm, re.Pattern[str]] = {
    Alarm.HARM: re.compile(
        r"\b(?:kill(?:ing)? myself|suicid\w*|end my life|hurt(?:ing)? myself|self[- ]harm|want to die"
        r"|suicidarme|matarme"
        r"|mich umbringen|das leben nehmen|me suicider|me tuer|me matar)\b",
        _FLAGS,
    ),
    Alarm.LEGAL: re.compile(
        r"\b(?:my (?:lawyer|attorney|solicitor)|(?:a|our|the) lawyer|sue (?:you|your)|lawsuit"
        r"|legal action|take (?:you|this) to court"
        r"|small claims|trading standards|ombudsman|consumer protection|go(?:ing)? to the press"
        r"|post (?:\w+ ){1,5}online|go(?:ing)? public"
        r"|mi abogad[oa]|demandar(?:les|los)?|denunciar(?:les|los|é)?|acciones legales"
        r"|mein(?:em|en)? anwalt|rechtsanwalt|verklagen|anzeige erstatten|verbraucherzentrale"
        r"|rechtliche schritte"
        r"|mon avocat|porter plainte|action en justice|tribunal"
        r"|(?:meu|minha) advogad[oa]|processar voc|procon|medidas legais)\b",
        _FLAGS,
    ),
    Alarm.SECURITY: re.compile(
        r"\b(?:(?:account|card|password) (?:was |has been |got |is |been )*(?:hacked|stolen|compromised"
        r"|taken over)|hacked|identity theft|phish\w*"
        r"|(?:didn['’]t|did not|never) (?:make|authori[sz]e|order|place) (?:this|that|the"
        r"|these) (?:purchase|payment|charge|order|transaction)s?"
        r"|fraud\w*|unauthori[sz]ed (?:charge|payment|access|transaction)s?|scam(?:med)?"
        r"|hackead[oa]|fraude|estafa|gehackt|betrug|missbraucht|piraté|usurpation|arnaque|hackeada|golpe)\b",
        _FLAGS,
    ),
    Alarm.HUMAN: re.compile(
        r"\b(?:(?:speak|talk|chat)(?:ing)? (?:to|with) (?:a |an |the |your |some)?(?:real |actual "
        r"|live )?(?:human|person|agent|representative|manager|supervisor|someone real)"
        r"|(?:real|actual) (?:human|person)|(?:a|your) (?:manager|supervisor)\b|not a (?:bot|robot)"
        r"|human (?:agent|being)"
        r"|hablar con (?:una persona|un humano|un agente|alguien|un responsable|el encargado)"
        r"|mit (?:einem|einer) (?:menschen|mitarbeiter|mitarbeiterin|echten|vorgesetzten)|(?:parler"
        r"|discuter) (?:à|avec) (?:un humain|une personne|un conseiller|un responsable)"
        r"|falar com (?:uma pessoa|um humano|um atendente|alguém|o gerente))\b",
        _FLAGS,
    ),
}
_ANGER = re.compile(
    r"\b(?:unacceptable|outrag\w+|furious|disgust\w+|ridiculous|worst|terrible|awful|horrible|pathetic"
    r"|useless|incompetent|livid|fed up|sick of"
    r"|scandal\w*|disgrace\w*|shame on|never again|rip-?off|liars?|joke|angry|bullshit|wtf|fuck\w*"
    r"|shit\w*|crap|damn"
    r"|inaceptable|indignad\w|vergüenza|pésim\w|peor|furios\w|hart[oa]|mierda|estafadores"
    r"|unverschämt\w*|frechheit|inakzeptabel|wütend|schlimmste\w*|katastroph\w*|sauer|scheiße?|unmöglich"
    r"|inadmissible|inacceptable|honte|scandaleux|furieux|pire|nul(?:le)?s?|merde|marre"
    r"|inaceitável|absurdo|vergonha|péssim\w|pior|palhaçada|merda)\b",
    _FLAGS,
)
_SHOUT = re.compile(r"\b[A-ZÀ-Ü]{4,}(?:\s+[A-ZÀ-Ü']{2,}){2,}")

_THANKS = re.compile(
    r"\b(?:thanks?|thank you|thx|cheers|appreciate(?: it)?|gracias|danke(?:schön)?|vielen dank|merci"
    r"|obrigad[oa]|valeu)\b",
    _FLAGS,
)
_BYE = re.compile(
    r"\b(?:good ?bye|bye|see you|take care|have a (?:good|nice|great)|that(?:['’]s| is| was"
    r"| will be) (?:all|it|everything)|adiós|hasta (?:luego|pronto)"
    r"|tschüss|auf wiedersehen|au revoir|à bientôt|bonne (?:journée|soirée)|tchau|até (?:logo|mais))\b",
    _FLAGS,
)
_HELLO = re.compile(
    r"^\W*(?:hi|hello|hey|yo|good (?:morning|afternoon|evening)|greetings|hola|buen[oa]s(?: (?:días"
    r"|tardes|noches))?|hallo|guten (?:tag|morgen|abend)"
    r"|servus|moin|bonjour|bonsoir|salut|olá|oi|bom dia|boa (?:tarde|noite))\b",
    _FLAGS,
)
_FILLER = re.compile(
    r"\b(?:thanks?|thank|you|so|very|much|thx|cheers|appreciate|it|i|for|your|the|all|help|that|this|is"
    r"|was|be|will|it's|that's|great|perfect|ok|okay|good|bye|goodbye|have|a"
    r"|nice|day|one|no|nope|nothing|else|everything|just|to|again|too|awesome|wonderful|fine|cool"
    r"|alright|sounds|got|hi|hello|hey|there|morning|afternoon|evening|really|then|now"
    r"|see|later|take|care|and|weekend|night|wonderful|excellent|amazing|well|ah|oh|yes|yeah|do|not"
    r"|don't|need|needed|wanted|guess|think|anything|am|i'm|we|we're|done|my|friend|sir|madam|team|how|are|doing|going|today|what"
    r"|up|sup|greetings"
    r"|hola|gracias|muchas|por|todo|su|tu|ayuda|adiós|buenas|buenos|días|tardes|noches|hasta|luego"
    r"|perfecto|vale|de|nada|más|es|eso|muy|amable"
    r"|hallo|danke|vielen|dank|für|die|hilfe|ihre|alles|klar|gut|super|tschüss|auf|wiedersehen|guten"
    r"|tag|morgen|abend|das|war|schönen|nein|schön|sehr|prima"
    r"|bonjour|bonsoir|salut|merci|beaucoup|pour|votre|aide|bonne|journée|au|revoir|parfait|c'est|tout"
    r"|soirée|non|très|bien|et"
    r"|olá|oi|obrigado|obrigada|muito|pela|ajuda|bom|dia|boa|tarde|noite|tchau|até|logo|perfeito|é|só"
    r"|isso|valeu)\b",
    _FLAGS,
)


@dataclass(frozen=True, slots=True)
class Signals:
    """What was read from the customer's words; `small_talk` is None where they ask or tell something."""

    alarms: tuple[Alarm, ...] = ()
    small_talk: SmallTalk | None = None


_AGAIN = re.compile(
    r"\b(?:(?:third|fourth|fifth|3rd|4th|5th|last) time I|(?:three|several|many) times (?:already|now)"
    r"|how many times|zum (?:dritten|vierten) mal"
    r"|por (?:tercera|cuarta) vez|pour la (?:troisième|quatrième) fois|pela (?:terceira|quarta) vez)\b",
    _FLAGS,
)


def read_signals(text: str, subject: str = "") -> Signals:
    """Alarms and small talk in what the customer wrote since the last reply, and in their subject."""
    text = visible(text)[:20_000]
    all_of_it = f"{visible(subject)[:500]}\n{text}" if subject else text
    alarms = [alarm for alarm, pattern in _ALARMS.items() if pattern.search(all_of_it)]
    if heat_of(all_of_it) >= 3:
        alarms.append(Alarm.ANGER)
    return Signals(tuple(alarms), None if alarms else _small_talk(text))


def heat_of(text: str) -> int:
    """How angry the words are: 0 for calm, 3 and more call for a person."""
    shouted = 2 * len(_SHOUT.findall(text)) + ("!!" in text)
    return len(_ANGER.findall(text)) + shouted + len(_AGAIN.findall(text))


_TROUBLE = re.compile(
    r"\b(?:broken|broke|damaged|faulty|defect\w*|missing|stuck|delayed|failed|leak(?:s|ed|ing)|complain\w*"
    r"|disappoint\w*|(?:does|did|do)(?:n['’]?t| not) (?:work|switch|open|start|arrive|come)"
    r"|(?:is|are)(?:n['’]?t| not) working|never (?:came|arrived|got)|not (?:arrived|received|here)"
    r"|still (?:no|not|have no|waiting)|(?:charged|debited|booked) (?:me )?twice|kaputt|beschädigt|fehlt"
    r"|defekt\w*|rot[oa]s?|dañad\w+|cassée?s?|abîmée?s?|quebrad\w+|danificad\w+)\b",
    _FLAGS,
)


def in_trouble(text: str) -> bool:
    """Whether the customer tells of something that went wrong, so that a word of regret is due."""
    told = re.split(r"(?<=[.!?…])\s+|\n", visible(text)[:6000])
    return any(_TROUBLE.search(t) for t in told if not t.rstrip().endswith("?"))


def _small_talk(text: str) -> SmallTalk | None:
    rest = [w for w in words(_FILLER.sub(" ", text)) if len(w) > 1]
    if len(words(text)) > 40 or len(rest) > (1 if len(words(text)) > 3 else 0):
        return None
    if "?" in text and not _HELLO.match(text):
        return None
    if _BYE.search(text):
        return SmallTalk.GOODBYE
    if _THANKS.search(text) or re.match(r"^\W*no\b", text, _FLAGS):
        return SmallTalk.THANKS
    if _HELLO.match(text):
        return SmallTalk.GREETING
    return None
