"""The stage that learns from what agents preferred: DPO on pairs, KTO on single judgements."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from agent_assist.errors import BadInput
from training.base import base_path, hf_base
from training.sft import dtype_of, guarded
from training.stage import Plan, Run, last_checkpoint, read_rows, write_json
from training.tuning import Row, load_base, say_steps, without_figures

_FEWEST = 8
"""Rows under which preference learning only memorises."""


class Preference:
    """Goes on from the adapter of `sft`; without a method it does nothing, and that one is exported."""

    name = "preference"

    def inputs(self, run: Run) -> list[Path]:
        if run.config.preference.method == "none":
            return []
        return [_file(run), run.find("sft", "adapter"), base_path(run)]

    def options(self, run: Run) -> Mapping[str, Any]:
        return run.config.preference.model_dump()

    def plan(self, run: Run) -> Plan:
        method = run.config.preference.method
        return Plan(counts={f"rows for {method}": len(read_rows(_file(run))) if method != "none" else 0})

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        options = run.config.preference
        if options.method == "none":
            run.say("preference: the configuration asks for none")
            return {"method": "none"}
        rows = read_rows(_file(run))
        check(rows, options.method)
        random.Random(run.config.seed).shuffle(rows)  # KTO reads its rows in order
        return guarded(lambda: _train(run, rows, out))


def check(rows: Sequence[Row], method: str) -> None:
    """Raises BadInput where there is too little, or only one side of it."""
    if len(rows) < _FEWEST:
        raise BadInput(
            f"There are {len(rows)} rows for {method.upper()}, and it takes at least {_FEWEST}.",
            "Collect more edits and ratings, or set `preference.method: none`.",
        )
    if method == "kto" and len(sides := Counter(row["label"] for row in rows)) < 2:
        side = "accepted" if True in sides else "rejected"
        raise BadInput(
            f"All rows for KTO are {side} drafts: there is nothing to tell good from bad by.",
            "Export feedback of a longer time, or set `preference.method: none`.",
        )


def _file(run: Run) -> Path:
    dpo = run.config.preference.method == "dpo"
    return run.find("prepare", "preference.jsonl" if dpo else "unpaired.jsonl")


def _train(run: Run, rows: Sequence[Row], out: Path) -> dict[str, Any]:
    """Goes on from the SFT adapter, which is also what the new one is kept near to."""
    from datasets import Dataset
    from peft import PeftModel

    options = run.config.preference
    model, tokenizer = load_base(hf_base(run), dtype_of(run.config.sft.dtype))
    tuned = PeftModel.from_pretrained(model, str(run.find("sft", "adapter")), is_trainable=True)
    columns = (
        ("prompt", "chosen", "rejected") if options.method == "dpo" else ("prompt", "completion", "label")
    )
    data = Dataset.from_list([{name: row[name] for name in columns} for row in rows])
    arguments: dict[str, Any] = {
        "output_dir": str(out / "checkpoints"),
        "per_device_train_batch_size": options.batch,
        "gradient_accumulation_steps": options.accumulate,
        "num_train_epochs": options.epochs,
        "max_steps": options.max_steps,
        "learning_rate": options.learning_rate,
        "beta": options.beta,
        "max_length": options.max_tokens,
        "logging_steps": 1,
        "save_steps": 60,
        "save_total_limit": 2,
        "report_to": "none",
        "bf16": False,
        "use_cpu": not torch.cuda.is_available(),
        "seed": run.config.seed,
    }
    if options.method == "dpo":
        from trl import DPOConfig, DPOTrainer

        trainer: Any = DPOTrainer(
            model=tuned, args=DPOConfig(**arguments), train_dataset=data, processing_class=tokenizer
        )
    else:
        from trl import KTOConfig, KTOTrainer

        trainer = KTOTrainer(
            model=tuned, args=KTOConfig(**arguments), train_dataset=data, processing_class=tokenizer
        )
    trainer.add_callback(say_steps("preference", out / "steps.jsonl", run.say))
    without_figures(trainer)
    trained = trainer.train(resume_from_checkpoint=last_checkpoint(out) if run.resume else None)
    trainer.save_model(str(out / "adapter"))
    figures = {"method": options.method, "rows": len(rows), "loss": round(trained.training_loss, 4)}
    write_json(out / "figures.json", figures)
    return figures
