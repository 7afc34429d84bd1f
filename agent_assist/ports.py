"""What the services need from the outside world, as protocols that adapters fulfil.

All methods block and may be called from any thread but the UI's, unless their docstring says
otherwise.  Errors are those of `agent_assist.errors`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from agent_assist.domain.audit import AuditAction, AuditEntry, AuditNote, AuditReport, Head
from agent_assist.domain.erasure import Trace
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.helpdesk import (
    Ability,
    Account,
    Changes,
    Connection,
    ConnectionField,
    ConnectorKind,
    Queue,
    TicketChange,
)
from agent_assist.domain.knowledge import Article, Hit, KnowledgeStats, Passage
from agent_assist.domain.model import (
    Canary,
    CatalogueEntry,
    ChatMessage,
    EngineFacts,
    GenerationEvent,
    GenerationRequest,
    ModelRecord,
    ModelStatus,
)
from agent_assist.domain.outbox import OutboxItem, OutboxState
from agent_assist.domain.remembered import Rule, RuleState
from agent_assist.domain.suggestion import Decision, Suggestion
from agent_assist.domain.ticket import Message, QueueFilter, Ticket, TicketStatus, TicketSummary
from agent_assist.domain.triage import Intent, IntentModel
from agent_assist.domain.unsent import Unsent

CancelToken = threading.Event
"""Set it to stop the work that was given it."""

Progress = Callable[[int, int, str], None]
"""(done, total, note); total is 0 where it is not known."""


# --- storage ------------------------------------------------------------------------------------


class TicketRepository(Protocol):
    def save(self, tickets: Iterable[Ticket], *, source: str = "") -> None:
        """Insert or replace; a ticket whose thread grew by a customer message becomes unread."""

    def get(self, ticket_id: str) -> Ticket | None: ...

    def queue(self, wanted: QueueFilter) -> list[TicketSummary]:
        """Newest first; `wanted.text` searches subject, customer and messages."""

    def add_message(self, ticket_id: str, message: Message) -> Ticket:
        """Append and return the ticket as it is now; the same message id twice adds nothing."""

    def set_read(self, ticket_id: str, read: bool = True) -> None: ...

    def set_status(self, ticket_id: str, status: TicketStatus) -> None: ...

    def count(self) -> int: ...


class KnowledgeRepository(Protocol):
    def content_hashes(self, collection: str | None = None) -> dict[str, str]:
        """Article id to content hash."""

    def save_article(self, article: Article, passages: Sequence[tuple[str, str]]) -> list[int]:
        """Replace an article and its passages, given as (heading, text); returns the passage ids."""

    def remove(self, article_ids: Iterable[str]) -> list[int]:
        """Remove articles with their passages and vectors; returns the removed passage ids."""

    def articles(self, collection: str | None = None) -> list[Article]: ...

    def article(self, article_id: str) -> Article | None: ...

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]: ...

    def passages_of(self, article_id: str) -> list[Passage]:
        """One article's passages in reading order."""

    def unencoded(self, encoder: str, limit: int) -> list[Passage]:
        """Passages that have no vector of this encoder yet."""

    def save_vectors(self, encoder: str, vectors: Sequence[tuple[int, bytes]]) -> None:
        """(passage id, float32 little-endian) pairs."""

    def vectors(self, encoder: str, batch: int = 4096) -> Iterator[tuple[list[int], bytes]]:
        """All vectors in batches: passage ids and their vectors joined."""

    def lexical_search(
        self, query: str, k: int, collections: Sequence[str] | None = None
    ) -> list[tuple[int, float]]:
        """(passage id, BM25 score, larger is better), best first; any text is a valid query."""

    def word_counts(self, query: str) -> list[int]:
        """For each telling word of a query, how many passages it stands in."""

    def topics(self) -> list[tuple[str, str, list[int]]]:
        """What articles are about: (key, value, passage ids) for each value of `Article.context`."""

    def texts(self) -> Iterator[tuple[int, str, str]]:
        """(passage id, article title, text) of every passage."""

    def vector_ids(self, encoder: str) -> list[int]:
        """The ids of all passages that have a vector of this encoder, ascending."""

    def drop_vectors(self, encoder: str | None = None) -> None:
        """Forget the vectors of one encoder, or all of them; they can be made again."""

    def save_articles(self, articles: Sequence[tuple[Article, Sequence[tuple[str, str]]]]) -> list[list[int]]:
        """As `save_article` for several, in one transaction."""

    def stats(self, encoder: str) -> KnowledgeStats: ...


