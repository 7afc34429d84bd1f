"""An article, opened where the passage is that a draft or a search found."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QShowEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTextEdit, QVBoxLayout, QWidget

from agent_assist.domain.knowledge import Article, Passage
from agent_assist.ui.dialogs.safe_text import SafeDocument, SafeTextBrowser, locate
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_4, TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import ElidedLabel, Label
from agent_assist.ui.words import ago, collection, languages


class ArticleDialog(QDialog):
    """Shows the text only: pictures are left blank, a link is shown and may be copied."""

    def __init__(
        self, theme: Theme, article: Article, passage: Passage | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._found: tuple[int, int] | None = None
        self.setWindowTitle(article.title or article.id)
        self.setAccessibleName(f"Article: {article.title or article.id}")
        self.resize(680, 720)
        self.text = SafeTextBrowser()
        self.text.setAccessibleName("Text of the article")
        self.text.document().setDocumentMargin(SPACE_4)
        self.text.show_markdown(article.body)
        self.text.link_clicked.connect(self._on_link)
        self._link = ElidedLabel("", TextSize.SMALL, "muted")
        self._copy = Button(theme, "Copy the address", Kind.LINK)
        self._copy.clicked.connect(self._on_copy)
        self._copy.hide()
        self._address = article.url
        close = Button(theme, "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_3, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_2)
        title = Label(article.title or article.id, TextSize.TITLE, wrap=True, selectable=True)
        layout.addWidget(title)
        layout.addLayout(self._facts(article))
        if passage is not None and passage.heading:
            layout.addWidget(ElidedLabel(passage.heading, TextSize.SMALL, "muted"))
        layout.addWidget(self.text, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._link, 1)
        foot.addWidget(self._copy)
        foot.addWidget(close)
        layout.addLayout(foot)
        if article.url:
            self._on_link(article.url)
        if passage is not None:
            self._mark(passage.text)
        theme.changed.connect(self._highlight)
        self.text.setFocus()

    @property
    def marked(self) -> str:
        """The text that is highlighted, "" for none."""
        if self._found is None:
            return ""
        return self.text.toPlainText()[self._found[0] : self._found[1]]

    def _facts(self, article: Article) -> QHBoxLayout:
        facts = QHBoxLayout()
        facts.setSpacing(SPACE_2)
        facts.addWidget(Tag(collection(article.collection)))
        if article.language:
            facts.addWidget(Tag(languages((article.language,))))
        if age := ago(article.updated_at):
            facts.addWidget(Label(f"Updated {age}", TextSize.SMALL, "muted"))
        facts.addStretch(1)
        return facts

    def _mark(self, wanted: str) -> None:
        """Find the passage in the text as it is shown: both are read from Markdown the same way."""
        shown = SafeDocument()
        shown.setMarkdown(wanted)
        self._found = locate(self.text.toPlainText(), shown.toPlainText())
        self._highlight()
        if self._found:
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(self._found[0])
            self.text.setTextCursor(cursor)

    def _highlight(self) -> None:
        if self._found is None:
            return
        selection = QTextEdit.ExtraSelection()
        selection.cursor = QTextCursor(self.text.document())
        selection.cursor.setPosition(self._found[0])
        selection.cursor.setPosition(self._found[1], QTextCursor.MoveMode.KeepAnchor)
        shape = QTextCharFormat()
        shape.setBackground(self._theme.colour("match"))
        selection.format = shape
        self.text.setExtraSelections([selection])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Only a laid-out text knows where the passage is on the screen.
        self._scroll_to_mark()

    def _scroll_to_mark(self) -> None:
        if self._found is None:
            return
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(self._found[0])
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.value() + self.text.cursorRect(cursor).top() - 2 * SPACE_4)

    def _on_link(self, address: str) -> None:
        self._address = address
        self._link.setText(address)
        self._copy.show()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._address)
        self._copy.setText("Copied")
