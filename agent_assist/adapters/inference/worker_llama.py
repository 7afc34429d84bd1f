"""llama.cpp through its C interface: one model, one context, a few sequences.

Only the worker imports this.  Everything that needs no llama.cpp is in the modules beside it.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as api

from agent_assist.adapters.inference.memory import Device
from agent_assist.adapters.inference.sampling import Logits
from agent_assist.errors import Cancelled, ModelDamaged, ModelTooLarge, PromptTooLong

log = logging.getLogger(__name__)

BATCH: Final = 512
SEQUENCES: Final = 8
"""The conversation and up to seven further candidates."""
_MARKER_ATTRIBUTES: Final = (1 << 3) | (1 << 4)  # LLAMA_TOKEN_ATTR_CONTROL, _USER_DEFINED
_USER_DEFINED: Final = 1 << 4
_CPU_KINDS: Final = (0, 3)  # ggml_backend_dev_type: CPU, ACCEL
_INTEGRATED: Final = 2


def _log_line(level: int, text: bytes, _data: Any) -> None:
    if level == 4:  # errors; what ggml calls warnings is chat
        log.warning("llama.cpp: %s", text.decode("utf-8", "replace").rstrip())


_log = api.llama_log_callback(_log_line)


@dataclass(frozen=True)
class LoadSettings:
    """How to load; `cells` are the tokens of KV cache that all sequences share."""

    path: Path
    adapter_path: Path | None
    gpu_layers: int
    cells: int
    threads: int
    beside_path: Path | None = None
    """A second adapter that requests may ask for."""
    chunk: int = BATCH
    """Prompt tokens between two looks at the cancel flag; the processor looks more often by itself."""


class Llama:
    """A loaded model with its context.  Not thread-safe, but for `abort`."""

    def __init__(self, settings: LoadSettings, on_progress: Callable[[float], bool]) -> None:
        """Load; `on_progress` gets 0…1 and returns False to stop.

        Raises ModelDamaged, ModelTooLarge or Cancelled.
        """
        self.settings = settings
        self._model: Any = None
        self._context: Any = None
        self._adapter: Any = None
        self._beside: Any = None
        self._threads = settings.threads
        self._flag = ctypes.create_string_buffer(2)
        api.llama_log_set(_log, ctypes.c_void_p(0))
        api.llama_backend_init()
        try:
            self._load(on_progress)
            self._open()
        except BaseException:
            self.close()
            raise
        self.vocabulary = _Vocabulary(api.llama_model_get_vocab(self._model))
        self._memory = api.llama_get_memory(self._context)
        self._batch = api.llama_batch_init(BATCH, 0, 1)
        self._warm_up()

    def _load(self, on_progress: Callable[[float], bool]) -> None:
        stopped = False

        def report(value: float, _data: Any) -> bool:
            nonlocal stopped
            stopped = not on_progress(value)
            return not stopped

        params = api.llama_model_default_params()
        params.n_gpu_layers = self.settings.gpu_layers
        params.progress_callback = callback = api.llama_progress_callback(report)
        self._model = api.llama_model_load_from_file(bytes(self.settings.path), params)
        del callback  # llama.cpp is done with it
        if stopped:
            raise Cancelled("Loading the model was stopped.")
        if not self._model:
            name = self.settings.path.name
            raise ModelDamaged(f"llama.cpp cannot load {name}: it is damaged or of a kind it does not know.")
        self._adapter = self._adapter_of(self.settings.adapter_path)
        self._beside = self._adapter_of(self.settings.beside_path)

    def _adapter_of(self, path: Path | None) -> Any:
        if path is None:
            return None
        found = api.llama_adapter_lora_init(self._model, bytes(path))
        if not found:
            raise ModelDamaged(f"The adapter {path.name} is damaged or does not belong to this model.")
        return found

    def _open(self) -> None:
        params = api.llama_context_default_params()
        params.n_ctx = self.settings.cells
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = params.n_outputs_max = SEQUENCES
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = self.settings.threads
        params.no_perf = True
        params.abort_callback = _flag_reader()
        params.abort_callback_data = ctypes.cast(self._flag, ctypes.c_void_p)
        self._context = api.llama_init_from_model(self._model, params)
        if not self._context:
            raise ModelTooLarge(f"There is no memory for {self.settings.cells:,} tokens of context.")
        if self._adapter is not None:
            self.use_adapter(beside=False)

    @property
    def has_beside(self) -> bool:
        return self._beside is not None

    def use_adapter(self, *, beside: bool) -> None:
        """Evaluate with the first adapter or the one beside it; what is in the cache belongs to the other."""
        wanted = self._beside if beside else self._adapter
        adapters = (api.llama_adapter_lora_p_ctypes * 1)(*([wanted] if wanted is not None else []))
        scales = (ctypes.c_float * 1)(1.0)
        count = 0 if wanted is None else 1
        if api.llama_set_adapters_lora(self._context, adapters, count, scales) != 0:
            raise ModelDamaged("The adapter does not belong to this model.")

    def _warm_up(self) -> None:
        """Touch all weights once, so that the first ticket does not wait for the disk."""
        start = self.vocabulary.bos if self.vocabulary.bos is not None else 0
        api.llama_set_warmup(self._context, True)
        self.decode([(start, 0, 0, True)])
        api.llama_synchronize(self._context)
        api.llama_set_warmup(self._context, False)
        self.forget_all()

    @property
    def trained_context(self) -> int:
        return int(api.llama_model_n_ctx_train(self._model))

    @property
    def layers(self) -> int:
        return int(api.llama_model_n_layer(self._model))

    @property
    def chat_template(self) -> str | None:
        raw = api.llama_model_chat_template(self._model, None)
        return raw.decode("utf-8", "replace") if raw else None

    def abort(self, stop: bool) -> None:
        """Make a running evaluation end (any thread may call this), or allow the next one."""
        self._flag[0] = b"\x01" if stop else b"\x00"

    def decode(self, tokens: Sequence[tuple[int, int, int, bool]]) -> None:
        """Evaluate (token, position, sequence, wants logits) of at most BATCH tokens.

        Raises Cancelled after `abort`; what was evaluated until then stays in the cache.
        """
        batch = self._batch
        batch.n_tokens = len(tokens)
        for at, (token, position, sequence, wanted) in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = wanted
        code = api.llama_decode(self._context, batch)
        if code == 2:
            raise Cancelled("The request was stopped.")
        if code == 1:
            raise PromptTooLong("The model's context is full.")
        if code != 0:
            raise ModelDamaged(f"The model failed on this prompt (code {code}).", "Choose another model.")

    def set_threads(self, threads: int) -> None:
        """Threads for the next evaluations."""
        if threads != self._threads:
            self._threads = threads
            api.llama_set_n_threads(self._context, threads, self.settings.threads)

    def logits(self, at: int) -> Logits:
        """The row of the batch's token `at`; valid until the next decode."""
        pointer = api.llama_get_logits_ith(self._context, at)
        if not pointer:
            raise ModelDamaged("The model gave no result.", "Choose another model.")
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary.size,))

    def length(self, sequence: int) -> int:
        """Tokens of `sequence` in the cache."""
        return int(api.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def cut(self, sequence: int, length: int) -> bool:
        """Keep the first `length` tokens; False where this model's memory cannot be cut."""
        if length <= 0:
            api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            return True
        return bool(api.llama_memory_seq_rm(self._memory, sequence, length, -1))

    def share(self, source: int, target: int) -> None:
        """Let `target` start with everything `source` has; takes no further cells."""
        self.cut(target, 0)
        api.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def forget_all(self) -> None:
        api.llama_memory_clear(self._memory, True)

    def state_size(self, sequence: int) -> int:
        return int(api.llama_state_seq_get_size(self._context, sequence))

    def save(self, sequence: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The cache of one sequence as bytes."""
        block = np.empty(self.state_size(sequence), dtype=np.uint8)
        pointer = block.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        used = api.llama_state_seq_get_data(self._context, pointer, block.nbytes, sequence)
        return block[:used]

    def restore(self, sequence: int, block: np.ndarray[Any, np.dtype[np.uint8]]) -> bool:
        """Replace a sequence by what `save` gave; False where it could not be."""
        self.cut(sequence, 0)
        pointer = block.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if api.llama_state_seq_set_data(self._context, pointer, block.nbytes, sequence):
            return True
        self.cut(sequence, 0)
        return False

    def close(self) -> None:
        if self._context:
            api.llama_free(self._context)
        if self._model:
            api.llama_model_free(self._model)
        self._context = self._model = None


class _Vocabulary:
    """The model's tokenizer, as `template.tokens_of` wants it."""

    def __init__(self, vocabulary: Any) -> None:
        self._vocabulary = vocabulary
        self.size = int(api.llama_vocab_n_tokens(vocabulary))
        bos = int(api.llama_vocab_bos(vocabulary))
        self.bos = bos if api.llama_vocab_get_add_bos(vocabulary) and bos >= 0 else None
        self._pieces: dict[int, bytes] = {}

    @cached_property
    def markers(self) -> dict[str, int]:
        return {text: token for text, token, _ in self._special}

    @cached_property
    def always_parsed(self) -> frozenset[str]:
        return frozenset(text for text, _, attributes in self._special if attributes & _USER_DEFINED)

    @cached_property
    def _special(self) -> list[tuple[str, int, int]]:
        found = []
        for token in range(self.size):
            attributes = int(api.llama_vocab_get_attr(self._vocabulary, token))
            if attributes & _MARKER_ATTRIBUTES and (text := self.text(token)):
                found.append((text, token, attributes))
        return found

    def text(self, token: int) -> str:
        raw = api.llama_vocab_get_text(self._vocabulary, token) if token >= 0 else b""
        return raw.decode("utf-8", "replace") if raw else ""

    def encode(self, text: str) -> list[int]:
        """Plain text to tokens; control tokens are not recognised."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        tokens = (api.llama_token * room)()
        count = api.llama_tokenize(self._vocabulary, raw, len(raw), tokens, room, False, False)
        if count < 0:
            tokens = (api.llama_token * -count)()
            count = api.llama_tokenize(self._vocabulary, raw, len(raw), tokens, -count, False, False)
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes that a token adds to the text; a control token adds none."""
        found = self._pieces.get(token)
        if found is None:
            buffer = ctypes.create_string_buffer(64)
            count = api.llama_token_to_piece(self._vocabulary, token, buffer, 64, 0, False)
            if count < 0:
                buffer = ctypes.create_string_buffer(-count)
                count = api.llama_token_to_piece(self._vocabulary, token, buffer, -count, 0, False)
            found = self._pieces[token] = buffer.raw[: max(count, 0)]
        return found

    def ends_turn(self, token: int) -> bool:
        return bool(api.llama_vocab_is_eog(self._vocabulary, token))


def _flag_reader() -> Any:
    """A C function that llama.cpp asks between two operations whether to stop.

    It is asked about a thousand times a token, so Python (and its lock) would cost a tenth of the
    speed.  `strlen` of the two-byte flag is exactly it: 0 for an empty string, 1 for a set flag.
    """
    library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
    return ctypes.cast(library.strlen, api.ggml_abort_callback)


def offload_supported() -> bool:
    """Whether this build of llama.cpp can compute on a graphics card at all."""
    return bool(api.llama_supports_gpu_offload())


def version() -> str:
    """Of the llama.cpp binding."""
    return str(llama_cpp.__version__)


def devices() -> list[Device]:
    """Graphics cards that this build can use; empty where it cannot tell."""
    api.llama_log_set(_log, ctypes.c_void_p(0))
    try:
        count = _function("ggml_backend_dev_count", ctypes.c_size_t)()
        get = _function("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
        kind = _function("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
        name = _function("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
        description = _function("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
        sizes = ctypes.POINTER(ctypes.c_size_t)
        memory = _function("ggml_backend_dev_memory", None, ctypes.c_void_p, sizes, sizes)
    except (AttributeError, OSError) as error:
        log.warning("devices cannot be listed: %s", error)
        return []
    found = []
    for number in range(count):
        device = get(number)
        sort = kind(device)
        if sort in _CPU_KINDS:
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        title = (description(device) or b"").decode("utf-8", "replace")
        label = (name(device) or b"").decode("utf-8", "replace")
        found.append(Device(label, title, free.value, total.value, sort == _INTEGRATED))
    return found


def _function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of ggml, whichever of its libraries has it."""
    folder = Path(llama_cpp.__file__).parent / "lib"
    for library in ("ggml", "ggml-base"):
        loaded = llama_cpp._ctypes_extensions.load_shared_library(library, folder)
        if hasattr(loaded, name):
            function = getattr(loaded, name)
            function.restype = result
            function.argtypes = list(arguments)
            return function
    raise AttributeError(name)
