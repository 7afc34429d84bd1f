"""The composition root: the one place that names concrete adapters and joins them to a `Desk`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from agent_assist.adapters import demo as demo_desk
from agent_assist.adapters import network, policy_file, posture, secrets
from agent_assist.adapters.anchors import FileAnchor, KeyringAnchor
from agent_assist.adapters.helpdesks.local import LocalDelivery
from agent_assist.adapters.helpdesks.registry import EntryPointRegistry
from agent_assist.adapters.identity import Identity
from agent_assist.adapters.inference.catalogue import read_catalogue
from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.adapters.inference.files import LocalModelFiles
from agent_assist.adapters.inference.hub import HuggingFaceHub
from agent_assist.adapters.intents import LogisticIntents
from agent_assist.adapters.knowledge.cache import IndexCache
from agent_assist.adapters.knowledge.chunking import passage_input, passages_of
from agent_assist.adapters.knowledge.client import RetrievalClient
from agent_assist.adapters.knowledge.parsing import FileReader
from agent_assist.adapters.knowledge.tuned import adopt
from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.adapters.policy_file import PolicyFile
from agent_assist.adapters.privacy.prompts import RedactedPrompts
from agent_assist.adapters.privacy.redactor import packaged_redactor
from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.audit import AuditStore
from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.erasure import ErasureStore
from agent_assist.adapters.storage.intents import IntentStore
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.adapters.storage.models import ModelStore
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.remembered import RememberedStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.adapters.storage.unsent import UnsentStore
from agent_assist.adapters.storage.vault import Vault
from agent_assist.adapters.training_process import TrainingProcess
from agent_assist.adapters.workspace import Workspace, default_folder
from agent_assist.domain.access import taken_by
from agent_assist.errors import AgentAssistError
from agent_assist.ports import AuditAnchor, Delivery, Redactor
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.canary import CanaryService
from agent_assist.services.connections import ConnectionService
from agent_assist.services.delivery import HelpdeskDelivery
from agent_assist.services.desk import Desk
from agent_assist.services.drafting import DraftingService
from agent_assist.services.drafts import INDEX_JOB
from agent_assist.services.events import ErrorRaised, EventBus
from agent_assist.services.feedback import FeedbackService
from agent_assist.services.jobs import JobContext, JobQueue
from agent_assist.services.keys import KeyService
from agent_assist.services.knowledge import KnowledgeService, content_hash
from agent_assist.services.learning import LearningService
from agent_assist.services.models import ModelService
from agent_assist.services.options import OptionsService
from agent_assist.services.outbox import OutboxService
from agent_assist.services.policy import PolicyService
from agent_assist.services.policy_keeping import PolicyKeeper
from agent_assist.services.privacy import PrivacyService
from agent_assist.services.remembered import RememberedService
from agent_assist.services.retrieval import RetrievalService
from agent_assist.services.safety import SafetyService
from agent_assist.services.security import SecurityService
from agent_assist.services.solved import SolvedRedaction
from agent_assist.services.sync import SyncService
from agent_assist.services.tickets import TicketService
from agent_assist.services.triage import TriageService
from agent_assist.services.unsent import UnsentService


class SystemClock:
    """Implements ports.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def open_desk(
    folder: Path | None, *, demo: bool = False, passphrase: Callable[[], str] | None = None
) -> Desk:
    """Open a workspace, making it where there is none; the demo desk's is thrown away at the end.

    No worker is started: each starts with the first call that needs it.
    """
    with ExitStack() as stack:
        workspace = (
            Workspace.demo() if demo else Workspace.open(folder or default_folder(), passphrase=passphrase)
        )
        stack.callback(workspace.close)
        return _join(workspace, demo_desk.load_demo() if demo else None, stack)


