"""Reading text: cleaning, sentences with exact offsets, words.

Everything here is pure, works on any input, and treats English, Spanish, German, French and
Portuguese alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

# Characters that a reader cannot see but a model reads: zero-width marks, bidirectional overrides,
# the tag block and variation selectors of the supplement, interlinear marks, soft hyphen.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINER = re.compile(
    "(?<=[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f])\u200d(?=[\u2600-\u27bf\U0001f000-\U0001faff])"
)
_SELECTORS = re.compile("(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+")
"""A second variation selector changes no letter: runs of them carry hidden bytes."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def visible(text: str) -> str:
    """`text` without invisible, bidirectional, tag and control characters; line ends become \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    # An emoji family is glued by a joiner that is otherwise removed: keep it between two pictographs.
    text = _JOINER.sub("\ue000", text.replace("\ue000", ""))
    text = _CONTROL.sub("", _INVISIBLE.sub("", _SELECTORS.sub("", text)))
    return text.replace("\ue000", "\u200d").encode("utf-8", "ignore").decode("utf-8")


def clean(text: str) -> str:
    """Visible text with runs of spaces and blank lines made short: what the model is shown."""
    text = unicodedata.normalize("NFC", visible(text))
    text = _SPACES.sub(" ", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def shorten(text: str, limit: int, note: str = "[… {count} characters left out …]") -> str:
    """At most about `limit` characters: the beginning and the end, cut at a space where one is near."""
    if len(text) <= limit:
        return text
    head = text[: limit * 2 // 3]
    tail = text[len(text) - limit // 3 :]
    cut = head.rfind(" ", max(0, len(head) - 80))
    head = head[:cut] if cut > 0 else head
    cut = tail.find(" ", 0, 80)
    tail = tail[cut + 1 :] if cut >= 0 else tail
    return f"{head}\n{note.format(count=f'{len(text) - len(head) - len(tail):,}')}\n{tail}"


# --- sentences ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text; `text[start:end]` is its content."""

    text: str
    start: int
    end: int


def listed(text: str) -> frozenset[str]:
    """The words of a table written as one text."""
    return frozenset(text.split())


_ABBREVIATIONS = listed(
    """
    mr mrs ms dr prof st no nr vs etc e.g i.e eg ie approx ca incl excl inc ltd co corp tel ext dept
    fig vol art abs str bzw z.b d.h u.a usw ggf evtl inkl exkl zzgl min max mind std tgl bspw hrn sr
    sra srta dra ud uds vd p.ej pág núm av avda apdo máx mín aprox m mme mlle mm p.ex env réf n° bd
    exmo exma v.exa nº séc jan feb apr jun jul aug sept oct nov dec mon tue wed thu thur fri a.m p.m
    a.k.a u.s u.k ee.uu
    """
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』）]?|\n")
_LIST_ITEM = re.compile(r"\s*(?:[-*•–]\s|#{1,6}\s|\d{1,2}[.)]\s|>\s)")
_MONTH_OR_LOWER = re.compile(
    r"\s*(?:januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)",
    re.IGNORECASE,
)
_LAST_TOKEN = re.compile(r"[^\s(\[\"'“„«]+$")


def _ends_sentence(text: str, match: re.Match[str], start: int) -> bool:
    """Whether the punctuation or line break at `match` ends the sentence that began at `start`."""
    mark = match.group()
    if mark == "\n":
        return _breaks_line(text, match.start(), start)
    if mark[0] != "." or len(mark.rstrip("\"'”’»)]")) > 1:
        return True
    token_match = _LAST_TOKEN.search(text, max(start, match.start() - 40), match.start())
    token = token_match.group().lower() if token_match else ""
    following = text[match.end() :].lstrip()[:1]
    if token in _ABBREVIATIONS:
        # "at 5 p.m. Then": an abbreviation may also end the sentence; only a.m./p.m./etc. do so often.
        return token in ("a.m", "p.m", "etc", "usw") and following.isupper()
    if len(token) == 1 and token.isalpha():
        return False
    if token.isdigit():
        if not text[start : match.start()].strip().rstrip("0123456789"):
            return False  # "1. First step": a list number, not a sentence
        if len(token) <= 2 and _MONTH_OR_LOWER.match(text, match.end()):
            return False  # "am 3. Mai"
        return not following.islower()
    return True


