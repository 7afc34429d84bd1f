from __future__ import annotations

from pathlib import Path

import pytest

from agent_assist import settings
from agent_assist.errors import DiskFull, InvalidSetting, WorkspaceReadOnly
from agent_assist.settings import Section, Settings


def _options(section: type[Section]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found += _options(field.annotation)
        elif name != "version":
            found.append((name, field))
    return found


def test_every_option_says_what_it_is() -> None:
    for name, field in _options(Settings):
        assert getattr(field, "title", None), name
        assert getattr(field, "description", None), name


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "settings.json") == Settings()


def test_saved_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    changed = Settings().changed("model.candidates", 2).changed("appearance.theme", "dark")
    settings.save(path, changed)
    assert settings.load(path) == changed
    assert [p.name for p in tmp_path.glob("*") if p.is_file()] == ["settings.json"]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("model.candidates", 9, "model.candidates"),
        ("appearance.theme", "pink", "appearance.theme"),
        ("nothing.here", 1, "nothing.here"),
        ("reply.company.name", 1, "reply.company.name"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: object, part: str) -> None:
    with pytest.raises(InvalidSetting, match=part):
        Settings().changed(name, value)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 99}', '{"unknown": 1}'])
def test_an_unreadable_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        settings.load(path)
    assert caught.value.remedy


def test_a_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises((DiskFull, WorkspaceReadOnly)):
        settings.save(tmp_path / "gone" / "settings.json", Settings())
