"""Encode the demo desk's passages once, so that it opens without having to.

Usage: python packaging/demo_vectors.py     after a change of `resources/demo` or of the default encoder
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent_assist.adapters.demo import VECTORS, load_demo
from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.adapters.knowledge.embedding import DEFAULT_ENCODER, Encoder
from agent_assist.adapters.knowledge.precomputed import write_vectors
from agent_assist.resources import resource


def main() -> None:
    articles = load_demo().knowledge
    texts = [passage_input(a.title, heading, text) for a in articles for heading, text in passages_of(a)]
    texts = sorted(set(texts))
    path = resource("demo", VECTORS)
    write_vectors(path, DEFAULT_ENCODER, texts, Encoder(DEFAULT_ENCODER).encode(texts))
    print(f"{len(texts)} passages of {len(articles)} documents in {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