def _join(workspace: Workspace, demo: demo_desk.DemoDesk | None, stack: ExitStack) -> Desk:
    """Build every service on `workspace`.

    `stack` closes in the reverse order what was opened when something fails on the way; the desk that is
    returned takes its callbacks over.
    """
    clock, events, languages = SystemClock(), EventBus(), PackagedLanguageDetector()
    options = OptionsService(workspace.settings_path, events)
    audit, access, identity = _governance(workspace, events, options, clock, stack)
    jobs = JobQueue(events)
    stack.callback(jobs.close)
    tickets = TicketService(TicketStore(workspace.database), events, clock)
    suggestions = SuggestionStore(workspace.database)
    redactor = RuleRedactor()
    ticket_redactor = packaged_redactor(lambda: options.current.privacy)
    index, retrieval, knowledge = _knowledge(workspace, options, events, ticket_redactor, stack)
    model, models = _models(workspace, options, events, stack, access, audit)
    caches = IndexCache(workspace.cache_folder, workspace.cache_key)
    erasure = ErasureStore(workspace.database)
    privacy = PrivacyService(
        erasure, identity, knowledge, options, events, clock, access, audit, caches.clear
    )
    policy = PolicyKeeper(
        PolicyFile(workspace.folder / policy_file.NAME),
        policy_file.SealedPolicy(workspace.folder / policy_file.COPY, workspace.policy_key),
        policy_file.read_policy,
        access,
        audit,
    )
    rules = PolicyService(policy, clock)
    rules.policy()
    articles = SqlKnowledgeRepository(workspace.database)
    safety = SafetyService(redactor, tickets, articles, options, events, rules)
    stack.callback(safety.close)
    edits = RememberedStore(workspace.database)
    remembered = RememberedService(
        edits, suggestions, tickets, knowledge, ticket_redactor, events, jobs, access, privacy.is_erased
    )
    retrieval.prefer = remembered.preferred
    stack.callback(remembered.close)
    prompted = RedactedPrompts(
        model, ticket_redactor, tickets.get, lambda: options.current.privacy.redact_prompts
    )
    drafting = DraftingService(
        tickets,
        retrieval,
        prompted,
        models,
        index,
        languages,
        suggestions,
        jobs,
        events,
        options,
        clock,
        safety,
    )
    stack.callback(drafting.close)
    connections, sync = _helpdesks(workspace, tickets, options, events, clock, audit, access, stack)
    replies = OutboxStore(workspace.database)
    delivery: Delivery = (
        _local_delivery(demo, tickets, clock, stack)
        if demo
        else HelpdeskDelivery(connections, sync, tickets, replies, clock)
    )
    outbox = OutboxService(replies, tickets, delivery, events, clock, options, suggestions, audit, safety)
    stack.callback(outbox.close)
    if demo is not None:
        _furnish(demo, options, tickets, SqlKnowledgeRepository(workspace.database))
    keys = KeyService(workspace, access, audit)
    registry = ModelStore(workspace.database)
    canary = CanaryService(registry, models, suggestions, clock, access, audit)
    feedback = FeedbackService(
        suggestions,
        tickets,
        options,
        events,
        clock,
        ticket_redactor,
        access,
        audit,
        privacy.is_erased,
        identity.reference,
    )
    learning = LearningService(
        TrainingProcess(platformdirs.user_data_path("agent-assist", appauthor=False) / "tools"),
        workspace.folder / "training",
        feedback,
        knowledge,
        models,
        canary,
        options,
        events,
        access,
        audit,
    )
    stack.callback(learning.close)
    return Desk(
        folder=workspace.folder,
        demo=demo is not None,
        key_source=workspace.key_source,
        events=events,
        jobs=jobs,
        options=options,
        tickets=tickets,
        knowledge=knowledge,
        retrieval=retrieval,
        models=models,
        drafting=drafting,
        feedback=feedback,
        outbox=outbox,
        unsent=UnsentService(UnsentStore(workspace.database), suggestions),
        languages=languages,
        on_close=stack.pop_all().close,
        access=access,
        audit=audit,
        privacy=privacy,
        keys=keys,
        security=_security(workspace, audit, access, keys, models, connections, rules),
        policy=policy,
        canary=canary,
        learning=learning,
        safety=safety,
        connections=connections,
        sync=sync,
        remembered=remembered,
        triage=TriageService(
            index, LogisticIntents(), IntentStore(workspace.database), languages, access, audit
        ),
    )


def _security(
    workspace: Workspace,
    audit: AuditService,
    access: AccessService,
    keys: KeyService,
    models: ModelService,
    connections: ConnectionService,
    rules: PolicyService,
) -> SecurityService:
    """What looks at the whole of it for `doctor --security`."""

    def hosts() -> list[str]:
        found = [network.host_of(v) for c in connections.all() if c.enabled for v in c.values.values()]
        return [host for host in found if "." in host or ":" in host or host == "localhost"]

    return SecurityService(
        audit,
        access,
        keys,
        models,
        storage=lambda: posture.storage(workspace.database, workspace.folder),
        worker=posture.worker,
        process=posture.process,
        hosts=hosts,
        policy=rules.policy,
    )


def _local_delivery(
    demo: demo_desk.DemoDesk, tickets: TicketService, clock: SystemClock, stack: ExitStack
) -> LocalDelivery:
    """The demo desk's: replies go into the thread here."""
    delivery = LocalDelivery(tickets, demo.follow_ups, clock=clock)
    stack.callback(delivery.close)
    return delivery


