"""Names, numbers and addresses in chats, found by a small token classifier.

A convolutional tagger (Collobert et al. 2011, section 3.3) over the packaged MiniLM encoder's word-piece
vectors, hashed character n-grams and the shape of each word, with the words of the message before pooled
into one vector: a bare "4577" after "last four digits of your ssn?" is one.  A pass costs a fraction of a
millisecond in NumPy, so that it needs neither torch nor a worker process.  `resources/privacy` holds its
weights as 8-bit integers with one scale a row; `python -m training.redaction` makes them.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent_assist.errors import ModelDamaged

LABELS: Final = (
    "O",
    "NAME",
    "NATIONAL_ID",
    "CARD",
    "ACCOUNT",
    "POLICY",
    "CLAIM",
    "ORDER",
    "EMAIL",
    "PHONE",
    "ADDRESS",
    "PASSWORD",
    "DATE_OF_BIRTH",
)
BUCKETS: Final = 1 << 14
"""Rows of the character n-grams' table; n-grams that share a row are told apart by the others."""
SHAPES: Final = 48
"""Numbers that describe a word's shape and place."""
MOST_WORDS: Final = 256
"""Words of a text that are read together; a longer text is read in parts."""
CONTEXT_WORDS: Final = 24
"""Words of the message before that are read along: its end holds the question."""
DILATIONS: Final = (1, 1, 2, 1)
_NUMBERS: Final = frozenset({"NATIONAL_ID", "CARD", "ACCOUNT", "POLICY", "CLAIM", "ORDER", "EMAIL", "PHONE"})
_SURE_NAME: Final = 0.95
"""Of a word in another language: "Gracias" and "Akku" are likely names to the classifier."""
_LONGEST: Final = 40
"""Characters of a word that are read."""
_CACHED: Final = 50_000
_CELLS: Final = 8192
"""Words in one pass, padding included."""

Floats = NDArray[np.float32]
Span = tuple[str, int, int]
"""Type, start, end."""

_WORD = re.compile(r"[^\s,;!?()\[\]{}<>\"“”„«»|]+")
_EDGE = ".:'’‘-*_/=#&"


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the words stand that the classifier judges: runs without blanks and brackets, without the
    punctuation at their edges."""
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        start = match.start() + len(word) - len(word.lstrip(_EDGE))
        end = match.end() - (len(word) - len(word.rstrip(_EDGE)))
        if start < end:
            found.append((start, end))
    return found


def context_of(text: str) -> list[str]:
    """The last CONTEXT_WORDS words of the message before."""
    tail = text[-400:]
    return [tail[s:e] for s, e in words_of(tail)][-CONTEXT_WORDS:]


def grams(word: str) -> list[int]:
    """Rows of the word's character n-grams, n = 2 to 4, and of the whole word; digits are all alike."""
    marked = "^" + re.sub(r"\d", "0", word.lower()[:_LONGEST]) + "$"
    found = {marked}
    for size in (2, 3, 4):
        found.update(marked[at : at + size] for at in range(len(marked) - size + 1))
    return sorted({zlib.crc32(g.encode("utf-8", "surrogatepass")) % BUCKETS for g in found})


def shape_of(text: str, place: tuple[int, int], number: int, count: int) -> list[float]:
    """What word pieces do not show: digits, capitals, where it stands and what stands beside it."""
    word = text[place[0] : place[1]][:_LONGEST]
    digits = sum(c.isdigit() for c in word)
    row = [0.0] * SHAPES
    row[min(digits, 17)] = 1.0
    row[18 + min(len(word), 12)] = 1.0
    before, after = text[max(0, place[0] - 2) : place[0]], text[place[1] : place[1] + 2]
    flags = (
        word.isdigit(),
        bool(digits) and digits < len(word),
        word[:1].isupper(),
        len(word) > 1 and word.isupper(),
        "@" in word,
        "." in word,
        "-" in word,
        number == 0,
        number == count - 1,
        count == 1,
        count == 2,
        2 < count < 6,
        "\n" in before,
        "\n" in after,
        ":" in before or "#" in before,
        "," in after[:1],
        "." in before or number == 0,
    )
    row[31 : 31 + len(flags)] = [float(f) for f in flags]
    return row


