"""The registry service on the real store; the model itself is a stand-in that only remembers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support_gguf import SMALL, SMALL_TENSORS, write_gguf
from support_models import RememberingModel
from support_store import open_database

from agent_assist.adapters.inference.catalogue import read_catalogue
from agent_assist.adapters.inference.files import LocalModelFiles
from agent_assist.adapters.storage.models import ModelStore
from agent_assist.domain.model import (
    CatalogueEntry,
    EngineFacts,
    ModelState,
)
from agent_assist.errors import BadInput, Cancelled, ModelDamaged, NoModel
from agent_assist.ports import CancelToken, Progress
from agent_assist.services.events import ErrorRaised, Event, EventBus, ModelChanged
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService


class CopyHub:
    """Copies a file instead of downloading it."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def pull(self, entry: CatalogueEntry, folder: Path, progress: Progress, cancel: CancelToken) -> Path:
        if cancel.is_set():
            raise Cancelled("Stopped.")
        folder.mkdir(exist_ok=True)
        target = folder / Path(entry.file).name
        target.write_bytes(self.source.read_bytes())
        progress(1, 1, "Downloading")
        return target


class Desk:
    def __init__(self, folder: Path) -> None:
        self.file = write_gguf(folder / "small.gguf", SMALL, SMALL_TENSORS)
        self.database = open_database(folder)
        self.events = EventBus()
        self.seen: list[Event] = []
        self.events.subscribe(self.seen.append)
        self.options = OptionsService(None, self.events)
        self.model = RememberingModel()
        self.folder = folder / "models"
        self.service = ModelService(
            ModelStore(self.database),
            self.model,
            CopyHub(self.file),
            read_catalogue(),
            self.events,
            self.folder,
            self.options,
            LocalModelFiles(),
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.service.close()
    made.database.close()


PACKAGED = "SmolLM2-135M-Instruct"


def test_the_packaged_model_is_there_and_active_from_the_start(desk: Desk) -> None:
    (record,) = desk.service.records()
    assert (record.name, record.active, record.licence) == (PACKAGED, True, "Apache-2.0")
    assert desk.service.start().state is ModelState.READY
    assert desk.model.loads == [(PACKAGED, "")]
    assert any(isinstance(e, ModelChanged) and e.status.state is ModelState.READY for e in desk.seen)


def test_a_packaged_model_that_moved_is_found_again(desk: Desk) -> None:
    (record,) = desk.service.records()
    ModelStore(desk.database).save(replace(record, path="/old/place/model.gguf"))
    (again,) = desk.service.records()
    assert again.path == record.path


def test_a_workspace_takes_over_the_adapter_that_comes_with_the_application(desk: Desk) -> None:
    (record,) = desk.service.records()
    assert Path(record.adapter_path).name == "smollm2-135m-support.gguf"
    assert Path(record.adapter_path).stat().st_size < 20_000_000
    LocalModelFiles().verify(record)
    ModelStore(desk.database).save(replace(record, adapter_path="", adapter_sha256=""))
    (again,) = desk.service.records()
    assert (again.adapter_path, again.adapter_sha256) == (record.adapter_path, record.adapter_sha256)
    ModelStore(desk.database).save(replace(record, adapter_path="/old/place/adapter.gguf"))
    (moved,) = desk.service.records()
    assert moved.adapter_path == record.adapter_path


def test_without_any_model_it_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalModelFiles, "packaged", lambda _: None)
    with pytest.raises(NoModel):
        desk.service.start()


def test_add_reads_the_header_and_keeps_what_was_said(desk: Desk) -> None:
    plain = desk.service.add(desk.file)
    assert (plain.name, plain.licence, plain.languages) == ("small", "apache-2.0", ("en", "de"))
    assert plain.context_tokens == 2048
    assert plain.added_at is not None
    named = desk.service.add(desk.file, "mine", "MIT", ["fr"])
    assert (named.name, named.licence, named.languages) == ("mine", "MIT", ("fr",))


def test_two_files_cannot_have_one_name(desk: Desk, tmp_path: Path) -> None:
    desk.service.add(desk.file, "mine")
    desk.service.add(desk.file, "mine")
    other = write_gguf(tmp_path / "other.gguf", {**SMALL, "general.license": "mit"}, SMALL_TENSORS)
    with pytest.raises(BadInput, match="another model named mine"):
        desk.service.add(other, "mine")


