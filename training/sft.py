"""The stage that tunes a LoRA adapter on the prepared examples."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from agent_assist.adapters.training_files import FORGOTTEN
from agent_assist.errors import AgentAssistError, BadInput, DiskFull
from training.base import base_path, hf_base, readable_base
from training.report import Report
from training.stage import Plan, Run, read_rows
from training.tuning import Row, Tuning, encode, load_tokenizer, tune

Done = TypeVar("Done")

TOKENS_PER_SECOND = 60
"""On two CPU cores with SmolLM2-135M in float32: only for the estimate of --dry-run."""


class OutOfMemory(AgentAssistError):
    """The card or the machine has too little memory for these options."""

    code = "out_of_memory"
    title = "There is too little memory"
    default_remedy = (
        "Lower `batch` or `max_tokens`, or set `gradient_checkpointing: true`, then run it with --resume."
    )


class LossNotANumber(AgentAssistError):
    """The loss is no number any more: what was tuned so far is of no use."""

    code = "loss_nan"
    title = "The training has come apart"
    default_remedy = "Lower `learning_rate` and run the stage again; the model in use is as it was."


def dtype_of(wanted: str) -> str:
    """bfloat16 where the machine computes in it; elsewhere it is several times slower than float32."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "float32"


def start_of(run: Run) -> Path | None:
    """The adapter that tuning goes on from, as it is served; None where it begins anew."""
    wanted = run.config.sft.start
    if wanted == "none":
        return None
    if wanted != "champion":
        if not Path(wanted).exists():
            raise BadInput(f"{wanted} is not there.", "Check `sft.start`.")
        return Path(wanted)
    if (run.folder / FORGOTTEN).exists():
        return None  # what is in use has learnt from somebody who was erased since
    from training.champion import adapter_in_use

    return adapter_in_use(run, base_path(run))


def begun_folder(adapter: Path, base: Path, folder: Path) -> Path:
    """The served adapter as PEFT reads it, for a base that is a folder."""
    from transformers import AutoConfig

    from training.adapters import peft_folder

    config = AutoConfig.from_pretrained(str(base))
    return peft_folder(adapter, folder, config.num_attention_heads, config.num_key_value_heads)


def tuning_of(run: Run) -> Tuning:
    """The options of the run as `training.tuning` takes them."""
    sft = run.config.sft
    return Tuning(
        rank=sft.rank,
        alpha=sft.alpha,
        dropout=sft.dropout,
        learning_rate=sft.learning_rate,
        epochs=sft.epochs,
        batch=sft.batch,
        accumulate=sft.accumulate,
        max_tokens=sft.max_tokens,
        max_steps=sft.max_steps,
        save_steps=sft.save_steps,
        cooldown=sft.cooldown,
        dtype=dtype_of(sft.dtype),
        quantised=sft.quantised,
        gradient_checkpointing=sft.gradient_checkpointing,
        seed=run.config.seed,
    )


class Sft:
    """Tunes on prepare's train.jsonl and writes the adapter; with `run.resume` it goes on from its last
    checkpoint."""

    name = "sft"

    def inputs(self, run: Run) -> list[Path]:
        begun = start_of(run)
        return [run.find("prepare", "train.jsonl"), base_path(run), *([begun] if begun else [])]

    def options(self, run: Run) -> Mapping[str, Any]:
        return run.config.sft.model_dump()

    def plan(self, run: Run) -> Plan:
        rows = _rows(run)
        tokenizer = load_tokenizer(readable_base(run))
        encoded = [encode(row, tokenizer, run.config.sft.max_tokens) for row in rows]
        lengths = sorted(len(e.ids) for e in encoded)
        learnt = sum(len(e.ids) - e.start for e in encoded)
        total = sum(lengths) * run.config.sft.epochs
        return Plan(
            counts={
                "examples": len(rows),
                "tokens": sum(lengths),
                "of them learnt": learnt,
                "tokens of the median example": lengths[len(lengths) // 2],
                "tokens of the longest example": lengths[-1],
            },
            seconds=total / TOKENS_PER_SECOND,
            examples=tuple(with_mask(row, tokenizer, run.config.sft.max_tokens) for row in rows[:3]),
        )

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        rows = _rows(run)
        run.say(f"sft: {len(rows)} examples")
        options = tuning_of(run)
        base: Path = guarded(lambda: hf_base(run))
        begun = start_of(run)
        if begun is None and run.config.sft.start == "champion" and (run.folder / FORGOTTEN).exists():
            run.say("sft: begins anew, without somebody who was erased")
        if begun:
            run.say(f"sft: goes on from {begun.name}")
            options = replace(options, start=str(begun_folder(begun, base, out / "start")))
        figures = guarded(lambda: tune(base, rows, out, options, resume=run.resume, say=run.say))
        _report(run, rows, out, figures)
        return figures


def _report(run: Run, rows: list[Row], out: Path, figures: Mapping[str, Any]) -> None:
    report = Report(f"How the adapter of “{run.config.name}” was tuned")
    report.table("Figures", [*figures.items(), *run.config.sft.model_dump().items()])
    steps = [step for step in read_rows(out / "steps.jsonl") if "loss" in step]
    report.line("Loss", [(step["step"], step["loss"]) for step in steps], "steps")
    report.line("Learning rate", [(step["step"], step["learning_rate"]) for step in steps], "steps")
    tokenizer = load_tokenizer(readable_base(run))
    shown = [with_mask(row, tokenizer, run.config.sft.max_tokens) for row in rows[:3]]
    report.examples("What is learnt (marked)", shown)
    report.write(out / "report.html")


def guarded(work: Callable[[], Done]) -> Done:
    """Run `work`, turning what a training run dies of into a sentence with a remedy."""
    try:
        return work()
    except (torch.OutOfMemoryError, MemoryError):
        raise OutOfMemory("The examples do not fit into memory.") from None
    except FloatingPointError as error:
        raise LossNotANumber(str(error)) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull("There is no space left for the checkpoints.") from None
        raise
    except RuntimeError as error:
        text = str(error).lower()
        if "out of memory" in text or "can't allocate memory" in text:
            raise OutOfMemory("The examples do not fit into memory.") from None
        if "no space left" in text or "enforce fail" in text:
            raise DiskFull("There is no space left for the checkpoints.") from None
        raise


def _rows(run: Run) -> list[Row]:
    rows = read_rows(run.find("prepare", "train.jsonl"))
    if not rows:
        raise BadInput(
            "There are no examples to learn from.",
            "Look at the report of `prepare`: it says what was left out and why.",
        )
    return rows


def with_mask(row: Row, tokenizer: Any, max_tokens: int) -> str:
    """The rendered example; what is learnt stands between ⟦ and ⟧."""
    one = encode(row, tokenizer, max_tokens)
    return f"{tokenizer.decode(one.ids[: one.start])}⟦{tokenizer.decode(one.ids[one.start :])}⟧"
