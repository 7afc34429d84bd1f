from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from agent_assist.adapters.demo import VECTORS, load_demo
from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.adapters.knowledge.embedding import DEFAULT_ENCODER
from agent_assist.adapters.knowledge.precomputed import read_vectors, write_vectors
from agent_assist.resources import resource

TEXTS = ["How do I return a helmet?", "Ein Fahrrad", "🚲"]


def _written(path: Path) -> np.ndarray:
    vectors = np.random.default_rng(7).normal(size=(3, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write_vectors(path, "mini", TEXTS, vectors)
    return vectors


def test_known_texts_get_their_vectors_and_others_none(tmp_path: Path) -> None:
    vectors = _written(tmp_path / "v.npz")
    found = dict(read_vectors(tmp_path / "v.npz", "mini", ["new", TEXTS[2], TEXTS[0]]))
    assert sorted(found) == [1, 2]
    for place, row in ((1, 2), (2, 0)):
        vector = np.frombuffer(found[place], np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
        assert vector @ vectors[row] > 0.9999


def test_another_encoder_knows_nothing(tmp_path: Path) -> None:
    _written(tmp_path / "v.npz")
    assert not list(read_vectors(tmp_path / "v.npz", "maxi", TEXTS))


@pytest.mark.parametrize("harm", ["gone", "cut", "text", "pickle"])
def test_a_damaged_file_only_costs_time(harm: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "v.npz"
    _written(path)
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif harm == "text":
        path.write_text("no archive", encoding="utf-8")
    else:
        np.savez(path, encoder=np.array([object()], dtype=object))
    with caplog.at_level(logging.WARNING):
        assert not list(read_vectors(path, "mini", TEXTS))
    assert "cannot be read" in caplog.text


def test_the_demo_desk_brings_a_vector_for_each_of_its_passages() -> None:
    """Where it fails, run packaging/demo_vectors.py: an article was changed."""
    every = [passage_input(a.title, h, t) for a in load_demo().knowledge for h, t in passages_of(a)]
    known = dict(read_vectors(resource("demo", VECTORS), DEFAULT_ENCODER, every))
    assert [text for place, text in enumerate(every) if place not in known] == []
