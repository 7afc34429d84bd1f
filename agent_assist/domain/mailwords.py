"""How mail programs in some twenty languages announce quotes, forwards and signatures.

Collected from the message templates of Gmail, Outlook, Apple Mail, Thunderbird and Yahoo Mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def _pattern(head: str, phrases: str, tail: str) -> re.Pattern[str]:
    """One pattern of `phrases`, of which each line is a pattern itself."""
    any_of = "|".join(line.strip() for line in phrases.strip().splitlines())
    return re.compile(f"{head}(?:{any_of}){tail}", re.IGNORECASE)


# --- "On Monday Carla wrote:" -------------------------------------------------------------------

ATTRIBUTION_START = _pattern(
    r"[\s*_<\[]*+",
    r"""
    (?:on|at|am|den|le|el|il|em|no dia|a|op|w dniu|dnia|dne|dňa|på|pe|la|în|τις|στις)\b
    (?:в|вт|ср|чт|пт|сб|вс|пн)\b
    \d{1,4}[./年-]
    (?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so)\w*+[., ]
    """,
    "",
)
WROTE = _pattern(
    "",
    r"""
    \b(?:wrote|writes|schrieb|a écrit|écrit|escribió|escribio|ha scritto|escreveu|schreef|geschreven)\b
    \b(?:napisał(?:\(a\)|a)?|pisze|skrev|kirjoitti|napsal(?:\(a\)|a)?|napísal|yazdı|ezt írta|a scris)(?!\w)
    \b(?:пишет|написал(?:\(а\)|а)?|пише|написав|έγραψε|ha escrit|skrifaði|rašė)(?!\w)
    のメール|書きました|写道|寫道|작성
    """,
    "",
)
ADDRESS = re.compile(r"[^\s<>@:]{1,64}@[^\s<>@:]{1,190}")
CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")

# --- "-----Original Message-----" ---------------------------------------------------------------

SEPARATOR = _pattern(
    r"\s*+[-_=*]{2,}+\s*+",
    r"""
    original (?:message|appointment)|(?:forwarded|reply) message
    (?:ursprüngliche|weitergeleitete) (?:nachricht|e-?mail)|original-?nachricht
    message (?:d['’ ]?origine|original|transf[ée]r[ée])|courriel original
    mensaje (?:original|reenviado)
    messaggio (?:originale|inoltrato)
    mensagem (?:original|encaminhada|reencaminhada)
    oorspronkelijk bericht|doorgestuurd bericht
    oryginalna wiadomość|wiadomość (?:oryginalna|przekazana)|przekazana wiadomość
    treść przekazanej wiadomości
    originalmeddelande|vidarebefordrat meddelande
    (?:oprindelig|videresendt) meddelelse|(?:opprinnelig|videresendt) melding
    alkuperäinen viesti|původní zpráva|orijinal ileti|eredeti üzenet|mesaj original
    исходное сообщение|пересылаемое сообщение|пересланное сообщение
    轉寄的郵件|转发的邮件|原始邮件|元のメッセージ
    """,
    r"\s*+[-_=*]*+\s*+$",
)
FORWARDED = _pattern(
    r"\s*+",
    r"""
    begin forwarded message
    anfang der weitergeleiteten (?:nachricht|e-?mail)
    début du message (?:réexpédié|transféré)
    inicio del mensaje reenviado
    inizio (?:del )?messaggio inoltrato
    início da mensagem (?:reencaminhada|encaminhada)
    begin doorgestuurd bericht
    początek przekazywanej wiadomości
    vidarebefordrat brev|start på videresendt meddelelse|начало переадресованного сообщения
    """,
    r"\s*+:\s*+$",
)
RULE = re.compile(r"\s*+[-_=]{5,}+\s*+$")

# --- "From: … Sent: … To: … Subject: …" ---------------------------------------------------------

_LABELS: Mapping[str, str] = {
    "from": """from von de da van od från fra lähettäjä от від kimden feladó mittente expéditeur afzender
        remitente remetente absender nadawca avsändare avsender odesílatel""",
    "sent": """sent gesendet envoyé enviado enviada inviato verzonden wysłano wysłane skickat sendt lähetetty
        odesláno отправлено надіслано gönderildi elküldve""",
    "date": "date datum fecha data dato дата tarih päivämäärä dátum",
    "to": "to an à para a aan do till til pour кому komu kime címzett vastaanottaja",
    "cc": "cc bcc kopie copie copia cópia kopia kopi dw udw копия",
    "subject": """subject betreff objet asunto oggetto assunto onderwerp temat ämne emne aihe тема předmět
        konu tárgy""",
}
LABEL_KIND: Mapping[str, str] = {word: kind for kind, words in _LABELS.items() for word in words.split()}
LABEL = re.compile(r"[\s*_|]*+([^\W\d_]{1,15})(?: em| el)?\s?[*_]{0,2}\s?:[*_]{0,2}(?:\s|$)")

# --- "Sent from my iPhone" ----------------------------------------------------------------------

SENT_FROM = _pattern(
    r"\s*+[\[(]?",
    r"""
    sent (?:from|via|with|using)|get outlook|download outlook
    von meine[mr]|gesendet (?:von|mit|über)|holen sie sich|outlook für
    envoyé (?:de|depuis|avec|à partir)|télécharge[rz] outlook|obtenez outlook|outlook pour
    enviado (?:desde|do|de|a partir|pelo|con)|obtener outlook|obter o outlook|outlook para
    inviato da|ottieni outlook|scarica outlook|outlook per
    verzonden (?:vanaf|via|met)|verstuurd (?:vanaf|met)|outlook (?:voor|downloaden)
    wysłan[eo] z|pobierz (?:aplikację )?outlook|outlook dla
    skickat från|sendt fra|lähetetty|odesláno z|отправлено (?:с|из)|надіслано з
    """,
    r"\b",
)
SENT_FROM_OTHER = re.compile(
    r"(?:iPhone|iPad|携帯|Outlook)(?:から送信|を入手)|我的\s?(?:iPhone|iPad)\s?(?:发送|傳送)|나의 iPhone"
)
DEVICE = _pattern(
    r"\b",
    r"""
    iphone|ipad|ipod|ios|macbook|samsung|galaxy|android|huawei|xiaomi|redmi|blackberry|nokia|pixel|oneplus
    fairphone|sony|xperia|windows|outlook|yahoo|proton|gmx|web\.de|gmail|spark|aol|thunderbird|bluemail
    t-online|telekom|orange|mail|mail\.ru|smartphone|phone|mobile?|handy|tablet|яндекс|телефон
    téléphone|portable|móvil|movil|teléfono|cellulare|celular|telemóvel|telefoon|telefonu?|komórki
    """,
    "",
)

# --- "Kind regards" -----------------------------------------------------------------------------

CLOSING = _pattern(
    r"\s*+",
    r"""
    (?:many |kind |kindest |best |warm |with )*(?:regards|wishes)|best|cheers
    sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)
    many thanks|thank you|thanks(?: (?:and|&) .{1,20}| in advance)?
    (?:mit )?(?:freundliche|beste|viele|herzliche|liebe|schöne|sonnige)n? gr(?:ü|ue)(?:ß|ss)en?.{0,20}
    gr(?:ü|ue)(?:ß|ss)e.{0,20}|mfg|lg|vg|hochachtungsvoll
    (?:bien )?cordialement|(?:sincères |meilleures )?salutations.{0,25}|bien à (?:vous|toi)|amicalement
    (?:un )?(?:cordial(?:es)? |muchos )?saludos?(?: cordiales)?|atentamente|un abrazo|gracias(?: y .{1,20})?
    (?:cordiali |distinti )?saluti|cordialmente|un saluto|grazie(?: e .{1,20})?
    atenciosamente|com os melhores cumprimentos|(?:melhores )?cumprimentos|abraços?|obrigad[oa]
    (?:met )?(?:vriendelijke |hartelijke )?groet(?:en|jes)?|mvg|hoogachtend
    (?:serdecznie )?pozdrawiam(?: serdecznie)?|z (?:poważaniem|wyrazami szacunku)|pozdrowienia
    (?:med )?(?:vänliga?|venlig|vennlig|bästa|beste) h[äi]ls(?:ningar?|en)|mvh|ystävällisin terveisin
    s pozdravem|с уважением
    """,
    r"\s*+[,.!–-]?\s*+$",
)
CONTACT = re.compile(
    r"\b(?:tel|phone|fon|mobile?|cell|fax|telefon[eo]?|teléfono|téléphone|tél|móvil|telefoon|kom)\b"
    r"\.?\s*+[:.]?\s*+[+(\d]"
    r"|(?:\+|\b00|\(0)\d[\d ()/.-]{6,40}\d|https?://|\bwww\.|[^\s<>@:]{1,64}@[^\s<>@:]{1,190}",
    re.IGNORECASE,
)
# What an agent needs to see, wherever the customer wrote it.
NEEDED = _pattern(
    r"\b",
    r"""
    order|customer|account|ticket|ref|invoice|booking|contract|serial|imei|p\.?\s?s\b
    kunden|bestell|auftrag|rechnung|vertrag
    commande|client|facture|contrat
    pedido|cliente|factura|fatura|contrato
    ordine|fattura|contratto
    bestelling|klant|factuur
    zamówieni|klient|faktur|umow
    """,
    "",
)
