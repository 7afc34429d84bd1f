"""A tiny random encoder with a real tokenizer, and questions about things that its articles answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TOPICS = {
    "parking": ("Where can I leave my car", "Guests park in the yard behind the building"),
    "breakfast": ("When do you serve the morning meal", "Breakfast is on the table from seven"),
    "pets": ("May my dog come along", "Animals sleep in the kennel next door"),
    "pool": ("Is there somewhere to swim", "The pool opens at noon"),
    "wifi": ("How do I get online", "The network is called guest and needs no password"),
    "laundry": ("Can you wash my shirts", "Linen is cleaned on Tuesdays"),
}
PLACES = ("Harbour House", "Old Mill", "Castle Inn", "Station Rooms", "Market Lodge", "Garden Court")


def tiny_encoder(folder: Path) -> Path:
    """A BERT with two layers and some 20,000 weights behind mean pooling, seeded."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = [w for pair in TOPICS.values() for text in pair for w in text.split()] + " ".join(PLACES).split()
    raw = BertWordPieceTokenizer(lowercase=True)
    raw.train_from_iterator([" ".join(words)] * 3, vocab_size=400, min_frequency=1, show_progress=False)
    net = folder.with_name(f"{folder.name}-net")
    net.mkdir(parents=True)
    raw.save_model(str(net))
    tokenizer = BertTokenizerFast(vocab_file=str(net / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(net)
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **shape)
    BertModel(config).save_pretrained(net)
    model = SentenceTransformer(modules=[Transformer(str(net), max_seq_length=64), Pooling(32)], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def _identity(place: str, topic: str) -> str:
    return f"{place}-{topic}".lower().replace(" ", "-")


def articles() -> list[dict[str, Any]]:
    return [
        {
            "id": f"{place}-{topic}".lower().replace(" ", "-"),
            "title": topic,
            "body": f"{body} at the {place}.",
            "house": place,
        }
        for place in PLACES
        for topic, (_, body) in TOPICS.items()
    ]


def pairs() -> list[dict[str, Any]]:
    return [
        {
            "question": f"{question}?",
            "article_id": _identity(place, topic),
            "names": [place],
            "group": place,
        }
        for place in PLACES
        for topic, (question, _) in TOPICS.items()
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
