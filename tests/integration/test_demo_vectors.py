"""The vectors that came with the demo desk are the ones that the encoder would make."""

from __future__ import annotations

import numpy as np
import pytest

from agent_assist.adapters.demo import load_demo, save_known_vectors
from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.adapters.knowledge.embedding import DEFAULT_ENCODER, Encoder
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.adapters.workspace import Workspace


@pytest.mark.real_model
def test_the_demo_desk_comes_encoded_as_the_encoder_would_do_it() -> None:
    workspace = Workspace.demo()
    try:
        articles = SqlKnowledgeRepository(workspace.database)
        articles.save_articles([(a, passages_of(a)) for a in load_demo().knowledge])
        assert save_known_vectors(articles, DEFAULT_ENCODER) > 300
        assert not articles.unencoded(DEFAULT_ENCODER, 1)
        ((ids, blob),) = articles.vectors(DEFAULT_ENCODER)
        some = ids[::60]
        passages = articles.passages(some)
    finally:
        workspace.close()
    stored = np.frombuffer(blob, np.float32).reshape(len(ids), -1)[::60]
    texts = [passage_input(passages[i].title, passages[i].heading, passages[i].text) for i in some]
    fresh = Encoder(DEFAULT_ENCODER).encode(texts)
    assert np.min(np.sum(fresh * stored, axis=1)) > 0.9999
