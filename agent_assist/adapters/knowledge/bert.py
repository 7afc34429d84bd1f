"""BERT sentence encoders, read with PyTorch, tokenizers and safetensors alone.

The default encoder and those tuned from it are plain BERTs behind mean pooling (Devlin et al. 2019;
Reimers and Gurevych 2019).  sentence-transformers opens them as well, but its imports, transformers'
among them, take some eight seconds of processor time and 300 MB at every start of the worker, and the
agent waits for them before the first draft.  PyTorch's own `TransformerEncoder` computes the same
vectors.  Any other encoder goes to sentence-transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

_MODULES: Final = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_BLOCK: Final = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}
"""A block's parts: BERT's name, and that of PyTorch's TransformerEncoderLayer."""


def is_plain_bert(folder: Path) -> bool:
    """Whether `BertEncoder` gives the vectors that sentence-transformers would give for this folder."""
    try:
        modules = _read(folder / "modules.json")
        model = _read(folder / "config.json")
        pooling = _read(folder / modules[1]["path"] / "config.json")
        tokenizer = _read(folder / "tokenizer_config.json")
        normalizer = _read(folder / "tokenizer.json")["normalizer"]
        own = _optional(folder / "sentence_bert_config.json")
        prompts = _optional(folder / "config_sentence_transformers.json")
        return all(
            (
                [m["type"].rpartition(".")[2] for m in modules] in _MODULES,
                modules[0]["path"] == "",
                (model["model_type"], model["hidden_act"]) == ("bert", "gelu"),
                model.get("position_embedding_type", "absolute") == "absolute",
                _mean_only(pooling),
                normalizer["type"] == "BertNormalizer",
                normalizer["lowercase"] == tokenizer.get("do_lower_case", True),
                not own.get("do_lower_case"),
                own.get("module_output_name", "token_embeddings") == "token_embeddings",
                prompts.get("default_prompt_name") is None,
                _plain_weights(folder / "model.safetensors"),
            )
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return False


def _mean_only(pooling: Mapping[str, Any]) -> bool:
    if pooling.get("include_prompt") is False:
        return False
    if "pooling_mode" in pooling:
        return bool(pooling["pooling_mode"] == "mean")
    chosen = [name for name, on in pooling.items() if name.startswith("pooling_mode_") and on]
    return chosen == ["pooling_mode_mean_tokens"]


def _plain_weights(file: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    name = "embeddings.word_embeddings.weight"
    try:
        with safe_open(file, framework="numpy") as weights:
            return name in weights.keys() and weights.get_slice(name).get_dtype() == "F32"  # noqa: SIM118
    except SafetensorError:
        return False


class BertEncoder:
    """A BERT behind mean pooling.

    Raises OSError, ValueError, KeyError or RuntimeError where the files do not belong together.
    """

    def __init__(self, folder: Path, device: str) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        config = _read(folder / "config.json")
        self._size = int(config["hidden_size"])
        self._epsilon = float(config["layer_norm_eps"])
        self.device = torch.device(device)
        self.prompts: dict[str, str | None] = _optional(folder / "config_sentence_transformers.json").get(
            "prompts", {}
        )
        weights = load_file(folder / "model.safetensors", device=device)
        self._words = weights["embeddings.word_embeddings.weight"]
        # A text is one segment, so that every token gets the first segment's vector.
        self._places = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = {part: weights[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias")}
        layers = int(config["num_hidden_layers"])
        with torch.device("meta"):
            layer = torch.nn.TransformerEncoderLayer(
                self._size,
                int(config["num_attention_heads"]),
                int(config["intermediate_size"]),
                dropout=0.0,
                activation="gelu",
                layer_norm_eps=self._epsilon,
                batch_first=True,
            )
            self._blocks = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self._blocks.load_state_dict(_blocks(weights, layers), assign=True)
        self._blocks.eval()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_longest(folder, len(self._places)))
        self._tokenizer.enable_padding(pad_id=int(config.get("pad_token_id") or 0))

    def encode(self, texts: Sequence[str], prompt: str, batch: int) -> NDArray[np.float32]:
        """One unit vector a text with `prompt` in front, (texts, hidden size).

        Texts are cut at the encoder's window; `batch` of them are computed at a time.
        """
        import numpy as np

        vectors = np.empty((len(texts), self._size), np.float32)
        # Texts of like length go together: a batch is as long as its longest.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), batch):
            some = order[start : start + batch]
            vectors[some] = self._vectors([prompt + texts[i] for i in some])
        return vectors

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        import torch
        from torch.nn import functional

        read = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([text.ids for text in read], device=self.device)
        mask = torch.tensor([text.attention_mask for text in read], device=self.device)
        with torch.inference_mode():
            states = self._words[ids] + self._places[: ids.shape[1]]
            states = functional.layer_norm(states, (self._size,), **self._norm, eps=self._epsilon)
            states = self._blocks(states, src_key_padding_mask=mask == 0)
            total = (states * mask[:, :, None]).sum(dim=1)
            # The mean's divisor is gone with the length, which is made one.
            vectors: NDArray[np.float32] = functional.normalize(total, dim=1).cpu().numpy()
        return vectors


def _blocks(weights: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The weights by PyTorch's names: query, key and value are one matrix there."""
    import torch

    named: dict[str, Tensor] = {}
    for number in range(layers):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        for part in ("weight", "bias"):
            named[f"{ours}.self_attn.in_proj_{part}"] = torch.cat(
                [weights[f"{theirs}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            )
            for name, known in _BLOCK.items():
                named[f"{ours}.{known}.{part}"] = weights[f"{theirs}.{name}.{part}"]
    return named


def _longest(folder: Path, places: int) -> int:
    """The tokens that are read of a text."""
    own = _optional(folder / "sentence_bert_config.json").get("max_seq_length")
    declared = own or _read(folder / "tokenizer_config.json").get("model_max_length") or places
    return min(int(declared), places)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _optional(path: Path) -> dict[str, Any]:
    return dict(_read(path)) if path.is_file() else {}
