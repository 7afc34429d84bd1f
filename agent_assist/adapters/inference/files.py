"""Model files on this machine: what they are, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent_assist.adapters.inference import gguf, hashing, packaged
from agent_assist.domain.model import ModelRecord
from agent_assist.errors import ModelDamaged

Report = Callable[[float], None]


def _silent(_part: float) -> None:
    pass


class LocalModelFiles:
    """Implements ports.ModelFiles."""

    def inspect(self, path: Path, adapter: Path | None = None, on_progress: Report = _silent) -> ModelRecord:
        """The registry entry of a file: name, hash, size and what its header says.

        Raises ModelDamaged where it is no usable GGUF.
        """
        path = path.expanduser().resolve()
        info = gguf.read_header(path)
        if info.is_adapter:
            raise ModelDamaged(f"{path.name} is an adapter, not a model.", "Add it together with its model.")
        adapter_sha256 = ""
        if adapter is not None:
            adapter = adapter.expanduser().resolve()
            if not gguf.read_header(adapter).is_adapter:
                raise ModelDamaged(f"{adapter.name} is not an adapter.", "Choose another file.")
            adapter_sha256 = hashing.sha256_of(adapter)
        return ModelRecord(
            name=path.stem,
            path=str(path),
            sha256=hashing.sha256_of(path, on_progress),
            size_bytes=info.file_bytes,
            licence=info.licence,
            languages=tuple(code for code in info.languages if len(code) == 2),
            source="file",
            adapter_path=str(adapter) if adapter is not None else "",
            adapter_sha256=adapter_sha256,
            context_tokens=info.context_tokens,
        )

    def verify(self, record: ModelRecord, on_progress: Report = _silent) -> None:
        """Raise ModelDamaged where a file of the entry is missing, damaged or changed."""
        gguf.read_header(Path(record.path))
        hashing.verify(Path(record.path), record.sha256, on_progress)
        if record.adapter_path:
            gguf.read_header(Path(record.adapter_path))
            hashing.verify(Path(record.adapter_path), record.adapter_sha256)

    def packaged(self) -> ModelRecord | None:
        """The default model that needs no download; None where its package is missing."""
        return packaged.default_record()

    def packaged_adapter(self) -> str:
        """sha256 of the adapter that comes with the default model; empty where there is none."""
        path = packaged.adapter_file()
        return hashing.sha256_of(path) if path else ""
