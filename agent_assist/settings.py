"""All options of a workspace: one typed, versioned model.

Each option declares its default, limits and description here, once; the settings form, the help
page and the validation are made from it.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent_assist.domain.patterns import compiled
from agent_assist.errors import DiskFull, InvalidSetting, WorkspaceReadOnly
from agent_assist.files import write_whole

VERSION = 1


class ThemeMode(StrEnum):
    """Which colours; SYSTEM takes those of the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class SendKey(StrEnum):
    """Where Ctrl+Enter brings the reply."""

    SEND = "send"
    """To the helpdesk, by way of the outbox."""
    PAGE = "put_into_page"
    """Into the reply box of the browser's page; the agent sends it there."""


class Section(BaseModel):
    """A group of options; frozen, so that a change is always a new, validated value."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Appearance(Section):
    """How the window looks."""

    theme: ThemeMode = Field(
        ThemeMode.SYSTEM, title="Theme", description="Light, dark, or as the system has it."
    )
    reduced_motion: bool = Field(False, title="Reduced motion", description="Nothing moves or fades.")
    side_layout: bool = Field(
        False, title="Side layout", description="A narrow window that stays on top, beside the browser."
    )


class ModelOptions(Section):
    """How the language model runs; a change of context, layers or threads loads it again."""

    context_tokens: int = Field(
        4096, ge=1024, le=131072, title="Context", description="Tokens that the model keeps in view."
    )
    gpu_layers: int = Field(
        -1, ge=-1, le=999, title="Layers on the GPU", description="-1 fits as many as the free memory holds."
    )
    threads: int = Field(
        0,
        ge=0,
        le=256,
        title="Threads",
        description="Processor threads for the model; 0 uses the physical cores.",
    )
    candidates: int = Field(
        3,
        ge=1,
        le=4,
        title="Candidates",
        description="Drafts made from one reading; the best supported is shown.",
    )
    max_reply_tokens: int = Field(
        220, ge=32, le=2048, title="Longest reply", description="Tokens after which a draft is cut."
    )
    temperature: float = Field(
        0.6,
        ge=0.0,
        le=2.0,
        title="Variety",
        description="How much the further candidates differ from the first.",
    )


class KnowledgeOptions(Section):
    """What is searched with, and what may enter the knowledge base unseen."""

    encoder: str = Field(
        "all-MiniLM-L6-v2",
        title="Search model",
        description="The encoder that finds passages by meaning: the built-in English one, the name of a "
        "sentence-transformers model, or its folder. Changing it encodes all articles again.",
    )
    passages: int = Field(
        4, ge=1, le=12, title="Passages per draft", description="How many passages the model is shown."
    )
    minimum_evidence: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        title="Evidence needed",
        description="Below this score a draft is not written; a question or a hand-over is offered instead.",
    )
    review_changes: bool = Field(
        False,
        title="Changes wait for a lead",
        description="Whatever is new in an article is held back until a lead approves it, not only what looks"
        " planted.",
    )


class ReplyOptions(Section):
    """For whom and how replies are written."""

    company: str = Field("", title="Company", description="The name that replies are written for.")
    voice: str = Field(
        "friendly, plain and brief",
        title="Voice",
        description="How replies sound, in a few words; the model is told.",
    )
    signature: str = Field("", title="Signature", description="Ends an e-mail reply.")
    link_domains: str = Field(
        "",
        title="Allowed links and contacts",
        description="Domains, e-mail addresses and telephone numbers that replies may give besides those that"
        " your articles share, separated by commas.",
    )
    prefetch: int = Field(
        3,
        ge=0,
        le=20,
        title="Drafts ahead",
        description="Tickets of the queue that are drafted while you work.",
    )


class OutboxOptions(Section):
    """How replies leave."""

    undo_seconds: int = Field(
        8, ge=0, le=30, title="Undo time", description="Seconds in which a sent reply can be taken back."
    )


class HelpdeskOptions(Section):
    """What holds for every connection; its own options are kept with the connection."""

    poll_seconds: int = Field(
        20,
        ge=5,
        le=3600,
        title="Look for changes every",
        description="Seconds between two looks at a connected helpdesk.",
    )
    notify: bool = Field(
        True, title="Notify", description="Say when a customer writes while the window is in the background."
    )


class CompanionOptions(Section):
    """How the window works together with the browser beside it."""

    follow: bool = Field(
        True,
        title="Follow the browser",
        description="Show the ticket whose page is in front in your browser. Needs the browser companion.",
    )
    send_key: SendKey = Field(
        SendKey.SEND,
        title="The send key",
        description="What Ctrl+Enter does for a ticket of your helpdesk: send the reply from here, or put it "
        "into the reply box of the page that is open in your browser.",
    )
    watch_clipboard: bool = Field(
        False,
        title="Watch the clipboard",
        description="Open a ticket whose number or address you copy anywhere. While this is on, everything "
        "you copy is looked at, and nothing of it is kept.",
    )


class FeedbackOptions(Section):
    """Whose decisions are recorded, and how often two drafts are compared."""

    agent_id: str = Field(
        "", title="Your pseudonym", description="Stands in the feedback log instead of your name."
    )
    team: str = Field("", title="Team", description="Lets a lead export one team's feedback.")
    pair_every: int = Field(
        25, ge=0, le=1000, title="Compare two drafts", description="Once in how many drafts; 0 never asks."
    )


class RetentionOptions(Section):
    """How many days things are kept; 0 keeps them for good."""

    solved_days: int = Field(
        0,
        ge=0,
        le=3650,
        title="Solved tickets",
        description="Days after the last message that solved tickets are kept; 0 keeps them.",
    )
    feedback_days: int = Field(
        0, ge=0, le=3650, title="Feedback", description="Days that drafts and what became of them are kept."
    )
    sent_days: int = Field(
        0, ge=0, le=3650, title="Sent replies", description="Days that the outbox keeps what was sent."
    )


class PrivacyOptions(Section):
    """What counts as personal data, and where it is replaced."""

    patterns: str = Field(
        "",
        title="Patterns of your company",
        description="What else is personal data here, as TYPE=pattern, such as STAFF_ID=S\\d{6}; several are "
        "separated by two semicolons. They are regular expressions.",
    )
    presidio: bool = Field(
        True,
        title="Identity numbers of many countries",
        description="Also look for them with Presidio, which knows the numbers and check digits of some "
        "twenty countries. It is loaded when a text first speaks of one: one or two seconds, 100 MB.",
    )
    redact_prompts: bool = Field(
        False,
        title="Placeholders in prompts",
        description="The model reads [NAME_1] in the place of personal data, and you read drafts with the "
        "data put back. A model on this computer needs no such care; a prompt that leaves it does.",
    )

    @field_validator("patterns")
    @classmethod
    def _usable(cls, value: str) -> str:
        for _ in compiled(value):
            pass
        return value


class Settings(Section):
    """The options of one workspace; immutable."""

    version: int = VERSION
    """Of the file's form; one by a newer version is not read."""
    first_run_done: bool = Field(False, title="First run done", description="The first-run steps were shown.")
    appearance: Appearance = Field(default_factory=Appearance, title="Appearance")
    model: ModelOptions = Field(default_factory=ModelOptions, title="Model")
    knowledge: KnowledgeOptions = Field(default_factory=KnowledgeOptions, title="Knowledge")
    reply: ReplyOptions = Field(default_factory=ReplyOptions, title="Replies")
    outbox: OutboxOptions = Field(default_factory=OutboxOptions, title="Outbox")
    helpdesk: HelpdeskOptions = Field(default_factory=HelpdeskOptions, title="Helpdesk")
    companion: CompanionOptions = Field(default_factory=CompanionOptions, title="Browser")
    feedback: FeedbackOptions = Field(default_factory=FeedbackOptions, title="Feedback")
    retention: RetentionOptions = Field(default_factory=RetentionOptions, title="Retention")
    privacy: PrivacyOptions = Field(default_factory=PrivacyOptions, title="Privacy")

    def changed(self, name: str, value: Any) -> Settings:
        """A copy with the option `name` ("section.option", or "option") set.

        Raises InvalidSetting with a sentence that names the option.
        """
        data = self.model_dump(mode="json")
        *path, last = name.split(".")
        target = data
        for part in path:
            target = target.get(part, {}) if isinstance(target, dict) else {}
        if not isinstance(target, dict) or last not in target:
            raise InvalidSetting(f"There is no setting named {name}.", "Look it up in Settings.")
        target[last] = value
        return _validated(data)


def _validated(data: Any) -> Settings:
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InvalidSetting(f"{name}: {first['msg']}.", "Correct the value and save again.") from None


def load(path: Path) -> Settings:
    """Read the settings file; a missing one gives the defaults."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    try:
        data = json.loads(text)
    except ValueError:
        raise InvalidSetting(
            f"The settings file {path} is not valid JSON.",
            "Mend it, or delete it to start from the defaults.",
        ) from None
    if isinstance(data, dict) and data.get("version", VERSION) > VERSION:
        raise InvalidSetting(
            "The settings were saved by a newer version.", "Update Agent Assist, or delete the settings file."
        )
    return _validated(data)


def save(path: Path, settings: Settings) -> None:
    """Replace the settings file in one step, so that a crash leaves the old or the new one."""
    try:
        write_whole(path, settings.model_dump_json(indent=2).encode())
    except PermissionError:
        raise WorkspaceReadOnly(f"The settings could not be saved to {path}.") from None
    except OSError as error:
        raise DiskFull(f"The settings could not be saved: {error.strerror}.") from None
