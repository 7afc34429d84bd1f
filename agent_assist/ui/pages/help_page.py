"""The user guide inside the window: table of contents, search, text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QLineEdit, QSplitter, QTextEdit, QTreeWidget, QTreeWidgetItem, QWidget

from agent_assist.resources import resource
from agent_assist.ui.context import UiContext
from agent_assist.ui.dialogs.safe_text import SafeDocument, SafeTextBrowser
from agent_assist.ui.pages.help_chapters import Chapter, read_chapters
from agent_assist.ui.pages.page import NARROW, Page
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_6, Tone
from agent_assist.ui.widgets.empty import EmptyState

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".svg"})
_CHAPTER = Qt.ItemDataRole.UserRole
_SECTION = Qt.ItemDataRole.UserRole + 1


class HelpDocument(SafeDocument):
    """Loads pictures of the help folder and nothing else."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder.resolve()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        url = QUrl(name) if isinstance(name, str) else name
        if url.isRelative():
            path = (self._folder / url.path()).resolve()
            if path.is_relative_to(self._folder) and path.suffix.lower() in PICTURES and path.is_file():
                return QImage(str(path))
        return super().loadResource(kind, name)


class HelpPage(Page):
    """Shows `resources/help` and the chapter of settings; an address outside the guide is copied, not
    opened."""

    title: ClassVar[str] = "Help"
    icon: ClassVar[str] = "help"

    def __init__(self, ui: UiContext, parent: QWidget | None = None, folder: Path | None = None) -> None:
        super().__init__(ui, parent)
        self._folder = folder or resource("help")
        self._chapters: dict[str, Chapter] = {}
        self._shown = ""
        self._narrow = False
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the guide")
        self.search.setAccessibleName("Search the guide")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(220)
        self.search.returnPressed.connect(self._on_next_match)
        self.tools.addWidget(self.search)
        self.contents = QTreeWidget()
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName("Contents")
        self.contents.setFrameShape(QFrame.Shape.NoFrame)
        self.contents.setIndentation(14)
        self.contents.setMinimumWidth(180)
        self.contents.setProperty("ground", "framed")
        self.contents.setUniformRowHeights(True)
        self.text = SafeTextBrowser()
        self.text.setDocument(HelpDocument(self._folder, self.text))
        self.text.setAccessibleName("Text of the guide")
        self.text.setProperty("ground", "framed")
        self.text.document().setDocumentMargin(SPACE_6)
        self.text.link_clicked.connect(self._on_link)
        self.empty = EmptyState(ui.theme, "help", "Nothing found", "Try a shorter word.")
        self.empty.hide()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(SPACE_3)
        self.splitter.setProperty("bare", True)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.contents)
        self.splitter.addWidget(self.text)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([300, 640])
        self.body.addWidget(self.splitter, 1)
        self.body.addWidget(self.empty, 1)
        self.setFocusProxy(self.search)
        self._typing = QTimer(self, singleShot=True, interval=150)
        self._typing.timeout.connect(self._on_search)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.contents.currentItemChanged.connect(lambda now, _before: self._on_item(now))
        ui.theme.changed.connect(self._highlight)
        ui.bridge.run(lambda: read_chapters(self._folder), self._show, self.show_error)

    # --- content ------------------------------------------------------------------------------------

    def open_chapter(self, name: str, section: str = "") -> None:
        """Show a chapter by its file name, at a section where one is named."""
        chapter = self._chapters.get(name)
        if chapter is None:
            return
        if name != self._shown:
            self._shown = name
            self.text.show_markdown(chapter.text)
            self._highlight()
        self._go_to(section)

    def _show(self, chapters: list[Chapter]) -> None:
        self._chapters = {chapter.name: chapter for chapter in chapters}
        self._list("")
        if chapters:
            self.open_chapter(chapters[0].name)

    def _list(self, words: str) -> None:
        self.contents.blockSignals(True)
        self.contents.clear()
        for chapter in self._chapters.values():
            if not chapter.has(words):
                continue
            item = QTreeWidgetItem([chapter.title])
            item.setData(0, _CHAPTER, chapter.name)
            self.contents.addTopLevelItem(item)
            for section in chapter.sections_with(words):
                child = QTreeWidgetItem([section.title])
                child.setData(0, _CHAPTER, chapter.name)
                child.setData(0, _SECTION, section.title)
                item.addChild(child)
            item.setExpanded(bool(words) or chapter.name == self._shown)
        self.contents.blockSignals(False)
        found = self.contents.topLevelItemCount() > 0
        self.splitter.setVisible(found)
        self.empty.setVisible(not found)

    def _go_to(self, section: str) -> None:
        document = self.text.document()
        block = document.begin()
        while section and block.isValid():
            if block.blockFormat().headingLevel() and block.text().strip() == section:
                top = document.documentLayout().blockBoundingRect(block).top()
                self.text.verticalScrollBar().setValue(max(0, round(top) - SPACE_2))
                return
            block = block.next()
        self.text.verticalScrollBar().setValue(0)

    def _highlight(self) -> None:
        """Mark every word that is searched for."""
        selections: list[QTextEdit.ExtraSelection] = []
        shape = QTextCharFormat()
        shape.setBackground(self.ui.theme.colour("match"))
        for word in self.search.text().split():
            cursor = self.text.document().find(word)
            while not cursor.isNull() and len(selections) < 500:
                selection = QTextEdit.ExtraSelection()
                selection.cursor, selection.format = cursor, shape
                selections.append(selection)
                cursor = self.text.document().find(word, cursor)
        self.text.setExtraSelections(selections)

    # --- slots --------------------------------------------------------------------------------------

    def on_width(self, width: int) -> None:
        narrow = width < NARROW
        self.splitter.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        if narrow is not self._narrow:
            self._narrow = narrow
            self.splitter.setSizes([170, 500] if narrow else [240, 640])
        self.text.document().setDocumentMargin(SPACE_2 if narrow else SPACE_6)

    def _on_item(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.open_chapter(item.data(0, _CHAPTER), item.data(0, _SECTION) or "")
            if not item.parent():
                item.setExpanded(True)

    def _on_search(self) -> None:
        words = self.search.text().strip()
        self._list(words)
        first = self.contents.topLevelItem(0)
        if words and first is not None:
            target = first.child(0) if first.childCount() else first
            self.contents.setCurrentItem(target or first)
        self._highlight()

    def _on_next_match(self) -> None:
        words = self.search.text().split()
        if not words:
            return
        if not self.text.find(words[0]):
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            self.text.find(words[0])

    def _on_link(self, address: str) -> None:
        url = QUrl(address)
        name = url.path().rsplit("/", 1)[-1]
        if url.isRelative() and name in self._chapters:
            self.open_chapter(name, url.fragment())
        else:
            QGuiApplication.clipboard().setText(address)
            self.toast.say(f"The address is copied: {address}", tone=Tone.NEUTRAL)
