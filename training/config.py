"""The configuration of one run: a YAML file, checked before anything starts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_assist.errors import BadInput

Format = Literal["auto", "jsonl", "csv", "mbox", "eml", "zendesk", "zammad", "rows", "parquet"]


class Section(BaseModel):
    """A part of the configuration; frozen, and an unknown name in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def checked(cls, given: Any, place: str) -> Self:
        """`given` as these options.  Raises BadInput with `place` and the first thing that is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadInput(f"{place}{where}: {first['msg']}.", "Compare it with training/configs/.") from None


class Source(Section):
    """One file, or a folder of files, to learn from."""

    path: Path
    format: Format = "auto"
    licence: str = "the company's own"
    consent: str = ""
    """On what ground the data may be learnt from; goes into the dataset card."""


class Window(Section):
    """A stretch of time, or what carries a tag, that counts more, less or not at all: a launch, a season,
    a policy that has changed."""

    name: str
    since: date | None = None
    until: date | None = None
    """The last day of it, included."""
    tags: tuple[str, ...] = ()
    """Only tickets with one of these tags; without any, all."""
    weight: float = Field(0.0, ge=0, le=10)
    """0 leaves out, 0.5 keeps every second one, 2 repeats each once."""

    def holds(self, moment: datetime | None, tags: tuple[str, ...]) -> bool:
        """Whether an example of that time and with those tags lies in it; without a date it lies in no
        window that has dates."""
        if self.tags and not set(self.tags) & set(tags):
            return False
        if self.since is None and self.until is None:
            return True
        if moment is None:
            return False
        day = moment.astimezone(UTC).date()
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)


class RayOptions(Section):
    """Where the runner `ray` works; without an address it starts on this machine alone."""

    address: str = ""
    """Of a running cluster, such as `auto` or `ray://host:10001`."""
    workers: int = Field(0, ge=0)
    """Processes that transform; 0 for one a core."""
    shards: Path | None = None
    """Folder for the Parquet shards, which all machines of a cluster must see."""
    rows: int = Field(2000, ge=1)
    """Records of a shard."""
    memory_mb: int = Field(200, ge=80)
    """Of Ray's object store, on one machine."""


class PrepareOptions(Section):
    """What examples are made of, which are left out, and how many of each kind stay."""

    inputs: tuple[Source, ...] = ()
    workspace: Path | None = None
    """Its feedback and articles are exported by the product's own commands, redacted, before each run."""
    feedback: tuple[Path, ...] = ()
    """Files that `agent-assist feedback export` wrote: SFT, preference or unpaired rows."""
    windows: tuple[Window, ...] = ()
    half_life_days: float | None = Field(None, gt=0)
    """After so many days an example counts half, counted from the newest one."""
    replay: float = Field(0.3, ge=0, le=1)
    """With `--since last`: share of what was learnt before that is learnt again, against forgetting."""
    knowledge: Path | None = None
    """JSON Lines of articles; the passages that retrieval would have given are looked up in it."""
    excerpts: bool | None = None
    """Whether a prompt shows the sentences of a passage that answer instead of all of it; without a value as
    the product does for the base: it shows them to small ones."""
    company: str = ""
    voice: str = "friendly, plain and brief"
    languages: tuple[str, ...] = ()
    """Languages to keep; empty keeps all.  One config per language, or one for several together."""
    redact: bool = True
    """Put placeholders for the personal data of `inputs`; feedback was redacted at its export."""
    min_words: int = Field(4, ge=1)
    max_words: int = Field(160, ge=5)
    rests: float = Field(0.4, ge=0, le=1)
    """Share of a reply's content words that its passage or the conversation must have; 0 takes all."""
    near_duplicate: float = Field(0.8, gt=0, le=1)
    """Jaccard similarity of word 3-grams from which two replies are near-duplicates (MinHash)."""
    per_cluster: int = Field(3, ge=1)
    """Near-duplicates that stay."""
    per_agent: float = Field(0.25, gt=0, le=1)
    """The largest share of the examples that one agent may have, where there are at least four agents."""
    held_out: float = Field(0.1, ge=0, lt=0.5)
    """Share of the connected components kept for measuring; the newest ones in time come first."""
    runner: Literal["plain", "ray"] = "plain"
    """`ray` spreads the work on single tickets over processes or machines; the files are the same."""
    ray: RayOptions = RayOptions()


class SftOptions(Section):
    """Supervised tuning of a LoRA adapter (Hu et al. 2021)."""

    start: str = "none"
    """What the adapter begins with: `none`, `champion` (the adapter that is in use: what it knows is kept and
    gone on from), or an adapter as GGUF.  Its rank and alpha are then kept."""
    rank: int = Field(16, ge=1, le=256)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(8, ge=1)
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients are added up before a step."""
    max_tokens: int = Field(640, ge=32)
    """Of an example; one that is longer loses the middle of its prompt."""
    max_steps: int = -1
    """0 or less for as many as `epochs` needs."""
    cooldown: float = Field(0.35, gt=0, le=1)
    """Share of the steps at the end in which the learning rate falls to zero."""
    save_steps: int = Field(60, ge=1)
    """Steps between two checkpoints, from which --resume goes on."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    quantised: bool = False
    """QLoRA: the base in 4 bits; CUDA only."""
    gradient_checkpointing: bool = False


class PreferenceOptions(Section):
    """DPO (Rafailov et al. 2023) on pairs, or KTO (Ethayarajh et al. 2024) on single judgements."""

    method: Literal["dpo", "kto", "none"] = "none"
    beta: float = Field(0.1, gt=0)
    """How strongly the tuned model is held to the one before."""
    learning_rate: float = Field(5e-5, gt=0)
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(4, ge=1)
    accumulate: int = Field(1, ge=1)
    max_tokens: int = Field(640, ge=32)
    max_steps: int = -1


