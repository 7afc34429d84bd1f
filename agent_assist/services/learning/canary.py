"""A challenger writes for a share of the tickets first; what agents make of its drafts decides."""

from __future__ import annotations

from dataclasses import replace

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.canary import Arm, CanaryReport, difference_of_shares, problems_of
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.model import Canary, ModelRecord, ModelStatus
from agent_assist.domain.suggestion import Suggestion
from agent_assist.errors import BadInput
from agent_assist.ports import Clock, ModelRepository, SuggestionRepository
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.learning.models import ModelService

_ACCEPTED = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.EDITED})
_DECIDED = _ACCEPTED | {OutcomeKind.REWRITTEN, OutcomeKind.REJECTED}
_SENT = _ACCEPTED | {OutcomeKind.REWRITTEN}


class CanaryService:
    """Any thread but the UI's may call it.  Only a lead may change anything."""

    def __init__(
        self,
        repository: ModelRepository,
        models: ModelService,
        suggestions: SuggestionRepository,
        clock: Clock,
        access: AccessService | None = None,
        audit: AuditService | None = None,
    ) -> None:
        self._repository = repository
        self._models = models
        self._suggestions = suggestions
        self._clock = clock
        self._access = access
        self._audit = audit

    def current(self) -> Canary | None:
        """The trial that goes on; None where there is none."""
        return self._repository.canary()

    def start(self, name: str, share: float) -> Canary:
        """Let a model write for `share` (0 to 1) of the tickets, or change its share.

        Raises PermissionDenied, or BadInput where it is not another adapter on the base in use: only those
        are switched between within a draft's time.
        """
        self._require()
        if not 0 < share < 1:
            raise BadInput("A canary writes for some tickets, not for none or all.", "Give 1 to 99 per cent.")
        record = next((r for r in self._models.records() if r.name == name), None)
        active = self._models.active()
        if record is None:
            raise BadInput(f"There is no model {name}.", "`agent-assist model list` shows the names.")
        if active is None or record.name == active.name:
            raise BadInput(f"{name} writes for all tickets already.", "Choose another model.")
        if record.sha256 != active.sha256 or not record.adapter_path:
            raise BadInput(
                f"{name} is no adapter on the base of {active.name}.",
                f"Put it into use for all: `agent-assist model use {name}`.",
            )
        before = self._repository.canary()
        if before is not None and before.name == name:
            canary = replace(before, share=share)
        else:
            canary = Canary(name, share, self._clock.now())
        self._note(record, f"{share:.0%}")
        self._repository.set_canary(canary)
        self._models.settle()
        return canary

    def resize(self, share: float) -> Canary:
        """Another share of the tickets for the challenger that is on trial."""
        return self.start(self._known().name, share)

    def stop(self) -> str:
        """The model in use writes for all tickets again; returns the challenger's name.

        Raises BadInput where there is no canary.
        """
        self._require()
        canary = self._known()
        record = self._repository.get(canary.name)
        if record is not None:
            self._note(record, "0%")
        self._repository.set_canary(None)
        self._models.settle()
        return canary.name

    def promote(self) -> ModelStatus:
        """The challenger writes for all tickets; `ModelService.rollback` takes it back."""
        self._require()
        return self._models.use(self._known().name)

    def report(self) -> CanaryReport | None:
        """Both sides since the canary began; None where there is none."""
        canary = self._repository.canary()
        record = self._repository.get(canary.name) if canary else None
        active = self._repository.active()
        if canary is None or record is None or active is None:
            return None
        sides = {active.adapter_sha256: _Counted(active.name), record.adapter_sha256: _Counted(record.name)}
        for suggestion, outcome in self._suggestions.history(canary.started_at):
            # Only drafts that a model was asked for: approved texts say nothing about it.
            if suggestion.prompt_passages is not None and (side := sides.get(suggestion.adapter_sha256)):
                side.add(suggestion, outcome)
        champion, challenger = (s.arm() for s in sides.values())
        return CanaryReport(
            canary,
            champion,
            challenger,
            difference_of_shares(champion, challenger),
            tuple(problems_of(canary, champion, challenger)),
        )

    def _known(self) -> Canary:
        canary = self._repository.canary()
        if canary is None:
            raise BadInput("No challenger is being tried.", "Begin with `agent-assist model canary NAME`.")
        return canary

    def _require(self) -> None:
        if self._access is not None:
            self._access.require(Permission.CHANGE_MODELS)

    def _note(self, record: ModelRecord, share: str) -> None:
        if self._audit is not None:
            self._audit.record(
                AuditAction.CANARY_CHANGED,
                wait=True,
                model=record.name,
                adapter=record.adapter_sha256[:16],
                share=share,
            )


class _Counted:
    """One side while it is counted."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._drafts = self._decided = self._accepted = 0
        self._costs: list[float] = []
        self._times: list[float] = []

    def add(self, suggestion: Suggestion, outcome: Outcome | None) -> None:
        self._drafts += 1
        self._times.append(suggestion.timings.total)
        if outcome is None or outcome.kind not in _DECIDED:
            return
        self._decided += 1
        self._accepted += outcome.kind in _ACCEPTED
        if outcome.kind in _SENT:
            self._costs.append(outcome.edit_distance)

    def arm(self) -> Arm:
        return Arm(
            self._name, self._drafts, self._decided, self._accepted, tuple(self._costs), tuple(self._times)
        )
