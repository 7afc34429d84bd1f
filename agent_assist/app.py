"""The composition root: the one place that names concrete adapters and joins them to a `Desk`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import platformdirs

from agent_assist.adapters import demo as demo_desk
from agent_assist.adapters import network, policy_file, posture, secrets
from agent_assist.adapters.helpdesks.local import LocalDelivery
from agent_assist.adapters.helpdesks.registry import EntryPointRegistry
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
from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.connections import ConnectionStore
from agent_assist.adapters.storage.erasure import ErasureStore
from agent_assist.adapters.storage.held import HeldStore
from agent_assist.adapters.storage.intents import IntentStore
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.adapters.storage.models import ModelStore
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.remembered import RememberedStore
from agent_assist.adapters.storage.unsent import UnsentStore
from agent_assist.adapters.storage.vault import Vault
from agent_assist.adapters.training_files import TrainingFiles
from agent_assist.adapters.training_process import TrainingProcess
from agent_assist.adapters.workspace import Workspace, default_folder
from agent_assist.domain import planted
from agent_assist.ground import Ground, ground
from agent_assist.ports import Delivery
from agent_assist.services.desk import Desk
from agent_assist.services.drafting.service import DraftingService
from agent_assist.services.feedback.house_style import HouseStyle
from agent_assist.services.feedback.remembered import RememberedService
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.helpdesks.connections import ConnectionService
from agent_assist.services.helpdesks.delivery import HelpdeskDelivery
from agent_assist.services.helpdesks.outbox import OutboxService
from agent_assist.services.helpdesks.sync import SyncService
from agent_assist.services.knowledge.article_review import ArticleReview
from agent_assist.services.knowledge.retrieval import RetrievalService
from agent_assist.services.knowledge.service import KnowledgeService, content_hash
from agent_assist.services.knowledge.solved import SolvedRedaction
from agent_assist.services.learning.canary import CanaryService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.learning.service import LearningService
from agent_assist.services.learning.triage import TriageService
from agent_assist.services.options import OptionsService
from agent_assist.services.protection.keys import KeyService
from agent_assist.services.protection.privacy import PrivacyService
from agent_assist.services.protection.security import SecurityService
from agent_assist.services.safety.policy import PolicyService
from agent_assist.services.safety.policy_keeping import PolicyKeeper
from agent_assist.services.safety.service import SafetyService
from agent_assist.services.tickets import TicketService
from agent_assist.services.unsent import UnsentService


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
    """Build every service on `workspace`; the desk that is returned takes the stack's callbacks over."""
    on = ground(workspace, stack)
    database = workspace.database
    index, retrieval, knowledge = _knowledge(on)
    model, models = _models(on)
    privacy = _privacy(on, knowledge)
    policy = _policy(on)
    rules = PolicyService(policy, on.clock)
    rules.policy()
    articles = SqlKnowledgeRepository(database)
    safety = SafetyService(RuleRedactor(), on.tickets, articles, on.options, on.events, rules)
    stack.callback(safety.close)
    remembered = _remembered(on, knowledge, retrieval, privacy)
    languages = PackagedLanguageDetector()
    drafting = _drafting(on, index, retrieval, model, models, languages, safety, remembered)
    connections, sync = _helpdesks(on)
    outbox = _outbox(on, demo, connections, sync, safety)
    if demo is not None:
        _furnish(demo, on.options, on.tickets, articles, HeldStore(database))
    keys = KeyService(workspace, on.access, on.audit)
    canary = CanaryService(ModelStore(database), models, on.suggestions, on.clock, on.access, on.audit)
    feedback = _feedback(on, privacy)
    learning = _learning(on, feedback, knowledge, models, canary)
    return Desk(
        folder=workspace.folder,
        demo=demo is not None,
        key_source=workspace.key_source,
        events=on.events,
        jobs=on.jobs,
        options=on.options,
        tickets=on.tickets,
        knowledge=knowledge,
        retrieval=retrieval,
        models=models,
        drafting=drafting,
        feedback=feedback,
        outbox=outbox,
        unsent=UnsentService(UnsentStore(database), on.suggestions),
        languages=languages,
        on_close=stack.pop_all().close,
        access=on.access,
        audit=on.audit,
        privacy=privacy,
        keys=keys,
        security=_security(on, keys, models, connections, rules),
        policy=policy,
        canary=canary,
        learning=learning,
        safety=safety,
        connections=connections,
        sync=sync,
        remembered=remembered,
        triage=TriageService(index, LogisticIntents(), IntentStore(database), languages, on.access, on.audit),
    )


