"""Articles, passages, vectors and BM25 in the database."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_assist.adapters.storage import lexical
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.domain.knowledge import Article


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[SqlKnowledgeRepository]:
    database = Database(tmp_path / "k.db", bytes(32))
    yield SqlKnowledgeRepository(database)
    database.close()


def vector(value: float) -> bytes:
    return struct.pack("<3f", value, 0.0, 1.0)


def save(
    repository: SqlKnowledgeRepository, article: Article, passages: Sequence[tuple[str, str]]
) -> list[int]:
    (ids,) = repository.save_articles([(article, passages)])
    return ids


def test_an_article_comes_back_as_it_was_saved(repository: SqlKnowledgeRepository) -> None:
    article = Article(
        "a1",
        "Title",
        "Body",
        "macros",
        "https://x.example",
        "de",
        datetime(2026, 1, 2, tzinfo=UTC),
        "h",
        {"k": "v"},
    )
    ids = save(repository, article, [("H", "one"), ("", "two")])
    assert repository.article("a1") == article
    assert repository.articles("macros") == [article]
    assert [p.text for p in repository.passages_of("a1")] == ["one", "two"]
    passage = repository.passages(ids)[ids[0]]
    assert (passage.heading, passage.title, passage.collection, passage.url) == (
        "H",
        "Title",
        "macros",
        article.url,
    )
    assert repository.content_hashes() == {"a1": "h"}
    assert repository.topics() == [("k", "v", ids)]


def test_saving_again_replaces_passages_vectors_and_words(repository: SqlKnowledgeRepository) -> None:
    (old,) = save(repository, Article("a", "T", "B"), [("", "giraffe")])
    repository.save_vectors("e", [(old, vector(1))])
    (new,) = save(repository, Article("a", "T", "B"), [("", "zebra")])
    assert new != old
    assert repository.lexical_search("giraffe", 5) == []
    assert [i for i, _ in repository.lexical_search("zebra", 5)] == [new]
    assert repository.vector_ids("e") == []
    assert [p.id for p in repository.unencoded("e", 9)] == [new]


def test_removing_takes_everything_along(repository: SqlKnowledgeRepository) -> None:
    ids = save(repository, Article("a", "T", "B"), [("", "giraffe"), ("", "giraffe too")])
    repository.save_vectors("e", [(ids[0], vector(1))])
    assert repository.remove(["a", "never there"]) == ids
    assert repository.lexical_search("giraffe", 5) == []
    assert repository.stats("e").passages == repository.stats("e").encoded == 0


def test_vectors_come_in_batches_and_only_of_their_encoder(repository: SqlKnowledgeRepository) -> None:
    ids = save(repository, Article("a", "T", "B"), [("", str(n)) for n in range(5)])
    repository.save_vectors("e", [(i, vector(i)) for i in ids])
    repository.save_vectors("other", [(ids[0], vector(9))])
    batches = list(repository.vectors("e", batch=2))
    assert [part for part, _ in batches] == [ids[:2], ids[2:4], ids[4:]]
    assert b"".join(block for _, block in batches) == b"".join(vector(i) for i in ids)
    repository.drop_vectors("e")
    assert repository.vector_ids("e") == []
    assert repository.vector_ids("other") == [ids[0]]


def test_a_vector_of_a_removed_passage_is_dropped(repository: SqlKnowledgeRepository) -> None:
    (gone,) = save(repository, Article("a", "T", "B"), [("", "x")])
    repository.remove(["a"])
    repository.save_vectors("e", [(gone, vector(1))])
    assert repository.vector_ids("e") == []


def test_words_in_other_forms_and_without_accents_are_found(repository: SqlKnowledgeRepository) -> None:
    save(repository, Article("a", "Café", "B"), [("", "Refunds are processed quickly")])
    assert repository.lexical_search("refunding a CAFE", 5)
    assert repository.lexical_search("process refund", 5, ["articles"])
    assert repository.lexical_search("process refund", 5, ["macros"]) == []


def test_a_word_in_most_passages_is_left_to_the_rarer_ones(
    repository: SqlKnowledgeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        (Article(f"a{n}", "T", "B"), [("", f"branch opening {'heron' if n == 7 else n}")]) for n in range(40)
    ]
    ids = [i for made in repository.save_articles(rows) for i in made]
    assert repository.word_counts("is the branch of the herons open") == [40, 1, 40]
    assert len(repository.lexical_search("heron branch", 50)) == 40
    monkeypatch.setattr(lexical, "MOST_POSTINGS", 30)
    assert [i for i, _ in repository.lexical_search("heron branch", 50)] == [ids[7]]
    assert len(repository.lexical_search("branch", 50)) == 40  # alone it is all there is
    save(repository, Article("new", "T", "B"), [("", "a second heron")])
    assert repository.word_counts("heron") == [2]


def test_scores_are_those_of_fts5_itself(tmp_path: Path) -> None:
    database = Database(tmp_path / "k.db", bytes(32))
    repository = SqlKnowledgeRepository(database)
    chance = random.Random(3)
    words = ["refund", "branch", "heron", "lamp", "opening", "delivery", "card"]
    repository.save_articles(
        [
            (
                Article(f"a{n}", chance.choice(words), "B"),
                [("", " ".join(chance.choices(words, k=1 + n % 9)))],
            )
            for n in range(60)
        ]
    )
    expected = database.reader.execute(
        "SELECT rowid, -rank FROM passages_fts WHERE passages_fts MATCH 'heron OR lamp OR refunds' "
        "AND rank MATCH 'bm25(1.6, 1.2, 1.0)' ORDER BY rank, rowid LIMIT 20"
    ).fetchall()
    found = repository.lexical_search("heron lamp refunds", 20)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected])
    assert [i for i, _ in found] == [i for i, _ in expected]
    assert repository.lexical_search("heron lamp refunds", 20) == found  # now from memory
    database.close()


def test_what_another_process_writes_is_found(tmp_path: Path) -> None:
    mine, other = Database(tmp_path / "k.db", bytes(32)), Database(tmp_path / "k.db", bytes(32))
    repository, writer = SqlKnowledgeRepository(mine), SqlKnowledgeRepository(other)
    save(writer, Article("a", "T", "B"), [("", "heron lamp")])
    assert len(repository.lexical_search("heron", 5)) == 1
    save(writer, Article("b", "T", "B"), [("", "heron lamp")])
    assert len(repository.lexical_search("heron", 5)) == 2
    writer.remove(["a", "b"])
    assert repository.lexical_search("heron", 5) == []
    assert repository.word_counts("heron") == [0]
    mine.close()
    other.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=80))
def test_any_text_is_a_query(repository: SqlKnowledgeRepository, query: str) -> None:
    assert repository.lexical_search(query, 3) == []


@pytest.mark.parametrize(
    "query", ['"', "a AND (", "title:x", "x*", "NEAR(a b)", "\0", "-", "^x", "{a}", "\u202eabc"]
)
def test_query_syntax_is_only_text(repository: SqlKnowledgeRepository, query: str) -> None:
    save(repository, Article("a", "Title", "B"), [("", "abc x a b near and")])
    assert len(repository.lexical_search(query, 3)) <= 1
