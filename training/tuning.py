"""LoRA tuning of a causal model on prompt/completion rows, with TRL's trainer.

Two things are done differently from TRL's own loop, both without changing what is learnt:

- Examples of one batch share their beginning (the system message is the same for the whole workspace): it is
  read once, and the examples stand behind it in one row.  An attention mask lets each see the shared
  beginning and itself alone; positions go on from the shared beginning.
- The vocabulary's logits, a fifth of a small model's work, are made only where a label is.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, ProgressCallback, TrainerCallback, set_seed

from agent_assist.errors import BadInput
from training.stage import last_checkpoint

Row = dict[str, Any]

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""What llama.cpp's converter carries over: nothing else may be tuned."""

IGNORED = -100


@dataclass(frozen=True)
class Tuning:
    """The options of one LoRA run; the defaults are those of the shipped adapter."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 1e-3
    epochs: float = 1.0
    batch: int = 8
    """Examples read in one row."""
    accumulate: int = 1
    warmup: float = 0.03
    max_tokens: int = 640
    """Of one example; longer ones lose the beginning of their ticket, never the end of the reply."""
    dtype: str = "float32"
    seed: int = 7
    save_steps: int = 60
    max_steps: int = -1
    cooldown: float = 0.35
    """Share of the steps at the end in which the learning rate falls to zero.  Until then it is constant, so
    that a run that must end early is resumed with fewer steps."""
    quantised: bool = False
    gradient_checkpointing: bool = False
    start: str = ""
    """Folder of a PEFT adapter to go on from; its rank and alpha are kept."""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """Token ids of one example and where its completion begins."""

    ids: tuple[int, ...]
    start: int


def encode(row: Row, tokenizer: Any, max_tokens: int) -> Encoded:
    """One example as the product serves it: the chat template, then the reply and its end-of-turn token.

    Where it is too long the middle of the prompt's last message goes, so that the end stays whole.
    Raises ValueError where even the reply alone does not fit.
    """
    prompt = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
    head = list(tokenizer(prompt, add_special_tokens=False).input_ids)
    reply = list(tokenizer(row["completion"][0]["content"], add_special_tokens=False).input_ids)
    reply.append(tokenizer.eos_token_id)
    room = max_tokens - len(reply)
    if room < 16:
        raise ValueError("the reply alone is longer than the longest example")
    if len(head) > room:
        half = room // 2
        head = head[:half] + head[len(head) - (room - half) :]
    return Encoded((*head, *reply), len(head))


def shared_length(batch: Sequence[Encoded]) -> int:
    """Tokens at the beginning that all examples have in common, before any completion."""
    if len(batch) < 2:
        return 0
    limit = min(e.start for e in batch) - 1
    first = batch[0].ids
    for place in range(limit):
        if any(e.ids[place] != first[place] for e in batch[1:]):
            return place
    return max(limit, 0)


def pack(batch: Sequence[Encoded], dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """One row of ids with positions, mask, and the places whose next token is learnt."""
    shared = shared_length(batch)
    ids = list(batch[0].ids[:shared])
    positions = list(range(shared))
    spans: list[tuple[int, int]] = []
    places: list[int] = []
    labels: list[int] = []
    for one in batch:
        begin = len(ids)
        ids += one.ids[shared:]
        positions += range(shared, len(one.ids))
        spans.append((begin, len(ids)))
        for token in range(one.start, len(one.ids)):
            places.append(begin + token - shared - 1)
            labels.append(one.ids[token])
    size = len(ids)
    seen = torch.zeros(size, size, dtype=torch.bool)
    seen[:, :shared] = True
    for begin, end in spans:
        seen[begin:end, begin:end] = True
    seen &= torch.ones(size, size, dtype=torch.bool).tril()
    mask = torch.zeros(size, size, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "attention_mask": mask[None, None],
        "places": torch.tensor(places),
        "targets": torch.tensor(labels),
    }


def completion_loss(model: Any, inputs: Mapping[str, torch.Tensor], items: Any = None) -> torch.Tensor:
    """Mean cross entropy of the completions' tokens; logits are made for them alone."""
    out = model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        attention_mask=inputs["attention_mask"],
        logits_to_keep=inputs["places"],
        use_cache=False,
    )
    loss = torch.nn.functional.cross_entropy(
        out.logits[0].float(), inputs["targets"], reduction="mean" if items is None else "sum"
    )
    if items is not None:
        loss = loss / items
    if not torch.isfinite(loss):
        raise FloatingPointError("The loss is not a number.")
    return loss


def load_tokenizer(base: Path) -> Any:
    """The tokenizer of a Hugging Face folder or of a GGUF file."""
    if base.suffix == ".gguf":
        return AutoTokenizer.from_pretrained(str(base.parent), gguf_file=base.name)
    return AutoTokenizer.from_pretrained(str(base))


def load_base(base: Path, dtype: str, *, quantised: bool = False) -> tuple[Any, Any]:
    """Model and tokenizer of a Hugging Face folder, or of a GGUF file, which is dequantised.

    `quantised` loads a folder in 4 bits (NF4), which takes a CUDA card.
    """
    kind = getattr(torch, dtype)
    given: dict[str, Any] = {"dtype": kind}
    if base.suffix == ".gguf":
        from transformers import GgufConfig

        given |= {"gguf_file": base.name, "quantization_config": GgufConfig(dequantize=True)}
    elif quantised:
        if not torch.cuda.is_available():
            raise BadInput("QLoRA takes a CUDA card.", "Set `quantised: false`.")
        from transformers import BitsAndBytesConfig

        given["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=kind,
        )
    folder = str(base.parent if base.suffix == ".gguf" else base)
    return AutoModelForCausalLM.from_pretrained(folder, **given), load_tokenizer(base)


