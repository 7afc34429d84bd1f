"""Pulls models from the Hugging Face hub, or from a mirror named in HF_ENDPOINT.

huggingface_hub finds the file and its published hash.  The transfer itself is done here: the
library throws an unfinished file away, and a 9 GB download over a hotel network must resume.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from agent_assist.adapters import network
from agent_assist.adapters.inference.hashing import sha256_of
from agent_assist.domain.model import CatalogueEntry
from agent_assist.errors import (
    AgentAssistError,
    BadInput,
    Cancelled,
    DiskFull,
    HubUnreachable,
    ModelDamaged,
    ModelProblem,
    WorkspaceReadOnly,
)
from agent_assist.ports import CancelToken, Progress

log = logging.getLogger(__name__)

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_RESERVE: Final = 200_000_000
"""Bytes of disk that stay free: the workspace must go on being written."""


@dataclass(frozen=True, slots=True)
class _Remote:
    url: str
    size: int
    sha256: str
    """Empty where the hub does not publish one."""


class HuggingFaceHub:
    """Implements ports.ModelHub."""

    def __init__(self, endpoint: str | None = None, *, retries: int = 5, pause: float = 1.0) -> None:
        """`endpoint` None takes HF_ENDPOINT at the time of the pull.

        A transfer that breaks is resumed up to `retries` times in a row without progress, after
        `pause` seconds, twice that, and so on.
        """
        self._endpoint = endpoint
        self._retries = retries
        self._pause = pause

    def pull(self, entry: CatalogueEntry, folder: Path, progress: Progress, cancel: CancelToken) -> Path:
        """Download `entry` into `folder`, resuming what an earlier call left, and check its sha256.

        Raises HubUnreachable, ModelDamaged, BadInput (no such file), DiskFull, WorkspaceReadOnly or
        Cancelled; what was transferred until then is kept for the next call.
        """
        name = PurePosixPath(entry.file).name
        if not name.endswith(".gguf"):
            raise BadInput(f"{entry.file} is not a GGUF file.", "Choose a file that ends in .gguf.")
        with network.unlimited():
            return self._pull(entry, name, folder, progress, cancel)

    def _pull(
        self, entry: CatalogueEntry, name: str, folder: Path, progress: Progress, cancel: CancelToken
    ) -> Path:
        remote = self._find(entry)
        expected = entry.sha256.lower() or remote.sha256
        target = folder / name
        partial = folder / f".{name}.{(expected or str(remote.size))[:16]}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            here = bool(expected) and target.is_file() and target.stat().st_size == remote.size
            if here and sha256_of(target, _hash_progress(progress, remote.size, cancel)) == expected:
                return target
            self._check_space(folder, remote.size - (partial.stat().st_size if partial.exists() else 0))
            found = self._transfer(remote, partial, progress, cancel)
            if expected and found != expected:
                partial.unlink()
                raise ModelDamaged(
                    f"The download of {name} does not match its published sha256.",
                    "Pull it again; where that ends the same way, choose another model.",
                )
            partial.replace(target)
        except OSError as error:
            raise _disk_error(error, folder) from error
        return target

    def _find(self, entry: CatalogueEntry) -> _Remote:
        """Where the file is and what it should be, as the hub says."""
        # Imported late and configured first: the library reads its settings when it is imported.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        import huggingface_hub
        from huggingface_hub import errors

        endpoint = (
            self._endpoint or os.environ.get("HF_ENDPOINT") or huggingface_hub.constants.ENDPOINT
        ).rstrip("/")
        try:
            url = huggingface_hub.hf_hub_url(entry.repo, entry.file, endpoint=endpoint)
            found = huggingface_hub.get_hf_file_metadata(url, endpoint=endpoint)
        except errors.GatedRepoError as error:
            raise ModelProblem(
                f"{entry.repo} wants its licence accepted first.",
                "Accept it on the model's page, set HF_TOKEN, and pull again.",
            ) from error
        except (errors.RepositoryNotFoundError, errors.EntryNotFoundError, errors.HFValidationError) as error:
            raise BadInput(
                f"The hub has no file {entry.file} in {entry.repo}.", "Check the name on the model's page."
            ) from error
        except Exception as error:  # the library's HTTP client, and so its errors, differ by release
            raise HubUnreachable(f"{endpoint} cannot be reached: {_short(error)}.") from error
        if found.size is None:
            raise HubUnreachable(f"{endpoint} does not say how large {entry.file} is.")
        etag = (found.etag or "").lower()
        return _Remote(url, found.size, etag if _SHA256.fullmatch(etag) else "")

    def _transfer(self, remote: _Remote, partial: Path, progress: Progress, cancel: CancelToken) -> str:
        """Bring `partial` up to the full size; returns its sha256."""
        from huggingface_hub.errors import HfHubHTTPError

        digest = hashlib.sha256()
        done = 0
        if partial.exists():
            if partial.stat().st_size > remote.size:
                partial.unlink()
            else:
                done = _read_into(digest, partial, cancel)
        failures = 0
        while done < remote.size:
            before = done
            try:
                done, digest = self._stream(remote, partial, done, digest, progress, cancel)
            except AgentAssistError:
                raise
            except Exception as error:
                # What is not the disk is the network, under whatever name the HTTP client gives it.
                if isinstance(error, OSError) and not isinstance(error, HfHubHTTPError):
                    raise
                done, digest = _recover(partial)
                failures = 1 if done > before else failures + 1
                log.warning("transfer broke at %d of %d bytes: %s", done, remote.size, error)
                if failures > self._retries:
                    where = f"{done / 1e6:,.0f} of {remote.size / 1e6:,.0f} MB"
                    raise HubUnreachable(f"The download stopped at {where}: {_short(error)}.") from error
                if cancel.wait(self._pause * failures):
                    raise Cancelled("The download was stopped.") from None
        progress(remote.size, remote.size, "Checked")
        return digest.hexdigest()

    def _stream(
        self, remote: _Remote, partial: Path, done: int, digest: Any, progress: Progress, cancel: CancelToken
    ) -> tuple[int, Any]:
        """One connection's worth; raises what the HTTP client raises, RuntimeError where it ends early."""
        from huggingface_hub import get_session, utils

        # Documented, but not marked as exported: Any keeps the type checker quiet.
        helpers: Any = utils
        headers = helpers.build_hf_headers()
        headers["Accept-Encoding"] = "identity"
        if done:
            headers["Range"] = f"bytes={done}-"
        last = 0.0
        with get_session().stream(
            "GET", remote.url, headers=headers, follow_redirects=True, timeout=10
        ) as answer:
            helpers.hf_raise_for_status(answer)
            if done and answer.status_code != 206:
                done, digest = 0, hashlib.sha256()  # a server without ranges: from the beginning
            with partial.open("r+b" if done else "wb") as out:
                out.seek(done)
                out.truncate()
                for chunk in answer.iter_raw():  # what arrived, at once: nothing is lost when it breaks
                    if cancel.is_set():
                        raise Cancelled("The download was stopped.")
                    out.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if done > remote.size:
                        raise ModelDamaged("The hub sent more than the file has.", "Pull it again.")
                    if (now := time.monotonic()) - last >= 0.1:
                        last = now
                        progress(done, remote.size, "Downloading")
        if done < remote.size:
            raise RuntimeError("the connection was closed early")
        return done, digest

    def _check_space(self, folder: Path, needed: int) -> None:
        free = shutil.disk_usage(folder).free
        if needed + _RESERVE > free:
            raise DiskFull(f"The model needs {needed / 1e9:.1f} GB of disk; {free / 1e9:.1f} GB are free.")


def _recover(partial: Path) -> tuple[int, Any]:
    """What is really on the disk after a broken transfer."""
    digest = hashlib.sha256()
    return (_read_into(digest, partial, None) if partial.exists() else 0), digest


def _read_into(digest: Any, path: Path, cancel: CancelToken | None) -> int:
    done = 0
    with path.open("rb") as file:
        while block := file.read(8 * 1024 * 1024):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The download was stopped.")
            digest.update(block)
            done += len(block)
    return done


def _hash_progress(progress: Progress, size: int, cancel: CancelToken) -> Any:
    def report(part: float) -> None:
        if cancel.is_set():
            raise Cancelled("The download was stopped.")
        progress(int(part * size), size, "Checking")

    return report


def _disk_error(error: OSError, folder: Path) -> AgentAssistError:
    if error.errno == errno.ENOSPC:
        return DiskFull(f"There is no space left in {folder}.")
    return WorkspaceReadOnly(f"{folder} cannot be written: {error.strerror or error}.")


def _short(error: BaseException) -> str:
    with suppress(IndexError):
        return str(error).splitlines()[0].rstrip(".") or type(error).__name__
    return type(error).__name__
