"""Nothing in the tree opens a format that can run code, and no model is loaded unchecked."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import agent_assist

ROOT = Path(agent_assist.__file__).resolve().parents[1]
FILES = sorted((ROOT / "agent_assist").rglob("*.py")) + sorted((ROOT / "training").rglob("*.py"))
_FORBIDDEN_IMPORTS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def _calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_unpickles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not {name.split(".")[0] for name in names} & _FORBIDDEN_IMPORTS, f"{path.name}: {names}"
    for name, call in _calls(tree):
        keywords = {k.arg: ast.unparse(k.value) for k in call.keywords}
        assert keywords.get("allow_pickle", "False") == "False", name
        assert keywords.get("trust_remote_code", "False") == "False", name
        if name.endswith("torch.load"):
            assert keywords.get("weights_only") == "True", path.name
        if re.fullmatch(r"(eval|exec|os\.system|yaml\.load|yaml\.unsafe_load)", name):
            pytest.fail(f"{path.name} calls {name}")


def test_the_encoder_takes_safetensors_only(tmp_path: Path) -> None:
    from agent_assist.adapters.knowledge.embedding import find_encoder
    from agent_assist.errors import EncoderMissing

    source = (ROOT / "agent_assist/adapters/knowledge/embedding.py").read_text()
    assert '"use_safetensors": True' in source
    assert "trust_remote_code=False" in source
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(EncoderMissing, match="safetensors"):
        find_encoder(str(tmp_path))