class SuggestionRepository(Protocol):
    """Suggestions and what became of them.  A returned call is on the disk (synchronous=FULL)."""

    def count(self) -> int: ...

    def tally(self) -> dict[tuple[OutcomeKind, Decision], int]:
        """How many outcomes of each kind there are, by what the suggestion was."""

    def save(self, suggestion: Suggestion) -> None: ...

    def get(self, suggestion_id: str) -> Suggestion | None: ...

    def record(self, outcome: Outcome) -> None:
        """Save or replace the outcome of one suggestion."""

    def outcome(self, suggestion_id: str) -> Outcome | None: ...

    def history(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        team: str | None = None,
        *,
        newest_first: bool = False,
    ) -> Iterator[tuple[Suggestion, Outcome | None]]:
        """From `since` up to, not including, `until`; a team's are those that it decided."""

    def outcomes(
        self, since: datetime | None = None, until: datetime | None = None, team: str | None = None
    ) -> Iterator[tuple[Decision, Outcome | None]]:
        """As history, oldest first, with no more of the suggestion than its decision: for counting."""


class RememberedRepository(Protocol):
    """Agents' edits as rules, whatever their state."""

    def save(self, rule: Rule) -> None:
        """Insert or replace."""

    def get(self, rule_id: str) -> Rule | None: ...

    def all(self, states: Iterable[RuleState] | None = None) -> list[Rule]:
        """Those in these states, or all, newest first."""

    def forget(self, rule_id: str) -> None:
        """Remove the row: the edit may become a rule again."""


class OutboxRepository(Protocol):
    def put(self, item: OutboxItem) -> None: ...

    def get(self, item_id: str) -> OutboxItem | None: ...

    def set_state(self, item_id: str, state: OutboxState, error: str = "") -> OutboxItem: ...

    def move(
        self, item_id: str, expected: Collection[OutboxState], state: OutboxState, error: str = ""
    ) -> OutboxItem | None:
        """As set_state, if the item is in one of the `expected` states now; None where it is not.

        In one step, so that of two who want an item (to send it, to withdraw it) only one gets it.
        """

    def arrived(self, item_id: str, message_id: str) -> OutboxItem:
        """Mark as sent, with the id of the message that it became."""

    def of_ticket(self, ticket_id: str) -> list[OutboxItem]:
        """All of one ticket in every state, oldest first."""

    def pending(self) -> list[OutboxItem]:
        """All but those sent and withdrawn, oldest first."""


class UnsentRepository(Protocol):
    def put(self, unsent: Unsent) -> None:
        """Insert or replace what is kept of that ticket."""

    def get(self, ticket_id: str) -> Unsent | None: ...

    def all(self) -> list[Unsent]: ...

    def remove(self, ticket_id: str) -> None: ...


class ModelRepository(Protocol):
    def save(self, record: ModelRecord) -> None: ...

    def get(self, name: str) -> ModelRecord | None: ...

    def all(self) -> list[ModelRecord]: ...

    def remove(self, name: str) -> None: ...

    def activate(self, name: str) -> ModelRecord:
        """Make this the active one, remembering the one before for `rollback`."""

    def active(self) -> ModelRecord | None: ...

    def rollback(self) -> ModelRecord | None:
        """Activate the one that was active before; None where there was none."""

    def canary(self) -> Canary | None:
        """The challenger that writes for a share of the tickets."""

    def set_canary(self, canary: Canary | None) -> None: ...

    def canary_failed(self) -> int:
        """Count one more draft that it broke down on; returns how many."""


