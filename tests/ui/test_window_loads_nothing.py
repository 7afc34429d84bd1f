"""Whatever a ticket, an article or a search result refers to, the window asks no server and opens no file."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import support_window as sample
from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QPixmap, QTextDocument
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QPlainTextEdit,
    QTextBrowser,
    QTextEdit,
    QToolTip,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from agent_assist.domain.knowledge import Article, Hit
from agent_assist.domain.suggestion import Mark, MarkKind
from agent_assist.domain.ticket import Customer, Message, Role
from agent_assist.ui.dialogs.article_dialog import ArticleDialog
from agent_assist.ui.dialogs.safe_text import SafeTextBrowser
from agent_assist.ui.pages.help_page import HelpDocument
from agent_assist.ui.plain import notice, tooltip
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.conversation_view import ConversationView
from agent_assist.ui.views.draft_panel import DraftPanel
from agent_assist.ui.views.evidence_panel import EvidencePanel
from agent_assist.ui.views.message_view import LongText
from agent_assist.ui.views.ticket_header import TicketHeader
from agent_assist.ui.widgets.label import ElidedLabel, Label


class Server:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def picture(tmp_path: Path, qtbot: QtBot) -> Path:
    """A file that would be seen if it were opened: it is red."""
    path = tmp_path / "red.png"
    pixmap = QPixmap(64, 64)
    pixmap.fill("#ff0000")
    assert pixmap.save(str(path))
    return path


def hostile(url: str, picture: Path) -> str:
    local = QUrl.fromLocalFile(str(picture)).toString()
    return (
        f'<html><head><link rel="stylesheet" href="{url}/s.css"><style>@import url({url}/i.css);'
        f" body {{ background-image: url({url}/b.png) }}</style></head>"
        f'<body background="{url}/body.png"><img src="{url}/a.png"><img src="{local}" width=64 height=64>'
        f'<table background="{url}/t.png"><tr><td>x</td></tr></table></body></html>\n\n'
        f"![one]({url}/m.png) ![two]({local}) ![three](file:///etc/passwd)\n\n"
        f'<img src="//{url.split("//")[1]}/p.png"> [x]: {url}/ref.png\n'
    )


def red(widget: QWidget) -> bool:
    image = widget.grab().toImage()
    return any(
        image.pixelColor(x, y).name() == "#ff0000"
        for x in range(0, image.width(), 7)
        for y in range(0, image.height(), 7)
    )


def shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(700, 600)
    widget.show()
    widget.grab()
    return widget


def views(theme: Theme, text: str, name: str, url: str) -> list[QWidget]:
    """Every view of the desk, with `text` and `name` wherever the text of others stands."""
    ticket = sample.ticket(
        messages=(
            Message("m1", Role.CUSTOMER, text, sample.ago(hours=2)),
            Message("m2", Role.AGENT, text, sample.ago(hours=1)),
            Message("m3", Role.NOTE, text, sample.ago(minutes=5)),
        ),
        subject=name,
        customer=Customer("c", name, "x@example.org"),
        fields={name: name},
    )
    conversation = ConversationView(theme)
    conversation.show_ticket(ticket)
    header = TicketHeader(theme)
    header.show_ticket(ticket)
    passage = replace(sample.HITS[0].passage, text=text, title=name, heading=name)
    made = sample.suggestion(text=text, sentences=(), hits=(Hit(passage, 0.9, 0.9, 0.9),), reasons=(text,))
    draft = sample.draft(suggestion=made, hits=made.hits)
    evidence = EvidencePanel(theme)
    evidence.show_draft(draft, made, ticket)
    panel = DraftPanel(theme)
    panel.show_ticket("1042")
    panel.show_draft(draft)
    panel.document.mark_live(panel.text, [Mark(MarkKind.PERSONAL, 0, 5, text)])
    article = Article("a", name, text, url=f"{url}/article")
    dialog = ArticleDialog(theme, article, passage)
    return [conversation, header, evidence, panel, dialog, LongText(text)]


def texts(text: str, help_folder: Path) -> list[QWidget]:
    """Every widget that shows a text."""
    browser = SafeTextBrowser()
    browser.show_markdown(text)
    plain = SafeTextBrowser()
    plain.show_plain(text)
    guide = QTextBrowser()
    guide.setDocument(HelpDocument(help_folder, guide))
    guide.document().setMarkdown(text)
    labels = QWidget()
    column = QVBoxLayout(labels)
    for label in (Label(text, wrap=True), ElidedLabel(text)):
        column.addWidget(label)
    return [browser, plain, guide, labels]


def test_no_view_loads_what_its_text_refers_to(
    qtbot: QtBot, theme: Theme, server: Server, picture: Path
) -> None:
    text = hostile(server.url, picture)
    name = f'<img src="{server.url}/name.png">'
    for widget in (*views(theme, text, name, server.url), *texts(text, picture.parent / "elsewhere")):
        assert not red(shown(qtbot, widget)), type(widget).__name__
    QToolTip.showText(QPoint(5, 5), tooltip(text))
    qtbot.waitUntil(QToolTip.isVisible)
    tip = next(w for w in QApplication.topLevelWidgets() if w.inherits("QTipLabel"))
    assert not red(tip)
    assert "<img" not in tooltip(text)
    assert "<" not in notice(text)
    QToolTip.hideText()
    QApplication.processEvents()
    urllib.request.urlopen(f"{server.url}/asked-last", timeout=60).close()
    assert server.asked == ["/asked-last"]


def test_a_careless_view_would_be_noticed(qtbot: QtBot, picture: Path) -> None:
    """The proof above can fail: a plain browser opens the file."""
    careless = QTextBrowser()
    careless.setHtml(f'<img src="{QUrl.fromLocalFile(str(picture)).toString()}" width=64 height=64>')
    assert red(shown(qtbot, careless))


def test_every_kind_of_text_widget_in_the_window_refuses(qtbot: QtBot, theme: Theme, server: Server) -> None:
    """Labels take no markup, and documents load no resource, whichever widget holds them."""
    parts: list[QWidget] = [
        DraftPanel(theme),
        EvidencePanel(theme),
        ConversationView(theme),
        SafeTextBrowser(),
    ]
    parts.append(ArticleDialog(theme, Article("a", "t", "b")))
    parts.append(LongText("x"))
    for part in parts:
        qtbot.addWidget(part)
        for label in part.findChildren(QLabel):
            assert label.textFormat().name == "PlainText" or not label.text(), label.text()
        for edit in [*part.findChildren(QTextEdit), *([part] if isinstance(part, QTextEdit) else [])]:
            url = QUrl(f"{server.url}/x.png")
            kind = QTextDocument.ResourceType.ImageResource.value
            loaded = edit.document().loadResource(kind, url)
            assert loaded is None or loaded.width() <= 1
        for edit in [
            *part.findChildren(QPlainTextEdit),
            *([part] if isinstance(part, QPlainTextEdit) else []),
        ]:
            assert edit.loadResource(0, QUrl(f"{server.url}/x.png")) is None
    assert server.asked == []
