"""The language model as the services see it: a supervised worker process behind ports.LanguageModel."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent_assist.adapters.inference import memory, wire
from agent_assist.adapters.workers.process import Call, WorkerProcess
from agent_assist.adapters.workers.supervisor import Supervisor
from agent_assist.domain.model import (
    Backend,
    EngineFacts,
    Finished,
    GenerationEvent,
    GenerationRequest,
    GraphicsCard,
    ModelRecord,
    ModelState,
    ModelStatus,
)
from agent_assist.errors import AgentAssistError, Cancelled, ModelDamaged, NoModel, WorkerCrashed
from agent_assist.ports import CancelToken
from agent_assist.settings import ModelOptions

_POLL = 0.02


class InferenceClient:
    """Implements ports.LanguageModel.

    One generation at a time; a later caller waits, and may be cancelled while it waits.
    """

    def __init__(
        self,
        options: Callable[[], ModelOptions] = ModelOptions,
        *,
        available_memory: Callable[[], int] = memory.available_memory,
        command: Sequence[str] | None = None,
    ) -> None:
        """Start nothing yet.  `options` is asked at every load for context, layers and threads."""
        self._options = options
        self._available_memory = available_memory
        self._supervisor = Supervisor(
            "inference",
            command,
            on_start=self._prepare,
            on_crash=self._crashed,
        )
        self._busy = threading.Lock()
        self._record: ModelRecord | None = None
        self._beside: ModelRecord | None = None
        self._listener: Callable[[ModelStatus], None] | None = None
        self._status = ModelStatus()
        self._verified: set[tuple[str, int, int, str]] = set()
        self._current: Call | None = None
        self._gpu_crashes = 0

    @property
    def status(self) -> ModelStatus:
        return self._status

    @property
    def pid(self) -> int | None:
        """Of the worker."""
        return self._supervisor.pid

    def load(
        self,
        record: ModelRecord,
        on_status: Callable[[ModelStatus], None] | None = None,
        beside: ModelRecord | None = None,
    ) -> ModelStatus:
        """Replace the model; a generation under way is cancelled.  `beside` is another adapter on the same
        base, for requests by the challenger.

        `on_status` hears of the progress, and of later restarts.  Raises ModelDamaged,
        ModelTooLarge or WorkerCrashed; the model before is then gone too.
        """
        if (running := self._current) is not None:
            running.stop()
        with self._turn(None):
            # A new process for every model: only its end gives a graphics card's memory back.
            self._supervisor.stop()
            self._record, self._listener, self._gpu_crashes = record, on_status, 0
            self._beside = beside
            self._supervisor.start()
            return self._status

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        """Events of one generation; closing the iterator stops it."""
        with self._turn(cancel):
            if self._record is None:
                raise NoModel("No model is loaded.")
            call = self._supervisor.call("generate", wire.request_to_header(request), cancel=cancel)
            self._current = call
            try:
                for header, _ in call:
                    event = wire.event_from_header(header)
                    if isinstance(event, Finished):
                        self._measure(event)
                    yield event
            finally:
                self._current = None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as plain text."""
        if self._record is None:
            raise NoModel("No model is loaded.")
        header, _ = self._supervisor.ask("count", {"texts": list(texts)})
        return [int(n) for n in header["counts"]]

    def prompt_tokens(self, request: GenerationRequest) -> tuple[list[int], frozenset[int]]:
        """Token ids of a request's prompt, and the ids of the model's control tokens."""
        header, _ = self._supervisor.ask("tokens", wire.request_to_header(request))
        return header["tokens"], frozenset(header["markers"])

    def probe(self) -> EngineFacts:
        """What the installed llama.cpp can do here; starts a worker without a model where none runs."""
        header, _ = self._supervisor.ask("probe")
        cards = tuple(
            GraphicsCard(
                str(d["description"] or d["name"]),
                Backend(d["backend"]),
                int(d["free_bytes"]),
                int(d["total_bytes"]),
            )
            for d in header["devices"]
        )
        return EngineFacts(
            str(header["version"]),
            bool(header["offload"]),
            cards,
            int(header["threads"]),
            self._available_memory(),
        )

    def close(self) -> None:
        """End the worker; nothing can be loaded afterwards."""
        self._supervisor.close()
        self._status = ModelStatus()

    @contextlib.contextmanager
    def _turn(self, cancel: CancelToken | None) -> Iterator[None]:
        while not self._busy.acquire(timeout=_POLL):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The request was stopped.")
        try:
            if cancel is not None and cancel.is_set():
                raise Cancelled("The request was stopped.")
            yield
        finally:
            self._busy.release()

    def _prepare(self, worker: WorkerProcess) -> None:
        """Load the model into a new process; runs for the first one and after every crash."""
        record = self._record
        if record is None:
            return
        self._publish(ModelStatus(ModelState.LOADING, record.name, languages=record.languages))
        try:
            stamps = [_stamp(record.path, record.sha256)]
            if record.adapter_path:
                stamps.append(_stamp(record.adapter_path, record.adapter_sha256))
            if (beside := self._beside) is not None and beside.adapter_path:
                stamps.append(_stamp(beside.adapter_path, beside.adapter_sha256))
            known = all(stamp in self._verified for stamp in stamps)
            for header, _ in worker.call("load", self._load_fields(record, verify=not known)):
                status = wire.status_from_header(header)
                if self._gpu_crashes and status.state is ModelState.READY:
                    status = replace(status, reason="Runs on the processor: the graphics card failed.")
                self._publish(replace(status, languages=record.languages))
            self._verified.update(stamps)
        except AgentAssistError as error:
            self._publish(
                ModelStatus(ModelState.FAILED, record.name, reason=str(error), languages=record.languages)
            )
            raise

    def _load_fields(self, record: ModelRecord, *, verify: bool) -> dict[str, object]:
        options = self._options()
        return {
            "name": record.name,
            "path": record.path,
            "sha256": record.sha256,
            "adapter_path": record.adapter_path,
            "adapter_sha256": record.adapter_sha256,
            "beside_path": self._beside.adapter_path if self._beside else "",
            "beside_sha256": self._beside.adapter_sha256 if self._beside else "",
            "verify": verify,
            "context_tokens": options.context_tokens,
            "gpu_layers": 0 if self._gpu_crashes else options.gpu_layers,
            "threads": options.threads,
            "memory_bytes": self._available_memory(),
        }

    def _crashed(self, error: WorkerCrashed) -> None:
        status = self._status
        if status.gpu_layers > 0:
            # Out of memory on a graphics card ends the process: the next one stays off the card.
            self._gpu_crashes += 1
        if status.state is ModelState.READY:
            self._publish(ModelStatus(ModelState.LOADING, status.name, languages=status.languages))
        if self._supervisor.gave_up:
            self._publish(
                ModelStatus(ModelState.FAILED, status.name, reason=str(error), languages=status.languages)
            )

    def _measure(self, event: Finished) -> None:
        longest = max((c.completion_tokens for c in event.candidates), default=0)
        seconds = (event.total_ms - event.first_token_ms) / 1000
        if longest > 1 and seconds > 0:
            self._publish(replace(self._status, tokens_per_second=round((longest - 1) / seconds, 1)))

    def _publish(self, status: ModelStatus) -> None:
        self._status = status
        if self._listener is not None:
            self._listener(status)


def _stamp(path: str, sha256: str) -> tuple[str, int, int, str]:
    """What a file is recognised by within this session, so that a restart need not hash it again."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read: {error.strerror}.") from error
    return path, found.st_size, found.st_mtime_ns, sha256
