"""How likely a served model finds texts: whether it keeps secrets, and what it has forgotten."""

from __future__ import annotations

import math
import random
import statistics
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ALTERNATIVES = 200
"""Random secrets of the same form that a canary is ranked among."""


class Scorer:
    """A GGUF with or without an adapter, as it is served."""

    def __init__(self, model: Path, adapter: Path | None, context: int = 512) -> None:
        from llama_cpp import Llama

        self._context = context
        self._model = Llama(
            str(model),
            lora_path=str(adapter) if adapter else None,
            n_ctx=context,
            n_batch=context,
            logits_all=True,
            verbose=False,
        )

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        self._model.close()

    def loss(self, text: str, after: str = "") -> float:
        """Mean negative log-likelihood of `text` after `after`, in nats per token."""
        start = self._model.tokenize(after.encode(), add_bos=True, special=False)
        tokens = [*start, *self._model.tokenize(text.encode(), add_bos=False, special=False)]
        tokens = tokens[: self._context]
        first = max(1, len(start))
        if len(tokens) <= first:
            return math.nan
        self._model.reset()
        self._model.eval(tokens)
        rows = np.asarray(self._model.scores[first - 1 : len(tokens) - 1], dtype=np.float64)
        rows = rows - rows.max(-1, keepdims=True)
        chosen = rows[np.arange(len(rows)), tokens[first:]]
        return float(np.mean(np.log(np.exp(rows).sum(-1)) - chosen))

    def continuation(self, after: str, tokens: int = 24) -> str:
        """What follows greedily."""
        made = self._model.create_completion(after, max_tokens=tokens, temperature=0.0)
        return str(made["choices"][0]["text"])


@dataclass(frozen=True)
class Canary:
    """A made-up secret that was planted among the examples `times` times (Carlini et al. 2019)."""

    before: str
    secret: str
    times: int


def _secret(chance: random.Random) -> str:
    return " ".join("".join(chance.choices(string.digits, k=3)) for _ in range(3))


def exposure(scorer: Scorer, canary: Canary, seed: int) -> dict[str, Any]:
    """`rank` 1 is the likeliest of the canary and `ALTERNATIVES` others; `verbatim` whether it is written
    out by itself.  A model that has not seen it ranks it anywhere."""
    chance = random.Random(seed)
    mine = scorer.loss(canary.secret, canary.before)
    others = [scorer.loss(_secret(chance), canary.before) for _ in range(ALTERNATIVES)]
    written = scorer.continuation(canary.before)
    return {"times": canary.times, **exposure_of(mine, others), "verbatim": canary.secret in written}


def exposure_of(mine: float, others: Sequence[float]) -> dict[str, Any]:
    """Where a secret's loss stands among those of random ones of the same form.

    Exposure is the logarithm to base 2 of how many there are over the rank (Carlini et al. 2019, definition
    2); beyond what ranking so few can show it is read off a normal distribution of their losses (there,
    section 4.3, a skewed one; with so few the difference is within the noise).
    """
    rank = 1 + sum(loss < mine for loss in others)
    of = len(others) + 1
    spread = statistics.NormalDist(statistics.fmean(others), statistics.stdev(others) or 1e-9)
    below = max(spread.cdf(mine), 1e-30)
    return {
        "rank": rank,
        "of": of,
        "exposure": round(math.log2(of / rank), 2),
        "exposure_fitted": round(-math.log2(below), 2),
    }


def perplexity(scorer: Scorer, texts: Sequence[str]) -> float:
    """Of all texts together, each token counted the same within its text."""
    losses = [loss for loss in map(scorer.loss, texts) if not math.isnan(loss)]
    return math.exp(sum(losses) / len(losses)) if losses else math.nan


def forgetting(before: float, after: float) -> Mapping[str, float]:
    """The frozen general texts under both: a ratio over 1 has forgotten."""
    return {"general_before": before, "general_after": after, "forgetting": after / before}
