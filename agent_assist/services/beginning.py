"""What starts when a desk is opened in a window."""

from __future__ import annotations

from agent_assist.errors import AgentAssistError
from agent_assist.services.desk import Desk
from agent_assist.services.drafting.entries import INDEX_JOB
from agent_assist.services.events import ErrorRaised
from agent_assist.services.jobs import JobContext
from agent_assist.services.protection.privacy import PrivacyService


def begin(desk: Desk) -> None:
    """Start what a window wants ready: the model, the encoder with its index, and the outbox's clock."""

    def load_model(_: JobContext) -> None:
        desk.models.start()

    def load_index(_: JobContext) -> None:
        try:
            desk.knowledge.warm_up()
            if desk.remembered is not None:
                desk.remembered.catch_up()
        except AgentAssistError as error:
            desk.events.publish(ErrorRaised(error.info))
            raise

    desk.jobs.submit("Load the model", load_model, key="model", visible=False)
    desk.jobs.submit("Load the search model", load_index, key=INDEX_JOB, visible=False)
    desk.outbox.start()
    if desk.sync is not None and not desk.demo:
        desk.sync.start()
    if desk.privacy is not None and any(desk.options.current.retention.model_dump().values()):
        privacy = desk.privacy
        desk.jobs.submit("Remove what is too old", lambda _: _keep_periods(privacy), visible=False)


def _keep_periods(privacy: PrivacyService) -> None:
    privacy.apply_retention()
