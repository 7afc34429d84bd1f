"""All of the set-up, then `run`, `test` …: what `make run` and `make test` (and make.ps1) call.

    python3 packaging/bootstrap.py run [arguments of `agent-assist run`]
    python3 packaging/bootstrap.py test | check | bench
    python3 packaging/bootstrap.py setup | clean

Standard library only, because it runs before anything is installed.  Each step can be repeated: an
interrupted set-up goes on where it stopped, and a finished one is recognised by its stamp.

Environment: AGENT_ASSIST_BACKEND=cpu|cuda|metal overrides the backend that llama-cpp-python is built
for; CMAKE_ARGS is passed on to its build.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  -- the sentence below is for exactly this case
    sys.exit(
        "Agent Assist needs Python 3.11 or newer; this is Python %d.%d.\n"  # noqa: UP031
        "Install a newer one, then run: make run PYTHON=python3.12" % sys.version_info[:2]
    )
if sys.platform == "win32" and sys.version_info >= (3, 14):
    sys.exit(
        "On Windows, Agent Assist needs Python 3.11, 3.12 or 3.13: a package that reads documents has no "
        "build for a newer one yet.\nInstall one with: winget install Python.Python.3.13"
    )

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "agent-assist-setup.json"
CONSTRAINTS = ROOT / "constraints.txt"
VERSION = 2
"""Raise it when a finished set-up has to be done again because this file installs something else."""
CHECKS = {"test": (), "check": ("style", "format", "types", "layers"), "bench": ("bench",)}
"""Targets that need what the tests need, with their names for checks.py."""
WINDOWS = os.name == "nt"
PACKAGES = "Lib/site-packages" if WINDOWS else "lib/python3*/site-packages"
"""Below the environment, as a pattern."""
EXECUTABLES = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = EXECUTABLES / ("python.exe" if WINDOWS else "python")


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


# --- which backend ------------------------------------------------------------------------------


def find_nvcc() -> str | None:
    """The CUDA compiler, on the PATH or where its installer puts it."""
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda", "/opt/cuda"]
    path = os.pathsep.join([os.environ.get("PATH", ""), *(str(Path(h) / "bin") for h in homes if h)])
    return shutil.which("nvcc", path=path)


def nvidia_device() -> bool:
    """Whether an NVIDIA GPU is visible, without starting nvidia-smi: this runs at every start."""
    if any(Path("/proc/driver/nvidia/gpus").glob("*")) or any(Path("/dev").glob("nvidia[0-9]*")):
        return True
    return Path("/dev/dxg").exists() and Path("/usr/lib/wsl/lib/libcuda.so.1").exists()


def wanted_backend() -> str:
    """`cpu`, `cuda` or `metal`."""
    asked = os.environ.get("AGENT_ASSIST_BACKEND", "").strip().lower()
    if asked in ("cpu", "cuda", "metal"):
        return asked
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "metal"
    return "cuda" if nvidia_device() and find_nvcc() else "cpu"


def built_backend() -> str | None:
    """What the installed llama-cpp-python was built for; None where it is not installed."""
    folder = next(VENV.glob(f"{PACKAGES}/llama_cpp/lib"), None)
    if folder is None:
        return None
    names = " ".join(file.name for file in folder.iterdir())
    return next((kind for kind in ("cuda", "metal") if f"ggml-{kind}" in names), "cpu")


# --- the stamp ----------------------------------------------------------------------------------


def setup_key(backend: str) -> str:
    """Changes whenever a finished set-up no longer fits."""
    digest = hashlib.sha256(f"{VERSION} {backend} {ROOT}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_set_up(key: str, *, dev: bool) -> bool:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("key") == key and (stamp.get("dev") is True or not dev) and PYTHON.exists()


def write_stamp(key: str, *, dev: bool) -> None:
    temporary = STAMP.with_suffix(".new")
    temporary.write_text(json.dumps({"key": key, "dev": dev}), encoding="utf-8")
    temporary.replace(STAMP)


# --- the steps ----------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"\n==> {text}", flush=True)


def pip(*arguments: str, environment: dict[str, str] | None = None) -> bool:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    return (
        subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode
        == 0
    )


def pinned(name: str) -> str:
    """`name==version` as constraints.txt has it."""
    # An underscore and a hyphen in a package's name mean the same to pip.
    pattern = name.replace("-", "[-_.]")
    found = re.search(rf"(?mi)^{pattern}==([^\s;]+)", CONSTRAINTS.read_text(encoding="utf-8"))
    if found is None:
        raise SetupError(f"constraints.txt names no version of {name}. Restore the file, then try again.")
    return f"{name}=={found[1]}"


def make_environment() -> None:
    if PYTHON.exists():
        works = subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False)
        if works.returncode == 0:
            return
    say(f"Making the virtual environment (Python {platform.python_version()})")
    # A venv cannot make itself anew, so the interpreter that it was made from does.
    base = getattr(sys, "_base_executable", sys.executable)
    if subprocess.run([base, "-m", "venv", "--clear", str(VENV)], check=False).returncode != 0:
        raise SetupError(f"The virtual environment {VENV} could not be made; the message above says why.")


def build_llama(backend: str) -> None:
    """Install llama-cpp-python for `backend`; a failed GPU build falls back to the CPU's."""
    package = pinned("llama-cpp-python")
    if built_backend() == backend and pip("--quiet", "--no-deps", package):
        return
    own = os.environ.get("CMAKE_ARGS", "")
    if backend == "cuda":
        say("Building llama-cpp-python with CUDA (10 to 30 minutes, once)")
        compiler = find_nvcc()
        flags = "-DGGML_CUDA=on" + (f" -DCMAKE_CUDA_COMPILER={compiler}" if compiler else "")
        # pip's cache of wheels does not know CMAKE_ARGS: without --no-cache-dir a CPU wheel would be
        # taken from it, or this one would be left in it for others.
        fresh = ("--no-cache-dir", "--force-reinstall", "--no-deps")
        if pip(*fresh, package, environment={"CMAKE_ARGS": f"{flags} {own}".strip()}):
            return
        say("The CUDA build failed: see above. Going on with the CPU, which is slower and otherwise the same")
        say("To try CUDA again later: make clean, then make run")
    if built_backend() is None:
        say("Installing llama-cpp-python (built here, about 5 minutes on two cores, once)")
    metal = {"metal": "-DGGML_METAL=on", "cpu": "-DGGML_METAL=off"}.get(backend, "")
    flags = metal if platform.system() == "Darwin" else ""
    extra = ("--no-cache-dir",) if own or (flags and backend == "cpu") else ()
    if built_backend() not in (None, backend, "cpu"):
        extra = (*extra, "--no-cache-dir", "--force-reinstall", "--no-deps")
    if not pip(*extra, "-c", str(CONSTRAINTS), package, environment={"CMAKE_ARGS": f"{flags} {own}".strip()}):
        raise SetupError(
            "llama-cpp-python could not be built; the message above says why. "
            "Run the same command again when that is put right: it goes on where it stopped."
        )


