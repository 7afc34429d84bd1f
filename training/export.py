"""The stage that makes what is served of what was tuned, and measures whether it is the same.

The adapter is converted by llama.cpp's own converter and served on the original quantised base: merging and
quantising again loses most of what was learnt (KL 0.16 to 1.9 nats for 4-bit types, against 0.007).
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.adapters.inference.files import LocalModelFiles
from agent_assist.domain.model import (
    ChatMessage,
    Finished,
    GenerationRequest,
    ModelRecord,
    StopReason,
)
from agent_assist.errors import AgentAssistError, BadInput
from agent_assist.files import replacing
from agent_assist.settings import ModelOptions
from training.base import base_path, hf_base
from training.config import ExportOptions
from training.converter import default_folder, version
from training.sft import dtype_of, guarded
from training.stage import Plan, Run, hash_of, read_rows, write_json
from training.tuning import Row, encode, load_base, load_tokenizer

_REPLY_TOKENS = 160


class GateClosed(AgentAssistError):
    """The served model differs from the tuned one by more than the options allow."""

    code = "export_gate"
    title = "The converted model is not the tuned one"
    default_remedy = "Look at gates.json in the stage's folder.  The model in use is as it was."


class Export:
    """Writes adapter.gguf and gates.json.  Raises GateClosed."""

    name = "export"

    def inputs(self, run: Run) -> list[Path]:
        return [tuned_adapter(run), run.find("prepare", "held.jsonl"), base_path(run)]

    def options(self, run: Run) -> Mapping[str, Any]:
        return run.config.export.model_dump(mode="json")

    def plan(self, run: Run) -> Plan:
        return Plan(counts={"held-out prompts for the gates": len(_held(run, run.config.export.replies))})

    def execute(self, run: Run, out: Path) -> Mapping[str, Any]:
        options = run.config.export
        adapter = tuned_adapter(run)
        base = guarded(lambda: hf_base(run))
        target = out / "adapter.gguf"
        convert_adapter(converter(options), base, adapter, target)
        rows = _held(run, options.replies)
        served = base_path(run)
        if served.suffix != ".gguf":
            raise BadInput(
                "The adapter has no quantised base to be served on.", "Set `base` to the GGUF that is served."
            )
        record = LocalModelFiles().inspect(served, target)
        figures = gates(record, base, adapter, rows, dtype_of(run.config.sft.dtype), run.say)
        figures |= {"adapter_sha256": hash_of(target), "adapter_bytes": target.stat().st_size}
        write_json(out / "gates.json", figures)
        if options.merged:
            figures["merged"] = str(merge(converter(options), base, adapter, out))
        refuse(figures, options)
        return figures


def tuned_adapter(run: Run) -> Path:
    """The adapter of the preference stage where it ran, else that of SFT."""
    preferred = run.place("preference") / "adapter"
    return preferred if preferred.exists() else run.find("sft", "adapter")


def converter(options: ExportOptions) -> Path:
    """The folder with llama.cpp's converters; raises BadInput where they are not there."""
    folder = options.converter or default_folder()
    if folder is None or not (folder / "convert_lora_to_gguf.py").exists():
        raise BadInput(
            f"llama.cpp's converter of the served version (llama-cpp-python {version()}) is not there.",
            "Run `python -m training converter`, which fetches it by `pip download` of that source package; "
            "or unpack the package yourself and set `export.converter` to its vendor/llama.cpp folder.",
        )
    return folder


def convert_adapter(folder: Path, base: Path, adapter: Path, target: Path) -> None:
    """Write the adapter as GGUF in 16 bits; raises BadInput with the converter's last words."""
    with replacing(target) as temporary:
        _convert(
            folder / "convert_lora_to_gguf.py",
            adapter,
            *("--base", base),
            *("--outtype", "f16"),
            *("--outfile", temporary),
        )


def merge(folder: Path, base: Path, adapter: Path, out: Path) -> Path:
    """The adapter merged into the base, in 8 bits: for engines that load no adapters."""
    from peft import PeftModel

    model, tokenizer = load_base(base, "float32")
    whole = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged = out / "merged"
    whole.save_pretrained(merged)
    tokenizer.save_pretrained(merged)
    target = out / "merged-q8_0.gguf"
    _convert(folder / "convert_hf_to_gguf.py", merged, "--outtype", "q8_0", "--outfile", target)
    return target


