"""The set-up: what it decides, and that a finished one is recognised."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import bootstrap  # noqa: E402
import checks  # noqa: E402
import dependencies  # noqa: E402
import system_packages  # noqa: E402


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "stamp.json"
    monkeypatch.setattr(bootstrap, "STAMP", file)
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    return file


def test_a_finished_set_up_is_recognised(stamp: Path) -> None:
    key = bootstrap.setup_key("cpu")
    assert not bootstrap.is_set_up(key, dev=False)
    bootstrap.write_stamp(key, dev=False)
    assert bootstrap.is_set_up(key, dev=False)
    assert not bootstrap.is_set_up(key, dev=True), "the tests need more than running does"
    bootstrap.write_stamp(key, dev=True)
    assert bootstrap.is_set_up(key, dev=False)
    assert not bootstrap.is_set_up(bootstrap.setup_key("cuda"), dev=False)


def test_a_damaged_stamp_means_set_up_again(stamp: Path) -> None:
    stamp.write_text("{", encoding="utf-8")
    assert not bootstrap.is_set_up(bootstrap.setup_key("cpu"), dev=False)


@pytest.mark.parametrize(
    ("asked", "device", "compiler", "wanted"),
    [
        ("cpu", True, "/usr/bin/nvcc", "cpu"),
        ("CUDA", False, None, "cuda"),
        ("", True, "/usr/bin/nvcc", "cuda"),
        ("", True, None, "cpu"),
        ("", False, "/usr/bin/nvcc", "cpu"),
    ],
)
def test_cuda_needs_compiler_and_device(
    monkeypatch: pytest.MonkeyPatch, asked: str, device: bool, compiler: str | None, wanted: str
) -> None:
    monkeypatch.setenv("AGENT_ASSIST_BACKEND", asked)
    monkeypatch.setattr(bootstrap.platform, "system", lambda: "Linux")
    monkeypatch.setattr(bootstrap, "nvidia_device", lambda: device)
    monkeypatch.setattr(bootstrap, "find_nvcc", lambda: compiler)
    assert bootstrap.wanted_backend() == wanted


def test_apple_silicon_builds_for_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_ASSIST_BACKEND", raising=False)
    monkeypatch.setattr(bootstrap.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "arm64")
    assert bootstrap.wanted_backend() == "metal"


def test_a_failed_cuda_build_falls_back_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[tuple[str, ...], str]] = []

    def pip(*arguments: str, environment: dict[str, str] | None = None) -> bool:
        flags = (environment or {}).get("CMAKE_ARGS", "")
        calls.append((arguments, flags))
        return "CUDA" not in flags

    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    monkeypatch.setattr(bootstrap, "pip", pip)
    monkeypatch.setattr(bootstrap, "built_backend", lambda: None)
    bootstrap.build_llama("cuda")
    assert "-DGGML_CUDA=on" in calls[0][1]
    assert "--no-cache-dir" in calls[0][0], "a CPU wheel in pip's cache must not be taken for it"
    assert len(calls) == 2
    assert "CUDA" not in calls[1][1]
    assert "The CUDA build failed" in capsys.readouterr().out


def test_a_build_that_is_there_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        bootstrap, "pip", lambda *arguments, environment=None: calls.append(arguments) or True
    )
    monkeypatch.setattr(bootstrap, "built_backend", lambda: "cpu")
    bootstrap.build_llama("cpu")
    assert len(calls) == 1
    assert "--force-reinstall" not in calls[0]


def test_a_failed_build_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments, environment=None: False)
    monkeypatch.setattr(bootstrap, "built_backend", lambda: None)
    with pytest.raises(bootstrap.SetupError, match="goes on where it stopped"):
        bootstrap.build_llama("cpu")


@pytest.mark.parametrize("name", ["torch", "llama-cpp-python", "PySide6-Essentials", "pytest"])
def test_constraints_pin_what_is_installed_first(name: str) -> None:
    assert re.fullmatch(rf"{name}==[\d.]+", bootstrap.pinned(name))


def test_constraints_hold_only_public_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 80
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+(; \w+ != '\w+')?", pin) for pin in pins)


def test_every_pin_can_be_installed_on_the_oldest_python() -> None:
    """Debian 12 has Python 3.11.2; a pin that wants 3.11.5 ended every set-up there."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = {}
    for name in (line.partition("==")[0] for line in lines if not line.startswith("#")):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.distribution(name)
    assert len(found) > 80
    assert dependencies.too_new(found) == []


def test_missing_packages_are_named_for_debian_and_fedora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "_loader_libraries", lambda: "libEGL.so.1 (libc6)")
    monkeypatch.setattr(system_packages, "_has_font", lambda: False)
    monkeypatch.setattr(system_packages.shutil, "which", lambda name, path=None: None)
    debian = system_packages.missing_packages(1, build=True, window=True, tests=True)
    fedora = system_packages.missing_packages(2, build=True, window=True, tests=True)
    assert {"g++", "libxcb-cursor0", "fonts-dejavu-core", "xvfb"} <= set(debian)
    assert {"gcc-c++", "xcb-util-cursor", "dejavu-sans-fonts", "xorg-x11-server-Xvfb"} <= set(fedora)
    assert "libegl1" not in debian
    assert len(fedora) == len(set(fedora))