class AuditRepository(Protocol):
    """The log; a returned call is on the disk."""

    def append(self, notes: Sequence[AuditNote]) -> Head:
        """Write entries down in this order; returns the last one."""

    def head(self) -> Head: ...

    def entries(
        self, since: int = 0, action: AuditAction | None = None, newest_first: bool = False
    ) -> Iterator[AuditEntry]: ...

    def role_changes(self) -> list[AuditEntry]:
        """The untampered entries that gave or took a role, oldest first."""

    def check(self, anchors: dict[str, Head]) -> AuditReport: ...


class AuditAnchor(Protocol):
    """A place outside the database that remembers the head of the log."""

    @property
    def place(self) -> str:
        """In words that complete "… remembers"."""

    @property
    def required(self) -> bool:
        """Whether its absence, where the log has entries, is tampering."""

    def read(self) -> Head | None:
        """None where it is not there.  Raises AuditDamaged where it was changed by hand."""

    def write(self, head: Head, *, back: bool = False) -> None:
        """Remember a head that is newer than the one there, or with `back` any; never raises."""


class ErasureRepository(Protocol):
    """Where a person stands in the workspace, and how they are removed from it."""

    def trace(self, identifier: str) -> Trace:
        """Everything that a customer's id or e-mail address leads to; raises BadInput where an id names
        more than one person."""

    def solved_articles(self, trace: Trace) -> list[str]: ...

    def held(self, trace: Trace) -> dict[str, list[dict[str, Any]]]: ...

    def erase(self, trace: Trace, articles: Iterable[str], tombstones: Sequence[str], at: str) -> Any:
        """In one transaction; (removed, masked, left) counts by kind."""

    def is_erased(self, digests: Sequence[str]) -> bool: ...

    def keep_receipt(self, identity: str, at: str, text: str) -> None: ...

    def receipts(self) -> list[str]: ...

    def expire(self, solved_before: str, feedback_before: str, sent_before: str) -> dict[str, int]: ...

    def compact(self) -> bool:
        """Overwrite what was deleted; False while another process reads."""


class KeyKeeper(Protocol):
    """The workspace, as the keeper of its own key."""

    @property
    def key_source(self) -> str:
        """`keyring`, `passphrase` or `memory`."""

    @property
    def key_detail(self) -> str:
        """The keyring's name where the key is in one."""

    @property
    def has_recovery_key(self) -> bool: ...

    def change_passphrase(self, old: str, new: str) -> None: ...

    def make_recovery_key(self) -> str: ...


class Pseudonyms(Protocol):
    """Keyed digests that only this workspace can make."""

    def reference(self, kind: str, value: str) -> str: ...

    def seal(self, text: str) -> str: ...


# --- models -------------------------------------------------------------------------------------


