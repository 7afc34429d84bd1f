"""llama.cpp's own converter of exactly the served version: out of llama-cpp-python's source package."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

from agent_assist.errors import BadInput

PACKAGE = "llama-cpp-python"
NEEDED = ("convert_lora_to_gguf.py", "convert_hf_to_gguf.py", "gguf-py", "conversion")


def version() -> str:
    """Of llama-cpp-python as it is installed; raises BadInput where it is not."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise BadInput(f"{PACKAGE} is not installed.", "Install Agent Assist with all its parts.") from None


def tools_folder() -> Path:
    """Where fetched tools lie; shared by all workspaces of a person."""
    return platformdirs.user_data_path("agent-assist", appauthor=False) / "tools"


def default_folder() -> Path | None:
    """The fetched converter, or the one beside the sources; None where there is none."""
    beside = Path(__file__).resolve().parent.parent / "build" / "llama.cpp"
    for folder in (tools_folder() / f"llama.cpp-{version()}", beside):
        if (folder / NEEDED[0]).exists():
            return folder
    return None


def fetch(source: Path | None = None) -> Path:
    """Download the source package of the installed version and keep its converter; about 60 MB.

    `source` is a package that was downloaded elsewhere, for machines without a network.  Raises BadInput
    where it cannot be fetched or holds no converter.
    """
    target = tools_folder() / f"llama.cpp-{version()}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        archive = source or _download(Path(folder))
        _unpack(archive, Path(folder) / "new")
        if target.exists():
            target.rename(Path(folder) / "old")
        (Path(folder) / "new").rename(target)
    return target


def _download(folder: Path) -> Path:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-binary",
            PACKAGE,
            "--no-deps",
            "--no-build-isolation",
            "--dest",
            str(folder),
            f"{PACKAGE}=={version()}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(folder.glob("llama_cpp_python-*.tar.gz"))
    if not found:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BadInput(
            f"The source package cannot be downloaded: {last}",
            f"Download {PACKAGE} {version()} as source elsewhere and give it with --source FILE.",
        )
    return found[0]


def _unpack(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                _, _, inside = member.name.partition("/vendor/llama.cpp/")
                if inside.split("/")[0] in NEEDED:
                    member.name = inside
                    packed.extract(member, target, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise BadInput(f"{archive} cannot be unpacked: {error}.", "Download it again.") from None
    if missing := [name for name in NEEDED[:2] if not (target / name).exists()]:
        raise BadInput(f"{archive.name} holds no {missing[0]}.", f"Give {PACKAGE} {version()} as source.")
