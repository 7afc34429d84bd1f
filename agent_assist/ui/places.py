"""The places of the rail below the queue; each page is imported when it is first opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from PySide6.QtWidgets import QWidget

from agent_assist.ui.context import UiContext
from agent_assist.ui.views.rail import Rail


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the rail with the page that it opens."""

    id: str
    title: str
    icon: str
    page: str
    """ "module:Class" below `agent_assist.ui.pages`; made as `Class(ui, parent)`."""
    keys: tuple[str, ...] = ()
    at_foot: bool = False
    """Below the gap of the rail."""

    def make(self, ui: UiContext, parent: QWidget) -> QWidget:
        module, name = self.page.split(":")
        factory: Callable[[UiContext, QWidget], QWidget] = getattr(
            import_module(f"agent_assist.ui.pages.{module}"), name
        )
        return factory(ui, parent)


PLACES = (
    Place("knowledge", "Knowledge", "book", "knowledge_page:KnowledgePage", ("Ctrl+2",)),
    Place("models", "Models", "chip", "models_page:ModelsPage", ("Ctrl+3",)),
    Place("feedback", "Feedback", "feedback", "feedback_page:FeedbackPage", ("Ctrl+4",)),
    Place("learning", "Learning", "sparkle", "learning_page:LearningPage", ("Ctrl+7",)),
    Place("connections", "Connections", "web", "connections_page:ConnectionsPage", ("Ctrl+5",)),
    Place("security", "Security", "lock", "security_page:SecurityPage", ("Ctrl+8",)),
    Place("help", "Help", "help", "help_page:HelpPage", ("Ctrl+6",), at_foot=True),
    Place("settings", "Settings", "settings", "settings_page:SettingsPage", ("Ctrl+,",), at_foot=True),
)


def show_places(rail: Rail) -> None:
    """An entry of the rail for each place."""
    spaced = False
    for place in PLACES:
        if place.at_foot and not spaced:
            rail.add_space()
            spaced = True
        rail.add(place.id, place.title, place.icon)
