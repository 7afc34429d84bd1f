"""A tiny random model with a real tokenizer and chat template, and exports to prepare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_TEXTS = (
    "You are a support agent. Answer the customer in one or two short sentences.",
    "Facts: Returns are accepted within 30 days. Customer's question: How long can I return it?",
    "Yes, you can return it within 30 days. No, we do not deliver on Sundays.",
)


def tiny_model(folder: Path) -> Path:
    """A Llama with two layers and about 20,000 weights, seeded: the same in every run."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = ByteLevelBPETokenizer()
    raw.train_from_iterator(_TEXTS * 3, vocab_size=320, special_tokens=["<|im_start|>", "<|im_end|>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw._tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
    )
    tokenizer.chat_template = CHATML
    torch.manual_seed(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rows(count: int = 12) -> list[dict[str, Any]]:
    """Prompt/completion rows of one system message."""
    return [
        {
            "prompt": [
                {"role": "system", "content": _TEXTS[0]},
                {"role": "user", "content": f"{_TEXTS[1]} ({place})"},
            ],
            "completion": [{"role": "assistant", "content": _TEXTS[2].split(". ")[place % 2]}],
        }
        for place in range(count)
    ]


def write_rows(path: Path, some: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    return path


def tickets(count: int = 24) -> list[dict[str, Any]]:
    """Solved tickets in the product's own form, of three agents, one a day."""
    return [_ticket(place) for place in range(count)]


def _ticket(place: int) -> dict[str, Any]:
    day = f"2026-01-{place % 28 + 1:02}"
    about = f"colour {_COLOURS[place % 12]}, size {place + 30}"
    return {
        "id": f"T{place}",
        "channel": "chat",
        "customer": {"id": f"C{place % 20}", "name": "Ana Example"},
        "messages": [
            {
                "role": "customer",
                "text": f"Can I return item {place} after two weeks?",
                "created_at": f"{day}T09:00:00Z",
            },
            {
                "role": "agent",
                "text": f"You can return item {place} within 30 days of delivery, {about}.",
                "created_at": f"{day}T10:00:00Z",
                "author": f"agent{place % 3}",
            },
        ],
    }


_COLOURS = (
    "red",
    "blue",
    "green",
    "black",
    "white",
    "pink",
    "grey",
    "gold",
    "brown",
    "violet",
    "orange",
    "teal",
)


VOCABULARY = 3000


def _copy_vocabulary(reader: Any, writer: Any) -> None:
    """Its first part, `VOCABULARY` tokens long, with the merges that make them."""
    whole = len(reader.fields["tokenizer.ggml.tokens"].data)
    merges = len(reader.fields["tokenizer.ggml.merges"].data)
    for field in reader.fields.values():
        if field.name.startswith("tokenizer."):
            kind, *rest = field.types
            value = field.contents()
            if isinstance(value, list):
                value = value[: VOCABULARY - (whole - merges if field.name.endswith(".merges") else 0)]
            writer.add_key_value(field.name, value, kind, rest[0] if rest else None)


def tiny_gguf(path: Path) -> Path:
    """A Llama of two layers with seeded random weights, the packaged model's template and the first part of
    its vocabulary: the merges come in the order of their tokens, so that what is left is whole."""
    import gguf
    import numpy as np

    from agent_assist.adapters.inference.packaged import find_file

    source = find_file()
    assert source is not None
    reader = gguf.GGUFReader(str(source))
    wide, heads, kv_heads, inner, layers = 64, 4, 2, 128, 2
    writer = gguf.GGUFWriter(str(path), "llama")
    for add, value in (
        (writer.add_context_length, 2048),
        (writer.add_embedding_length, wide),
        (writer.add_block_count, layers),
        (writer.add_feed_forward_length, inner),
        (writer.add_head_count, heads),
        (writer.add_head_count_kv, kv_heads),
        (writer.add_rope_dimension_count, wide // heads),
    ):
        add(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    _copy_vocabulary(reader, writer)
    chance = np.random.default_rng(1)

    def add(name: str, *shape: int) -> None:
        ones = len(shape) == 1
        values = np.ones(shape) if ones else chance.normal(0, 0.05, shape)
        writer.add_tensor(name, values.astype(np.float32))

    # Words far apart, so that the last one decides on the next; the end's row is longer than the others', so
    # that after about every third word nothing is as likely as the end.
    writer.add_tensor("token_embd.weight", chance.normal(0, 1, (VOCABULARY, wide)).astype(np.float32))
    following = chance.normal(0, 0.05, (VOCABULARY, wide)).astype(np.float32)
    following[reader.fields["tokenizer.ggml.eos_token_id"].contents()] *= 10
    writer.add_tensor("output.weight", following)
    add("output_norm.weight", wide)
    part = wide // heads * kv_heads
    for layer in range(layers):
        for name, *shape in (
            ("attn_norm", wide),
            ("attn_q", wide, wide),
            ("attn_k", part, wide),
            ("attn_v", part, wide),
            ("attn_output", wide, wide),
            ("ffn_norm", wide),
            ("ffn_gate", inner, wide),
            ("ffn_up", inner, wide),
            ("ffn_down", wide, inner),
        ):
            add(f"blk.{layer}.{name}.weight", *shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
