"""Two adapters on one base, switched between two drafts by the real worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.domain.model import ChatMessage, Finished, GenerationRequest, ModelRecord
from agent_assist.settings import ModelOptions

QUESTIONS = ("How long can I return it?", "Do you deliver on Sundays?", "Where is my parcel?")


@pytest.fixture(scope="module")
def both(record: ModelRecord) -> Iterator[InferenceClient]:
    assert record.adapter_path
    client = InferenceClient(lambda: ModelOptions(context_tokens=1024))
    plain = replace(record, name="plain", adapter_path="", adapter_sha256="")
    client.load(plain, beside=record)
    yield client
    client.close()


def _text(client: InferenceClient, question: str, *, challenger: bool = False) -> str:
    messages = (
        ChatMessage("system", "You are a support agent. Use only facts from the articles."),
        ChatMessage("user", f"Facts: Returns within 30 days.\n\nCustomer's question: {question}"),
    )
    request = GenerationRequest(messages, question, max_tokens=24, challenger=challenger)
    done = [e for e in client.generate(request, threading.Event()) if isinstance(e, Finished)]
    return done[0].candidates[0].text


def test_each_writes_as_if_it_were_alone_however_often_they_are_switched(
    record: ModelRecord, both: InferenceClient
) -> None:
    alone = InferenceClient(lambda: ModelOptions(context_tokens=1024))
    try:
        alone.load(record)
        tuned = [_text(alone, q) for q in QUESTIONS]
        assert tuned[0] == _text(alone, QUESTIONS[0], challenger=True), "without a second one it is the first"
    finally:
        alone.close()
    plain = [_text(both, q) for q in QUESTIONS]
    assert plain != tuned
    for _ in range(2):  # the second time prompts come from what was put aside under each adapter
        for place, question in enumerate(QUESTIONS):
            assert _text(both, question, challenger=True) == tuned[place]
            assert _text(both, question) == plain[place]
