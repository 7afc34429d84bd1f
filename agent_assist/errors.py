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
    code = "bad_input"
    title = "This cannot be used"
    default_remedy = "Correct it and try again."
    exit_code = 2


class InvalidTicket(BadInput):
    code = "invalid_ticket"
    title = "This ticket cannot be read"
    default_remedy = "A ticket needs an id and a list of messages, each with a role and a text."


class InvalidSetting(BadInput):
    code = "invalid_setting"
    title = "This setting cannot be used"


class StaleThread(BadInput):
    code = "stale_thread"
    title = "The conversation has moved on"
    default_remedy = "Read the new message, then send the reply or change it."


class Unconfirmed(BadInput):
    code = "unconfirmed"
    title = "Something in this reply must be confirmed first"
    default_remedy = "Take it out, or confirm it: go to it with F8 and press Ctrl+Shift+Y."


class UnreadableDocument(BadInput):
    code = "unreadable_document"
    title = "This document cannot be read"
    default_remedy = "Open it in the program that made it, save it again, and add it again."


class EnvironmentProblem(AgentAssistError):
    code = "environment"
    title = "Agent Assist cannot work yet"


class WorkspaceProblem(EnvironmentProblem):
    code = "workspace"
    title = "The workspace cannot be opened"


class WrongPassphrase(WorkspaceProblem):
    code = "wrong_passphrase"
    title = "That passphrase does not open this workspace"
    default_remedy = "Check the keyboard layout and Caps Lock, then type it again."
    retryable = True


class KeyUnavailable(WorkspaceProblem):
    code = "key_unavailable"
    title = "The workspace key is not available"
    default_remedy = (
        "Unlock the system keyring and try again, or set AGENT_ASSIST_PASSPHRASE "
        "if the workspace was made with a passphrase."
    )
    retryable = True


class WorkspaceNewer(WorkspaceProblem):
    code = "workspace_newer"
    title = "This workspace was made by a newer version"
    default_remedy = "Update Agent Assist, then open the workspace again."


class WorkspaceDamaged(WorkspaceProblem):
    code = "workspace_damaged"
    title = "The workspace is damaged"
    default_remedy = "Restore the workspace folder from a backup."


class WorkspaceReadOnly(WorkspaceProblem):
    code = "workspace_read_only"
    title = "The workspace cannot be written"
    default_remedy = "Make the folder writable, or choose another one with --workspace."


class WorkspaceBusy(WorkspaceProblem):
    code = "workspace_busy"
    title = "The workspace is in use"
    default_remedy = "Wait for the other command to finish, then try again."
    retryable = True


class DiskFull(WorkspaceProblem):
    code = "disk_full"
    title = "The disk is full"
    default_remedy = "Free some space, then try again. Nothing that was saved before is lost."
    retryable = True


class ModelProblem(EnvironmentProblem):
    code = "model"
    title = "The model cannot be used"


class NoModel(ModelProblem):
    code = "no_model"
    title = "No model is chosen"
    default_remedy = "Choose one in Settings, or run `agent-assist model list`."


class ModelDamaged(ModelProblem):
    code = "model_damaged"
    title = "The model file is damaged"
    default_remedy = "Download it again, or choose another model."


class ModelTooLarge(ModelProblem):
    code = "model_too_large"
    title = "The model does not fit into this machine's memory"
    default_remedy = "Choose a smaller model: `agent-assist model list` shows which ones fit."


class HubUnreachable(ModelProblem):
    code = "hub_unreachable"
    title = "The model hub cannot be reached"
    default_remedy = "Check the network or proxy, then run the same command: it resumes."
    retryable = True


class PromptTooLong(ModelProblem):
    code = "prompt_too_long"
    title = "The ticket is too long for the model"
    default_remedy = "Choose a model with a longer context, or a larger context in Settings."


class KnowledgeProblem(EnvironmentProblem):
    code = "knowledge"
    title = "The knowledge base cannot be used"


class EncoderMissing(KnowledgeProblem):
    code = "encoder_missing"
    title = "The search model is missing"
    default_remedy = "Choose another one in Settings, or install it and try again."


class IndexDamaged(KnowledgeProblem):
    code = "index_damaged"
    title = "The search index is damaged"
    default_remedy = "Run `agent-assist kb rebuild`; your articles are safe."
    retryable = True


class HelpdeskProblem(EnvironmentProblem):
    code = "helpdesk"
    title = "The helpdesk cannot be used"
    default_remedy = "Test the connection under Connections."


class ServerUnreachable(HelpdeskProblem):
    code = "server_unreachable"
    title = "The helpdesk cannot be reached"
    default_remedy = "Check the network, the address and the proxy. It is tried again by itself."
    retryable = True


class LoginRefused(HelpdeskProblem):
    code = "login_refused"
    title = "The helpdesk refused the login"
    default_remedy = "Enter the token or password again under Connections."


class PermissionMissing(HelpdeskProblem):
    code = "permission_missing"
    title = "The helpdesk does not allow this"
    default_remedy = "Ask the helpdesk's administrator for the right to do it."


class TicketGone(HelpdeskProblem):
    code = "ticket_gone"
    title = "The ticket is gone from the helpdesk"
    default_remedy = "It may have been merged or deleted; take the reply back to keep its text."


class ServerBusy(HelpdeskProblem):
    code = "server_busy"
    title = "The helpdesk asks for a pause"
    default_remedy = "It is tried again by itself."
    retryable = True
    wait_seconds: float = 0.0
    """How long it wants to be left alone; 0 where it does not say."""


class ServerFailed(HelpdeskProblem):
    code = "server_failed"
    title = "The helpdesk has a problem of its own"
    default_remedy = "It is tried again by itself; tell its administrator if it lasts."
    retryable = True


class UnexpectedAnswer(HelpdeskProblem):
    code = "unexpected_answer"
    title = "The helpdesk's answer cannot be read"
    default_remedy = "Check that the address is that of the helpdesk and not of a login or proxy page."


class DeliveryUncertain(HelpdeskProblem):
    code = "delivery_uncertain"
    title = "It is not known whether the reply arrived"
    default_remedy = "The thread is looked through before anything is sent again."
    retryable = True


class GovernanceProblem(EnvironmentProblem):
    code = "governance"
    title = "This is not allowed here"
    default_remedy = "Run `agent-assist doctor --security` to see why."


class PermissionDenied(GovernanceProblem):
    code = "permission_denied"
    title = "Your role does not allow this"
    default_remedy = "Ask an admin of this workspace: `agent-assist role list` shows who that is."


class AuditDamaged(GovernanceProblem):
    code = "audit_damaged"
    title = "The audit log was tampered with"
    default_remedy = "`agent-assist audit verify` says where. Keep the folder for whoever looks into it."


class WorkerCrashed(EnvironmentProblem):
    code = "worker_crashed"
    title = "A background process stopped"
    default_remedy = "It has been started again. Try once more."
    retryable = True


class Cancelled(AgentAssistError):
    code = "cancelled"
    title = "Stopped"
    default_remedy = ""
    exit_code = 130
