"""Pulling from a local server that speaks the hub's interface."""

from __future__ import annotations

import errno
import hashlib
import random
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from support_hub import FakeHub

from agent_assist.adapters.inference.hub import HuggingFaceHub
from agent_assist.domain.model import CatalogueEntry
from agent_assist.errors import (
    BadInput,
    Cancelled,
    DiskFull,
    HubUnreachable,
    ModelDamaged,
    ModelProblem,
    WorkspaceReadOnly,
)

REPO, FILE = "acme/tiny-GGUF", "tiny.gguf"
DATA = random.Random(4).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    # The rest of the tests run with the hub switched off, and the library has read that already.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    made = FakeHub()
    made.files[REPO, FILE] = DATA
    with made.running():
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


def entry(repo: str = REPO, file: str = FILE, sha256: str = "") -> CatalogueEntry:
    return CatalogueEntry("tiny", "Tiny", repo, file, sha256, len(DATA), "Apache-2.0", ("en",), 4, 2048)


def pull(folder: Path, cancel: threading.Event | None = None, wanted: CatalogueEntry | None = None) -> Path:
    seen: list[tuple[int, int, str]] = []
    path = HuggingFaceHub(retries=1, pause=0.01).pull(
        wanted or entry(), folder, lambda *step: seen.append(step), cancel or threading.Event()
    )
    assert all(0 <= done <= total == len(DATA) for done, total, _ in seen)
    downloaded = [done for done, _, note in seen if note == "Downloading"]
    assert downloaded == sorted(downloaded)
    return path


def gets(hub: FakeHub) -> list[str]:
    return [wanted for method, _, wanted in hub.requests if method == "GET"]


def test_pulls_from_the_endpoint_with_the_published_hash(hub: FakeHub, folder: Path) -> None:
    path = pull(folder)
    assert path == folder / FILE
    assert path.read_bytes() == DATA
    assert list((folder).iterdir()) == [path], "nothing is left beside it"


def test_a_file_that_is_here_is_checked_and_not_transferred_again(hub: FakeHub, folder: Path) -> None:
    pull(folder)
    hub.requests.clear()
    assert pull(folder).read_bytes() == DATA
    assert gets(hub) == []
    (folder / FILE).write_bytes(b"x" * len(DATA))
    assert pull(folder).read_bytes() == DATA


def test_a_broken_transfer_goes_on_where_it_broke(hub: FakeHub, folder: Path) -> None:
    hub.cut_after, hub.cuts_left = 1_000_000, 2
    assert pull(folder).read_bytes() == DATA
    starts = [int(r.removeprefix("bytes=").rstrip("-") or 0) for r in gets(hub)]
    assert starts == [0, 1_000_000, 2_000_000]


def test_a_pull_that_gave_up_is_resumed_by_the_next(hub: FakeHub, folder: Path) -> None:
    hub.cut_after, hub.cuts_left = 0, 50
    with pytest.raises(HubUnreachable, match="stopped at") as caught:
        pull(folder)
    assert "goes on where it stopped" in caught.value.remedy
    hub.cut_after, hub.cuts_left = 1_500_000, 1
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        HuggingFaceHub(retries=0, pause=0.01).pull(entry(), folder, lambda *_: cancel.set(), cancel)
    hub.cut_after = None
    hub.requests.clear()
    assert pull(folder).read_bytes() == DATA
    assert gets(hub)[0].startswith("bytes=")


def test_cancelled_in_the_middle_and_resumed(hub: FakeHub, folder: Path) -> None:
    cancel, hub.slow = threading.Event(), threading.Event()
    threading.Timer(0.3, cancel.set).start()
    threading.Timer(0.4, hub.slow.set).start()
    with pytest.raises(Cancelled):
        pull(folder, cancel)
    assert not (folder / FILE).exists()
    (kept,) = folder.iterdir()
    assert 0 < kept.stat().st_size < len(DATA)
    hub.slow = None
    assert pull(folder).read_bytes() == DATA


def test_a_server_without_ranges_starts_over(hub: FakeHub, folder: Path) -> None:
    hub.ranges, hub.cut_after, hub.cuts_left = False, 1_000_000, 1
    path = HuggingFaceHub(retries=2, pause=0.01).pull(entry(), folder, lambda *_: None, threading.Event())
    assert path.read_bytes() == DATA


def test_a_wrong_hash_is_refused_and_not_kept(hub: FakeHub, folder: Path) -> None:
    with pytest.raises(ModelDamaged, match="does not match its published sha256"):
        pull(folder, wanted=entry(sha256="0" * 64))
    hub.etag = "1" * 64
    with pytest.raises(ModelDamaged):
        pull(folder)
    assert list(folder.iterdir()) == []


def test_a_hub_without_a_published_hash_is_taken_at_its_size(hub: FakeHub, folder: Path) -> None:
    hub.etag = "abc123"
    assert pull(folder).read_bytes() == DATA


@pytest.mark.parametrize(
    ("repo", "file", "kind", "words"),
    [
        ("acme/unknown", FILE, BadInput, "no file tiny.gguf in acme/unknown"),
        (REPO, "other.gguf", BadInput, "no file other.gguf"),
        (REPO, "weights.bin", BadInput, "not a GGUF"),
        ("acme/gated", FILE, ModelProblem, "licence accepted first"),
    ],
)
def test_what_cannot_be_pulled_says_why(
    hub: FakeHub, folder: Path, repo: str, file: str, kind: type[Exception], words: str
) -> None:
    hub.files["acme/gated", FILE] = DATA
    hub.gated.add("acme/gated")
    with pytest.raises(kind, match=words):
        pull(folder, wanted=entry(repo, file))


def test_a_name_cannot_lead_out_of_the_folder(hub: FakeHub, folder: Path) -> None:
    hub.files[REPO, "deep/er/tiny.gguf"] = DATA
    assert pull(folder, wanted=entry(file="deep/er/tiny.gguf")) == folder / "tiny.gguf"


def test_an_unreachable_hub_is_a_sentence(
    hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.status = 503
    with pytest.raises(HubUnreachable):
        pull(folder)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubUnreachable, match="cannot be reached") as caught:
        pull(folder)
    assert caught.value.retryable
    assert caught.value.exit_code == 3


def test_a_full_disk_is_noticed_before_and_during(
    hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 1_000_000))
    with pytest.raises(DiskFull, match="of disk"):
        pull(folder)
    monkeypatch.undo()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        HuggingFaceHub(hub.url).pull(entry(), folder, full, threading.Event())


def test_a_folder_that_cannot_be_written_is_a_sentence(hub: FakeHub, folder: Path) -> None:
    (folder).write_text("a file is in the way")
    with pytest.raises(WorkspaceReadOnly, match="cannot be written"):
        pull(folder)
