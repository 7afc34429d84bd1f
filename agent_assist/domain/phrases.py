"""Set phrases of support in five languages: what states no fact, and what replies begin and end with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from agent_assist.domain.facts import find_promises
from agent_assist.domain.text import listed, split_sentences, words


@dataclass(frozen=True, slots=True)
class Phrases:
    """The product's own words in one language."""

    hello: str
    hello_nobody: str
    formal_hello: str
    thanks: str
    sorry: str
    closing: str
    """Ends an e-mail, before the signature."""
    formal_closing: str
    offer: str
    """A short offer of further help."""
    welcome: str
    """The reply to thanks."""
    goodbye: str
    how_help: str
    which: str
    """A question between two; {one} and {other}."""
    detail: str
    """A question for more, when nothing was understood."""
    about: str
    """A question for more, about {topic}."""
    private: str
    """On social channels: continue in private."""
    hand_over: str
    """Tells the customer that a colleague takes over."""
    goes_on: str
    """Takes up what the customer answered, while the agent looks further."""
    meant: str
    """Asks whether {one} is meant."""
    no_answer: str
    """Says that a {question} of several has no answer; promises nothing."""
    to_person: str
    """Tells a customer who asks for a person that one takes over."""
    topics: str
    """A question between the titles of two articles, {one} and {other}."""
    which_thing: str
    """A question for what it is about, where the ticket does not say either."""
    about_thing: str
    """The same, where it may be about {thing}: the product or the order in the ticket."""
    offer_in_chat: str = ""
    """The offer as it is said in a chat; empty where it is the same."""


PHRASES: Mapping[str, Phrases] = {
    "en": Phrases(
        "Hi {name},",
        "Hello,",
        "Dear {name},",
        "Thank you for your message.",
        "Sorry for the trouble.",
        "Kind regards",
        "Yours sincerely",
        "Is there anything else I can do for you?",
        "You're welcome.",
        "Have a good day.",
        "How can I help you?",
        "Do you mean {one} or {other}?",
        "Could you tell me a little more, so that I can find the right answer for you?",
        "Could you tell me a little more about {topic}, so that I can give you the right answer?",
        "Please send us a private message, so that we can look at it without sharing your details here.",
        "Thank you for your message. To get you the right answer, I am asking a colleague to look at this.",
        "Thank you, that helps. Is there anything else I should know before I look into it?",
        "Do you mean {one}?",
        "I do not have an answer to “{question}” yet.",
        "Of course. A colleague takes over from here.",
        "Is this about “{one}” or about “{other}”?",
        "Which product or order is it about, and what happens exactly?",
        "Is this about {thing}? And what happens exactly?",
        "Anything else I can do for you?",
    ),
    "es": Phrases(
        "Hola, {name}:",
        "Hola:",
        "Estimado/a {name}:",
        "Gracias por su mensaje.",
        "Sentimos las molestias.",
        "Un saludo",
        "Atentamente",
        "¿Puedo ayudarle en algo más?",
        "De nada.",
        "Que tenga un buen día.",
        "¿En qué puedo ayudarle?",
        "¿Se refiere a {one} o a {other}?",
        "¿Podría darme algún detalle más para encontrar la respuesta correcta?",
        "¿Podría darme algún detalle más sobre {topic} para darle la respuesta correcta?",
        "Escríbanos un mensaje privado para verlo sin compartir aquí sus datos.",
        "Gracias por su mensaje. Para darle la respuesta correcta, se lo consulto a alguien de mi equipo.",
        "Gracias, eso me ayuda. ¿Hay algo más que deba saber antes de mirarlo?",
        "¿Se refiere a {one}?",
        "Todavía no tengo respuesta a «{question}».",
        "Por supuesto. A partir de ahora le atiende una persona de mi equipo.",
        "¿Se trata de «{one}» o de «{other}»?",
        "¿De qué producto o pedido se trata y qué ocurre exactamente?",
        "¿Se trata de {thing}? ¿Y qué ocurre exactamente?",
    ),
    "de": Phrases(
        "Hallo {name},",
        "Guten Tag,",
        "Guten Tag {name},",
        "vielen Dank für Ihre Nachricht.",
        "Bitte entschuldigen Sie die Umstände.",
        "Viele Grüße",
        "Mit freundlichen Grüßen",
        "Kann ich sonst noch etwas für Sie tun?",
        "Gern geschehen.",
        "Einen schönen Tag noch.",
        "Wie kann ich Ihnen helfen?",
        "Meinen Sie {one} oder {other}?",
        "Können Sie mir etwas mehr dazu sagen, damit ich die richtige Antwort finde?",
        "Können Sie mir etwas mehr zu {topic} sagen, damit ich Ihnen richtig antworte?",
        "Bitte schreiben Sie uns eine private Nachricht, damit hier keine Daten von Ihnen stehen.",
        "Vielen Dank für Ihre Nachricht. Damit die Antwort stimmt, sieht es sich jemand aus dem Team an.",
        "Danke, das hilft mir. Gibt es noch etwas, das ich wissen sollte, bevor ich es mir ansehe?",
        "Meinen Sie {one}?",
        "Auf „{question}“ habe ich noch keine Antwort.",
        "Selbstverständlich. Jemand aus unserem Team übernimmt jetzt.",
        "Geht es um „{one}“ oder um „{other}“?",
        "Um welches Produkt oder welche Bestellung geht es, und was passiert genau?",
        "Geht es um {thing}? Und was passiert genau?",
    ),
    "fr": Phrases(
        "Bonjour {name},",
        "Bonjour,",
        "Bonjour {name},",
        "Merci pour votre message.",
        "Nous sommes désolés pour ce désagrément.",
        "Bien à vous",
        "Cordialement",
        "Puis-je vous aider pour autre chose ?",
        "Je vous en prie.",
        "Bonne journée.",
        "Comment puis-je vous aider ?",
        "Parlez-vous de {one} ou de {other} ?",
        "Pourriez-vous m'en dire un peu plus, afin que je trouve la bonne réponse ?",
        "Pourriez-vous m'en dire un peu plus sur {topic}, afin que je vous réponde correctement ?",
        "Écrivez-nous en message privé, afin de ne pas partager vos données ici.",
        "Merci pour votre message. Pour bien vous répondre, une personne de notre équipe doit regarder cela.",
        "Merci, cela m’aide. Y a-t-il autre chose que je devrais savoir avant de regarder ?",
        "Parlez-vous de {one} ?",
        "Je n’ai pas encore de réponse à « {question} ».",
        "Bien sûr. Une personne de notre équipe prend le relais.",
        "S’agit-il de « {one} » ou de « {other} » ?",
        "De quel produit ou de quelle commande s’agit-il, et que se passe-t-il exactement ?",
        "S’agit-il de {thing} ? Et que se passe-t-il exactement ?",
    ),
    "pt": Phrases(
        "Olá, {name},",
        "Olá,",
        "Prezado(a) {name},",
        "Obrigado pela sua mensagem.",
        "Lamentamos o transtorno.",
        "Um abraço",
        "Atenciosamente",
        "Posso ajudar em mais alguma coisa?",
        "De nada.",
        "Tenha um bom dia.",
        "Como posso ajudar?",
        "Você quer dizer {one} ou {other}?",
        "Poderia me dar mais algum detalhe, para eu encontrar a resposta certa?",
        "Poderia me dar mais algum detalhe sobre {topic}, para eu responder corretamente?",
        "Envie-nos uma mensagem privada, para não partilhar aqui os seus dados.",
        "Obrigado pela sua mensagem. Para responder bem, peço a alguém da equipa que veja isto.",
        "Obrigado, isso ajuda. Há mais alguma coisa que eu deva saber antes de verificar?",
        "Você quer dizer {one}?",
        "Ainda não tenho resposta para “{question}”.",
        "Claro. A partir daqui, alguém da nossa equipa trata do assunto.",
        "Trata-se de “{one}” ou de “{other}”?",
        "De que produto ou encomenda se trata, e o que acontece exatamente?",
        "Trata-se de {thing}? E o que acontece exatamente?",
    ),
}