def grouped(rows: Sequence[Row], batch: int, seed: int) -> list[Row]:
    """Rows in an order where neighbours of one batch share their system message; seeded."""
    rng = random.Random(seed)
    by_system: dict[str, list[Row]] = {}
    for row in rows:
        by_system.setdefault(row["prompt"][0]["content"], []).append(row)
    batches: list[list[Row]] = []
    rest: list[Row] = []
    for same in by_system.values():
        rng.shuffle(same)
        whole = len(same) - len(same) % batch
        batches += [same[i : i + batch] for i in range(0, whole, batch)]
        rest += same[whole:]
    batches += [rest[i : i + batch] for i in range(0, len(rest), batch)]
    last = batches.pop() if batches and len(batches[-1]) < batch else None
    rng.shuffle(batches)
    return [row for one in (*batches, *([last] if last else [])) for row in one]


class _Told(TrainerCallback):
    """One line of JSON for each logged step: followed with `tail -f`, read by the report."""

    def __init__(self, path: Path, say: Callable[[str], None], stage: str = "sft") -> None:
        self._stage = stage
        self._path = path
        self._say = say
        self._began = time.monotonic()
        self._first = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._first = state.global_step
        self._began = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        line = {
            "step": state.global_step,
            "of": state.max_steps,
            "s": round(time.monotonic() - self._began, 1),
        }
        line |= {k: v for k, v in (logs or {}).items() if isinstance(v, int | float)}
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
        if "loss" in line:
            a_step = line["s"] / max(1, state.global_step - self._first)
            left = (state.max_steps - state.global_step) * a_step / 60
            where = f"step {line['step']} of {line['of']}"
            self._say(f"{self._stage}: {where}, loss {line['loss']:.3f}, {left:.0f} min left")


class _Bar(ProgressCallback):
    """The bar alone: what is logged is said in words by `_Told`."""

    def on_log(self, *_: Any, **__: Any) -> None:
        return


def without_figures(trainer: Any) -> None:
    """Have a trainer show its bar and print no dictionaries of figures between."""
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(_Bar())


def say_steps(stage: str, path: Path, say: Callable[[str], None]) -> TrainerCallback:
    """A callback that writes each logged step to `path` and says it."""
    return _Told(path, say, stage)


def lora_of(rank: int, alpha: int, dropout: float) -> Any:
    """Plain LoRA on all linear layers: what the converter carries over exactly."""
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=list(LINEAR),
        task_type="CAUSAL_LM",
        use_rslora=False,
        use_dora=False,
    )


def steps_of(examples: int, batch: int, epochs: float, most: int) -> int:
    """Steps of the optimiser that these many examples take, `batch` of them each; `most` steps where it is
    more than 0."""
    return most if most > 0 else max(1, math.ceil(examples / batch * epochs))


def tune(
    base: Path,
    rows: Sequence[Row],
    out: Path,
    options: Tuning,
    *,
    resume: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Train an adapter into `out`/adapter; returns figures.

    `resume` goes on from the last checkpoint in `out`.  Raises FloatingPointError where the loss is no
    number, and what torch raises where memory or disk end.
    """
    from datasets import Dataset
    from trl import SFTTrainer

    set_seed(options.seed)
    model, tokenizer = load_base(base, options.dtype, quantised=options.quantised)
    if options.start:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, options.start, is_trainable=True)
    kind = getattr(torch, options.dtype)
    encoded = [
        encode(row, tokenizer, options.max_tokens) for row in grouped(rows, options.batch, options.seed)
    ]

    class Packed(SFTTrainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss = completion_loss(model, inputs)
            return (loss, None) if return_outputs else loss

        def _get_train_sampler(self, *_: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    steps = steps_of(len(encoded), options.batch * options.accumulate, options.epochs, options.max_steps)
    trainer = Packed(
        model=model,
        args=_arguments(out, steps, options),
        train_dataset=Dataset.from_dict(
            {"input_ids": [list(e.ids) for e in encoded], "start": [e.start for e in encoded]}
        ),
        processing_class=tokenizer,
        data_collator=lambda rows: pack([Encoded(tuple(r["input_ids"]), r["start"]) for r in rows], kind),
        peft_config=None if options.start else lora_of(options.rank, options.alpha, options.dropout),
        callbacks=[_Told(out / "steps.jsonl", say)],
    )
    without_figures(trainer)
    trained = trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    trainer.save_model(str(out / "adapter"))
    return {
        "examples": len(encoded),
        "steps": trainer.state.global_step,
        "loss": round(trained.training_loss, 4),
        "adapter": str(out / "adapter"),
    }


def _arguments(out: Path, steps: int, options: Tuning) -> Any:
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(out / "checkpoints"),
        per_device_train_batch_size=options.batch,
        gradient_accumulation_steps=options.accumulate,
        max_steps=steps,
        learning_rate=options.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": max(1, int(options.cooldown * steps))},
        warmup_steps=max(1, int(options.warmup * steps)),
        weight_decay=0.0,
        max_grad_norm=1.0,
        logging_steps=5,
        logging_first_step=True,
        save_steps=options.save_steps,
        save_total_limit=3,
        bf16=options.dtype == "bfloat16" and torch.cuda.is_available(),
        fp16=options.dtype == "float16",
        use_cpu=not (torch.cuda.is_available() or torch.backends.mps.is_available()),
        gradient_checkpointing=options.gradient_checkpointing,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        report_to="none",
        seed=options.seed,
        **options.extra,
    )
