"""The list of articles as a Qt model: title, collection, language, age; narrowed and sorted.

It narrows and sorts by itself: with many thousands of articles a proxy model's call per row would
be felt while typing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Qt

from agent_assist.domain.knowledge import Article
from agent_assist.ui.plain import one_line, tooltip
from agent_assist.ui.widgets.table import Index, TextModel
from agent_assist.ui.words import ago, collection_title, language

_EPOCH = datetime.fromtimestamp(0, UTC)
_SEARCHED = 4000
"""Characters of an article that the list's own search field looks at."""


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """An article and what its row shows and is searched by."""

    article: Article
    cells: tuple[str, str, str, str]
    searched: str
    updated: float


def article_rows(articles: Iterable[Article]) -> list[ArticleRow]:
    """Ready to show; called off the UI thread."""
    now = datetime.now(UTC)
    rows = []
    for article in articles:
        title = one_line(article.title or article.id)
        spoken = language(article.language) if article.language else ""
        cells = (title, collection_title(article.collection), spoken, ago(article.updated_at, now))
        searched = f"{title}\n{article.id}\n{article.body[:_SEARCHED]}".casefold()
        rows.append(ArticleRow(article, cells, searched, (article.updated_at or _EPOCH).timestamp()))
    return rows


class ArticlesModel(TextModel):
    """Holds the rows handed to `show`."""

    columns = ("Title", "Collection", "Language", "Updated")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[ArticleRow] = []
        self._shown: list[ArticleRow] = []
        self._words: list[str] = []
        self._collection = ""
        self._order: tuple[int, bool] = (0, False)

    def show(self, rows: Sequence[ArticleRow]) -> None:
        self._all = list(rows)
        self._refresh()

    def narrow(self, words: str | None = None, collection: str | None = None) -> None:
        """Change which rows are shown; None keeps that part as it is, "" does not restrict."""
        if words is not None:
            self._words = words.casefold().split()
        if collection is not None:
            self._collection = collection
        self._refresh()

    def article(self, row: int) -> Article:
        return self._shown[row].article

    def total(self) -> int:
        return len(self._all)

    def collections(self) -> Counter[str]:
        """How many articles each collection has, shown or not."""
        return Counter(row.article.collection for row in self._all)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order is Qt.SortOrder.DescendingOrder)
        self._refresh()

    def _refresh(self) -> None:
        kept = [
            row
            for row in self._all
            if (not self._collection or row.article.collection == self._collection)
            and all(word in row.searched for word in self._words)
        ]
        column, backwards = self._order
        if column == self.columns.index("Updated"):
            kept.sort(key=lambda row: row.updated, reverse=backwards)
        elif column >= 0:
            kept.sort(key=lambda row: row.cells[column].casefold(), reverse=backwards)
        self._shown = kept
        self.set_cells([row.cells for row in kept])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.ToolTipRole:
            article = self._shown[index.row()].article
            return tooltip(article.url or article.id)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            title, collection, *_ = self.cells[index.row()]
            return f"{title}, {collection}"
        return super().data(index, role)
