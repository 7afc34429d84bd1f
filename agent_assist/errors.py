"""Every error that a person can meet.

AgentAssistError
├── BadInput                what was handed in cannot be used (exit code 2, or 1 for one row of a batch)
│   ├── InvalidTicket
│   ├── InvalidSetting
│   ├── StaleThread         the customer wrote after the reply was begun
│   ├── Unconfirmed         the reply holds something that the agent has to confirm
│   └── UnreadableDocument
├── EnvironmentProblem      this machine or workspace is not ready (exit code 3)
│   ├── WorkspaceProblem    WrongPassphrase, KeyUnavailable, WorkspaceNewer, WorkspaceDamaged,
│   │                       WorkspaceReadOnly, WorkspaceBusy, DiskFull
│   ├── ModelProblem        NoModel, ModelDamaged, ModelTooLarge, HubUnreachable, PromptTooLong
│   ├── KnowledgeProblem    EncoderMissing, IndexDamaged
│   ├── HelpdeskProblem     ServerUnreachable, LoginRefused, PermissionMissing, TicketGone,
│   │                       ServerBusy, ServerFailed, UnexpectedAnswer, DeliveryUncertain
│   ├── GovernanceProblem   PermissionDenied, AuditDamaged
│   └── WorkerCrashed
└── Cancelled               the person stopped it (exit code 130)

The window and the command line show the same title, sentence and remedy.  Raise with a sentence
that says what happened to what; the class brings the remedy where the caller has no better one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What is shown and logged about an error; safe to pass between threads and processes."""

    code: str
    title: str
    sentence: str
    remedy: str
    retryable: bool

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class AgentAssistError(Exception):
    """Base of all errors that are shown to a person.

    `code` is stable and machine-readable, `exit_code` is the command line's.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    default_remedy: ClassVar[str] = "Run `agent-assist doctor` to see what needs attention."
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 3

    def __init__(self, sentence: str, remedy: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = self.default_remedy if remedy is None else remedy

    @property
    def info(self) -> ErrorInfo:
        return ErrorInfo(self.code, self.title, self.sentence, self.remedy, self.retryable)

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class BadInput(AgentAssistError):
    """Base of what the caller can mend in what was handed in; raised itself where no kind below says more."""

    code = "bad_input"
    title = "This cannot be used"
    default_remedy = "Correct it and try again."
    exit_code = 2


class InvalidTicket(BadInput):
    """A ticket from outside lacks a required part, or a part has the wrong type."""

    code = "invalid_ticket"
    title = "This ticket cannot be read"
    default_remedy = "A ticket needs an id and a list of messages, each with a role and a text."


class InvalidSetting(BadInput):
    """There is no such option, or its value is outside the limits; what was set before holds."""

    code = "invalid_setting"
    title = "This setting cannot be used"


class StaleThread(BadInput):
    """The thread has a message that the reply was not written for; nothing was sent."""

    code = "stale_thread"
    title = "The conversation has moved on"
    default_remedy = "Read the new message, then send the reply or change it."


class Unconfirmed(BadInput):
    """The reply has a mark that blocks and was not confirmed; nothing was sent."""

    code = "unconfirmed"
    title = "Something in this reply must be confirmed first"
    default_remedy = "Take it out, or confirm it: go to it with F8 and press Ctrl+Shift+Y."


class UnreadableDocument(BadInput):
    """A file that should become an article is damaged, too large, or of a kind that is not read."""

    code = "unreadable_document"
    title = "This document cannot be read"
    default_remedy = "Open it in the program that made it, save it again, and add it again."


class EnvironmentProblem(AgentAssistError):
    """Base of what is wrong with the machine, the workspace or a server; the input may be sound."""

    code = "environment"
    title = "Agent Assist cannot work yet"


class WorkspaceProblem(EnvironmentProblem):
    """Base of what is wrong with the folder, the database or its key."""

    code = "workspace"
    title = "The workspace cannot be opened"


class WrongPassphrase(WorkspaceProblem):
    """Neither the passphrase nor the recovery key opens the workspace key."""

    code = "wrong_passphrase"
    title = "That passphrase does not open this workspace"
    default_remedy = "Check the keyboard layout and Caps Lock, then type it again."
    retryable = True


class KeyUnavailable(WorkspaceProblem):
    """The keyring does not answer or has not this key, or there is nobody to ask for the passphrase."""

    code = "key_unavailable"
    title = "The workspace key is not available"
    default_remedy = (
        "Unlock the system keyring and try again, or set AGENT_ASSIST_PASSPHRASE "
        "if the workspace was made with a passphrase."
    )
    retryable = True


class WorkspaceNewer(WorkspaceProblem):
    """The database or the key was written by a version that this one does not know."""

    code = "workspace_newer"
    title = "This workspace was made by a newer version"
    default_remedy = "Update Agent Assist, then open the workspace again."


class WorkspaceDamaged(WorkspaceProblem):
    """The database or the key file cannot be read, or they do not belong together."""

    code = "workspace_damaged"
    title = "The workspace is damaged"
    default_remedy = "Restore the workspace folder from a backup."


class WorkspaceReadOnly(WorkspaceProblem):
    """The folder or a file in it may not be written."""

    code = "workspace_read_only"
    title = "The workspace cannot be written"
    default_remedy = "Make the folder writable, or choose another one with --workspace."


class WorkspaceBusy(WorkspaceProblem):
    """Another process holds what only one may hold: the database's write lock, or the window."""

    code = "workspace_busy"
    title = "The workspace is in use"
    default_remedy = "Wait for the other command to finish, then try again."
    retryable = True


