"""Text from elsewhere: shown, never loaded from; a passage found in its article; a difference seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot
from support_pages import picture, unnamed

from agent_assist.domain.knowledge import Article, Passage
from agent_assist.services.feedback.service import difference
from agent_assist.ui.dialogs.article_dialog import ArticleDialog
from agent_assist.ui.dialogs.diff_text import difference_words
from agent_assist.ui.dialogs.diff_view import DiffView
from agent_assist.ui.dialogs.safe_text import MAX_MARKDOWN, SafeTextBrowser, locate
from agent_assist.ui.theme import Theme


def test_pictures_of_an_article_are_never_opened(qtbot: QtBot, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    picture_file = QImage(40, 40, QImage.Format.Format_RGB32)
    picture_file.fill(0xFF0000)
    picture_file.save(str(secret))
    browser = SafeTextBrowser()
    qtbot.addWidget(browser)
    browser.show_markdown(f"![a]({QUrl.fromLocalFile(str(secret)).toString()}) <img src='{secret}'> text")
    browser.show()
    for address in (
        QUrl.fromLocalFile(str(secret)),
        QUrl("https://tracker.example/x.png"),
        QUrl(str(secret)),
    ):
        loaded = browser.document().resource(QTextDocument.ResourceType.ImageResource.value, address)
        assert isinstance(loaded, QImage)
        assert loaded.width() == 1
        assert browser.loadResource(2, address).width() == 1
    assert "<img" in browser.toPlainText()


def test_a_link_is_reported_and_not_followed(qtbot: QtBot) -> None:
    browser = SafeTextBrowser()
    qtbot.addWidget(browser)
    browser.show_markdown("[here](https://elsewhere.example/a)")
    with qtbot.waitSignal(browser.link_clicked) as told:
        browser.anchorClicked.emit(QUrl("https://elsewhere.example/a"))
    assert told.args == ["https://elsewhere.example/a"]
    assert browser.source().isEmpty()


def test_a_very_long_article_is_shown_plain_and_soon(qtbot: QtBot, theme: Theme) -> None:
    article = Article("a", "Long", "word " * (MAX_MARKDOWN // 4))
    dialog = ArticleDialog(theme, article)
    qtbot.addWidget(dialog)
    assert dialog.text.document().blockCount() > 50


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("One two three four five", "two three four five", "two three four five"),
        ("Read **this** now, or\nnever at all", "this now or never", "this** now, or\nnever"),
        ("a b c d e", "b c d x", None),
        ("Gift cards", "Gift cards", "Gift cards"),
        ("nothing here", "", None),
        ("back within back within ninety days", "back within ninety days", "back within ninety days"),
    ],
)
def test_a_passage_is_found_whatever_lies_between_its_words(
    text: str, wanted: str, found: str | None
) -> None:
    place = locate(text, wanted)
    assert (text[place[0] : place[1]] if place else None) == found


def test_the_article_opens_at_its_passage(qtbot: QtBot, theme: Theme) -> None:
    body = "# Top\n\n" + "\n\n".join(f"Paragraph {n} is about the parcel number {n}." for n in range(80))
    body += "\n\n## Late\n\n- Keep the **label** on the parcel\n- Bring it to the shop\n"
    passage = Passage(
        1, "a", 3, "Top › Late", "- Keep the **label** on the parcel\n- Bring it to the shop", "Parcels"
    )
    dialog = ArticleDialog(theme, Article("a", "Parcels", body, url="https://help.example/parcels"), passage)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert dialog.marked.replace("\n", " ") == "Keep the label on the parcel Bring it to the shop"
    assert dialog.text.verticalScrollBar().value() > 0
    assert unnamed(dialog) == []
    picture(dialog, theme, "article-late")


def test_the_difference_is_seen_in_one_text_and_side_by_side(qtbot: QtBot, theme: Theme) -> None:
    before = "Hi Crystal,\nthanks for writing. You can return the shoes within 90 days.\nKind regards"
    after = "Hi Crystal,\nthanks for writing! You can return them within 60 days, for free.\nKind regards"
    view = DiffView(theme, "Draft", "Sent")
    view.show_difference(difference(before, after))
    view.resize(760, 480)
    qtbot.addWidget(view)
    view.show()
    assert unnamed(view) == []
    picture(view, theme, "diff-inline")
    qtbot.mouseClick(view.two, Qt.MouseButton.LeftButton)
    assert view.left.toPlainText() == before
    assert view.right.toPlainText() == after
    picture(view, theme, "diff-sides")
    cursor = view.right.textCursor()
    cursor.setPosition(after.index("60") + 1)
    assert cursor.charFormat().fontUnderline() or cursor.charFormat().underlineStyle().value
    cursor = view.left.textCursor()
    cursor.setPosition(before.index("90") + 1)
    assert cursor.charFormat().fontStrikeOut()


def test_a_difference_in_words() -> None:
    assert difference_words([("equal", "a b")]) == "No difference."
    assert difference_words([("delete", "one two"), ("insert", "three")]) == "1 word added, 2 words removed."