def _breaks_line(text: str, position: int, start: int) -> bool:
    """Whether a single line break separates sentences, or only wraps one."""
    before = text[start:position].strip()
    after = text[position + 1 : position + 200]
    if not before:
        return False
    if not after.strip() or after.lstrip(" \t").startswith("\n"):
        return True
    if _LIST_ITEM.match(after) or _LIST_ITEM.match(before) or before[-1] in ".!?…:;,":
        return True
    return len(before) < 60 and not after.lstrip()[0].islower()


def split_sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, without the white space around them.

    Abbreviations, decimals, links, list numbers and wrapped lines do not end a sentence.  Between
    two spans there is only white space, so nothing is lost.
    """
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if match.start() >= start and _ends_sentence(text, match, start):
            _append(spans, text, start, match.end())
            start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + len(piece) - len(piece.lstrip())
        spans.append(Span(stripped, begin, begin + len(stripped)))


# --- words --------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_STOP = listed(
    """
    a an the this that these those and or but if then so as of at by for with about into to from in
    on off up down over out is are was were be been being am do does did doing have has had having i
    me my we us our you your yours he him his she her it its they them their what which who whom
    when where why how can could will would shall should may might must there here than too very
    just also any some all no not nor only own same such s t d ll m re ve i'm i'd i'll i've it's
    that's there's you're we're we'll you'll don't doesn't isn't aren't can't please thanks thank
    hello hi hey dear yes ok okay get got let like want need know tell help one el la los las un una
    unos unas de del al y o u que en con por para se su sus lo le les mi mis tu tus te nos es son
    está están ser estar hay ha han como cómo qué cuál cuándo dónde si sí más muy pero este esta
    esto hola gracias favor der die das den dem des ein eine einen einem einer eines und oder aber
    wenn dann als auf aus bei mit nach von vor zu zum zur im für über unter ist sind war waren sein
    haben hat habe hatte ich mir mich mein meine wir uns unser sie ihr ihre ihnen er du dich dein
    man nicht kein auch nur noch schon wie wer wo wann warum kann können wird werden bitte danke
    hallo ja nein une et ou mais qui quoi dont où au aux avec pour par sur dans ne pas plus ce cet
    cette ces sa ses mon ma mes votre vos notre je j il elle nous vous ils elles est sont était être
    avoir ai ont bonjour merci oui non comment quand quel quelle os um uma umas da dos na nas ao aos
    e mas em com seu sua seus suas meu minha é são estão há eu você vocês ele ela eles nós não sim
    muito quando onde qual olá obrigado obrigada
    """
)


def words(text: str) -> list[str]:
    """Lower-case words and numbers in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A rough stem: enough to match "refunds" with "refund" and "booking" with "booked"."""
    if len(word) <= 3 or not word.isalpha():
        return word.removesuffix("'s")
    for suffix in (
        "'s",
        "ingly",
        "edly",
        "ments",
        "ment",
        "ings",
        "ing",
        "ies",
        "ied",
        "ed",
        "es",
        "s",
        "en",
    ):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)] + ("y" if suffix in ("ies", "ied") else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def content_words(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in _STOP]


def similarity(one: str, other: str) -> float:
    """Overlap of content words, 0 to 1: shared over all."""
    first, second = set(content_words(one)), set(content_words(other))
    return len(first & second) / len(first | second) if first and second else 0.0


def coverage(text: str, source: str) -> float:
    """The share of the content words of `text` that `source` has; 1 where `text` has none."""
    wanted = set(content_words(text))
    return len(wanted & set(content_words(source))) / len(wanted) if wanted else 1.0


def token_f1(text: str, other: str) -> float:
    """Harmonic mean of precision and recall of the words, each as often as it stands there."""
    one, two = Counter(words(text)), Counter(words(other))
    whole = one.total() + two.total()
    return 2 * (one & two).total() / whole if whole else 0.0


def repeated(text: str, size: int = 4) -> float:
    """The share of word groups of `size` that have been said before in the same text."""
    tokens = words(text)
    groups = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    return 1 - len(set(groups)) / len(groups) if groups else 0.0
