"""The local model registry: which models are here, which one writes, and its state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.model import (
    CatalogueEntry,
    EngineFacts,
    ModelRecord,
    ModelState,
    ModelStatus,
)
from agent_assist.errors import AgentAssistError, BadInput, Cancelled, ModelProblem, NoModel
from agent_assist.ports import CancelToken, LanguageModel, ModelFiles, ModelHub, ModelRepository, Progress
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import ErrorRaised, Event, EventBus, ModelChanged, SettingsChanged
from agent_assist.services.options import OptionsService

log = logging.getLogger(__name__)

CANARY_FAILURES = 3
"""Drafts that a challenger may break down on."""

_NEEDS_RELOAD = frozenset({"model.context_tokens", "model.gpu_layers", "model.threads"})


def _silent(_done: int, _total: int, _note: str) -> None:
    pass


class ModelService:
    """Publishes ModelChanged for every step of loading; any thread but the UI's may call it."""

    def __init__(
        self,
        repository: ModelRepository,
        model: LanguageModel,
        hub: ModelHub,
        catalogue: Sequence[CatalogueEntry],
        events: EventBus,
        folder: Path,
        options: OptionsService,
        files: ModelFiles,
        access: AccessService | None = None,
        audit: AuditService | None = None,
    ) -> None:
        """`folder` is where pulled models are kept.  Without `access` everybody may change models."""
        self._access = access
        self._audit = audit
        self._repository = repository
        self._model = model
        self._hub = hub
        self._catalogue = tuple(catalogue)
        self._events = events
        self._folder = folder
        self._options = options
        self._files = files
        self._adapter_seen: str | None = None
        self._loading = threading.Lock()
        self._changing = threading.RLock()
        """Held while what is loaded and what is active are brought together."""
        self._loaded: tuple[str, str] | None = None
        self._beside: ModelRecord | None = None
        self._reloader: threading.Thread | None = None
        self._unsubscribe = events.subscribe(self._on_event)

    @property
    def status(self) -> ModelStatus:
        """The last that the worker reported; never waits."""
        return self._model.status

    @property
    def model(self) -> LanguageModel:
        return self._model

    def probe(self) -> EngineFacts:
        """What the inference engine can do on this machine."""
        return self._model.probe()

    def active(self) -> ModelRecord | None:
        """The one that writes; None where none was activated."""
        return self._repository.active()

    def records(self) -> list[ModelRecord]:
        """All models of the registry, the packaged one among them."""
        self._register_packaged()
        return self._repository.all()

    def catalogue(self) -> list[CatalogueEntry]:
        """Models that can be pulled, for the smallest machine first."""
        return list(self._catalogue)

    def start(self) -> ModelStatus:
        """Load the active model; waits until it is ready.

        Raises NoModel, ModelDamaged, ModelTooLarge or WorkerCrashed.
        """
        self._register_packaged()
        record = self._repository.active()
        if record is None:
            raise NoModel("There is no model on this machine yet.")
        return self._load(record)

    def add(
        self,
        path: Path,
        name: str = "",
        licence: str = "",
        languages: Sequence[str] = (),
        adapter: Path | None = None,
        *,
        source: str = "",
        on_progress: Callable[[float], None] = lambda _: None,
    ) -> ModelRecord:
        """Register a file where it is; what is not given is taken from its header.

        Raises ModelDamaged, or BadInput where another file has that name.
        """
        self._require()
        found = self._files.inspect(path, adapter, on_progress)
        record = replace(
            found,
            name=(name or found.name).strip(),
            licence=licence or found.licence,
            languages=tuple(languages) or found.languages,
            source=source or found.source,
            added_at=datetime.now(UTC),
        )
        known = self._repository.get(record.name)
        if known is not None and (known.sha256, known.adapter_sha256) != (
            record.sha256,
            record.adapter_sha256,
        ):
            raise BadInput(
                f"There is already another model named {record.name}.",
                "Give it a name of its own with --name.",
            )
        self._note(AuditAction.MODEL_ADDED, record)
        self._repository.save(record)
        return self._repository.get(record.name) or record

    def find(self, wanted: str) -> CatalogueEntry:
        """A catalogue entry by its name, or a file of the hub as `owner/repo/file.gguf`."""
        for entry in self._catalogue:
            if entry.name.lower() == wanted.lower():
                return entry
        owner, _, rest = wanted.removeprefix("hub:").partition("/")
        repo, _, file = rest.partition("/")
        if not (owner and repo and file.endswith(".gguf")):
            raise BadInput(
                f"The catalogue has no model {wanted}.",
                "`agent-assist model list` shows the names; a file of the hub is owner/repo/file.gguf.",
            )
        title = Path(file).stem
        return CatalogueEntry(title, title, f"{owner}/{repo}", file, "", 0, "", (), 0, 0)

    def pull(
        self, wanted: str, progress: Progress = _silent, cancel: CancelToken | None = None
    ) -> ModelRecord:
        """Download a model of the catalogue or of the hub and register it; resumes an earlier pull.

        Raises HubUnreachable, ModelDamaged, DiskFull, Cancelled or BadInput.
        """
        self._require()
        stop = cancel or threading.Event()
        entry = self.find(wanted)
        path = self._hub.pull(entry, self._folder, progress, stop)
        size = path.stat().st_size

        def report(part: float) -> None:
            if stop.is_set():
                raise Cancelled("The download was stopped.")
            progress(int(part * size), size, "Checking")

        source = f"hub:{entry.repo}/{entry.file}"
        return self.add(path, entry.name, entry.licence, entry.languages, source=source, on_progress=report)

    def use(self, name: str) -> ModelStatus:
        """Load a model and make it the active one; where that fails the one before stays.

        Raises what loading raises, or BadInput for an unknown name.
        """
        self._require()
        record = self._known(name)
        before = self._repository.active()
        with self._changing:
            try:
                status = self._load(record)
            except AgentAssistError:
                if before is not None and before.name != name:
                    with suppress(AgentAssistError):
                        self._load(before)
                raise
            self._note(AuditAction.MODEL_CHANGED, record)
            self._repository.activate(name)
            self._repository.set_canary(None)  # what it was compared with writes no more
        return status

    # --- a challenger for a share of the tickets (services/learning/canary.py decides) ----------------------

    def writes(self, ticket_id: str) -> tuple[ModelRecord | None, bool]:
        """(the model that writes for this ticket, whether it is the challenger)."""
        canary = self._repository.canary() if self._beside is not None else None
        if canary and self._beside and self._beside.name == canary.name and canary.takes(ticket_id):
            return self._beside, True
        return self._repository.active(), False

    def settle(self) -> None:
        """Load what another process has put into use since; cheap where nothing changed."""
        if self._loaded is None or self.status.state is not ModelState.READY:
            return
        if not self._changing.acquire(blocking=False):
            return  # this process is changing it just now
        try:
            active = self._repository.active()
            beside = self._challenger_on(active) if active else None
            if active and (
                (active.name, active.adapter_sha256) != self._loaded
                or (beside.name if beside else "") != (self._beside.name if self._beside else "")
            ):
                self._load(active)
        finally:
            self._changing.release()

    def challenger_failed(self) -> None:
        """It broke down on a draft; after a few it writes no more, whoever is at the desk."""
        canary = self._repository.canary()
        if canary is None or self._repository.canary_failed() < CANARY_FAILURES:
            return
        self._repository.set_canary(None)
        error = ModelProblem(
            f"{canary.name} broke down on {CANARY_FAILURES} drafts and writes no more.",
            "The model in use writes for all tickets.",
        )
        self._events.publish(ErrorRaised(error.info))

    def verify(self, name: str | None = None) -> list[tuple[ModelRecord, AgentAssistError | None]]:
        """Check the files of one model or of all; each with what is wrong with it."""
        results: list[tuple[ModelRecord, AgentAssistError | None]] = []
        for record in [self._known(name)] if name else self.records():
            problem: AgentAssistError | None = None
            try:
                self._files.verify(record)
            except ModelProblem as error:
                problem = error
            results.append((record, problem))
        return results

    def remove(self, name: str) -> None:
        """Forget a model; deletes the file only where it was pulled by us and nothing else uses it."""
        self._require()
        record = self._known(name)
        if record.active:
            raise BadInput(f"{name} is in use.", "Choose another model first: `agent-assist model use NAME`.")
        self._note(AuditAction.MODEL_REMOVED, record)
        self._repository.remove(name)
        path = Path(record.path)
        shared = any(other.path == record.path for other in self._repository.all())
        if not shared and path.parent == self._folder.resolve():
            with suppress(OSError):
                path.unlink()

    def before(self) -> ModelRecord | None:
        """The model that `rollback` goes back to; None where no other was active before."""
        return self._repository.before()

    def rollback(self) -> ModelRecord:
        """Go back to the model that was active before, and load it."""
        self._require()
        with self._changing:
            record = self._repository.rollback()
            if record is None:
                raise BadInput(
                    "No other model was active before.", "`agent-assist model list` shows what there is."
                )
            self._note(AuditAction.MODEL_CHANGED, record)
            self._repository.set_canary(None)
            self._load(record)
        return record

    def speaks(self, language: str) -> bool:
        """Whether the active model is fit to write this language; unknown counts as yes."""
        languages = self.status.languages
        if not languages and (record := self._repository.active()) is not None:
            languages = record.languages
        return not language or not languages or language.lower()[:2] in languages

    def close(self) -> None:
        """Stop listening to the settings, and the worker."""
        self._unsubscribe()
        self._model.close()
        if self._reloader is not None:
            self._reloader.join(5.0)

    def _require(self) -> None:
        if self._access is not None:
            self._access.require(Permission.CHANGE_MODELS)

    def _note(self, action: AuditAction, record: ModelRecord) -> None:
        if self._audit is not None:
            self._audit.record(
                action,
                wait=True,
                model=record.name,
                sha256=record.sha256[:16],
                adapter=record.adapter_sha256[:16],
            )

    def _load(self, record: ModelRecord) -> ModelStatus:
        with self._loading:
            beside = self._challenger_on(record)
            try:
                try:
                    status = self._model.load(record, self._tell, beside)
                except ModelProblem as error:
                    if beside is None:
                        raise
                    log.warning("the challenger %s could not be loaded: %s", beside.name, error)
                    # A challenger that cannot be loaded must not take the model in use down with it.
                    self._repository.set_canary(None)
                    beside = None
                    status = self._model.load(record, self._tell)
                self._loaded, self._beside = (record.name, record.adapter_sha256), beside
                return status
            finally:
                self._tell(self._model.status)

    def _challenger_on(self, record: ModelRecord) -> ModelRecord | None:
        canary = self._repository.canary()
        found = self._repository.get(canary.name) if canary else None
        return found if found and found.sha256 == record.sha256 and found.name != record.name else None

    def _tell(self, status: ModelStatus) -> None:
        self._events.publish(ModelChanged(status))

    def _known(self, name: str) -> ModelRecord:
        self._register_packaged()
        record = self._repository.get(name)
        if record is None:
            raise BadInput(f"There is no model {name}.", "`agent-assist model list` shows the names.")
        return record

    def _register_packaged(self) -> None:
        """The model that comes with the application is in every registry, and active where none is."""
        known = next((r for r in self._repository.all() if r.source.startswith("package:")), None)
        if known is None or not Path(known.path).exists() or self._other_adapter(known):
            # Not there yet, or the application was installed anew elsewhere, or came with another adapter.
            found = self._files.packaged()
            if found is not None:
                self._repository.save(replace(found, added_at=datetime.now(UTC)))
                known = found
        if known is not None and self._repository.active() is None:
            self._repository.activate(known.name)

    def _other_adapter(self, known: ModelRecord) -> bool:
        """Whether the application brings another adapter for its model than the registry has."""
        if self._adapter_seen is None:
            self._adapter_seen = self._files.packaged_adapter()
        return known.adapter_sha256 != self._adapter_seen or (
            bool(known.adapter_path) and not Path(known.adapter_path).exists()
        )

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, SettingsChanged) or not event.names & _NEEDS_RELOAD:
            return
        if not self.status.name:
            return
        # The publisher may be the window's thread: loading takes seconds.
        self._reloader = threading.Thread(target=self._reload, name="model-reload", daemon=True)
        self._reloader.start()

    def _reload(self) -> None:
        try:
            self.start()
        except AgentAssistError as error:
            self._events.publish(ErrorRaised(error.info))