def _drafting(
    on: Ground,
    index: RetrievalClient,
    retrieval: RetrievalService,
    model: InferenceClient,
    models: ModelService,
    languages: PackagedLanguageDetector,
    safety: SafetyService,
    remembered: RememberedService,
) -> DraftingService:
    prompts = RedactedPrompts(
        model, on.redactor, on.tickets.get, lambda: on.options.current.privacy.redact_prompts
    )
    drafting = DraftingService(
        on.tickets,
        retrieval,
        prompts,
        models,
        index,
        languages,
        on.suggestions,
        on.jobs,
        on.events,
        on.options,
        on.clock,
        safety,
        remembered.style,
    )
    on.stack.callback(drafting.close)
    return drafting


def _privacy(on: Ground, knowledge: KnowledgeService) -> PrivacyService:
    caches = IndexCache(on.workspace.cache_folder, on.workspace.cache_key)
    store = ErasureStore(on.workspace.database)
    return PrivacyService(
        store,
        on.identity,
        knowledge,
        on.options,
        on.events,
        on.clock,
        on.access,
        on.audit,
        caches.clear,
        TrainingFiles(on.workspace.folder),
    )


def _policy(on: Ground) -> PolicyKeeper:
    folder = on.workspace.folder
    sealed = policy_file.SealedPolicy(folder / policy_file.COPY, on.workspace.policy_key)
    file = PolicyFile(folder / policy_file.NAME)
    return PolicyKeeper(file, sealed, policy_file.read_policy, on.access, on.audit)


def _remembered(
    on: Ground, knowledge: KnowledgeService, retrieval: RetrievalService, privacy: PrivacyService
) -> RememberedService:
    store = RememberedStore(on.workspace.database)
    remembered = RememberedService(
        store,
        on.suggestions,
        on.tickets,
        knowledge,
        on.redactor,
        on.events,
        on.jobs,
        on.access,
        privacy.is_erased,
        HouseStyle(store, on.suggestions, on.tickets, on.redactor, on.options, on.events, on.clock),
    )
    retrieval.prefer = remembered.preferred
    on.stack.callback(remembered.close)
    return remembered


def _feedback(on: Ground, privacy: PrivacyService) -> FeedbackService:
    return FeedbackService(
        on.suggestions,
        on.tickets,
        on.options,
        on.events,
        on.clock,
        on.redactor,
        on.access,
        on.audit,
        privacy.is_erased,
        on.identity.reference,
    )


def _learning(
    on: Ground,
    feedback: FeedbackService,
    knowledge: KnowledgeService,
    models: ModelService,
    canary: CanaryService,
) -> LearningService:
    tools = platformdirs.user_data_path("agent-assist", appauthor=False) / "tools"
    learning = LearningService(
        TrainingProcess(tools),
        on.workspace.folder / "training",
        feedback,
        knowledge,
        models,
        canary,
        on.options,
        on.events,
        on.access,
        on.audit,
    )
    on.stack.callback(learning.close)
    return learning