def test_nothing_is_missing_where_there_is_no_loader_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "_loader_libraries", lambda: None)
    monkeypatch.setattr(system_packages, "_has_font", lambda: True)
    assert system_packages.missing_packages(1, build=False, window=True, tests=False) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="apt and dnf are Linux's")
def test_without_root_the_exact_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages.platform, "system", lambda: "Linux")
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system_packages, "missing_packages", lambda *_, **__: ["g++"])
    monkeypatch.setattr(system_packages.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    with pytest.raises(system_packages.SystemNotReadyError, match=r"sudo apt-get install --yes .*g\+\+"):
        system_packages.prepare(build=True, tests=False, new_environment=False)


def test_without_root_the_test_servers_are_only_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.touch()
    servers = {"here": (str(there), ("a",)), "away": (str(tmp_path / "away"), ("b", "c"))}
    monkeypatch.setattr(system_packages, "TEST_SERVERS", servers)
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000)
    assert system_packages.ensure_servers() == ["away"]
    assert system_packages.ensure_servers(["here"]) == []


def test_packages_are_installed_without_starting_daemons(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away, policy, seen = tmp_path / "away", tmp_path / "policy-rc.d", []

    def fake_run(command: list[str], **_: object) -> None:
        seen.append((command, policy.exists()))
        away.touch()

    monkeypatch.setattr(system_packages, "TEST_SERVERS", {"away": (str(away), ("b", "c"))})
    monkeypatch.setattr(system_packages, "POLICY", policy)
    monkeypatch.setattr(system_packages.platform, "system", lambda: "Linux")
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_packages.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(system_packages.subprocess, "run", fake_run)
    assert system_packages.ensure_servers() == []
    assert [command[-2:] for command, _ in seen if "install" in command] == [["b", "c"]]
    assert all(there for _, there in seen)
    assert not policy.exists()


def _begun_with(version: str, system: str) -> subprocess.CompletedProcess[str]:
    """The beginning of the set-up on another Python and system."""
    source = (ROOT / "packaging" / "bootstrap.py").read_text(encoding="utf-8")
    head = source[: source.index("import contextlib")]
    head = head.replace("sys.version_info", version).replace("sys.platform", repr(system))
    return subprocess.run([sys.executable, "-c", head], capture_output=True, text=True, check=False)


def test_a_python_that_is_too_new_for_windows_is_told_so() -> None:
    result = _begun_with("(3, 14, 0)", "win32")
    assert result.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in result.stderr
    assert _begun_with("(3, 14, 0)", "linux").returncode == 0
    assert _begun_with("(3, 13, 1)", "win32").returncode == 0


def test_a_python_that_is_too_old_is_told_so() -> None:
    result = _begun_with("(3, 10, 4)", "linux")
    assert result.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.10" in result.stderr


@pytest.mark.parametrize("target", ["help", "nonsense"])
def test_the_targets_are_explained(target: str) -> None:
    script = str(ROOT / "packaging" / "bootstrap.py")
    result = subprocess.run([sys.executable, script, target], capture_output=True, text=True, check=False)
    assert result.returncode == (0 if target == "help" else 2)
    assert "bootstrap.py test" in result.stdout


def test_the_quick_checks_set_up_what_they_need_and_leave_an_environment_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up: list[bool] = []
    ran: list[list[str]] = []

    def fake_run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command[2:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "set_up", lambda *, dev: set_up.append(dev))
    monkeypatch.setattr(bootstrap.subprocess, "run", fake_run)
    assert bootstrap.main(["check"]) == 0
    (tmp_path / bootstrap.PACKAGES.replace("*", ".11") / "mypy").mkdir(parents=True)
    assert bootstrap.main(["check"]) == 0
    assert set_up == [True]
    assert ran == [["style", "format", "types", "layers"]] * 2
    assert bootstrap.main(["test"]) == 0
    assert set_up == [True, True], "the tests need all of it"


def test_results_are_counted_from_the_reports(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(
        '<testsuites><testsuite tests="10" failures="1" errors="1" skipped="2"/></testsuites>',
        encoding="utf-8",
    )
    assert checks.counts(report) == (6, 2)
    assert checks.counts(tmp_path / "absent.xml") == (0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has Xvfb")
def test_the_virtual_x_server_starts_and_ends() -> None:
    with checks.x_server() as display:
        assert display
        socket = Path(f"/tmp/.X11-unix/X{display[1:]}")
        assert socket.exists()
    assert not socket.exists()


def test_the_makefile_and_make_ps1_have_the_same_targets() -> None:
    make = set(re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    shell = set(re.findall(r'"(\w+)"', (ROOT / "make.ps1").read_text(encoding="utf-8").split(")]")[0]))
    assert {"run", "test"} <= make == shell
