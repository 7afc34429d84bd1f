"""The words by which text that came from outside tries to steer the assistant, in several languages.

The patterns read folded text (see `injection.fold`): lower case, no accents, plain quotes, single spaces.
Families follow the public taxonomies of prompt injection (OWASP LLM01; Greshake et al. 2023; the attack
kinds of BIPIA, Yi et al. 2023); the wording is our own.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Family(StrEnum):
    """What a stretch tries; the value is the sentence for the agent."""

    OVERRIDE = "It tells the assistant to drop its rules."
    ROLE = "It gives the assistant another role."
    REVEAL = "It asks for the assistant's own instructions."
    EXFILTRATE = "It asks for data to be passed on."
    TURN = "It imitates the assistant's own instructions."
    WORDING = "It dictates how the reply is to be written."
    THIRD_PERSON = "It tells the assistant what to say to customers."
    TASK = "It gives the assistant another task."
    HIDDEN = "It holds hidden text."
    ENCODED = "It holds encoded text."
    IMAGE = "It holds a picture address that would carry data away."


_START = (
    r"(?:^|[.:;,!?\"'(\-–—>*#\]]\s*|\b(?:and|then|now|please|just|so|but|must|should|to|can you|could you"
    r"|und|dann|bitte|y|luego|por favor|et|puis|veuillez|e|entao|kindly|also|always|instead)\s+)"
)
"""<START>: where an order begins, at the start of a clause or after a word that leads one in."""
_RULES = (
    r"(?:instructions?|prompts?|rules|guidelines|directions|directives|commands|context|constraints"
    r"|policies|programming|training|safeguards|filters?|anweisung\w*|instruktion\w*|regeln|vorgaben"
    r"|befehle?|kontext|richtlinien|instruccion\w*|reglas|indicaciones|ordenes|directrices|contexto"
    r"|consignes?|regles?|directives?|contexte|instruc(?:oes|ao)|regras|orientacoes|comandos|istruzioni"
    r"|regole|instructies|regels)"
)
_REPLY = r"(?:answers?|repl(?:y|ies)|responses?|outputs?)"
_PATTERNS: dict[Family, tuple[str, ...]] = {
    Family.OVERRIDE: (
        (
            r"(?<!n't )(?<!not )(?<!nicht )\b(?:ignore|disregard|override|bypass|forget|discard|neglect)"
            r"\b(?! about) .{0,40}?\b(?:previous|prior|above|earlier|preceding|existing|all|any|every\w*"
            r"|your|these|those|system|original|initial|given)\b.{0,30}?\b<RULES>\b"
        ),
        (
            r"\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:above|before|prior|previous|y"
            r"ou (?:were|have been|know)|that (?:was|came|has been))"
        ),
        (
            r"<START>(?:ignorier(?:e|en sie)|vergiss|vergessen sie|missachte\w?|verwirf|uebergehe?|uberg"
            r"ehe?)\b.{0,50}?\b<RULES>\b"
        ),
        (
            r"<START>(?:ignor[aeo]n?|ignorad|olvid[ae]n?|olvidate de|descart[ae]n?|haz caso omiso de|des"
            r"consider[ae]m?|esqueca[m]?|dimentica|trascura)\b.{0,50}?\b<RULES>\b"
        ),
        (
            r"<START>(?:ignore[sz]?|oublie[sz]?|ne (?:tiens|tenez) pas compte|fais abstraction|faites ab"
            r"straction)\b.{0,50}?\b<RULES>\b"
        ),
        r"<START>(?:negeer|vergeet)\b.{0,40}?\b<RULES>\b",
        (
            r"\b(?:new|updated|real|actual|neue|nuevas?|nouvelles?|novas?) (?:\w+ )?(?:instructions?|anw"
            r"eisung\w*|instrucciones|consignes|instrucoes|task) (?:for you|are|is|follow|lautet|lauten|"
            r"son|sont)?\s?:"
        ),
        (
            r"\byour (?:new|real|true|only|actual) (?:task|instructions?|goal|objective|role|purpose|job"
            r") (?:is|are)\b"
        ),
        (
            r"\bdo not (?:follow|obey|comply with|adhere to) (?:the|your|any|those) .{0,20}?\b(?:instruc"
            r"tions?|rules|guidelines|prompt)\b"
        ),
        r"\bstop (?:being|acting as) (?:an? )?(?:support|assistant|agent|helpful)",
        (
            r"\b(?:note|message|instructions?|attention|important|hinweis|nota|consigne)\b.{0,12}\b(?:to"
            r"|for|fur|para|pour|an) (?:the |any |all |die |la |el |l')?(?:ai|llm|language model|assista"
            r"nts?\b(?! manager)|chatbot|ki|ia|sprachmodell|modele|modelo)\b"
        ),
        (
            r"(?<!me )(?<!know )(?<!wonder )(?<!wondering )(?<!ask )(?<!asking )\bif you(?:'re| are) (?:"
            r"an? )?(?:ai|llm|language model|large language|bot|chatbot|automated)"
        ),
        (
            r"\b(?:falls|wenn) du (?:ein )?(?:ki|sprachmodell|chatbot)|\bsi (?:eres|es usted) una? (?:ia"
            r"|modelo|chatbot)|\bsi (?:tu es|vous etes) une? (?:ia|modele|chatbot|assistant)"
        ),
        r"\b(?:system|safety|policy|security|admin\w*) (?:override|bypass)\b",
    ),
    Family.ROLE: (
        (
            r"\byou are now (?:an?|in|my|dan|no longer|free (?:from|of)|acting|unrestricted|going to act"
            r")\b(?! loyal| valued| lost| former| dis)"
        ),
        (
            r"\bfrom now on,? (?:you(?:'re| are| will| must| shall| have| act| can)?\b|your|always|only|"
            r"act|answer|reply|respond|speak)"
        ),
        (
            r"<START>(?:act|behave|respond|reply|answer) as (?:if you (?:are|were|had)|though you|an? (?"
            r":unrestricted|uncensored|different|evil|developer|admin\w*|linux|python|pirate|expert|hack"
            r"er|root|jailbroken)|dan\b)"
        ),
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*|\bplease )(?:pretend|imagine|assume) (?:to be|you(?:'re| are| hav"
            r"e| can|r)\b|that you(?:'re| are| have))"
        ),
        r"\b(?:developer|dan|jailbreak|god|sudo|debug|maintenance|unrestricted) mode\b",
        r"\bdo anything now\b|\bjailbreak\b|\brole-?play as\b",
        (
            r"\bdu bist (?:jetzt|nun|ab (?:jetzt|sofort)) (?:ein|eine|kein|nicht|mein)\b|\b(?:ab (?:jetz"
            r"t|sofort)) (?:bist du|antworte|sprich|gilt fur dich|ignorierst|wirst du)|\btu so,? als (?:"
            r"ob du|warst du)"
        ),
        (
            r"\b(?:ahora|a partir de ahora|desde ahora),? (?:eres|actua\w*|responde\w*|te llamas|vas a ("
            r"?:actuar|ser))|\bactua como (?:si|una?)\b|\bfinge (?:ser|que eres)"
        ),
        (
            r"\b(?:tu es|vous etes) (?:maintenant|desormais|dorenavant) (?:un|une|mon|ma|en)\b|\b(?:a pa"
            r"rtir de maintenant|desormais),? (?:tu|reponds|repondez|agis)\b|\b(?:agis|comporte-toi|repo"
            r"nds) comme (?:si|un|une)\b|\bfais comme si\b"
        ),
        (
            r"\b(?:voce agora e|agora voce e|a partir de agora,? (?:voce|aja|responda))|\baja como (?:se"
            r"|uma?)\b|\bfinja (?:ser|que)\b"
        ),
    ),
    Family.REVEAL: (
        (
            r"\b(?:reveal|show|print|repeat|output|display|tell|give|leak|share|expose|disclose|write|se"
            r"nd|paste|quote|summari[sz]e|translate|include|return)\b.{0,40}?\b(?:system prompt|initial "
            r"prompt|hidden prompt|secret prompt|system message|(?:your (?:(?:full|exact|own|internal|in"
            r"itial|original|hidden|secret|system|above|complete|entire|whole|previous|confidential) )*|"
            r"the (?:(?:full|internal|initial|original|hidden|secret|system|above|previous|confidential)"
            r" )+)(?:instructions|prompt|programming|configuration)\b(?! (?:on|for|to|about|how|regardin"
            r"g|please|of|manual|that came|from))|(?:text|words|everything|all|content) above)\b"
        ),
        (
            r"\bwhat (?:is|are|was|were) (?:in )?your (?:(?:system|initial|original|exact|hidden|secret|"
            r"full|internal) )+(?:prompt|instructions|message|rules)"
        ),
        (
            r"\b(?:zeig|nenn|gib|verrat|wiederhol|druck|schreib|send)\w*\b.{0,40}?\b(?:system-?\s?prompt"
            r"|system-?nachricht|prompt\b|(?:deine|ihre) (?:\w+ )?(?:system|internen|ursprunglichen|gehe"
            r"imen) ?(?:anweisungen|instruktionen)|deine (?:anweisungen|instruktionen))"
        ),
        (
            r"\b(?:muestra|revela|repite|imprime|dime|ensena|escribe|envia)\w*\b.{0,40}?\b(?:prompt|mens"
            r"aje (?:del|de) sistema|instrucciones (?:del sistema|internas|iniciales|ocultas)|tus (?:\w+"
            r" )?instrucciones)"
        ),
        (
            r"\b(?:montre|revele|repete|affiche|donne|ecris|imprime|envoie)\w*\b.{0,40}?\b(?:prompt|mess"
            r"age systeme|(?:tes|vos) (?:propres )?(?:consignes|instructions (?:systeme|internes|initial"
            r"es|cachees))|tes instructions)"
        ),
        (
            r"\b(?:mostre|revele|repita|imprima|diga|escreva)\w*\b.{0,40}?\b(?:prompt|mensagem do sistem"
            r"a|suas instrucoes)"
        ),
    ),
    Family.EXFILTRATE: (
        (
            r"\b(?:send|forward|post|e-?mail|upload|transmit|submit|cc|bcc|exfiltrate|leak|copy|deliver)"
            r"\b.{0,60}?\b(?:all|any|every|other|another|customers?'?|users?'?|conversation|chat history"
            r"|credentials|passwords?|api keys?|database|internal|confidential|knowledge base|records)\b"
            r".{0,80}?\b(?:to|at|via)\b.{0,30}?(?:https?:|www\.|[\w.+-]+@[\w-]+\.\w)"
        ),
        (
            r"\b(?:give|show|tell|list|reveal|share|disclose|print|export|dump)\b.{0,30}?\b(?:other|anot"
            r"her|all|every|previous|last|different) (?:customers?|users?|clients?|accounts?|tickets?)\b"
            r"'?s?.{0,40}?\b(?:data|details|names?|e-?mails?|addresses|phone|numbers?|orders?|passwords?"
            r"|records|information|messages|tickets?)\b"
        ),
        (
            r"\b(?:append|add|attach|insert|put|include)\b.{0,60}?\b(?:to (?:the|every|each|this) (?:url"
            r"|link|image|address)|as (?:a )?(?:query|url) (?:string|parameter))"
        ),
        (
            r"\b(?:schick|send|leite|ubermittl)\w*\b.{0,60}?\b(?:alle|kundendaten|passworter|zugangsdate"
            r"n|gesprachsverlauf)\b.{0,80}?\b(?:an|nach)\b.{0,30}?(?:https?:|www\.|[\w.+-]+@[\w-]+\.\w)"
        ),
        (
            r"\b(?:envia|manda|reenvia|envoie|transfere|transfiere)\w*\b.{0,60}?\b(?:todos?|todas?|tous|"
            r"toutes|contrasenas?|datos|donnees|mots de passe|historial|dados|senhas?)\b.{0,80}?\b(?:a|a"
            r"l|para|vers|en)\b.{0,30}?(?:https?:|www\.|[\w.+-]+@[\w-]+\.\w)"
        ),
    ),
    Family.TURN: (
        r"<\|\s?/?[a-z_]{2,24}\s?\|>|\[/?inst\]|<</?sys>>|</?s>\s*\[",
        r"</?(?:system|assistant|instructions?|prompt|tool_call|function_call)\b[^>]{0,40}>",
        (
            r"^\W{0,4}#{1,4} ?(?:system|instructions?|assistant|new task|response)\b ?(?:prompt|message)"
            r"? ?:?\W*$"
        ),
        (
            r"^\W{0,6}(?:system|assistant|developer)(?: (?:prompt|message|note|override|instructions?|up"
            r"date))?\W{0,3}:.{0,120}?\b(?:you|your|ignore|must|always|never|override|assistant|instruct"
            r"\w*|customers?|users?|repl(?:y|ies)|approved?|refund|du|sie|debes|vous|tu|voce)\b"
        ),
        (
            r"^\W{0,2}-{2,}\W*(?:end|begin|start|new)(?: of)?(?: the)? (?:system|prompt|instructions?|co"
            r"ntext|user|ticket|conversation)\b"
        ),
        r"\banswer it (?:in \w+ )?using only (?:these|the) facts\b|\bsay also: ",
    ),
    Family.WORDING: (
        (
            r"<START>(?:modify|augment|enhance|alter|adjust|rewrite|render|encode|encrypt|convert|scramb"
            r"le|jumble|misspell|rearrange|anagram|integrate|embed|incorporate|inject|prepend|replace|su"
            r"bstitute|remove|group|combine|introduce|insert|append|sprinkle|finish|conclude|preface|rev"
            r"erse|mirror|invert|shuffle|shift|cipher|spell|weave|slip|plug|promote|advertise|disguise|h"
            r"ide|infuse|inject)\b.{0,90}?\b(?:your|the|this|every|each|all) (?:\w+ )?(?:<REPLY>|message"
            r")\b"
        ),
        (
            r"<START>(?:replace|substitute|swap|convert|change|switch|rearrange|scramble|use)\b.{0,30}?"
            r"\b(?:letters?|vowels?|consonants?|characters?)\b"
        ),
        (
            r"<START>(?:use|provide|give|write|format|present|deliver|render)\b.{0,60}?\b(?:your|the) (?"
            r":\w+ )?(?:answers?|repl(?:y|ies)|responses?|message)\b (?:using|without|with|in|as) (?!wri"
            r"ting|english|german|french|spanish|portuguese|italian|dutch|a timely|due|time|advance|pers"
            r"on|detail|full|regard|respect|reference|more|soon|possible|deutsch)"
        ),
        r"<START>use\b.{0,60}?\bin your <REPLY>\b",
        (
            r"<START>(?:include|add|put|insert|mention|append|place) (?:an? )(?:\w+ ){0,2}(?:sentence|li"
            r"ne|paragraph|headline|reminder|tip|statement|reason|link to|sign-?off|hint|appeal|joke|dis"
            r"claimer)\b.{0,40}?\b(?:in|into|to|at the end of|of) (?:your|the|every|each) <REPLY>"
        ),
        (
            r"<START>(?:include|add|put|insert|append|write)\b[ :]*[\"'].{4,200}?[\"'].{0,60}?\b(?:in|in"
            r"to|to|at the end of) (?:your|the|every|each) <REPLY>"
        ),
        (
            r"(?:^|[.;!?] )in your (?:next )?<REPLY>,? (?:also )?(?:suggest|tease|encourage|recommend|in"
            r"vite|promote|advertise|claim|insist|pretend|urge|praise|announce|offer users|tell (?:the )"
            r"?(?:users?|customers?|readers?))"
        ),
        (
            r"<START>(?:start|begin|end|finish|conclude|preface|sign|prefix) (?:your|the|every|each|all)"
            r" <REPLY> with\b"
        ),
        (
            r"<START>(?:fuge|fugen sie|baue|erganze|ersetze|beginne|beende|formuliere|verandere|andere)"
            r"\b.{0,90}?\b(?:deiner?|ihrer?|jeder?|die|der) antwort(?:en)?\b"
        ),
        (
            r"<START>(?:anade|agrega|inserta|sustituye|reemplaza|modifica|termina|empieza|comienza|integ"
            r"ra|adicione|insira|substitua|modifique|termine|comece)\b.{0,90}?\b(?:tu|su|cada|la|sua) (?"
            r":respuesta|resposta)s?\b"
        ),
        (
            r"<START>(?:ajoute|insere|remplace|modifie|termine|commence|integre)[sz]?\b.{0,90}?\b(?:ta|v"
            r"otre|chaque|la) reponses?\b"
        ),
        (
            r"<START>(?:include|add|mention|share|highlight|emphasi[sz]e|spread|put|provide|give|make|cr"
            r"eate|state|claim|drop|place|suggest|recommend|encourage|reference|link)\b.{4,110}?\b(?:in|"
            r"into|to|within|throughout|at the end of) (?:your|every|each) (?:\w+ )?<REPLY>\b"
        ),
        (
            r"(?:https?://|www\.|\b[\w-]+\.(?:com|net|org|xyz|io|info|biz|ru)\b)\S* .{0,60}?\b(?:in|into"
            r"|to|within) (?:your|every|each) <REPLY>\b"
        ),
        (
            r"<START>(?:use|employ|apply|write in|answer in|reply in|respond in|speak in) (?:\w+ ){0,3}("
            r"?:emojis?|cipher|caesar|rot13|base ?64|base ?32|hexadecimal|hex|binary|morse(?: code)?|lee"
            r"tspeak|leet|pig latin|rhymes?|anagrams?|all caps|reverse(?:d)? (?:text|order|letters))\b"
        ),
    ),
    Family.THIRD_PERSON: (
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*|\b(?:and|then|must|should|please) )(?:tell|instruct|direct|advise"
            r""
            r"|encourage|urge|convince|persuade|inform|ask|assure|promise|offer) "
            r"(?:the |all |every |each )?(?:"
            r"customers?|users?|readers?|recipients?)\b(?! (?:service|support|care|relations|success|tea"
            r"m|rep\w*|who|in your))"
        ),
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*)(?:suggest|recommend) (?:that )?(?:the )?(?:users?|customers?|rea"
            r"ders?)\b"
        ),
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*)(?:sag|sage|teile|empfiehl|rate|versprich)\b.{0,12}\b(?:dem kunde"
            r"n|den kunden|der kundin|den nutzern|dem nutzer)\b"
        ),
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*)(?:dile|diles|di|informa|recomienda|promete|diga)\b.{0,8}\b(?:al "
            r"cliente|a los clientes|a los usuarios|al usuario|ao cliente)\b"
        ),
        (
            r"(?:^|[.:;!?\"'(>*#\]]\s*)(?:dis|dites|informe|recommande|promets)\b.{0,8}\b(?:au client|au"
            r"x clients|aux utilisateurs|a l'utilisateur)\b"
        ),
    ),
    Family.TASK: (
        (
            r"<START>(?:write|compose|draft|create|generate|develop|provide|recite|craft)\b(?: me| us)?("
            r"?: an?| the| some)?(?: \w+){0,4} (?:poem|haiku|limerick|essay|short story|song|sonnet|spee"
            r"ch|rap|fairy tale|python (?:script|function|code|program)|sql (?:query|statement)|javascri"
            r"pt|screenplay)\b"
        ),
        (
            r"<START>(?:tell|give|sing|write)\b(?: me| us)? (?:an?|some) (?:\w+ ){0,2}(?:poem|haiku|lime"
            r"rick|joke|short story|fairy tale|riddle)\b"
        ),
        (
            r"<START>(?:schreib|dichte|verfasse)\w*\b.{0,30}?\b(?:gedicht|aufsatz|kurzgeschichte|lied|pr"
            r"ogramm)\b"
        ),
        (
            r"<START>(?:escribe|compon|redacta|ecris|redige|compose)\b.{0,30}?\b(?:poema|ensayo|cuento|c"
            r"ancion|poeme|dissertation|chanson)\b"
        ),
        r"<START>translate (?:the|this|these) following\b",
    ),
    Family.IMAGE: (
        r"!\[[^\]]{0,200}\]\(\s*(?:https?:)?//[^)\s]*(?:\?[^)\s]*=|\{|%7b|\[|<)",
        r"<img\b[^>]{0,300}src\s*=\s*[\"']?(?:https?:)?//[^>\s]*(?:\?[^>\s]*=|\{|%7b)",
        (
            r"\b(?:render|display|show|include|insert|embed|add)\b.{0,40}?\b(?:markdown )?(?:image|pictu"
            r"re|img)\b.{0,60}?https?://\S*(?:\?\S*=|\{)"
        ),
    ),
}


_PARTS = {"<START>": _START, "<RULES>": _RULES, "<REPLY>": _REPLY}


def _compiled(pattern: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern)


RULES: tuple[tuple[Family, re.Pattern[str]], ...] = tuple(
    (family, _compiled(pattern)) for family, patterns in _PATTERNS.items() for pattern in patterns
)

IN_ARTICLES = frozenset(Family) - {Family.THIRD_PERSON, Family.IMAGE}
"""What counts in an article: guides tell agents what to tell customers, and hold pictures."""

HINT = re.compile(
    r"ignor|disregard|forget|forge|overr|bypass|discard|neglect|instru|prompt|rules|guidel|command"
    r"|you are now|from now|you're|act as|behave|pretend|imagine|assume|mode\b|anything now|jailbr|role"
    r"|du bist|ab sofort|ab jetzt|tu so|ahora|actua|finge|desormais|maintenant|partir de|agis|comme si"
    r"|comporte|aja como|finja|agora|send|forward|post|e-?mail|upload|leak|custom|users?\b|reader|recipient"
    r"|kunde|nutzer|client|usuario|utilisat|<\||\[/?inst|<<|</|<s|<a|<i|#|system|assistant|developer|---"
    r"|answer|repl|respon|output|antwort|respuesta|resposta|reponse|letters?|vowel|poem|haiku|limer|essay"
    r"|story|song|sonnet|speech|script|python|sql|gedicht|aufsatz|lied|poema|ensayo|cuento|cancion|chanson"
    r"|translate|image|picture|!\[|vergiss|vergess|missacht|verwirf|gehe|olvid|descart|omiso|desconsid"
    r"|esquec|diment|trascur|oublie|abstraction|negeer|vergeet|\bai\b|\bllm\b|\bki\b|\bia\b|chatbot|other"
    r"|another|task|say also|facts|deine|emoji|cipher|base ?64|morse|message"
)
"""One of these stands in whatever a rule finds: text without any is not looked at closer."""

OWN_CASE = re.compile(
    r"\b(?:my|our|me|us|mine|i|we|mein\w*|unser\w*|mir|uns|mi|mis|nuestr\w+|nos|mon|ma|mes|notre|nous"
    r"|meu|minha|orders?|tracking|invoices?|refunds?|tickets?|reference|price|costs?|dates?|receipts?"
    r"|number|details?|information|info|quote|address|cop(?:y|ies)|delivery|sizes?|warranty|returns?|names?"
    r"|phone|model|serial|products?|shipping|photos?|status|case|booking|reservation|room|account)\b"
)
"""The customer's own case: "include the order number in your reply" is a wish, not an attack."""

OF_OTHERS = re.compile(
    r"\b(?:users?|readers?|customers?|clients?|kunden|nutzer|usuarios?|clientes?|letters?|vowels?|consonants?"
    r"|misspel\w+|anagram\w*|typos?|spaces|symbols)\b"
)
"""Whoever speaks of these does not speak of a case of their own."""
