"""Imports, the retrieval worker and its index cache, with the real encoder."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_knowledge import ENCODER, KEY, SHOP, Library, articles, library, shared_worker

from agent_assist.adapters.knowledge.cache import IndexCache, state_of
from agent_assist.adapters.knowledge.client import RetrievalClient
from agent_assist.domain.ticket import ticket_from_json
from agent_assist.errors import EncoderMissing
from agent_assist.services.events import KnowledgeChanged

pytestmark = pytest.mark.real_model


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Library]:
    base = library(tmp_path)
    base.service.add_articles(SHOP)
    yield base
    base.close()


def ids(base: Library, query: str, **options: object) -> list[str]:
    return [h.passage.article_id for h in base.retrieval.search(query, 3, **options)]  # type: ignore[arg-type]


# --- the worker ---------------------------------------------------------------------------------


def test_vectors_have_unit_length_and_search_agrees_with_cosines() -> None:
    worker = shared_worker()
    dimension, block = worker.encode(["dogs are welcome", "the lamp is broken"])
    assert len(block) == 2 * dimension * 4
    worker.load([([3, 9], block)])
    worker.add([9, 9], block)  # an id that is there already is not added again
    (hits,) = worker.search(["may I bring my dog?"], 5)
    assert [i for i, _ in hits] == [3, 9]
    assert worker.cosines(["may I bring my dog?"], [9, 3, 77])[0] == pytest.approx(
        [hits[1][1], hits[0][1], 0.0]
    )
    worker.remove([3])
    assert [i for i, _ in worker.search(["dog"], 5)[0]] == [9]
    same, other = worker.similarity(["a red bike"], ["a red bike", "tax law"])[0]
    assert same == pytest.approx(1.0, abs=1e-4)
    assert other < 0.4
    assert worker.encode([])[1] == b""


def test_hostile_texts_are_encoded() -> None:
    texts = ["", "\0", "\u202eabc", "🙂" * 1000, "x" * 100_000, "\ud800"]
    dimension, block = shared_worker().encode(texts)
    assert len(block) == len(texts) * dimension * 4


def test_a_missing_search_model_is_a_sentence() -> None:
    client = RetrievalClient("no/such-encoder")
    try:
        with pytest.raises(EncoderMissing, match="no/such-encoder"):
            client.start()
    finally:
        client.close()


# --- search -------------------------------------------------------------------------------------


def test_search_finds_by_meaning_and_by_name(shop: Library) -> None:
    assert ids(shop, "Can I bring my puppy to the Harbour View?")[0] == "pets"
    assert ids(shop, "can i bring my puppy to the old mill")[0] == "pets2"
    assert ids(shop, "parking", collections=["macros"]) == ["m1"]
    assert shop.retrieval.search("") == [] or all(h.score < 0.5 for h in shop.retrieval.search(""))


def test_what_was_named_turns_before_decides(shop: Library) -> None:
    def asked(*texts: str) -> str:
        roles = ("customer", "agent")
        messages = [{"role": roles[n % 2], "text": text} for n, text in enumerate(texts)]
        return shop.retrieval.for_ticket(ticket_from_json({"id": "1", "messages": messages}))[
            0
        ].passage.article_id

    opening = ("Hello, I need a room.", "I can offer Harbour View or The Old Mill.")
    assert (
        asked(*opening, "The old mill sounds good", "Shall I book?", "Is there a place for the car?")
        == "park2"
    )
    assert asked(*opening, "Harbour View please", "Shall I book?", "Is there a place for the car?") == "park"


def test_scores_tell_an_answer_from_none(shop: Library) -> None:
    minimum = 0.5
    assert shop.retrieval.search("How late can I cancel my booking for free?")[0].score >= minimum
    assert shop.retrieval.search("Who won the football game on Sunday?")[0].score < 0.1


def test_stats_and_events(tmp_path: Path) -> None:
    base = library(tmp_path)
    heard: list[object] = []
    base.events.subscribe(heard.append)
    try:
        report = base.service.add_articles(SHOP)
        assert (report.added, report.passages) == (7, 7)
        again = base.service.add_articles(SHOP)
        assert (again.added, again.changed, again.unchanged) == (0, 0, 7)
        stats = base.service.stats()
        assert (stats.articles, stats.encoded, stats.dimension, stats.encoder) == (7, 7, 384, ENCODER)
        assert stats.collections == {"articles": 6, "macros": 1}
        assert len([e for e in heard if isinstance(e, KnowledgeChanged)]) == 1
        assert base.service.remove(["gym", "never"]) == 1
        assert base.service.article("gym") is None
        assert "gym" not in ids(base, "fitness room")
    finally:
        base.close()


# --- files --------------------------------------------------------------------------------------


def test_only_what_changed_is_encoded_again_and_prune_removes_what_vanished(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# Page {name}\n\nText of {name}.")
    base = library(tmp_path)
    try:
        assert base.service.add([folder]).added == 3
        before = {p.id for n in "abc" for p in base.repository.passages_of(str(folder / f"{n}.md"))}
        (folder / "b.md").write_text("# Page b\n\nOther text.")
        (folder / "c.md").unlink()
        report = base.service.add([folder], prune=True)
        assert (report.added, report.changed, report.unchanged, report.removed) == (0, 1, 1, 1)
        after = {p.id for n in "abc" for p in base.repository.passages_of(str(folder / f"{n}.md"))}
        assert len(before & after) == 1
        stats = base.service.rebuild()
        assert (stats.articles, stats.encoded) == (2, 2)
        assert ids(base, "other text")[0].endswith("b.md")
    finally:
        base.close()


# --- interruptions ------------------------------------------------------------------------------


def test_a_cancelled_import_keeps_what_it_has_and_goes_on_later(tmp_path: Path) -> None:
    base = library(tmp_path)
    token = threading.Event()

    def progress(done: int, total: int, note: str) -> None:
        if note == "encoded" and done >= 64:
            token.set()

    try:
        report = base.service.add_articles(articles(260), progress=progress, cancel=token)
        assert report.cancelled
        stats = base.service.stats()
        assert stats.articles == 260
        assert 64 <= stats.encoded < 260
        made = base.service.encode_missing()
        assert made == 260 - stats.encoded
        assert base.service.stats().encoded == 260
    finally:
        base.close()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_an_import_survives_the_death_of_the_worker(tmp_path: Path) -> None:
    base = library(tmp_path, own_worker=True)
    killed: list[int] = []

    def progress(done: int, total: int, note: str) -> None:
        if note == "encoded" and not killed and base.index.pid:
            killed.append(base.index.pid)
            os.kill(base.index.pid, signal.SIGKILL)

    try:
        report = base.service.add_articles(articles(200), progress=progress)
        assert killed
        assert (report.added, report.cancelled) == (200, False)
        assert base.service.stats().encoded == 200
        assert base.index.pid not in (None, *killed)
        # The index was filled again from the database: nothing is missing, nothing is there twice.
        (hits,) = base.index.search(["lamp"], 400)
        assert sorted(i for i, _ in hits) == base.repository.vector_ids(ENCODER)
    finally:
        base.close()


# --- the cache ----------------------------------------------------------------------------------


def test_a_damaged_or_outdated_cache_is_seen_and_the_index_built_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base = library(tmp_path, own_worker=True, cache_from=1)
    cache = IndexCache(tmp_path / "cache", KEY)
    try:
        base.service.add_articles(articles(30))
        known = base.repository.vector_ids(ENCODER)
        base.index.load(base.repository.vectors(ENCODER), known)
        path = cache.path(ENCODER)
        whole = path.read_bytes()
        assert b"Lamp" not in whole
        kind, _ = cache.read(ENCODER, state_of(ENCODER, known)) or ("", b"")
        assert kind == "flat"
        expected = base.index.search(["lamp 7"], 5)

        # A whole cache is used: no vector is asked of the database.
        base.index.load(iter(()), known)
        assert base.index.search(["lamp 7"], 5) == expected

        zeroed = whole[:2000] + bytes(500) + whole[2500:]
        for damaged in (b"", whole[:-9], zeroed, whole[:1000], b"AAIX1\n", b"\0" * 5000):
            path.write_bytes(damaged)
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                base.index.load(base.repository.vectors(ENCODER), known)
            assert "index is built again" in caplog.text
            assert base.index.search(["lamp 7"], 5) == expected
            assert path.read_bytes() != damaged

        # Another set of passages: the same file no longer counts.
        base.service.add_articles(articles(3, start=30))
        now = base.repository.vector_ids(ENCODER)
        base.index.load(base.repository.vectors(ENCODER), now)
        assert len(base.index.search(["lamp"], 99)[0]) == 33
    finally:
        base.close()


def test_another_key_opens_no_cache(tmp_path: Path) -> None:
    IndexCache(tmp_path, KEY).write("e", "state", "flat", b"index")
    assert IndexCache(tmp_path, KEY).read("e", "state") == ("flat", b"index")
    assert IndexCache(tmp_path, bytes(32)).read("e", "state") is None
    assert IndexCache(tmp_path, KEY).read("e", "other state") is None
    IndexCache(tmp_path, KEY).forget("e")
    assert IndexCache(tmp_path, KEY).read("e", "state") is None
