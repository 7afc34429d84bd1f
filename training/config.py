"""The configuration of one run: a YAML file, checked before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_assist.errors import BadInput

Format = Literal["auto", "jsonl", "csv", "mbox", "eml", "zendesk", "zammad", "rows"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Section):
    """One file, or a folder of files, to learn from."""

    path: Path
    format: Format = "auto"
    licence: str = "the company's own"
    consent: str = ""
    """On what ground the data may be learnt from; goes into the dataset card."""


class PrepareOptions(Section):
    inputs: tuple[Source, ...] = ()
    feedback: tuple[Path, ...] = ()
    """Files that `agent-assist feedback export` wrote: SFT, preference or unpaired rows."""
    knowledge: Path | None = None
    """JSON Lines of articles; the passages that retrieval would have given are looked up in it."""
    company: str = ""
    voice: str = "friendly, plain and brief"
    languages: tuple[str, ...] = ()
    """Languages to keep; empty keeps all.  One config per language, or one for several together."""
    redact: bool = True
    min_words: int = Field(4, ge=1)
    max_words: int = Field(160, ge=5)
    near_duplicate: float = Field(0.8, gt=0, le=1)
    """Jaccard similarity of word 3-grams from which two replies are near-duplicates (MinHash)."""
    per_cluster: int = Field(3, ge=1)
    per_agent: float = Field(0.25, gt=0, le=1)
    """The largest share of the examples that one agent may have, where there are at least four agents."""
    held_out: float = Field(0.1, ge=0, lt=0.5)
    """Share of the connected components kept for measuring; the newest ones in time come first."""


class SftOptions(Section):
    rank: int = Field(16, ge=1, le=256)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(8, ge=1)
    accumulate: int = Field(1, ge=1)
    max_tokens: int = Field(640, ge=32)
    max_steps: int = -1
    cooldown: float = Field(0.35, gt=0, le=1)
    """Share of the steps at the end in which the learning rate falls to zero."""
    save_steps: int = Field(60, ge=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantised: bool = False
    """QLoRA: the base in 4 bits; CUDA only."""
    gradient_checkpointing: bool = False


class PreferenceOptions(Section):
    method: Literal["dpo", "kto", "none"] = "none"
    beta: float = Field(0.1, gt=0)
    learning_rate: float = Field(5e-5, gt=0)
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(4, ge=1)
    accumulate: int = Field(1, ge=1)
    max_tokens: int = Field(640, ge=32)
    max_steps: int = -1


class ExportOptions(Section):
    converter: Path | None = None
    """Folder with llama.cpp's convert_lora_to_gguf.py of exactly the served version."""
    merged: bool = False
    """Also write a merged Q8_0 model, for engines that load no adapters."""
    most_divergence: float = Field(0.05, gt=0)
    """Mean KL from the tuned model to the served one, in nats per token."""
    least_agreement: float = Field(0.93, gt=0, le=1)
    """Share of places where both choose the same token."""
    least_self_ended: float = Field(0.99, gt=0, le=1)
    replies: int = Field(40, ge=1)
    """Held-out prompts that the gates are measured on."""


class Config(Section):
    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    folder: Path
    """Where the stages of this run write; relative to the configuration file."""
    base: str = "package"
    """`package` (the model that comes with the application), a GGUF file, or a Hugging Face folder."""
    seed: int = 7
    prepare: PrepareOptions = PrepareOptions()
    sft: SftOptions = SftOptions()
    preference: PreferenceOptions = PreferenceOptions()
    export: ExportOptions = ExportOptions()
    evaluate: dict[str, Any] = Field(default_factory=dict)
    """Checked by the stage itself."""
    promote: dict[str, Any] = Field(default_factory=dict)


def read_config(path: Path) -> Config:
    """Raises BadInput with the first thing that is wrong; paths become absolute."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not valid YAML: {error}.", "Compare it with training/configs/.") from None
    if not isinstance(raw, dict):
        raise BadInput(f"{path} holds no settings.", "Compare it with training/configs/.")
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where}: {first['msg']}.", "Compare it with training/configs/.") from None
    return _absolute(config, path.resolve().parent)


def _absolute(config: Config, home: Path) -> Config:
    def at(path: Path) -> Path:
        return path if path.is_absolute() else home / path

    prepare = config.prepare.model_copy(
        update={
            "inputs": tuple(s.model_copy(update={"path": at(s.path)}) for s in config.prepare.inputs),
            "feedback": tuple(at(p) for p in config.prepare.feedback),
            "knowledge": at(config.prepare.knowledge) if config.prepare.knowledge else None,
        }
    )
    export = config.export
    if export.converter:
        export = export.model_copy(update={"converter": at(export.converter)})
    base = config.base if config.base == "package" else str(at(Path(config.base)))
    return config.model_copy(
        update={"folder": at(config.folder), "prepare": prepare, "export": export, "base": base}
    )
