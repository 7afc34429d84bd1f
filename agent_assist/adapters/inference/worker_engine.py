"""One generation after the other on a loaded model: prefix reuse, candidates, streaming."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent_assist.adapters.inference.conversations import ParkedConversations, common_prefix
from agent_assist.adapters.inference.sampling import Logits, Sampler
from agent_assist.adapters.inference.template import ChatTemplate, tokens_of
from agent_assist.adapters.inference.textout import TextOut
from agent_assist.adapters.inference.threads import ThreadGovernor
from agent_assist.adapters.inference.worker_llama import BATCH, SEQUENCES, Llama
from agent_assist.domain.model import (
    Candidate,
    Finished,
    GenerationEvent,
    GenerationRequest,
    PromptRead,
    StopReason,
    TextPiece,
    Usage,
)
from agent_assist.errors import PromptTooLong

_LIVE: Final = 0
"""The sequence that holds the conversation and candidate 0."""
_LEAST_REPLY: Final = 16
_BYTES_PER_TOKEN: Final = 64
"""No prompt of natural text has more; what is longer is refused before it is tokenised."""

Emit = Callable[[GenerationEvent], None]


@dataclass
class _Run:
    """One candidate while it is generated."""

    number: int
    sampler: Sampler
    out: TextOut
    position: int
    row: int = 0
    """Where its logits are in the last batch."""
    tokens: list[int] = field(default_factory=list)
    reason: StopReason | None = None


class Engine:
    """Generates on one model; used by one thread, but for `abort`."""

    def __init__(self, llama: Llama, context_tokens: int, parked_bytes: int) -> None:
        """`context_tokens` limit prompt and reply together; `parked_bytes` is for other conversations."""
        self.llama = llama
        self.context_tokens = context_tokens
        vocabulary = llama.vocabulary
        self._template = ChatTemplate(llama.chat_template, vocabulary.text(vocabulary.bos or -1))
        self._live: list[int] = []
        self._live_name = ""
        self._governor = ThreadGovernor(llama.settings.threads)
        self._parked: ParkedConversations[Any] = ParkedConversations(parked_bytes)
        self._beside = False
        """Whether the second adapter is in force; `_others` is what was parked under the one that is not."""
        self._others: ParkedConversations[Any] = ParkedConversations(
            parked_bytes // 4 if llama.has_beside else 0
        )

    def abort(self) -> None:
        self.llama.abort(True)

    def prompt_tokens(self, request: GenerationRequest) -> list[int]:
        """Token ids of a request's prompt.  Raises PromptTooLong."""
        size = sum(len(m.content) for m in request.messages)
        if size > self.context_tokens * _BYTES_PER_TOKEN:
            raise self._too_long(size // 4)
        spans = self._template.spans(request.messages, request.reply_start)
        tokens = tokens_of(spans, self.llama.vocabulary)
        if len(tokens) + _LEAST_REPLY > self.context_tokens:
            raise self._too_long(len(tokens))
        return tokens

    def count(self, text: str, piece: int = 16384) -> int:
        """Tokens of a text; of a very long one, in pieces."""
        encode = self.llama.vocabulary.encode
        return sum(len(encode(text[at : at + piece])) for at in range(0, len(text), piece))

    def generate(self, request: GenerationRequest, emit: Emit, check: Callable[[], None]) -> Finished:
        """Generate, telling `emit` as it goes; `check` raises Cancelled when it is time to stop."""
        started = time.perf_counter()
        self.llama.abort(False)
        check()  # after the flag is down: a cancel from now on is either seen here or by the flag
        prompt = self.prompt_tokens(request)
        room = self.context_tokens - len(prompt)
        limit = max(1, min(request.max_tokens, room))
        self._switch(request.challenger and self.llama.has_beside)
        cached = self._prepare(request.conversation, prompt)
        try:
            self._read(prompt, cached, check)
            emit(PromptRead(len(prompt), cached))
            runs = self._runs(request, len(prompt), limit)
            first_ms = self._decode(runs, limit, emit, check, started)
        except BaseException:
            self._settle()
            raise
        self._settle(runs[0].tokens)
        candidates = tuple(
            Candidate(r.out.text, r.reason or StopReason.LENGTH, r.sampler.mean_logprob, len(r.tokens))
            for r in runs
        )
        usage = Usage(len(prompt), cached, sum(c.completion_tokens for c in candidates))
        return Finished(candidates, usage, first_ms, (time.perf_counter() - started) * 1000)

    def _switch(self, beside: bool) -> None:
        """Put the other adapter in force.  Nothing that one adapter read may be gone on from by the other."""
        if beside == self._beside:
            return
        self._park()
        self._live, self._live_name = [], ""
        self.llama.forget_all()
        self.llama.use_adapter(beside=beside)
        self._beside = beside
        self._parked, self._others = self._others, self._parked

    def _prepare(self, name: str, prompt: list[int]) -> int:
        """Bring the best prefix of `prompt` into the live sequence; returns its length."""
        shared = common_prefix(self._live, prompt)
        found = self._parked.best(prompt, shared)
        if found is not None or (self._live_name and self._live_name != name):
            self._park()
        if found is not None:
            _, block = found
            if self.llama.restore(_LIVE, block.state):
                self._live = list(block.tokens)
                shared = common_prefix(self._live, prompt)
            else:
                self._live, shared = [], 0
        self._live_name = name
        if name:
            self._parked.drop(name)
        shared = min(shared, len(prompt) - 1)  # the last token is always evaluated: its logits are needed
        if shared < len(self._live) and not self.llama.cut(_LIVE, shared):
            # Recurrent and hybrid models cannot go back: start over.
            self.llama.cut(_LIVE, 0)
            shared = 0
        self._live = prompt[:shared]
        return shared

    def _park(self) -> None:
        if self._live_name and self._parked.fits(self.llama.state_size(_LIVE)):
            state = self.llama.save(_LIVE)
            self._parked.put(self._live_name, self._live, state, state.nbytes)

    def _read(self, prompt: list[int], start: int, check: Callable[[], None]) -> None:
        """Evaluate the prompt from `start`; logits of its last token are then in the last row."""
        self._live = list(prompt)  # `_settle` cuts it down to what was evaluated
        step = min(self.llama.settings.chunk, BATCH)
        last = len(prompt) - 1
        for at in range(start, len(prompt), step):
            check()
            part = prompt[at : at + step]
            self.llama.decode([(token, at + n, _LIVE, at + n == last) for n, token in enumerate(part)])

    def _runs(self, request: GenerationRequest, prompt: int, limit: int) -> list[_Run]:
        count = max(1, min(request.candidates, SEQUENCES))
        spare = self.llama.settings.cells - prompt - limit
        count = 1 + min(count - 1, max(0, spare // limit))
        row = self.llama.length(_LIVE) - 1
        runs = []
        for number in range(count):
            if number:
                self.llama.share(_LIVE, number)
            sampler = Sampler(
                temperature=0.0 if number == 0 else request.temperature,
                top_p=request.top_p,
                min_p=request.min_p,
                repeat_penalty=request.repeat_penalty,
                seed=(request.seed * SEQUENCES + number) & 0xFFFFFFFF,
            )
            runs.append(_Run(number, sampler, TextOut(request.reply_start, request.stop), row + 1, row=-1))
        return runs

    def _decode(
        self, runs: list[_Run], limit: int, emit: Emit, check: Callable[[], None], started: float
    ) -> float:
        """Generate all candidates side by side; returns milliseconds to the first token."""
        for run in runs:
            if run.out.text:
                emit(TextPiece(run.number, run.out.text))
        first_ms = 0.0
        active = list(runs)
        while active:
            check()
            batch = []
            for run in active:
                token = self._next(run, limit, emit)
                if token is not None:
                    batch.append((run, token))
            first_ms = first_ms or (time.perf_counter() - started) * 1000
            active = [run for run, _ in batch]
            if not batch:
                break
            began = time.perf_counter()
            self.llama.decode([(token, run.position, run.number, True) for run, token in batch])
            self.llama.set_threads(self._governor.record(time.perf_counter() - began, len(batch)))
            for row, run in enumerate(active):
                run.row = row
                run.position += 1
        return first_ms

    def _next(self, run: _Run, limit: int, emit: Emit) -> int | None:
        """Choose a candidate's next token and show its text; None where the candidate is done."""
        logits: Logits = self.llama.logits(run.row)
        token = run.sampler.choose(logits)
        if self.llama.vocabulary.ends_turn(token):
            run.reason = StopReason.END
        else:
            run.sampler.accept(token, logits)
            run.tokens.append(token)
            if piece := run.out.feed(self.llama.vocabulary.piece(token)):
                emit(TextPiece(run.number, piece))
            if run.out.stopped:
                run.reason = StopReason.STOP
            elif len(run.tokens) >= limit:
                run.reason = StopReason.LENGTH
        if run.reason is None:
            return token
        if piece := run.out.finish():
            emit(TextPiece(run.number, piece))
        return None

    def _settle(self, reply: Sequence[int] = ()) -> None:
        """Keep the conversation and candidate 0 in the cache, let the other candidates go."""
        for number in range(1, SEQUENCES):
            self.llama.cut(number, 0)
        known = [*self._live, *reply]
        self._live = known[: self.llama.length(_LIVE)]

    def _too_long(self, tokens: int) -> PromptTooLong:
        return PromptTooLong(
            f"The prompt has about {tokens:,} tokens; the model's context holds {self.context_tokens:,}."
        )