class ExportOptions(Section):
    """The GGUF that is served, and the gates that it has to pass."""

    converter: Path | None = None
    """Folder with llama.cpp's convert_lora_to_gguf.py of exactly the served version."""
    merged: bool = False
    """Also write a merged Q8_0 model, for engines that load no adapters."""
    most_divergence: float = Field(0.05, gt=0)
    """Mean KL from the tuned model to the served one, in nats per token."""
    least_agreement: float = Field(0.93, gt=0, le=1)
    """Share of places where both choose the same token."""
    least_self_ended: float = Field(0.99, ge=0, le=1)
    """Share of the replies that end by themselves instead of at the limit."""
    replies: int = Field(40, ge=1)
    """Held-out prompts that the gates are measured on."""


class EncoderOptions(Section):
    """Tuning of the encoder on questions and the passages that answer them."""

    base: str = "all-MiniLM-L6-v2"
    """The packaged encoder, or a folder with safetensors weights."""
    knowledge: Path | None = None
    """Articles (JSON Lines or CSV) that are searched; those of `prepare` where none are named."""
    pairs: tuple[Path, ...] = ()
    """Questions with their articles: `feedback export --format retrieval`, or written by hand."""
    held_out: float = Field(0.25, gt=0, lt=0.9)
    """Share of the questions that are measured and never learnt from; split by what they are about."""
    negatives: int = Field(2, ge=1, le=8)
    """Mined passages beside each right one."""
    batch: int = Field(32, ge=2)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = -1
    learning_rate: float = Field(2e-5, gt=0)
    scale: float = Field(20.0, gt=0)
    """Of the cosines in the loss (inverse temperature)."""
    save_steps: int = Field(25, ge=1)
    whole: bool = False
    """Tune the word vectors, too."""
    product: bool = True
    """Measure in the product's own search as well, and open the gate by that."""
    measure: Literal["R@1", "R@5", "MRR"] = "R@1"
    """What must be gained."""


class ProbeOptions(Section):
    """Canaries: made-up secrets planted in a tuning of its own, whose adapter is thrown away."""

    each: int = Field(2, ge=1, le=50)
    """Secrets for every place and count of repetitions."""
    others: int = Field(200, ge=20)
    """Random codes that a secret is ranked among."""
    examples: int = Field(400, ge=0)
    """Of the run's examples, to plant them among; 0 takes all."""
    max_steps: int = -1


class Config(Section):
    """One run; paths are relative to the configuration file."""

    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    folder: Path
    """Where the stages of this run write; relative to the configuration file."""
    base: str = "package"
    """`package` (the model that comes with the application), a GGUF file, or a Hugging Face folder."""
    seed: int = 7
    """Of everything that is drawn or shuffled."""
    prepare: PrepareOptions = PrepareOptions()
    sft: SftOptions = SftOptions()
    preference: PreferenceOptions = PreferenceOptions()
    probe: ProbeOptions | None = None
    """Where it is given, `run` measures what the model gives away before it is promoted."""
    export: ExportOptions = ExportOptions()
    encoder: EncoderOptions | None = None
    """Tuning of the search; `run` leaves it out where nothing is said of it."""
    evaluate: dict[str, Any] = Field(default_factory=dict)
    """Checked by the stage itself."""
    promote: dict[str, Any] = Field(default_factory=dict)


_PATHS = frozenset({"cases", "intents", "knowledge", "champion", "canaries", "workspace", "models"})


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
    return _absolute(Config.checked(raw, f"{path}: "), path.resolve().parent)


def _absolute(config: Config, home: Path) -> Config:
    def at(path: Path) -> Path:
        return path if path.is_absolute() else home / path

    prepare = config.prepare.model_copy(
        update={
            "inputs": tuple(s.model_copy(update={"path": at(s.path)}) for s in config.prepare.inputs),
            "feedback": tuple(at(p) for p in config.prepare.feedback),
            "workspace": at(config.prepare.workspace) if config.prepare.workspace else None,
            "knowledge": at(config.prepare.knowledge) if config.prepare.knowledge else None,
            "ray": config.prepare.ray.model_copy(
                update={"shards": at(config.prepare.ray.shards) if config.prepare.ray.shards else None}
            ),
        }
    )
    sft = config.sft
    if sft.start not in ("none", "champion"):
        sft = sft.model_copy(update={"start": str(at(Path(sft.start)))})
    export = config.export
    if export.converter:
        export = export.model_copy(update={"converter": at(export.converter)})
    encoder = config.encoder
    if encoder:
        folder = at(Path(encoder.base))
        encoder = encoder.model_copy(
            update={
                "base": str(folder) if folder.is_dir() else encoder.base,
                "knowledge": at(encoder.knowledge) if encoder.knowledge else None,
                "pairs": tuple(at(p) for p in encoder.pairs),
            }
        )
    base = config.base if config.base == "package" else str(at(Path(config.base)))

    def all_at(section: dict[str, Any]) -> dict[str, Any]:
        """Paths of the sections that their stages check themselves."""
        made = dict(section)
        for name in _PATHS & made.keys():
            given = made[name]
            if isinstance(given, list):
                made[name] = [str(at(Path(str(one)))) for one in given]
            elif isinstance(given, str):
                made[name] = str(at(Path(given)))
        return made

    return config.model_copy(
        update={
            "folder": at(config.folder),
            "prepare": prepare,
            "sft": sft,
            "export": export,
            "encoder": encoder,
            "base": base,
            "evaluate": all_at(config.evaluate),
            "promote": all_at(config.promote),
        }
    )
