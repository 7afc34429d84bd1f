"""Figures of one draft against the reply that a human gave, and what they are averaged to.

All are between 0 and 1.  Overlap with the human's words is a guard only: on DSTC9's 20,648 human ratings
the right passage and grounding in it went with accuracy (Spearman .84 and .41 per system), ROUGE-L hardly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sacrebleu.metrics.chrf import CHRF

from agent_assist.domain.text import repeated, token_f1
from agent_assist.services.feedback.service import edit_distance

USEFUL = 1 / 3
"""Share of a draft below which an agent writes anew; texts on different things share about a quarter."""

_CHRF = CHRF()
_POLITE = re.compile(
    r"\b(?:thank|thanks|please|sorry|apolog\w+|happy to|glad to|welcome"
    r"|danke|bitte|entschuldig\w+|leid|gern\w*|gracias|por favor|disculp\w+|merci|désolé\w*"
    r"|s'il vous pla[iî]t)\b",
    re.IGNORECASE,
)


def chrf(text: str, reference: str) -> float:
    """chrF (Popović 2015): works for any script, where word overlap needs spaces."""
    return float(_CHRF.sentence_score(text, [reference]).score) / 100 if text and reference else 0.0


def figures_of(output: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, float]:
    """The figures of one output of `agent-assist draft`; those that the case says nothing on are left out."""
    text, decision = str(output.get("text") or ""), output.get("decision")
    answered = decision == "draft"
    found: dict[str, float] = {"answered": float(answered)}
    total = (output.get("timings_ms") or {}).get("total")
    if isinstance(total, int | float):
        found["seconds"] = total / 1000
    if case.get("articles"):
        found["cited"] = float(bool(set(output.get("citations") or ()) & set(case["articles"])))
    if (answerable := case.get("answerable")) is not None:
        found["decided"] = float(answered == bool(answerable))
    if not answered:
        return found
    sentences = [s for s in output.get("sentences") or () if s.get("text")]
    if sentences:
        found["grounded"] = sum(bool(s.get("supported")) for s in sentences) / len(sentences)
    if origin := output.get("origin"):
        found["own_words"] = float(origin == "model")
    found["unrepeated"] = 1 - repeated(text)
    found["polite"] = float(bool(_POLITE.search(text)))
    if reply := case.get("reply"):
        found["reply_f1"] = token_f1(text, reply)
        found["chrf"] = chrf(text, reply)
        found["kept"] = 1 - edit_distance(text, reply)
        found["length"] = min(len(text), len(reply)) / max(len(text), len(reply), 1)
    return found


def settle_silence(one: dict[str, float], other: dict[str, float]) -> None:
    """Of a ticket that only one side answered, the other keeps nothing: else a model would gain by leaving
    the hard ones out.  An answer of which less than USEFUL is kept is worth no more than none."""
    for silent, answered in ((one, other), (other, one)):
        if not silent["answered"] and "kept" in answered:
            silent["kept"] = 0.0
            if answered["kept"] < USEFUL:
                answered["kept"] = 0.0


def retrieval(hits: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Of one ranked list of article ids: whether the first, or one of the first five, is right; MRR@5."""
    places = [place for place, article in enumerate(hits[:5], 1) if article in set(wanted)]
    return {
        "recall_1": float(bool(places) and places[0] == 1),
        "recall_5": float(bool(places)),
        "mrr_5": 1 / places[0] if places else 0.0,
    }


def abstention(outputs: Sequence[Mapping[str, Any]], cases: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Precision and recall of not answering, over the cases that say whether they can be answered."""
    pairs = [
        (o.get("decision") != "draft", not c["answerable"])
        for o, c in zip(outputs, cases, strict=True)
        if c.get("answerable") is not None
    ]
    right = sum(a and b for a, b in pairs)
    said, true = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    if not pairs:
        return {}
    return {
        "abstention_precision": right / said if said else 1.0,
        "abstention_recall": right / true if true else 1.0,
    }


def macro_f1(said: Sequence[str | None], true: Sequence[str | None]) -> tuple[float, float]:
    """(accuracy, macro-F1) of labels; None is the label of what is out of scope."""
    if not true:
        return 0.0, 0.0
    scores = []
    for label in set(true):
        hit = sum(s == t == label for s, t in zip(said, true, strict=True))
        scores.append(2 * hit / max(1, sum(s == label for s in said) + sum(t == label for t in true)))
    return sum(s == t for s, t in zip(said, true, strict=True)) / len(true), sum(scores) / len(scores)
