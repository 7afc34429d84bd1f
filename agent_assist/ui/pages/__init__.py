"""The pages beside the desk itself, in the order in which the rail shows them."""

from __future__ import annotations

from agent_assist.ui.pages.page import Page
from agent_assist.ui.pages.settings_page import SettingsPage

PAGES: tuple[type[Page], ...] = (SettingsPage,)

__all__ = ["PAGES", "Page", "SettingsPage"]