class Words:
    """What the network reads of a word: the mean of its pieces' vectors, and its n-grams' rows."""

    def __init__(self, encoder: Path) -> None:
        """`encoder` is the folder of the packaged MiniLM."""
        from safetensors import safe_open
        from tokenizers import Tokenizer

        with safe_open(str(encoder / "model.safetensors"), framework="numpy") as file:
            table: Floats = file.get_tensor("embeddings.word_embeddings.weight").astype(np.float32)
        self._table = table / float(np.linalg.norm(table, axis=1).mean()) * 8
        self._tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._known: dict[str, tuple[Floats, list[int]]] = {}

    @property
    def width(self) -> int:
        return int(self._table.shape[1])

    def read(self, words: Iterable[str]) -> list[tuple[Floats, list[int]]]:
        asked = [w[:_LONGEST].lower() for w in words]
        missing = [w for w in dict.fromkeys(asked) if w not in self._known]
        if len(self._known) + len(missing) > _CACHED:
            self._known.clear()
            missing = list(dict.fromkeys(asked))
        if missing:
            for word, code in zip(
                missing, self._tokenizer.encode_batch(missing, add_special_tokens=False), strict=True
            ):
                # The digits of a long number say nothing; those of "24" or "7" are a word of their own.
                plain = sum(c.isdigit() for c in word) < 3 and code.ids
                vector = self._table[code.ids].mean(0) if plain else np.zeros(self.width, np.float32)
                self._known[word] = (vector.astype(np.float32), grams(word))
        return [self._known[w] for w in asked]


class Tagger:
    """The loaded classifier; thread-safe."""

    def __init__(self, encoder: Path, folder: Path) -> None:
        """`folder` holds the weights and their card.  Raises ModelDamaged where the file is not the one
        that the card was written for."""
        from safetensors.numpy import load
        from threadpoolctl import ThreadpoolController

        try:
            about = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
            data = (folder / "tagger.safetensors").read_bytes()
        except (OSError, ValueError) as error:
            raise ModelDamaged(
                f"The name classifier cannot be read: {error}.", "Install Agent Assist again."
            ) from None
        if hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise ModelDamaged("The name classifier's file is damaged.", "Install Agent Assist again.")
        self.thresholds: dict[str, float] = about["thresholds"]
        self._weights = dequantised(load(data))
        self._words = Words(encoder)
        self._threads = ThreadpoolController()
        self._lock = threading.Lock()

    def tag(
        self,
        texts: Sequence[str],
        contexts: Sequence[str] | None = None,
        foreign: Sequence[bool] | None = None,
    ) -> list[list[Span]]:
        """The spans of each text, in order and without overlaps; offsets are code points.

        `foreign` says which texts are not in the language that the weights have learnt.
        """
        parts: list[tuple[int, list[tuple[int, int]]]] = []
        for number, text in enumerate(texts):
            places = words_of(text)
            parts += [(number, places[at : at + MOST_WORDS]) for at in range(0, len(places), MOST_WORDS)]
        rows = [(texts[n], places, context_of(contexts[n]) if contexts else []) for n, places in parts]
        spans: list[list[Span]] = [[] for _ in texts]
        # The matrices are small: threads that wait for each other would cost more than they bring.
        with self._lock, self._threads.limit(limits=1, user_api="blas"):
            scores = self.probabilities(rows)
        for (number, places), chances in zip(parts, scores, strict=True):
            words = [texts[number][start:end] for start, end in places]
            labels = self._decide(words, chances)
            if foreign and foreign[number]:
                joins = [not texts[number][a[1] : b[0]].strip() for a, b in pairwise(places)]
                labels = _foreign(labels, words, chances, joins)
            spans[number] += _spans(texts[number], places, labels)
        return spans

    def probabilities(self, rows: Sequence[tuple[str, list[tuple[int, int]], list[str]]]) -> list[Floats]:
        """For each (text, its words' places, the words before) a matrix of words by labels."""
        order = sorted(range(len(rows)), key=lambda n: len(rows[n][1]))
        results: list[Floats] = [np.zeros((0, len(LABELS)), np.float32)] * len(rows)
        for batch in batches(order, [len(r[1]) for r in rows], _CELLS):
            logits = forward(self._weights, collate([features(self._words, *rows[n]) for n in batch]))
            chances = np.exp(logits - logits.max(-1, keepdims=True))
            chances /= chances.sum(-1, keepdims=True)
            for n, row in zip(batch, chances, strict=True):
                results[n] = row[: len(rows[n][1])]
        return results

    def _decide(self, words: Sequence[str], scores: Floats) -> list[str]:
        """A word is personal where all personal labels together pass the threshold of the likeliest; a
        capital, which chats leave out, is half a reason of its own."""
        labels = []
        for word, row in zip(words, scores, strict=True):
            best = LABELS[1 + int(row[1:].argmax())]
            needed = self.thresholds[best]
            if best == "NAME" and word[:1].isupper() and not word.isupper():
                needed = self.thresholds["CAPITALISED_NAME"]
            labels.append(best if 1 - row[0] >= needed else "O")
        return labels