class DiskFull(WorkspaceProblem):
    """A write ended for want of space; what was there before is whole."""

    code = "disk_full"
    title = "The disk is full"
    default_remedy = "Free some space, then try again. Nothing that was saved before is lost."
    retryable = True


class ModelProblem(EnvironmentProblem):
    """Base of what is wrong with the language model or the place that it comes from."""

    code = "model"
    title = "The model cannot be used"


class NoModel(ModelProblem):
    """Nothing is loaded or chosen, or the workspace has learnt no intents."""

    code = "no_model"
    title = "No model is chosen"
    default_remedy = "Choose one in Settings, or run `agent-assist model list`."


class ModelDamaged(ModelProblem):
    """A model file is gone, is not GGUF, or has another hash than the one that was added."""

    code = "model_damaged"
    title = "The model file is damaged"
    default_remedy = "Download it again, or choose another model."


class ModelTooLarge(ModelProblem):
    """The weights and the context need more memory than is free; found before or while loading."""

    code = "model_too_large"
    title = "The model does not fit into this machine's memory"
    default_remedy = "Choose a smaller model: `agent-assist model list` shows which ones fit."


class HubUnreachable(ModelProblem):
    """The download did not start or broke off; what has come is kept and resumed."""

    code = "hub_unreachable"
    title = "The model hub cannot be reached"
    default_remedy = "Check the network or proxy, then try again: it goes on where it stopped."
    retryable = True


class PromptTooLong(ModelProblem):
    """The prompt and the reply do not fit into the context."""

    code = "prompt_too_long"
    title = "The ticket is too long for the model"
    default_remedy = "Choose a model with a longer context, or a larger context in Settings."


class KnowledgeProblem(EnvironmentProblem):
    """Base of what is wrong with the encoder or the index; the articles are not touched."""

    code = "knowledge"
    title = "The knowledge base cannot be used"


class EncoderMissing(KnowledgeProblem):
    """The encoder cannot be found or loaded, or its files are not those of its manifest."""

    code = "encoder_missing"
    title = "The search model is missing"
    default_remedy = "Choose another one in Settings, or install it and try again."


