"""The knowledge base: importing, removing and encoding articles.

Articles and passages are saved first, vectors follow in batches.  Whatever interrupts an import
(cancel, crash, power), what was saved stays, and the next import, or the next start, encodes what has
no vector yet.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from agent_assist.domain.knowledge import Article, ImportReport, KnowledgeStats
from agent_assist.domain.planted import HeldSentence
from agent_assist.errors import AgentAssistError, Cancelled, EncoderMissing
from agent_assist.ports import CancelToken, DocumentReader, KnowledgeRepository, Progress, SemanticIndex
from agent_assist.services.events import Event, EventBus, KnowledgeChanged, SettingsChanged
from agent_assist.services.knowledge.article_review import ArticleReview
from agent_assist.services.knowledge.encoding import Encoding, Wording, check
from agent_assist.services.options import OptionsService

SAVE_BATCH: Final = 200
"""Articles in one transaction: each waits for the disk once."""
VERSION: Final = "1"
"""Part of the content hash: raise it when articles are cut in another way, so that they are cut again."""

Cutter = Callable[[Article], list[tuple[str, str]]]


def content_hash(article: Article) -> str:
    """Changes with whatever is searched, shown or cited of an article; its time alone changes nothing."""
    parts = [
        VERSION,
        article.title,
        article.body,
        str(article.collection),
        article.url,
        article.language or "",
    ]
    text = json.dumps([*parts, sorted(article.context.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class KnowledgeService:
    """All methods but `stats` and `articles` may take long: call them from a job."""

    def __init__(
        self,
        repository: KnowledgeRepository,
        index: SemanticIndex,
        reader: DocumentReader,
        events: EventBus,
        options: OptionsService,
        *,
        cut: Cutter,
        wording: Wording,
        on_change: Callable[[], None] | None = None,
        prepare: Callable[[Article], Article] = lambda article: article,
        adopt: Callable[[str], str] = lambda name: name,
        review: ArticleReview | None = None,
    ) -> None:
        """`cut` makes passages of an article, `wording` what is encoded of one: (title, heading, text).

        `prepare` gives each article the form in which it is kept (solved tickets are redacted);
        `on_change` hears that articles came or went (the retrieval service reads their topics again);
        `adopt` gives the name under which an encoder is used, and may copy it to where it stays;
        `review` holds sentences back that look planted.
        """
        self._repository = repository
        self._index = index
        self._reader = reader
        self._events = events
        self._options = options
        self._cut = cut
        self._on_change = on_change
        self._prepare = prepare
        self._adopt = adopt
        self._review = review
        self._encoding = Encoding(repository, index, wording)
        self._importing = threading.Lock()
        self._unsubscribe = events.subscribe(self._on_event)

    def close(self) -> None:
        self._unsubscribe()

    def add(
        self,
        paths: Sequence[Path],
        collection: str | None = None,
        prune: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ImportReport:
        """Import files and folders; unchanged content is not encoded again.

        `prune` removes what these paths held before and no longer do: documents below them that
        vanished and, where all paths are row files, rows of the collection that are gone.
        """
        token = cancel or threading.Event()
        documents = self._reader.read([Path(p) for p in paths], collection, token)
        gone = (lambda kept: self._vanished(paths, collection, kept)) if prune else None
        return self._import(documents, gone, progress, token)

    def add_articles(
        self,
        articles: Iterable[Article],
        collection: str | None = None,
        prune: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ImportReport:
        """As `add`, for articles that are already there (demo desk, other services)."""
        given = (replace(a, collection=collection) if collection else a for a in articles)

        def vanished(kept: set[str]) -> list[str]:
            known = self._repository.content_hashes(collection)
            return [i for i in known if i not in kept] if collection else []

        return self._import(given, vanished if prune else None, progress, cancel or threading.Event())

    def remove(self, ids: Iterable[str]) -> int:
        """Remove articles; returns how many there were."""
        wanted = [i for i in dict.fromkeys(ids) if self._repository.article(i) is not None]
        if wanted:
            self._index.remove(self._repository.remove(wanted))
            self._tell()
        return len(wanted)

    def rebuild(self, progress: Progress | None = None, cancel: CancelToken | None = None) -> KnowledgeStats:
        """Cut and encode every article again.

        Articles stay throughout; a cancelled rebuild is continued by the next import or start.
        """
        token = cancel or threading.Event()
        with self._importing:
            articles = self._repository.articles()
            for start in range(0, len(articles), SAVE_BATCH):
                check(token)
                kept = [self._prepare(a) for a in articles[start : start + SAVE_BATCH]]
                batch = [replace(a, content_hash=content_hash(a)) for a in kept]
                self._repository.save_articles(self._cut_all(batch)[0])
            self._seen_all()
            self._repository.drop_vectors()
            self._encoding.missing(progress, token)
            encoder = self._index.encoder
            self._index.load(self._repository.vectors(encoder), self._repository.vector_ids(encoder))
        self._tell()
        return self.stats()

    def change_encoder(
        self, name: str, progress: Progress | None = None, cancel: CancelToken | None = None
    ) -> KnowledgeStats:
        """Search with another encoder from now on, and encode every article with it.

        `name` is a model's name or a folder; a tuned one is checked and copied into the workspace.  Where it
        cannot be opened, the one in use stays.  Raises EncoderMissing, PermissionDenied, Cancelled.
        """
        before = self._options.current.knowledge.encoder
        self._options.change({"knowledge.encoder": self._adopt(name)})
        try:
            self._index.start()
        except AgentAssistError:
            self._options.change({"knowledge.encoder": before})
            raise
        return self.rebuild(progress, cancel)

    def encode_missing(self, progress: Progress | None = None, cancel: CancelToken | None = None) -> int:
        """Give every passage a vector of the current encoder; returns how many were made."""
        self.look_through()
        with self._importing:
            made = self._encoding.missing(progress, cancel or threading.Event())
        if made:
            self._tell()
        return made

    def warm_up(self) -> None:
        """Load encoder and index, and encode what an interrupted import left.

        Raises EncoderMissing.
        """
        self._index.start()
        self.encode_missing()

    def look_through(self) -> int:
        """Where the rules for planted sentences are newer than the import, look at all articles again;
        returns how many sentences are held back.  Costs about a millisecond for three sentences."""
        if self._review is None or not self._review.outdated:
            return 0
        with self._importing:
            articles = self._repository.articles()
            held = 0
            for start in range(0, len(articles), SAVE_BATCH):
                batch = articles[start : start + SAVE_BATCH]
                admitted, waiting = self._review.admitted(batch)
                changed = [a for a, kept in zip(batch, admitted, strict=True) if kept is not a]
                held += waiting
                if changed:
                    self._cut_again(changed)
            self._seen_all()
        return held

    def held(self) -> list[HeldSentence]:
        """Sentences of articles that are kept out of drafts until somebody approves them."""
        return self._review.waiting() if self._review is not None else []

    def approve(self, ids: Sequence[str], *, back: bool = False) -> int:
        """Let held sentences count, or with `back` hold them back again; their articles are indexed again.

        Returns how many articles changed.  Raises PermissionDenied or BadInput.
        """
        if self._review is None:
            return 0
        with self._importing:
            concerned = self._review.approve(ids, back=back)
            found = [a for i in concerned if (a := self._repository.article(i)) is not None]
            self._cut_again(found)
            self._encoding.missing(None, threading.Event())
        if found:
            self._tell()
        return len(found)

    def _cut_again(self, articles: Sequence[Article]) -> None:
        """Save them with other passages: each batch in one transaction, so that no article is ever gone."""
        gone = [p.id for a in articles for p in self._repository.passages_of(a.id)]
        self._repository.save_articles(self._cut_all(articles)[0])
        self._index.remove(gone)

    def _cut_all(
        self, articles: Sequence[Article]
    ) -> tuple[list[tuple[Article, list[tuple[str, str]]]], int]:
        """The articles with their passages, which lack what is held back; and how many sentences that are."""
        admitted, held = self._review.admitted(articles) if self._review else (articles, 0)
        return [(a, self._cut(kept)) for a, kept in zip(articles, admitted, strict=True)], held

    def _seen_all(self) -> None:
        if self._review is not None:
            self._review.seen_all()

    def articles(self, collection: str | None = None) -> list[Article]:
        """By id, those of one collection or all."""
        return self._repository.articles(collection)

    def article(self, article_id: str) -> Article | None:
        return self._repository.article(article_id)

    def stats(self) -> KnowledgeStats:
        """Counts for the encoder in use; reads the database."""
        return replace(self._repository.stats(self._index.encoder), index_kind=self._index.index_kind)

    def _import(
        self,
        documents: Iterable[Article | tuple[str, str]],
        vanished: Callable[[set[str]], list[str]] | None,
        progress: Progress | None,
        cancel: CancelToken,
    ) -> ImportReport:
        report = ImportReport()
        seen: set[str] = set()
        encoded = 0
        with self._importing:
            starting = self._start_encoder()
            try:
                report = self._save_all(documents, seen, progress, cancel)
                if vanished is not None and not report.cancelled:
                    kept = seen | {path for path, _ in report.failed}
                    gone = vanished(kept)
                    self._index.remove(self._repository.remove(gone))
                    report = replace(report, removed=len(gone))
                if not report.cancelled:
                    starting.result()
                    encoded = self._encoding.missing(progress, cancel)
            except Cancelled:
                report = replace(report, cancelled=True)
        if report.added or report.changed or report.removed or encoded:
            self._tell()
        return report

    def _start_encoder(self) -> Future[None]:
        """Load the encoder while documents are read: both take seconds."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="encoder-start")
        try:
            return pool.submit(self._index.start)
        finally:
            pool.shutdown(wait=False)

    def _save_all(
        self,
        documents: Iterable[Article | tuple[str, str]],
        seen: set[str],
        progress: Progress | None,
        cancel: CancelToken,
    ) -> ImportReport:
        known = self._repository.content_hashes()
        failed: list[tuple[str, str]] = []
        counts = {"added": 0, "changed": 0, "unchanged": 0, "passages": 0, "held": 0}
        batch: dict[str, Article] = {}
        first = not known

        def flush() -> None:
            if batch:
                cut, held = self._cut_all(list(batch.values()))
                gone = self._repository.remove([i for i in batch if i in known])
                self._index.remove(gone)
                self._repository.save_articles(cut)
                known.update((a.id, a.content_hash) for a in batch.values())
                counts["passages"] += sum(len(passages) for _, passages in cut)
                counts["held"] += held
                batch.clear()

        cancelled = False
        try:
            for document in documents:
                if cancel.is_set():
                    raise Cancelled("The import was stopped.")
                if isinstance(document, tuple):
                    failed.append(document)
                    continue
                article = self._prepare(document)
                article = replace(article, content_hash=content_hash(article))
                seen.add(article.id)
                if known.get(article.id) == article.content_hash:
                    counts["unchanged"] += 1
                else:
                    counts["changed" if article.id in known else "added"] += 1
                    batch[article.id] = article
                if len(batch) >= SAVE_BATCH:
                    flush()
                if progress:
                    progress(len(seen), 0, "read")
        except Cancelled:
            cancelled = True
        flush()
        if first:
            self._seen_all()
        return ImportReport(**counts, failed=tuple(failed), cancelled=cancelled)

    def _vanished(self, paths: Sequence[Path], collection: str | None, kept: set[str]) -> list[str]:
        """Articles that these paths gave before and give no longer."""
        roots = [str(Path(p).resolve()) for p in paths]
        rows_only = all(Path(p).suffix.lower() in (".csv", ".jsonl") for p in paths)
        gone = []
        for article in self._repository.articles(collection):
            if article.id in kept:
                continue
            path = Path(article.id)
            below = path.is_absolute() and any(article.id == r or Path(r) in path.parents for r in roots)
            if below or (rows_only and collection is not None and not path.is_absolute()):
                gone.append(article.id)
        return gone

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change()
        self._events.publish(KnowledgeChanged(self.stats()))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SettingsChanged) and "knowledge.encoder" in event.names:
            self._index.use(self._options.current.knowledge.encoder)
            self._tell()


__all__ = ["AgentAssistError", "EncoderMissing", "KnowledgeService", "content_hash"]
