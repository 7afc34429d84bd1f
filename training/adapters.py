"""A served LoRA adapter (GGUF) as one that PEFT goes on with: what was learnt before is the beginning.

The reverse of llama.cpp's convert_lora_to_gguf.py for plain LoRA: names are mapped back, and for models of
the family “llama” the rows of q and k, which llama.cpp keeps in another order, are put back (its
`LlamaModel.permute`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from agent_assist.errors import BadInput

_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_PERMUTED = frozenset({"llama", "mistral3"})
"""Architectures whose q and k llama.cpp reorders."""


def peft_folder(adapter: Path, folder: Path, heads: int, kv_heads: int) -> Path:
    """Write the adapter as PEFT reads it into `folder`; heads are those of the base.

    Raises BadInput where it is no plain LoRA adapter.
    """
    from gguf import GGUFReader
    from safetensors.numpy import save_file

    try:
        reader = GGUFReader(str(adapter))
        family = _text(reader, "general.architecture")
        alpha = float(reader.fields["adapter.lora.alpha"].contents())
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise BadInput(f"{adapter.name} cannot be gone on from: {error}.", "Set `sft.start: none`.") from None
    weights: dict[str, Any] = {}
    ranks, targets = set(), set()
    for tensor in reader.tensors:
        block, _, rest = tensor.name.removeprefix("blk.").partition(".")
        part, _, side = rest.partition(".weight.")
        if part not in _NAMES or side not in ("lora_a", "lora_b"):
            raise BadInput(
                f"{adapter.name} tunes {tensor.name}, which is not gone on from.", "Set `sft.start: none`."
            )
        values = np.array(tensor.data, dtype=np.float32)
        if side == "lora_b" and family in _PERMUTED and part in ("attn_q", "attn_k"):
            values = unpermuted(values, heads if part == "attn_q" else kv_heads)
        ranks.add(values.shape[0] if side == "lora_a" else values.shape[1])
        targets.add(_NAMES[part].rpartition(".")[2])
        name = "lora_A" if side == "lora_a" else "lora_B"
        weights[f"base_model.model.model.layers.{block}.{_NAMES[part]}.{name}.weight"] = values
    if len(ranks) != 1:
        raise BadInput(f"{adapter.name} has no single rank.", "Set `sft.start: none`.")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, str(folder / "adapter_model.safetensors"))
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": ranks.pop(),
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(targets),
        "inference_mode": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    return folder


def unpermuted(values: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows as Hugging Face has them: the halves of each head's rotation one after the other."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, half, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _text(reader: Any, name: str) -> str:
    return str(reader.fields[name].contents())