def _foreign(labels: Sequence[str], words: Sequence[str], scores: Floats, joins: Sequence[bool]) -> list[str]:
    """The labels of a text in another language: numbers as ever, and of words only two with capitals in a row
    that are all but surely a name.  `joins` says of each word whether only a blank parts it from the next."""
    sure = [
        label == "NAME" and word[:1].isupper() and 1 - row[0] >= _SURE_NAME
        for label, word, row in zip(labels, words, scores, strict=True)
    ]
    pairs = {n for n, joined in enumerate(joins) if joined and sure[n] and sure[n + 1]}
    return [
        label
        if (label in _NUMBERS and any(c.isdigit() for c in word)) or n in pairs or n - 1 in pairs
        else "O"
        for n, (label, word) in enumerate(zip(labels, words, strict=True))
    ]


Features = tuple[Floats, list[list[int]], Floats, Floats, list[int]]
"""Of one text: piece vectors, n-gram rows and shapes of its words; of the words before: mean vector and
all n-gram rows."""
Batch = dict[str, Any]


def features(words: Words, text: str, places: Sequence[tuple[int, int]], context: Sequence[str]) -> Features:
    """What the network reads of the words at `places` of `text`, with the words of the message before."""
    read = words.read([text[s:e] for s, e in places])
    before = words.read(context)
    shapes = np.array([shape_of(text, p, n, len(places)) for n, p in enumerate(places)], np.float32).reshape(
        len(places), SHAPES
    )
    nothing = np.zeros(words.width, np.float32)
    return (
        np.stack([v for v, _ in read]) if read else nothing[None][:0],
        [g for _, g in read],
        shapes,
        np.mean([v for v, _ in before], axis=0) if before else nothing,
        [row for _, g in before for row in g],
    )


def collate(rows: Sequence[Features]) -> Batch:
    """One batch of arrays, padded to the longest; n-grams as one flat list with each word's place."""
    width = max(1, max(len(r[0]) for r in rows))
    vectors = np.zeros((len(rows), width, rows[0][0].shape[1]), np.float32)
    shapes = np.zeros((len(rows), width, SHAPES), np.float32)
    mask = np.zeros((len(rows), width), np.float32)
    for n, (v, _, s, _, _) in enumerate(rows):
        vectors[n, : len(v)], shapes[n, : len(s)], mask[n, : len(v)] = v, s, 1
    return {
        "vectors": vectors,
        "shapes": shapes,
        "mask": mask,
        "grams": _flat([r[1] for r in rows], width),
        "before": np.stack([r[3] for r in rows]).astype(np.float32),
        "before_mask": np.array([float(bool(r[4])) for r in rows], np.float32),
        "before_grams": _flat([[r[4]] for r in rows], 1),
    }