def _outbox(
    on: Ground,
    demo: demo_desk.DemoDesk | None,
    connections: ConnectionService,
    sync: SyncService,
    safety: SafetyService,
) -> OutboxService:
    """The demo desk's replies go into the thread here, all others to their helpdesk."""
    replies = OutboxStore(on.workspace.database)
    delivery: Delivery
    if demo is not None:
        delivery = local = LocalDelivery(on.tickets, demo.follow_ups, clock=on.clock)
        on.stack.callback(local.close)
    else:
        delivery = HelpdeskDelivery(connections, sync, on.tickets, replies, on.clock)
    outbox = OutboxService(
        replies, on.tickets, delivery, on.events, on.clock, on.options, on.suggestions, on.audit, safety
    )
    on.stack.callback(outbox.close)
    return outbox


def _security(
    on: Ground,
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
        on.audit,
        on.access,
        keys,
        models,
        storage=lambda: posture.storage(on.workspace.database, on.workspace.folder),
        worker=posture.worker,
        process=posture.process,
        hosts=hosts,
        policy=rules.policy,
    )


def _helpdesks(on: Ground) -> tuple[ConnectionService, SyncService]:
    """The connected helpdesks and what keeps the queue in step with them."""
    workspace = on.workspace
    repository = ConnectionStore(workspace.database)
    vault = Vault(workspace.database, workspace.secrets_key, secrets.system_keyring, workspace.identity)
    connections = ConnectionService(
        repository, vault, EntryPointRegistry(), on.events, on.clock, on.audit, on.access
    )
    on.stack.callback(connections.close)
    sync = SyncService(connections, repository, on.tickets, on.events, on.clock, on.options)
    on.stack.callback(sync.close)
    return connections, sync


def _knowledge(on: Ground) -> tuple[RetrievalClient, RetrievalService, KnowledgeService]:
    workspace, options = on.workspace, on.options
    articles = SqlKnowledgeRepository(workspace.database)
    index = RetrievalClient(
        options.current.knowledge.encoder,
        vectors=articles.vectors,
        vector_ids=articles.vector_ids,
        cache=IndexCache(workspace.cache_folder, workspace.cache_key),
    )
    on.stack.callback(index.close)
    retrieval = RetrievalService(articles, index, options)
    knowledge = KnowledgeService(
        articles,
        index,
        FileReader(),
        on.events,
        options,
        cut=passages_of,
        wording=passage_input,
        on_change=retrieval.forget_topics,
        prepare=SolvedRedaction(on.redactor),
        adopt=lambda name: adopt(name, workspace.folder / "encoders"),
        review=ArticleReview(
            HeldStore(workspace.database),
            on.access,
            on.audit,
            on.clock,
            before=articles.article,
            every_change=lambda: options.current.knowledge.review_changes,
        ),
    )
    on.stack.callback(knowledge.close)
    return index, retrieval, knowledge


def _models(on: Ground) -> tuple[InferenceClient, ModelService]:
    model = InferenceClient(lambda: on.options.current.model)
    on.stack.callback(model.close)
    models = ModelService(
        ModelStore(on.workspace.database),
        model,
        HuggingFaceHub(),
        read_catalogue(),
        on.events,
        on.workspace.models_folder,
        on.options,
        LocalModelFiles(),
        on.access,
        on.audit,
    )
    on.stack.callback(models.close)
    return model, models


def _furnish(
    demo: demo_desk.DemoDesk,
    options: OptionsService,
    tickets: TicketService,
    articles: SqlKnowledgeRepository,
    held: HeldStore,
) -> None:
    """Put the demo desk's queue and articles into its workspace, with the vectors that came with them."""
    options.change({"reply.company": demo_desk.COMPANY, "first_run_done": True})
    tickets.save(demo.tickets, "demo")
    articles.save_articles(
        [(replace(a, content_hash=content_hash(a)), passages_of(a)) for a in demo.knowledge]
    )
    demo_desk.save_known_vectors(articles, options.current.knowledge.encoder)
    held.set_rules(planted.VERSION)  # ours: a test looks them through


def rekey_workspace(folder: Path | None, passphrase: str, new_passphrase: str = "") -> None:
    """Give a workspace that nobody has open a new data key; see adapters.rekey."""
    from agent_assist.adapters.rekey import rekey

    rekey(folder or default_folder(), passphrase, new_passphrase)
