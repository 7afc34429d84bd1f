"""How well an encoder finds the right article: alone, and in the product's own search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.encoder.pairs import Pair, Texts, asked
from training.evaluation.product import Product

Vectors = NDArray[np.float32]

FIVE = 5


def of_ranking(ranked: Sequence[str], right: Sequence[str], prefix: str) -> dict[str, float]:
    """R@1, R@5 and MRR of one list of article ids, best first; an article counts where it first stands."""
    ids = list(dict.fromkeys(ranked))
    place = next((n for n, article in enumerate(ids, 1) if article in right), 0)
    return {
        f"{prefix}R@1": float(place == 1),
        f"{prefix}R@5": float(0 < place <= FIVE),
        f"{prefix}MRR": 1 / place if place else 0.0,
    }


def alone(encoder: Any, passages: Vectors, texts: Texts, held: Sequence[Pair]) -> list[dict[str, float]]:
    """The encoder's own ranking of all passages for each held-out question."""
    queries = np.asarray(encoder.encode([asked(p) for p in held], query=True), np.float32)
    found = []
    for query, pair in zip(queries, held, strict=True):
        order = np.argsort(-(passages @ query), kind="stable")[:200]
        found.append(of_ranking([texts.articles[n] for n in order], pair.articles, "encoder "))
    return found


def in_product(
    folder: Path, knowledge: Path, encoder: str, held: Sequence[Pair]
) -> tuple[list[dict[str, float]], list[float]]:
    """What `agent-assist kb search` finds for each held-out question with this encoder, and the best scores.

    A workspace is made for it and thrown away.  Where names are known, the question is asked as the second
    turn of a ticket that named them in its first.
    """
    with Product(folder) as product:
        product.set_encoder(encoder)
        product.learn([knowledge])
        rows = product.search([_case(n, pair) for n, pair in enumerate(held)])
    figures = [
        of_ranking([str(h["article_id"]) for h in row.get("hits", ())], pair.articles, "search ")
        for row, pair in zip(rows, held, strict=True)
    ]
    return figures, [max((float(h["score"]) for h in row.get("hits", ())), default=0.0) for row in rows]


def _case(number: int, pair: Pair) -> Mapping[str, Any]:
    said = [f"I have a question about {' and '.join(pair.names)}."] if pair.names else []
    texts = [*said, pair.question]
    messages: list[Mapping[str, str]] = []
    for place, text in enumerate(texts):
        if place:
            messages.append({"id": f"a{place}", "role": "agent", "text": "Certainly, how can I help?"})
        messages.append({"id": f"c{place}", "role": "customer", "text": text})
    return {"id": f"case-{number}", "messages": messages}
