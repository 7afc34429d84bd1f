"""What pages and controllers are handed: one value instead of globals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_assist.ui.actions import ActionRegistry
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.theme import Theme

if TYPE_CHECKING:
    from agent_assist.services.desk import Desk


@dataclass(frozen=True)
class UiContext:
    """A page of the rail is made as `Page(ui, parent=None)`; a dialog as `Dialog(ui, …, parent)`."""

    desk: Desk
    bridge: Bridge
    theme: Theme
    actions: ActionRegistry
