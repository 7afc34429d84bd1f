"""The lean reading of BERT encoders gives what sentence-transformers gives, and leaves others to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent_assist.adapters.knowledge.bert import BertEncoder, is_plain_bert
from agent_assist.adapters.knowledge.embedding import (
    BATCH,
    DEFAULT_ENCODER,
    Encoder,
    SentenceEncoder,
    find_encoder,
)
from agent_assist.errors import EncoderMissing
from tests.support_encoder import tiny_encoder

pytestmark = pytest.mark.real_model

TEXTS = [
    "How do I return a bike?",
    "ÜBERGRÖSSE, naïve café, 東京 and a 👩‍🚒",
    "",
    " ",
    "Forged [SEP] markers [CLS] in the text",
    "one word " * 900,
    *(f"Passage {n} " + "about spokes and chains " * n for n in range(40)),
]


@pytest.mark.parametrize("kind", ["packaged", "tuned"])
def test_the_vectors_are_those_of_sentence_transformers(kind: str, tmp_path: Path) -> None:
    folder = find_encoder(DEFAULT_ENCODER) if kind == "packaged" else tiny_encoder(tmp_path / "tiny")
    assert is_plain_bert(folder)
    for prompt in ("", "query: "):
        lean = BertEncoder(folder, "cpu").encode(TEXTS, prompt, BATCH)
        library = SentenceEncoder(folder, "cpu").encode(TEXTS, prompt, BATCH)
        assert lean.shape == library.shape
        assert np.abs(lean - library).max() < 1e-5


def test_no_transformers_for_the_default_encoder() -> None:
    code = (
        "import sys; from agent_assist.adapters.knowledge.embedding import Encoder;"
        f"Encoder({DEFAULT_ENCODER!r}).encode(['a']);"
        "print([m for m in ('transformers', 'sentence_transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("config.json", {"model_type": "xlm-roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("1_Pooling/config.json", {"pooling_mode": "cls", "pooling_mode_cls_token": True}),
        ("tokenizer_config.json", {"do_lower_case": False}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("config.json", None),
        ("model.safetensors", None),
    ],
)
def test_anything_else_is_left_to_sentence_transformers(
    file: str, changed: dict[str, object] | None, tmp_path: Path
) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(find_encoder(DEFAULT_ENCODER), folder)
    path = folder / file
    if changed is None:
        path.write_bytes(b"not what it was")
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    assert not is_plain_bert(folder)


def test_weights_that_do_not_fit_their_configuration_are_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(find_encoder(DEFAULT_ENCODER), folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 7}))
    with pytest.raises(EncoderMissing, match="cannot be loaded"):
        Encoder(str(folder))