def test_use_activates_only_what_loads(desk: Desk) -> None:
    desk.service.start()
    desk.service.add(desk.file, "mine")
    desk.model.broken.add("mine")
    with pytest.raises(ModelDamaged):
        desk.service.use("mine")
    assert desk.service.active().name == PACKAGED  # type: ignore[union-attr]
    assert desk.model.loads[-1] == (PACKAGED, ""), "the one before writes again"
    desk.model.broken.clear()
    assert desk.service.use("mine").name == "mine"
    assert desk.service.active().name == "mine"  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="no model nonsense"):
        desk.service.use("nonsense")


def test_rollback_goes_back_one(desk: Desk) -> None:
    desk.service.start()
    with pytest.raises(BadInput):
        desk.service.rollback()
    desk.service.add(desk.file, "mine")
    desk.service.use("mine")
    assert desk.service.rollback().name == PACKAGED
    assert desk.model.loads[-1] == (PACKAGED, "")


def test_verify_names_the_damaged_one(desk: Desk) -> None:
    desk.service.add(desk.file, "mine")
    assert [error for _, error in desk.service.verify()] == [None, None]
    data = bytearray(desk.file.read_bytes())
    data[-1] ^= 1
    desk.file.write_bytes(data)
    (result,) = desk.service.verify("mine")
    assert isinstance(result[1], ModelDamaged)
    desk.file.unlink()
    results = {record.name: error for record, error in desk.service.verify()}
    assert results[PACKAGED] is None
    assert "cannot be read" in str(results["mine"])


def test_pull_registers_with_licence_and_source_and_remove_deletes_the_file(desk: Desk) -> None:
    steps: list[str] = []
    record = desk.service.pull("qwen3-8b", lambda done, total, note: steps.append(note))
    assert (record.name, record.licence) == ("Qwen3-8B", "Apache-2.0")
    assert record.source == "hub:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf"
    assert steps[0] == "Downloading"
    assert steps[-1] == "Checking"
    desk.service.remove("Qwen3-8B")
    assert not Path(record.path).exists()
    assert [r.name for r in desk.service.records()] == [PACKAGED]


def test_pull_of_any_file_of_the_hub(desk: Desk) -> None:
    record = desk.service.pull("acme/tiny-GGUF/sub/tiny.gguf")
    assert (record.name, record.source) == ("tiny", "hub:acme/tiny-GGUF/sub/tiny.gguf")
    for wrong in ("nonsense", "acme/tiny", "acme/tiny/readme.md", ""):
        with pytest.raises(BadInput, match="no model"):
            desk.service.pull(wrong)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        desk.service.pull("Qwen3-8B", cancel=cancel)


def test_remove_keeps_files_that_were_only_added_and_the_one_in_use(desk: Desk) -> None:
    desk.service.start()
    desk.service.add(desk.file, "mine")
    desk.service.remove("mine")
    assert desk.file.exists()
    with pytest.raises(BadInput, match="in use"):
        desk.service.remove(PACKAGED)


def test_speaks(desk: Desk) -> None:
    desk.service.start()
    assert desk.service.speaks("en")
    assert desk.service.speaks("en-GB")
    assert desk.service.speaks("")
    assert not desk.service.speaks("de")
    desk.service.add(write_gguf(desk.file, {**SMALL, "general.languages": ["xxx"]}, SMALL_TENSORS), "quiet")
    desk.service.use("quiet")
    assert desk.service.speaks("de"), "unknown counts as yes"


def test_options_of_the_model_load_it_again(desk: Desk) -> None:
    desk.service.start()
    desk.model.changed.clear()
    desk.options.change({"reply.company": "Acme"})
    assert not desk.model.changed.is_set()
    desk.options.change({"model.context_tokens": 2048})
    assert desk.model.changed.wait(5)
    desk.model.broken.add(PACKAGED)
    desk.options.change({"model.context_tokens": 4096})
    desk.service.close()
    assert any(isinstance(e, ErrorRaised) for e in desk.seen)


def test_the_catalogue_covers_every_machine_with_permissive_licences(desk: Desk) -> None:
    entries = desk.service.catalogue()
    assert {e.memory_gb for e in entries} == {4, 8, 16, 24}
    assert {e.licence for e in entries} <= {"Apache-2.0", "MIT"}
    assert len({e.name for e in entries}) == len(entries)
    for entry in entries:
        assert entry.file.endswith(".gguf")
        assert entry.size_bytes < entry.memory_gb * 0.75e9
        assert entry.languages
        assert len(entry.sha256) in (0, 64)


def test_probe_is_the_engines(desk: Desk) -> None:
    assert desk.service.probe() == EngineFacts("1.0", False)