class IndexDamaged(KnowledgeProblem):
    """Vectors or the intent model do not fit the encoder; both can be made again."""

    code = "index_damaged"
    title = "The search index is damaged"
    default_remedy = "Run `agent-assist kb rebuild`; your articles are safe."
    retryable = True


class HelpdeskProblem(EnvironmentProblem):
    """Base of what a connector raises; `HelpdeskConnector.reply` says what follows for a send."""

    code = "helpdesk"
    title = "The helpdesk cannot be used"
    default_remedy = "Test the connection under Connections."


class ServerUnreachable(HelpdeskProblem):
    """No connection came about: name, network, proxy or certificate."""

    code = "server_unreachable"
    title = "The helpdesk cannot be reached"
    default_remedy = "Check the network, the address and the proxy. It is tried again by itself."
    retryable = True


class LoginRefused(HelpdeskProblem):
    """The token, the password or the sign-in does not hold; next tried after half an hour."""

    code = "login_refused"
    title = "The helpdesk refused the login"
    default_remedy = "Enter the token or password again under Connections."


class PermissionMissing(HelpdeskProblem):
    """The account is signed in and may not do this."""

    code = "permission_missing"
    title = "The helpdesk does not allow this"
    default_remedy = "Ask the helpdesk's administrator for the right to do it."


class TicketGone(HelpdeskProblem):
    """The helpdesk has no such ticket, or hides it from this account."""

    code = "ticket_gone"
    title = "The ticket is gone from the helpdesk"
    default_remedy = "It may have been merged or deleted; take the reply back to keep its text."


class ServerBusy(HelpdeskProblem):
    """The server limits the rate, as with HTTP 429."""

    code = "server_busy"
    title = "The helpdesk asks for a pause"
    default_remedy = "It is tried again by itself."
    retryable = True
    wait_seconds: float = 0.0
    """How long it wants to be left alone; 0 where it does not say."""


class ServerFailed(HelpdeskProblem):
    """The server answered that it failed, as with HTTP 5xx."""

    code = "server_failed"
    title = "The helpdesk has a problem of its own"
    default_remedy = "It is tried again by itself; tell its administrator if it lasts."
    retryable = True


class UnexpectedAnswer(HelpdeskProblem):
    """The answer is not of the form that the helpdesk documents."""

    code = "unexpected_answer"
    title = "The helpdesk's answer cannot be read"
    default_remedy = "Check that the address is that of the helpdesk and not of a login or proxy page."


class DeliveryUncertain(HelpdeskProblem):
    """The reply was handed over and no confirmation came: it is looked for before it is sent again."""

    code = "delivery_uncertain"
    title = "It is not known whether the reply arrived"
    default_remedy = "The thread is looked through before anything is sent again."
    retryable = True


class GovernanceProblem(EnvironmentProblem):
    """Base of what the rules of the workspace forbid."""

    code = "governance"
    title = "This is not allowed here"
    default_remedy = "Run `agent-assist doctor --security` to see why."


class PermissionDenied(GovernanceProblem):
    """The person's role is below the least that may do it; the attempt is in the audit log."""

    code = "permission_denied"
    title = "Your role does not allow this"
    default_remedy = "Ask an admin of this workspace: `agent-assist role list` shows who that is."


class AuditDamaged(GovernanceProblem):
    """The audit log or the head kept outside it was changed; what rests on it is refused."""

    code = "audit_damaged"
    title = "The audit log was tampered with"
    default_remedy = "`agent-assist audit verify` says where. Keep the folder for whoever looks into it."


class WorkerCrashed(EnvironmentProblem):
    """A worker ended in the middle of a call; the next call finds a new one."""

    code = "worker_crashed"
    title = "A background process stopped"
    default_remedy = "It has been started again. Try once more."
    retryable = True


class Cancelled(AgentAssistError):
    """The person, or the end of the program, stopped the work; no failure."""

    code = "cancelled"
    title = "Stopped"
    default_remedy = ""
    exit_code = 130