def _helpdesks(
    workspace: Workspace,
    tickets: TicketService,
    options: OptionsService,
    events: EventBus,
    clock: SystemClock,
    audit: AuditService,
    access: AccessService,
    stack: ExitStack,
) -> tuple[ConnectionService, SyncService]:
    """The connected helpdesks and what keeps the queue in step with them."""
    repository = ConnectionStore(workspace.database)
    vault = Vault(workspace.database, workspace.secrets_key, secrets.system_keyring, workspace.identity)
    connections = ConnectionService(repository, vault, EntryPointRegistry(), events, clock, audit, access)
    stack.callback(connections.close)
    sync = SyncService(connections, repository, tickets, events, clock, options)
    stack.callback(sync.close)
    return connections, sync


def _governance(
    workspace: Workspace, events: EventBus, options: OptionsService, clock: SystemClock, stack: ExitStack
) -> tuple[AuditService, AccessService, Identity]:
    """The audit log and the roles that rest on it."""
    key = workspace.audit_key
    anchors: list[AuditAnchor] = [
        FileAnchor(
            workspace.folder / "audit.head", key, "the file audit.head of the workspace", required=True
        )
    ]
    if workspace.identity:
        # A second one away from the workspace: a whole folder that is put back shows, too.
        away = platformdirs.user_state_path("agent-assist", appauthor=False) / "audit"
        anchors.append(
            FileAnchor(away / f"{workspace.identity}.head", key, "your own state folder", required=False)
        )
        if workspace.key_source == "keyring" and (store := secrets.system_keyring()) is not None:
            anchors.append(KeyringAnchor(store, workspace.identity, key))
    identity = Identity(workspace.identity_key)
    audit = AuditService(AuditStore(workspace.database, key), anchors, clock, identity.me)
    stack.callback(audit.close)
    access = AccessService(audit, identity.agent_named, demo=not workspace.identity)
    access.begin()
    audit.listen(events)

    def guard(names: frozenset[str]) -> None:
        for needed in sorted({need for name in names if (need := taken_by(name)) is not None}):
            access.require(needed)

    options.guard = guard
    audit.guard = access.require
    return audit, access, identity


def _knowledge(
    workspace: Workspace, options: OptionsService, events: EventBus, redactor: Redactor, stack: ExitStack
) -> tuple[RetrievalClient, RetrievalService, KnowledgeService]:
    articles = SqlKnowledgeRepository(workspace.database)
    index = RetrievalClient(
        options.current.knowledge.encoder,
        vectors=articles.vectors,
        vector_ids=articles.vector_ids,
        cache=IndexCache(workspace.cache_folder, workspace.cache_key),
    )
    stack.callback(index.close)
    retrieval = RetrievalService(articles, index, options)
    knowledge = KnowledgeService(
        articles,
        index,
        FileReader(),
        events,
        options,
        cut=passages_of,
        wording=passage_input,
        on_change=retrieval.forget_topics,
        prepare=SolvedRedaction(redactor),
        adopt=lambda name: adopt(name, workspace.folder / "encoders"),
    )
    stack.callback(knowledge.close)
    return index, retrieval, knowledge


def _models(
    workspace: Workspace,
    options: OptionsService,
    events: EventBus,
    stack: ExitStack,
    access: AccessService,
    audit: AuditService,
) -> tuple[InferenceClient, ModelService]:
    model = InferenceClient(lambda: options.current.model)
    stack.callback(model.close)
    models = ModelService(
        ModelStore(workspace.database),
        model,
        HuggingFaceHub(),
        read_catalogue(),
        events,
        workspace.models_folder,
        options,
        LocalModelFiles(),
        access,
        audit,
    )
    stack.callback(models.close)
    return model, models


def _furnish(
    demo: demo_desk.DemoDesk,
    options: OptionsService,
    tickets: TicketService,
    articles: SqlKnowledgeRepository,
) -> None:
    """Put the demo desk's queue and articles into its workspace; they are encoded by the first warm-up."""
    options.change({"reply.company": demo_desk.COMPANY, "first_run_done": True})
    tickets.save(demo.tickets, "demo")
    articles.save_articles(
        [(replace(a, content_hash=content_hash(a)), passages_of(a)) for a in demo.knowledge]
    )


def rekey_workspace(folder: Path | None, passphrase: str, new_passphrase: str = "") -> None:
    """Give a workspace that nobody has open a new data key; see adapters.rekey."""
    from agent_assist.adapters.rekey import rekey

    rekey(folder or default_folder(), passphrase, new_passphrase)


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
