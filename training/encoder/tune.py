"""Tuning the encoder with sentence-transformers' trainer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from training.config import EncoderOptions
from training.encoder.mining import Example
from training.stage import last_checkpoint
from training.tuning import say_steps, steps_of

MANIFEST = "encoder.json"
"""Beside the weights: the hash of every file, and whether the gate let it pass."""


def load(folder: Path) -> Any:
    """The trainable model; weights are read from safetensors only and no code comes with them."""
    from sentence_transformers import SentenceTransformer

    cpu = not (torch.cuda.is_available() or torch.backends.mps.is_available())
    return SentenceTransformer(
        str(folder),
        device="cpu" if cpu else None,
        trust_remote_code=False,
        local_files_only=True,
        model_kwargs={"use_safetensors": True},
    )


def tune(
    base: Path,
    examples: Sequence[Example],
    out: Path,
    options: EncoderOptions,
    seed: int,
    *,
    resume: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Train into `out`/encoder; returns figures.

    The loss is MultipleNegativesRankingLoss (Henderson et al. 2017): the right passage against the other
    questions' passages and the mined ones.  Word vectors stay as they are unless `whole`: a few hundred
    questions do not hold the words that the next customers use.  `resume` goes on from the last checkpoint.
    Raises FloatingPointError where the loss is no number, and what torch raises where memory or disk end.
    """
    from datasets import Dataset
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

    set_seed(seed)
    model = load(base)
    if not options.whole:
        for name, weights in model.named_parameters():
            if ".embeddings." in name:
                weights.requires_grad_(False)
    loss = MultipleNegativesRankingLoss(model, scale=options.scale)

    class Watched(SentenceTransformerTrainer):
        def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
            found = super().compute_loss(*args, **kwargs)
            value = found[0] if isinstance(found, tuple) else found
            if not torch.isfinite(value):
                raise FloatingPointError("The loss is not a number.")
            return found

    steps = steps_of(len(examples), options.batch, options.epochs, options.max_steps)
    trainer = Watched(
        model=model,
        args=_arguments(out, steps, options, seed),
        train_dataset=Dataset.from_list([dict(e.row()) for e in examples]),
        loss=loss,
        callbacks=[say_steps("encoder", out / "steps.jsonl", say)],
    )
    trained = trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    target = out / "encoder"
    # Without the card, which would look for its base on the hub.
    model.save_pretrained(str(target), create_model_card=False, safe_serialization=True)
    seal(target, {"base": base.name, "examples": len(examples)})
    return {
        "examples": len(examples),
        "steps": trainer.state.global_step,
        "loss": round(trained.training_loss, 4),
    }


def seal(folder: Path, facts: dict[str, Any]) -> str:
    """Write the manifest with the hash of every file; returns the digest that names this encoder."""
    files = {
        str(p.relative_to(folder).as_posix()): _sha256(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != MANIFEST
    }
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    text = json.dumps({"digest": digest, "files": files, **facts}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arguments(out: Path, steps: int, options: EncoderOptions, seed: int) -> Any:
    from sentence_transformers.base.sampler import BatchSamplers
    from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=str(out / "checkpoints"),
        per_device_train_batch_size=options.batch,
        max_steps=steps,
        learning_rate=options.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=max(1, steps // 10),
        weight_decay=0.01,
        max_grad_norm=1.0,
        # The same passage twice in a batch would be right and wrong at once.
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        logging_steps=5,
        logging_first_step=True,
        save_steps=options.save_steps,
        save_total_limit=2,
        use_cpu=not (torch.cuda.is_available() or torch.backends.mps.is_available()),
        report_to="none",
        seed=seed,
    )