def _flat(rows: Sequence[list[list[int]]], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All rows of n-grams one after another, and where each word's begin (a padded word has none)."""
    flat: list[int] = []
    offsets: list[int] = []
    for row in rows:
        for word in row:
            offsets.append(len(flat))
            flat += word
        offsets += [len(flat)] * (width - len(row))
    return np.array(flat, np.int64), np.array(offsets, np.int64)


def forward(weights: Mapping[str, Floats], batch: Batch) -> Floats:
    """Logits of every word; the same arithmetic as `training.redaction_network`."""
    mask = batch["mask"][..., None]
    hidden = _embed(weights, batch["vectors"], batch["grams"]) + batch["shapes"] @ weights["shape.weight"].T
    context = np.maximum(_embed(weights, batch["before"][:, None], batch["before_grams"]), 0)
    hidden = hidden + context @ weights["context.weight"].T * batch["before_mask"][:, None, None]
    hidden = np.maximum(hidden, 0) * mask
    for n, dilation in enumerate(DILATIONS):
        wide = np.pad(hidden, ((0, 0), (dilation, dilation), (0, 0)))
        length = hidden.shape[1]
        joined = np.concatenate([wide[:, k * dilation : k * dilation + length] for k in range(3)], -1)
        change = joined @ weights[f"convolutions.{n}.weight"].T + weights[f"convolutions.{n}.bias"]
        hidden = (hidden + np.maximum(change, 0)) * mask
    logits: Floats = hidden @ weights["head.weight"].T + weights["head.bias"]
    return logits


def _embed(
    weights: Mapping[str, Floats], vectors: Floats, rows: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> Floats:
    flat, offsets = rows
    counts = np.diff(np.append(offsets, len(flat)))
    means = np.zeros((len(offsets), weights["grams.weight"].shape[1]), np.float32)
    filled = counts > 0
    if filled.any():
        means[filled] = np.add.reduceat(weights["grams.weight"][flat], offsets[filled], axis=0)
        means[filled] /= counts[filled][:, None]
    spelled = means.reshape(*vectors.shape[:2], -1)
    made: Floats = (
        vectors @ weights["piece.weight"].T + spelled @ weights["spelling.weight"].T + weights["piece.bias"]
    )
    return made


def batches(order: Iterable[int], lengths: Sequence[int], most: int) -> Iterable[list[int]]:
    """Parts of `order` (sorted by length) with at most `most` words each, padding included."""
    batch: list[int] = []
    for n in order:
        if batch and max(1, lengths[n]) * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


def quantised(state: Mapping[str, Floats]) -> dict[str, Any]:
    """Matrices as 8-bit integers with one float scale a row; vectors as they are."""
    packed: dict[str, Any] = {}
    for name, value in state.items():
        if value.ndim == 2:
            scale = np.maximum(np.abs(value).max(1, keepdims=True) / 127, 1e-12).astype(np.float32)
            packed[name] = np.round(value / scale).astype(np.int8)
            packed[f"{name}.scale"] = scale
        else:
            packed[name] = value.astype(np.float32)
    return packed


def dequantised(packed: Mapping[str, Any]) -> dict[str, Floats]:
    """Weights as float32; 8-bit ones times the scale of their row, which `NAME.scale` holds."""
    return {
        name: value.astype(np.float32) * packed[f"{name}.scale"] if f"{name}.scale" in packed else value
        for name, value in packed.items()
        if not name.endswith(".scale")
    }


def _spans(text: str, places: Sequence[tuple[int, int]], labels: Sequence[str]) -> list[Span]:
    """Neighbours of one type with only blanks between them are one span."""
    spans: list[Span] = []
    for (start, end), label in zip(places, labels, strict=True):
        if label == "O":
            continue
        if spans and spans[-1][0] == label and not text[spans[-1][2] : start].strip(" \t"):
            spans[-1] = (label, spans[-1][1], end)
        else:
            spans.append((label, start, end))
    return spans