def _convert(script: Path, *arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BadInput(f"llama.cpp's converter failed: {last}", "Only plain LoRA on linear layers converts.")


# --- gates ----------------------------------------------------------------------------------------


def gates(
    record: ModelRecord,
    base: Path,
    adapter: Path,
    rows: Sequence[Row],
    dtype: str,
    say: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """How far what is served is from what was tuned, on prompts that training did not see.

    `kl`: mean KL(tuned ‖ served) in nats per token of the reply; `top1`: share of places where both put the
    same token first; `self_ended`: share of greedy replies that end before the limit; `same_ids`: share of
    prompts whose token ids are identical in training and in the worker that serves.
    """
    if not rows:
        raise BadInput("There are no held-out prompts to measure on.", "Raise `prepare.held_out`.")
    tokenizer = load_tokenizer(base)
    encoded = [encode(row, tokenizer, 1024) for row in rows]
    say(f"export: measuring on {len(rows)} held-out prompts")
    tuned = _tuned_logits(base, adapter, encoded, dtype)
    served = _served_logits(record, encoded)
    divergence, agreement = compare(tuned, served)
    ended, same = _replies(record, rows, encoded)
    return {"prompts": len(rows), "kl": divergence, "top1": agreement, "self_ended": ended, "same_ids": same}


def compare(
    tuned: Sequence[np.ndarray[Any, Any]], served: Sequence[np.ndarray[Any, Any]]
) -> tuple[float, float]:
    """(mean KL in nats, share of equal top tokens) of two lists of logit rows."""
    divergence: list[float] = []
    equal: list[bool] = []
    for one, other in zip(tuned, served, strict=True):
        p, q = _log_softmax(one), _log_softmax(other)
        divergence += (np.exp(p) * (p - q)).sum(-1).tolist()
        equal += (one.argmax(-1) == other.argmax(-1)).tolist()
    return round(float(np.mean(divergence)), 5), round(float(np.mean(equal)), 4)


def _log_softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    values = logits.astype(np.float64)
    values = values - values.max(-1, keepdims=True)
    return np.asarray(values - np.log(np.exp(values).sum(-1, keepdims=True)))


def _tuned_logits(
    base: Path, adapter: Path, encoded: Sequence[Any], dtype: str
) -> list[np.ndarray[Any, Any]]:
    import torch
    from peft import PeftModel

    model = PeftModel.from_pretrained(load_base(base, dtype)[0], str(adapter)).eval()
    found = []
    with torch.no_grad():
        for one in encoded:
            places = torch.arange(one.start - 1, len(one.ids) - 1)
            out = model(input_ids=torch.tensor([one.ids]), logits_to_keep=places, use_cache=False)
            found.append(out.logits[0].float().numpy())
    return found


def _served_logits(record: ModelRecord, encoded: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    from llama_cpp import Llama

    size = max(len(one.ids) for one in encoded) + 8
    model = Llama(
        record.path,
        lora_path=record.adapter_path or None,
        n_ctx=size,
        n_batch=size,
        logits_all=True,
        verbose=False,
        n_threads=2,
    )
    found = []
    for one in encoded:
        model.reset()
        model.eval(list(one.ids))
        found.append(np.array(model.scores[one.start - 1 : len(one.ids) - 1]))
    model.close()
    return found


def _replies(record: ModelRecord, rows: Sequence[Row], encoded: Sequence[Any]) -> tuple[float, float]:
    """Share of greedy replies that end by themselves, and of prompts with the same token ids."""
    client = InferenceClient(lambda: ModelOptions(context_tokens=2048))
    ended = same = 0
    try:
        client.load(record)
        for row, one in zip(rows, encoded, strict=True):
            request = GenerationRequest(
                messages=tuple(ChatMessage(m["role"], m["content"]) for m in row["prompt"]),
                conversation="gate",
                max_tokens=_REPLY_TOKENS,
                temperature=0.0,
                candidates=1,
            )
            ids, _ = client.prompt_tokens(request)
            same += tuple(ids) == one.ids[: one.start]
            for event in client.generate(request, threading.Event()):
                if isinstance(event, Finished):
                    ended += event.candidates[0].stop_reason is StopReason.END
    finally:
        client.close()
    return round(ended / len(rows), 4), round(same / len(rows), 4)


def refuse(figures: Mapping[str, Any], options: ExportOptions) -> None:
    """Raises GateClosed where a figure is beyond what is allowed."""
    problems = []
    if figures["same_ids"] < 1:
        problems.append(f"{1 - figures['same_ids']:.0%} of the prompts have other token ids when served")
    if figures["kl"] > options.most_divergence:
        problems.append(f"KL {figures['kl']} is over {options.most_divergence}")
    if figures["top1"] < options.least_agreement:
        problems.append(f"top-1 agreement {figures['top1']} is under {options.least_agreement}")
    if figures["self_ended"] < options.least_self_ended:
        problems.append(f"only {figures['self_ended']:.1%} of the replies end by themselves")
    if problems:
        raise GateClosed(f"The export was refused: {'; '.join(problems)}.")


def _held(run: Run, most: int) -> list[Row]:
    return [r for r in read_rows(run.find("prepare", "held.jsonl")) if "completion" in r][:most]