def install(backend: str, *, dev: bool) -> None:
    say("Installing the pinned packages (about 1 GB to download the first time)")
    # torch first and by its exact version: as an open range it can pull gigabytes of GPU libraries.
    if not pip("-c", str(CONSTRAINTS), pinned("torch")):
        raise SetupError(_pip_failed("torch"))
    build_llama(backend)
    say("Installing Agent Assist" + (" and what its tests need" if dev else ""))
    if not pip("-c", str(CONSTRAINTS), "--editable", ".[dev,training]" if dev else "."):
        raise SetupError(_pip_failed("Agent Assist"))


def _pip_failed(what: str) -> str:
    return (
        f"{what} could not be installed; pip's message above says why. "
        "Run the same command again when that is put right: it goes on where it stopped."
    )


def set_up(*, dev: bool) -> None:
    """Do what is still missing; says nothing when nothing is."""
    backend = wanted_backend()
    key = setup_key(backend)
    if is_set_up(key, dev=dev):
        return
    # Only now: importing it at every start would cost time for nothing.
    from system_packages import SystemNotReadyError, prepare

    started = time.monotonic()
    try:
        prepare(build=built_backend() is None, tests=dev, new_environment=not PYTHON.exists())
    except SystemNotReadyError as error:
        raise SetupError(str(error)) from None
    make_environment()
    STAMP.unlink(missing_ok=True)
    install(backend, dev=dev)
    # A failed CUDA build must not be tried again at every start, so the stamp holds what was wanted.
    write_stamp(key, dev=dev)
    built = built_backend()
    say(f"Set up in {time.monotonic() - started:.0f} s; the model runs on {(built or 'cpu').upper()}")


def clean() -> None:
    """Remove what the set-up and the checks made; workspaces are elsewhere and stay."""
    for name in (
        ".venv",
        "build",
        "dist",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".import_linter_cache",
    ):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for file in ROOT.glob(".coverage*"):
        file.unlink(missing_ok=True)


def start(arguments: list[str]) -> int:
    command = [str(EXECUTABLES / ("agent-assist.exe" if WINDOWS else "agent-assist")), "run", *arguments]
    if not WINDOWS:
        os.execv(command[0], command)  # noqa: S606  -- no shell: signals reach the program itself
    return subprocess.run(command, check=False).returncode


def main(arguments: list[str]) -> int:
    target = arguments[0] if arguments else "help"
    if target == "clean":
        clean()
        return 0
    if target not in ("run", "setup", *CHECKS):
        print(__doc__)
        return 0 if target in ("help", "--help", "-h") else 2
    # The quick checks and the benchmarks take the environment as it is, so that it may be one's own.
    there = target in ("check", "bench") and any(VENV.glob(f"{PACKAGES}/mypy"))
    try:
        if not there:
            set_up(dev=target in CHECKS)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 3
    if target == "run":
        return start(arguments[1:])
    if target in CHECKS:
        checks = [str(PYTHON), str(ROOT / "packaging" / "checks.py"), *CHECKS[target]]
        return subprocess.run(checks, cwd=ROOT, check=False).returncode
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
