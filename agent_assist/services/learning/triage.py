"""Triage: intent by a classifier that the company's own examples made, mood and urgency by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.text import visible
from agent_assist.domain.ticket import Role, Ticket
from agent_assist.domain.triage import LONGEST, Intent, IntentModel, Triage, mood
from agent_assist.errors import BadInput, NoModel
from agent_assist.ports import IntentClassifier, IntentRepository, LanguageDetector, Progress, SemanticIndex
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService

BATCH = 256
"""Texts encoded at once."""

Subject = str | Ticket


class TriageService:
    """Thread-safe as far as the index and the repository are."""

    def __init__(
        self,
        index: SemanticIndex,
        classifier: IntentClassifier,
        repository: IntentRepository,
        languages: LanguageDetector,
        access: AccessService | None = None,
        audit: AuditService | None = None,
    ) -> None:
        """Without `access` everybody may have intents learnt."""
        self._access = access
        self._audit = audit
        self._index = index
        self._classifier = classifier
        self._repository = repository
        self._languages = languages

    def model(self) -> IntentModel:
        """What was fitted.  Raises NoModel where nothing was, or where the search model has changed since."""
        model = self._repository.get()
        remedy = "Run `agent-assist triage fit --input examples.jsonl` first."
        if model is None:
            raise NoModel("This workspace has learnt no intents yet.", remedy)
        if model.encoder != self._index.encoder:
            raise NoModel("The intents were learnt with another search model than the one in use.", remedy)
        return model

    def fit(
        self, examples: Sequence[tuple[Subject, str | None]], progress: Progress | None = None
    ) -> IntentModel:
        """Learn intents in place of those before; None marks an example that is out of scope.

        Raises PermissionDenied, BadInput where there are too few, EncoderMissing where the search model is
        not there.
        """
        if self._access is not None:
            self._access.require(Permission.CHANGE_MODELS)
        if not examples:
            raise BadInput(
                "There are no examples to learn intents from.",
                'Each line has a text or a ticket, and its intent: {"text": "…", "intent": "refund"}.',
            )
        blocks: list[bytes] = []
        dimension = 0
        for start in range(0, len(examples), BATCH):
            texts = [asked(subject) for subject, _ in examples[start : start + BATCH]]
            dimension, block = self._index.encode(texts, query=True)
            blocks.append(block)
            if progress:
                progress(min(start + BATCH, len(examples)), len(examples), "texts read")
        intents = [intent for _, intent in examples]
        model = self._classifier.fit(self._index.encoder, dimension, b"".join(blocks), intents)
        if self._audit is not None:
            self._audit.record(AuditAction.MODEL_CHANGED, wait=True, model="intents", examples=len(examples))
        self._repository.save(model)
        return model

    def triage(self, subjects: Sequence[Subject]) -> list[Triage]:
        """One for each text or ticket."""
        if not subjects:
            return []
        model = self.model()
        _, vectors = self._index.encode([asked(subject) for subject in subjects], query=True)
        intents = self._classifier.read(model, vectors)
        return [self._one(subject, intent) for subject, intent in zip(subjects, intents, strict=True)]

    def _one(self, subject: Subject, intent: Intent) -> Triage:
        title = subject.subject if isinstance(subject, Ticket) else ""
        text = asked(replace(subject, subject="") if isinstance(subject, Ticket) else subject)
        sentiment, urgency, escalate, reasons = mood(text, title)
        language = (subject.language if isinstance(subject, Ticket) else "") or self._languages.detect(text)[
            0
        ]
        if not intent.in_scope:
            reasons += (f"It is none of the known intents; the nearest is “{intent.label}”.",)
        return Triage(
            intent.label if intent.in_scope else None,
            intent.confidence,
            intent.in_scope,
            language,
            sentiment,
            urgency,
            escalate,
            reasons,
        )


def asked(subject: Subject) -> str:
    """What is read of a ticket: its subject and what the customer wrote since the last reply."""
    if isinstance(subject, str):
        return visible(subject)[:LONGEST]
    messages = subject.open_customer_messages or tuple(m for m in subject.messages if m.role is Role.CUSTOMER)
    return visible("\n".join(part for part in (subject.subject, *(m.text for m in messages)) if part))[
        :LONGEST
    ]