def phrases(language: str) -> Phrases:
    """The phrases of a language; English where there are none."""
    return PHRASES.get(language[:2].lower(), PHRASES["en"])


_FLAGS = re.IGNORECASE
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hola|buen[oa]s"
    r"|estimad[oa]s?|hallo|guten (?:tag|morgen|abend)"
    r"|liebe[r]?|sehr geehrte[r]?|moin|bonjour|bonsoir|salut|chère?|olá|oi|bom dia|boa (?:tarde|noite)"
    r"|prezad[oa]s?|caro|cara)\b[^.!?]{0,40}[,.!:]*\s*$",
    _FLAGS,
)
_COURTESY = re.compile(
    r"^\W*(?:(?:many )?thank(?:s| you)\b|you(?:'re| are)(?: very| most)? welcome|my pleasure|no problem"
    r"|(?:i(?:'m| am)|we(?:'re| are)) (?:so |very |really |truly )?(?:sorry|glad|happy|pleased)"
    r"|sorry\b|(?:we|i) (?:sincerely )?apologi[sz]e|apologies|please (?:do not hesitate|don't hesitate"
    r"|feel free|let (?:me|us) know)|let (?:me|us) know|feel free|just let|"
    r"just (?:write|reply|ask|message|answer)(?: (?:us|me|back|again|here))* (?:if|any ?time|whenever)\b|"
    r"(?:i|we) hope\b|have a (?:great|good|nice|lovely|wonderful)|good ?bye|bye\b|take care|(?:kind"
    r"|best|warm) (?:regards|wishes)|regards|yours|sincerely|cheers|"
    r"(?:i|we) (?:understand|see|appreciate|know) (?:how|that this|your|why|the)|great (?:question"
    r"|news)|of course\W*$|certainly\W*$|sure\W*$|yes\W*$|no\W*$|(?:i|we)(?:'d| would) be (?:happy"
    r"|glad) to help"
    r"|(?:if you have|should you have|if there(?:'s| is)|if you need) (?:any|anything)[^.]*(?:question"
    r"|help|assist|else|know)|(?:i'm|i am|we're|we are) here (?:to help|for you)"
    r"|(?:muchas )?gracias|de nada|lo siento|(?:lo )?sentimos|disculp|un (?:cordial )?saludo|saludos"
    r"|atentamente|que tenga|no dude|quedo a su|cualquier (?:otra )?duda"
    r"|(?:vielen|herzlichen|besten)? ?dank|danke|gern(?:e)? geschehen|es tut (?:mir|uns) leid"
    r"|entschuldig|bitte entschuldig|(?:viele|liebe|beste|freundliche) grüße|mit freundlichen"
    r"|einen schönen|melden sie sich|bei (?:weiteren )?fragen"
    r"|merci|je vous en prie|(?:je suis|nous sommes) (?:vraiment )?(?:désolé|ravi|navré)|désolé"
    r"|cordialement|bien à vous|bonne journée|n'hésitez|excellente journée"
    r"|(?:muito )?obrigad|de nada|(?:lamento|lamentamos|desculp)|atenciosamente|um abraço|abraços"
    r"|(?:com os )?melhores cumprimentos|cumprimentos"
    r"|tenha um|fico à disposição|qualquer (?:outra )?dúvida)",
    _FLAGS,
)
_REGRET = re.compile(
    r"^\W*(?:(?:i(?:'m| am)|we(?:'re| are)) (?:so |very |really |truly )?sorry|sorry|lo siento"
    r"|es tut (?:mir|uns) leid|(?:je suis|nous sommes) désolés?|lamento|desculpe)"
    r"\s*[,:–-]\s*(?:\S+\s+){4,}\S+",
    _FLAGS,
)
_TURN = re.compile(r"\d|\b(?:but|however|as an?|pero|aber|mais|mas|porém)\b", _FLAGS)
_RESTATEMENT = re.compile(
    r"^\W*(?:i (?:understand|see)|we understand|you (?:mentioned|wrote|said|ordered|asked|want"
    r"|would like)|i'm sorry (?:that|to hear)|i am sorry|sorry (?:that|to hear)|thanks for (?:letting"
    r"|telling|sharing)"
    r"|entiendo|comprendo|ich verstehe|sie (?:schreiben|möchten)|je comprends|vous (?:souhaitez|avez)"
    r"|entendo|você mencionou)\b",
    _FLAGS,
)


