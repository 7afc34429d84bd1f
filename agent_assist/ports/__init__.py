"""What the services need from the outside world, as protocols that adapters fulfil; one module for each noun.

All methods block and may be called from any thread but the UI's, unless their docstring says
otherwise.  Errors are those of `agent_assist.errors`.
"""

from agent_assist.ports.audit import AuditAnchor, AuditRepository
from agent_assist.ports.helpdesks import (
    ConnectionRepository,
    ConnectorRegistry,
    HelpdeskConnector,
    KnowsLeavers,
    SecretVault,
    SharedSecrets,
)
from agent_assist.ports.keys import KeyKeeper, Pseudonyms
from agent_assist.ports.knowledge import DocumentReader, HeldRepository, KnowledgeRepository, SemanticIndex
from agent_assist.ports.language import LanguageDetector
from agent_assist.ports.models import LanguageModel, ModelFiles, ModelHub, ModelRepository
from agent_assist.ports.outbox import Delivery, OutboxRepository
from agent_assist.ports.privacy import ErasureRepository, LearntFiles, Redactor
from agent_assist.ports.suggestions import RememberedRepository, SuggestionRepository
from agent_assist.ports.tickets import TicketRepository, UnsentRepository
from agent_assist.ports.training import TrainingRuns
from agent_assist.ports.triage import IntentClassifier, IntentRepository
from agent_assist.ports.work import CancelToken, Clock, Progress

__all__ = [
    "AuditAnchor",
    "AuditRepository",
    "CancelToken",
    "Clock",
    "ConnectionRepository",
    "ConnectorRegistry",
    "Delivery",
    "DocumentReader",
    "ErasureRepository",
    "HeldRepository",
    "HelpdeskConnector",
    "IntentClassifier",
    "IntentRepository",
    "KeyKeeper",
    "KnowledgeRepository",
    "KnowsLeavers",
    "LanguageDetector",
    "LanguageModel",
    "LearntFiles",
    "ModelFiles",
    "ModelHub",
    "ModelRepository",
    "OutboxRepository",
    "Progress",
    "Pseudonyms",
    "Redactor",
    "RememberedRepository",
    "SecretVault",
    "SemanticIndex",
    "SharedSecrets",
    "SuggestionRepository",
    "TicketRepository",
    "TrainingRuns",
    "UnsentRepository",
]
