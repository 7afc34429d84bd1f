"""What a window needs once its desk is open.

Imported while the desk opens, so that the window does not wait for it to be shown.
"""

from __future__ import annotations

from agent_assist.ui.background import Background
from agent_assist.ui.controllers.companion_controller import CompanionController
from agent_assist.ui.controllers.draft_controller import DraftController
from agent_assist.ui.controllers.feedback_controller import FeedbackController
from agent_assist.ui.controllers.link_controller import LinkController
from agent_assist.ui.controllers.outbox_controller import OutboxController
from agent_assist.ui.controllers.queue_controller import QueueController
from agent_assist.ui.controllers.reply_controller import ReplyController
from agent_assist.ui.controllers.safety_controller import SafetyController
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.controllers.unsent_controller import UnsentController
from agent_assist.ui.controllers.window_actions import Controllers, WindowActions

__all__ = [
    "Background",
    "CompanionController",
    "Controllers",
    "DraftController",
    "FeedbackController",
    "LinkController",
    "OutboxController",
    "QueueController",
    "ReplyController",
    "SafetyController",
    "TicketController",
    "UnsentController",
    "WindowActions",
]