@lru_cache(maxsize=16)
def _own_sentences(language: str) -> frozenset[str]:
    """Each sentence of the product's own phrases, as it stands in a composed reply."""
    own = phrases(language)
    texts = (
        own.hand_over,
        own.to_person,
        own.private,
        own.closing,
        own.formal_closing,
        own.welcome,
        own.goodbye,
        own.sorry,
    )
    return frozenset(s.text.rstrip(",.") for text in texts for s in split_sentences(text))


def is_courtesy(sentence: str, language: str = "en") -> bool:
    """Whether a sentence states no fact: a greeting, thanks, regret, a question, an offer of help.

    A sentence that promises something is never mere courtesy, however kindly it begins.
    """
    text = sentence.strip()
    if not words(text):
        return True
    if text.endswith(("?", "?”", "？")):
        return True
    if find_promises(text):
        return False
    if _GREETING.match(text) or text.startswith(phrases(language).no_answer.split("{")[0]):
        return True
    if _REGRET.match(text):
        return False  # "I am sorry, a VAT number cannot be added afterwards"
    if _COURTESY.match(text):
        # "Thanks for waiting, your refund of $94 is on its way" says more than thanks.
        return len(words(text)) <= 24 and not _TURN.search(text)
    return text.rstrip(",.") in _own_sentences(language) or (
        # A name alone on its line is a signature.
        len(words(text)) <= 3
        and text[-1] not in ".!:"
        and text[0].isupper()
        and text.replace(" ", "").isalpha()
    )


_ANNOUNCES = re.compile(r"\W*((?:[^\W\d_]+['’]?,? ?){1,8}):\s+(?=\S)")
_ANNOUNCING = listed(  # English, Spanish, German, French, Portuguese
    "here is are s in to the a your our you for of up it this that we can i as short quick quickly brief"
    " briefly long answer answers reply summary overview version story news good great info information"
    " detail details what how know need sum put simply nutshell glance fact facts note tip tell word words"
    " few one line sentence plain straight follows"
    " aquí está esta va la las el los en resumen breve corta respuesta buenas noticias"
    " hier ist die das der eine kurz kurze gesagt antwort gute nachricht zusammengefasst"
    " voici est une un bref courte réponse résumé bonne nouvelle"
    " aqui em resumo resposta curta boa notícia"
)


def announcement(text: str) -> int:
    """Characters at the start that only announce what follows ("Here is the short answer: "); 0 where
    there are none.

    They state nothing, so nothing has to support them: a house may begin its replies as it likes.
    """
    found = _ANNOUNCES.match(text)
    return found.end() if found and set(words(found.group(1))) <= _ANNOUNCING else 0


def is_restatement(sentence: str, language: str = "en") -> bool:
    """Whether a sentence says back what the customer wrote."""
    return bool(_RESTATEMENT.match(sentence))