class LanguageModel(Protocol):
    """The inference worker, seen from the services."""

    def load(
        self,
        record: ModelRecord,
        on_status: Callable[[ModelStatus], None] | None = None,
        beside: ModelRecord | None = None,
    ) -> ModelStatus:
        """Start the worker with this model, replacing the one before; verifies the hash first.

        `beside` is another adapter on the same base, for requests by the challenger.
        """

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        """Events of one generation.

        Raises Cancelled within 100 ms of `cancel` being set, WorkerCrashed when the worker died
        (it is restarted for the next call).
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...

    def probe(self) -> EngineFacts:
        """What the engine can do here; starts the worker where it does not run."""

    @property
    def status(self) -> ModelStatus: ...

    def close(self) -> None: ...


class SemanticIndex(Protocol):
    """The retrieval worker, seen from the services: encoder and vector index."""

    @property
    def encoder(self) -> str:
        """The name under which vectors are stored; changes when the encoder changes."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> tuple[int, bytes]:
        """(dimension, float32 little-endian vectors of unit length, joined)."""

    def load(self, vectors: Iterable[tuple[list[int], bytes]], ids: Sequence[int] | None = None) -> None:
        """Fill the index from the database; uses the cache file where it still fits.

        With `ids` (those of all vectors, ascending) the cache can be checked before a vector is read.
        """

    def use(self, encoder: str) -> None:
        """Change to another encoder, from the next call on; the index is then empty until `load`."""

    def start(self) -> None:
        """Start the worker and wait until it can answer; raises EncoderMissing."""

    def add(self, ids: Sequence[int], vectors: bytes) -> None: ...

    def remove(self, ids: Sequence[int]) -> None: ...

    def search(self, texts: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        """For each text (passage id, cosine), best first; encodes and searches in one round trip."""

    def cosines(self, texts: Sequence[str], ids: Sequence[int]) -> list[list[float]]:
        """Cosines of texts with indexed passages, one row a text; 0.0 where a passage has no vector."""

    def candidates(
        self,
        groups: Sequence[Sequence[str]],
        k: int,
        also: Callable[[], Sequence[Sequence[int]]],
    ) -> list[tuple[list[int], list[list[float]]]]:
        """For each group of texts (passage ids, cosines): those near any of the texts, then those of `also`,
        with one row of cosines for each text.

        `also` gives further ids for each group; it is called while the texts are being encoded.
        """

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        """Cosines, one row for each of `texts`; what the support check uses."""

    @property
    def index_kind(self) -> str: ...

    def close(self) -> None: ...


class Delivery(Protocol):
    """Brings a reply to the customer.  The item's id goes with it, so that it can be found again."""

    def find(self, item: OutboxItem) -> Message | None:
        """The message that this item became, where it has arrived; asked before anything is sent twice."""

    def deliver(self, item: OutboxItem, ticket: Ticket) -> Message:
        """Send it; returns the message as it stands in the thread now.

        Raises DeliveryUncertain where it may have arrived; any other AgentAssistError means that nothing
        was sent.
        """

    def current(self, item: OutboxItem) -> Ticket | None:
        """The ticket as it is in the helpdesk now, saved here too; None where there is no other place."""

    def ready(self, item: OutboxItem) -> str:
        """Why it cannot leave now, in a sentence; empty where it can.  Asks nobody."""

    @property
    def settle(self) -> timedelta:
        """How long after an uncertain send the helpdesk may still be taking it in: only looked for, not sent
        again, until then."""


class ConnectorRegistry(Protocol):
    """The helpdesk systems that can be connected: found by entry points."""

    def kinds(self) -> list[ConnectorKind]:
        """By title; one that cannot be imported says so in its `problem`."""

    def make(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> HelpdeskConnector:
        """A connector that has opened nothing yet.  Raises HelpdeskProblem for an unknown kind, BadInput for
        values that it cannot use."""

    def sign_in(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str],
        open_page: Callable[[str], object],
        cancel: CancelToken,
    ) -> dict[str, str]:
        """Have a person sign in in the browser, as the kind's `sign_in` declares; returns the secrets to
        keep.  `open_page` gets the address.  Raises BadInput where it declares none, LoginRefused, Cancelled
        and the other HelpdeskProblems."""


@runtime_checkable
class SharedSecrets(Protocol):
    """A connection's secrets as its connectors share them: a value that is set is kept."""

    lock: threading.RLock
    """For whoever renews a token: only one may."""
    passing: dict[str, str]
    """What is shared and kept nowhere: the access token of the hour."""

    def again(self) -> None:
        """Take over what another process has kept meanwhile."""

    def get(self, name: str, default: str, /) -> str: ...

    def __setitem__(self, name: str, value: str, /) -> None: ...


class ConnectionRepository(Protocol):
    def all(self) -> list[Connection]:
        """In the order in which they were added."""

    def get(self, connection_id: str) -> Connection | None: ...

    def save(self, connection: Connection) -> Connection:
        """Insert or replace, the cursor included; returns it with its new revision."""

    def remove(self, connection_id: str) -> None:
        """With its tickets, except those that a reply is still to leave for."""

    def apply(
        self,
        connection_id: str,
        tickets: Sequence[Ticket],
        gone: Sequence[str] = (),
        cursor: str | None = None,
    ) -> Future[tuple[TicketChange, ...]]:
        """Save tickets (their ids with the connection's prefix), drop those that are gone, then move the
        cursor, in one transaction; without waiting for it.

        A ticket that a reply is still to leave for is not dropped.  None leaves the cursor where it is.
        Nothing is saved where the connection itself was removed meanwhile.
        """

    def unsolved(self, connection_id: str, after: str, limit: int) -> list[str]:
        """Ids of its tickets that are not solved, ascending, from the one behind `after`."""


class SecretVault(Protocol):
    """Where the secrets of connections are."""

    @property
    def place(self) -> str:
        """`keyring` or `database`: where a secret that is saved now goes."""

    def get(self, connection_id: str) -> dict[str, str]:
        """Raises KeyUnavailable where they are in a keyring that does not answer."""

    def put(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        """Replace those named; an empty value removes one."""

    def remove(self, connection_id: str) -> None: ...


class HelpdeskConnector(Protocol):
    """One connection to one helpdesk.

    A connector is a class in one file, registered under the entry point group
    `agent_assist.helpdesks` (the built-in ones too) and constructed as
    `Connector(connection, secrets, clock)`: a domain `Connection`, a mapping of the secret fields'
    names to their values, and a Clock.  The mapping is mutable: a value that is set (a refreshed OAuth
    token) is kept where the secrets are.  Construction opens nothing.  Methods may be called from any
    one thread at a time, and raise the errors below `HelpdeskProblem`.  Ticket ids that it takes and
    gives are the helpdesk's own, without the connection's prefix.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    """The helpdesk's name as people know it."""
    fields: ClassVar[Sequence[ConnectionField]]
    abilities: ClassVar[frozenset[Ability]]

    def check(self) -> Account:
        """Sign in and say as whom: what "Test connection" calls."""

    def queues(self) -> list[Queue]:
        """Those that this account may read; empty where the helpdesk has none."""

    def changes(self, cursor: str, cancel: CancelToken) -> Changes:
        """The next page of what changed since `cursor` ("" for the first look) among the tickets that are
        assigned to this account or lie in the connection's chosen queues.  Nothing is left out when it is
        called again with the cursor that it gave; the same ticket may come twice."""

    def ticket(self, ticket: str) -> Ticket:
        """The ticket as it is now.  Raises TicketGone."""

    def find_reply(self, ticket: str, token: str, text: str, since: datetime) -> Message | None:
        """The reply or note that was sent with this token, or else, where the helpdesk keeps no token, one
        by this account with this text and not older than `since`."""

    def reply(self, ticket: str, text: str, token: str) -> Message:
        """Send a public reply, once; returns it as it stands in the thread.

        `token` goes with it where the helpdesk can keep one, for `find_reply`.  Raises DeliveryUncertain
        where the request left and its answer did not come; any other error means that nothing was sent.
        Raises BadInput for an empty text.
        """

    def note(self, ticket: str, text: str, token: str) -> Message:
        """As `reply`, internal: never reaches the customer.  Only with Ability.NOTE."""

    def set_status(self, ticket: str, status: TicketStatus) -> None:
        """Only with Ability.STATUS."""

    def set_tags(self, ticket: str, tags: Sequence[str]) -> None:
        """Only with Ability.TAGS."""

    def wait(self, seconds: float, cancel: CancelToken) -> bool:
        """True as soon as something may have changed, False after `seconds`; only with Ability.PUSH."""

    def ticket_of(self, url: str) -> str | None:
        """The id of the ticket that this page of the helpdesk shows; None for any other page."""

    def page_of(self, ticket: str) -> str:
        """The address of the ticket's page; "" where it has none."""

    def close(self) -> None: ...


@runtime_checkable
class KnowsLeavers(Protocol):
    """A connector whose `changes` does not see that a ticket was given to somebody else: it is asked."""

    def left(self, tickets: Sequence[str], cancel: CancelToken) -> Sequence[str]:
        """Those of these (at most a hundred) that are not this account's any more, or were deleted."""


class DocumentReader(Protocol):
    def read(
        self, paths: Sequence[Path], collection: str | None, cancel: CancelToken
    ) -> Iterator[Article | tuple[str, str]]:
        """Articles of files and folders, or (path, sentence) for what could not be read."""


class ModelHub(Protocol):
    def pull(self, entry: CatalogueEntry, folder: Path, progress: Progress, cancel: CancelToken) -> Path:
        """Download with resume and check the hash; returns the file."""


class TrainingRuns(Protocol):
    """`python -m training` as a process of its own, and what it leaves in a folder."""

    def missing(self) -> str:
        """What is not installed, and how to get it; empty where a run can start."""

    def start(self, folder: Path, config: Mapping[str, Any], on_line: Callable[[str], None]) -> None:
        """Write the configuration and start; each line of its output goes to `on_line`, on a thread."""

    def wait(self) -> int:
        """The exit code, once the run that was started has ended."""

    def stop(self) -> None:
        """End the run with everything that it started; it can be resumed."""

    def results(self, folder: Path) -> dict[str, Any]:
        """`result`, `decision`, `drafts` and `sheet` as far as the last run left them."""

    def save_sheet(self, folder: Path, who: str, rows: Sequence[Mapping[str, str]]) -> Path:
        """Write down a person's judgements, whole or not at all."""

    def judged(self, folder: Path, seed: int) -> dict[str, Any]:
        """What the sheets that people filled in say together."""


class ModelFiles(Protocol):
    def inspect(
        self, path: Path, adapter: Path | None = None, on_progress: Callable[[float], None] = ...
    ) -> ModelRecord:
        """The registry entry of a model file; raises ModelDamaged.  `on_progress` gets 0..1 and may raise."""

    def verify(self, record: ModelRecord, on_progress: Callable[[float], None] = ...) -> None:
        """Raise ModelDamaged where a file is missing, damaged or not the one that was added."""

    def packaged(self) -> ModelRecord | None:
        """The default model that needs no download."""

    def packaged_adapter(self) -> str:
        """sha256 of the adapter that comes with the default model; empty where there is none."""


class IntentClassifier(Protocol):
    """Learns and reads intents; pure computation on the encoder's vectors."""

    def fit(
        self,
        encoder: str,
        dimension: int,
        vectors: bytes,
        intents: Sequence[str | None],
        progress: Progress | None = None,
    ) -> IntentModel:
        """One intent for each vector, None where a text is out of scope.  Raises BadInput for too few."""

    def read(self, model: IntentModel, vectors: bytes) -> list[Intent]: ...


class IntentRepository(Protocol):
    def save(self, model: IntentModel) -> None:
        """In place of the one before."""

    def get(self) -> IntentModel | None: ...


class LanguageDetector(Protocol):
    def detect(self, text: str) -> tuple[str, float]:
        """(ISO 639-1 code, confidence 0..1); ("", 0.0) where the text is too short to tell."""


class Redactor(Protocol):
    def redact(
        self, text: str, known: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, list[tuple[str, int, int, str]]]:
        """Redacted text and its entities (type, start, end, placeholder), offsets into the input.

        `known` are (type, value) pairs that the ticket itself names: the customer's name, an order id.
        """

    def redact_all(
        self, texts: Sequence[str], known: Sequence[tuple[str, str]] = ()
    ) -> list[tuple[str, list[tuple[str, int, int, str]]]]:
        """`redact` for the texts of one ticket in their order, with one numbering for all."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""


__all__ = [
    "CancelToken",
    "ChatMessage",
    "Clock",
    "Delivery",
    "DocumentReader",
    "HelpdeskConnector",
    "Hit",
    "KnowledgeRepository",
    "KnowsLeavers",
    "LanguageDetector",
    "LanguageModel",
    "ModelFiles",
    "ModelHub",
    "ModelRepository",
    "OutboxRepository",
    "Progress",
    "Redactor",
    "SemanticIndex",
    "SuggestionRepository",
    "TicketRepository",
]
