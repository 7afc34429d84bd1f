"""The pages beside the desk itself, in the order in which the rail shows them."""

from __future__ import annotations

from agent_assist.ui.pages.feedback_page import FeedbackPage
from agent_assist.ui.pages.help_page import HelpPage
from agent_assist.ui.pages.knowledge_page import KnowledgePage
from agent_assist.ui.pages.models_page import ModelsPage
from agent_assist.ui.pages.page import Page
from agent_assist.ui.pages.settings_page import SettingsPage

PAGES: tuple[type[Page], ...] = (KnowledgePage, FeedbackPage, ModelsPage, SettingsPage, HelpPage)

__all__ = ["PAGES", "FeedbackPage", "HelpPage", "KnowledgePage", "ModelsPage", "Page", "SettingsPage"]
