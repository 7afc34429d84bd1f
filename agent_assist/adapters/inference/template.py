"""Chat messages to tokens, so that no text of a customer or an article becomes a control token.

The model's own chat template is rendered with a placeholder for each content.  What the template
itself wrote may hold control tokens; contents are tokenised as the plain text that they are.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import jinja2
import jinja2.ext
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent_assist.domain.model import ChatMessage

CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


LONGEST_TEMPLATE: Final = 200_000
"""Characters; the longest of known models has about 20,000."""
_SECONDS: Final = 1.0
"""For compiling or rendering once: a real template takes a few milliseconds."""
_LONGEST_RESULT: Final = 1_000_000
_WIDE: Final = re.compile(r"\d{5,}|\*")
"""In a format: a width that fills the memory, or one that comes from elsewhere."""


class Vocabulary(Protocol):
    """What is needed of a tokenizer."""

    @property
    def markers(self) -> Mapping[str, int]:
        """Text of every control token and user-defined token, and its id."""

    @property
    def always_parsed(self) -> frozenset[str]:
        """The markers that `encode` recognises in plain text too."""

    @property
    def bos(self) -> int | None:
        """The token that starts every prompt; None where the model wants none."""

    def encode(self, text: str) -> list[int]:
        """Tokens of plain text."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the rendered prompt."""

    text: str
    trusted: bool
    """Written by the template, not by a person."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """The template comes out of a downloaded file (CVE-2024-34359): no attribute access to Python
    internals, no change of what it is given, and no text or number that fills the memory."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, raise to a power or format, with a limit to what comes out."""
        if operator == "**" and (abs(left) > 10_000 or abs(right) > 64):
            raise jinja2.TemplateRuntimeError("a number too large")
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise jinja2.TemplateRuntimeError("a text too long")
        for one, other in ((left, right), (right, left)):
            repeated = operator == "*" and hasattr(one, "__len__") and isinstance(other, int)
            if repeated and len(one) * other > _LONGEST_RESULT:
                raise jinja2.TemplateRuntimeError("a text too long")
        return super().call_binop(context, operator, left, right)


_FAULTS: Final = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    RecursionError,
    MemoryError,
    AttributeError,
)


class _TooSlow(jinja2.TemplateRuntimeError):
    pass


@contextmanager
def _limited() -> Iterator[None]:
    """Stop what takes longer than a real template does; only on the main thread of a POSIX system, which
    is where the worker renders."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        raise _TooSlow("it takes too long")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class ChatTemplate:
    """A compiled chat template; falls back to ChatML where the model's own does not work."""

    def __init__(self, source: str | None, bos: str = "", eos: str = "") -> None:
        self._tokens = {"bos_token": bos, "eos_token": eos}
        self._environment = _Sandbox(
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
        )
        self._environment.filters["tojson"] = _to_json
        self._environment.globals["raise_exception"] = _refuse
        self._environment.globals["strftime_now"] = _today
        self._fallback = self._environment.from_string(CHATML)
        self._template = self._fallback
        if source and len(source) <= LONGEST_TEMPLATE:
            try:
                with _limited():
                    self._template = self._environment.from_string(source)
            except (jinja2.TemplateError, RecursionError, MemoryError, SyntaxError, ValueError):
                self._template = self._fallback

    def spans(self, messages: Sequence[ChatMessage], reply_start: str = "") -> list[Span]:
        """The prompt as text of the template and contents in turn, ending inside the assistant's turn."""
        shaped = _shape(messages)
        for template, wanted in (
            (self._template, shaped),
            (self._template, _without_system(shaped)),  # Gemma and others know no system role
            (self._fallback, shaped),
        ):
            found = self._render(template, wanted)
            if found is not None:
                return [*found, Span(reply_start, trusted=False)] if reply_start else found
        raise AssertionError("ChatML renders any messages")

    def _render(self, template: jinja2.Template, messages: Sequence[ChatMessage]) -> list[Span] | None:
        nonce = secrets.token_hex(8)
        stand_ins = [
            {"role": m.role, "content": f"CONTENT{nonce}N{number}E"} for number, m in enumerate(messages)
        ]
        try:
            with _limited():
                text = template.render(
                    messages=stand_ins,
                    add_generation_prompt=True,
                    enable_thinking=False,
                    tools=None,
                    **self._tokens,
                )
        except (*_FAULTS, jinja2.TemplateError):
            return None
        if len(text) > _LONGEST_RESULT:
            return None
        parts = re.split(f"CONTENT{nonce}N(\\d+)E", text)
        if sorted(int(n) for n in parts[1::2]) != list(range(len(messages))):
            return None  # it dropped, repeated or changed a content
        return [
            Span(part, trusted=True) if place % 2 == 0 else Span(messages[int(part)].content, trusted=False)
            for place, part in enumerate(parts)
            if part
        ]


def tokens_of(spans: Sequence[Span], vocabulary: Vocabulary) -> list[int]:
    """Token ids of a prompt, with the start token once.

    Plain text of the template and contents that touch are tokenised together: the ids are the same
    as for training data that was tokenised in one go.
    """
    tokens: list[int] = []
    run: list[str] = []

    def flush() -> None:
        tokens.extend(vocabulary.encode("".join(run)) if run else ())
        run.clear()

    markers = _pattern(vocabulary.markers)
    risky = _pattern(vocabulary.always_parsed)
    for span in spans:
        if not span.trusted:
            for number, piece in enumerate(_broken(span.text, risky)):
                if number:
                    flush()
                run.append(piece)
            continue
        at = 0
        for match in markers.finditer(span.text) if markers else ():
            if match.start() > at:
                run.append(span.text[at : match.start()])
            flush()
            tokens.append(vocabulary.markers[match.group()])
            at = match.end()
        if at < len(span.text):
            run.append(span.text[at:])
    flush()
    if vocabulary.bos is not None and tokens[:1] != [vocabulary.bos]:
        tokens.insert(0, vocabulary.bos)
    return tokens


def _broken(text: str, risky: re.Pattern[str] | None) -> list[str]:
    """`text` cut inside each marker that a tokenizer would recognise even in plain text."""
    if risky is None:
        return [text]
    cuts = [match.start() + 1 for match in risky.finditer(text)]
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]


def _pattern(markers: Mapping[str, int] | frozenset[str]) -> re.Pattern[str] | None:
    # One character cannot be cut, and is no turn marker.
    words = sorted((m for m in markers if len(m) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))) if words else None


def _shape(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Neighbours of one role joined, and a system message always: some templates invent one."""
    shaped: list[ChatMessage] = []
    for message in messages:
        if shaped and shaped[-1].role == message.role:
            shaped[-1] = ChatMessage(message.role, f"{shaped[-1].content}\n\n{message.content}")
        else:
            shaped.append(message)
    if not shaped or shaped[0].role != "system":
        shaped.insert(0, ChatMessage("system", "You are a helpful assistant."))
    return shaped


def _without_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    system, *rest = messages
    if rest and rest[0].role == "user":
        return [ChatMessage("user", f"{system.content}\n\n{rest[0].content}"), *rest[1:]]
    return [ChatMessage("user", system.content), *rest]


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise jinja2.TemplateRuntimeError(message)


def _today(form: str) -> str:
    return datetime.now().astimezone().strftime(form)
