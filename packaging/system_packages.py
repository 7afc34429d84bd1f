"""What the operating system must bring before Python packages can be installed, and how to get it.

Standard library only: this runs before the virtual environment exists.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# (file that must be known to the loader, Debian/Ubuntu package, Fedora package): what Qt's xcb
# plugin and Qt's GUI library link against and do not bring themselves.
QT_LIBRARIES = (
    ("libEGL.so.1", "libegl1", "libglvnd-egl"),
    ("libGL.so.1", "libgl1", "libglvnd-glx"),
    ("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb"),
    ("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    ("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    ("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs"),  # QtNetwork, for the second start
    ("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    ("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    ("libxcb-image.so.0", "libxcb-image0", "xcb-util-image"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    ("libxcb-randr.so.0", "libxcb-randr0", "libxcb"),
    ("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil"),
    ("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    ("libxcb-shm.so.0", "libxcb-shm0", "libxcb"),
    ("libxcb-sync.so.1", "libxcb-sync1", "libxcb"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb"),
    ("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    ("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
)
# (command, Debian/Ubuntu package, Fedora package): the build of llama-cpp-python.
BUILD_TOOLS = (
    ("g++", "g++", "gcc-c++"),
    ("cmake", "cmake", "cmake"),
    ("make", "make", "make"),
)
FONT = ("fonts-dejavu-core", "dejavu-sans-fonts")
X_SERVER = ("Xvfb", "xvfb", "xorg-x11-server-Xvfb")
# What the integration tests talk to, on Debian and Ubuntu: (file that is there when it is installed,
# packages).  `ensure_servers` installs them for root; each test says what it needs and is skipped, or
# fails in CI, where that is not there.
TEST_SERVERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Chromium": ("/usr/bin/chromium", ("chromium",)),
    "Firefox": ("/usr/bin/firefox-esr", ("firefox-esr",)),
    "GNOME keyring": ("/usr/bin/gnome-keyring-daemon", ("gnome-keyring", "dbus-daemon")),
    "Exim": ("/usr/sbin/exim4", ("exim4-daemon-light",)),
    "Dovecot": ("/usr/sbin/dovecot", ("dovecot-imapd",)),
    "Request Tracker": (
        "/usr/share/request-tracker5/libexec/rt-server",
        # Any MTA satisfies request-tracker5; naming exim here keeps apt from choosing another one.
        ("request-tracker5", "rt5-standalone", "rt5-db-sqlite", "exim4-daemon-light"),
    ),
}
# Answers to the packages' questions: our tests bring configuration and database of their own.
PRESEED = """\
request-tracker5 request-tracker5/install-cronjobs boolean false
request-tracker5 request-tracker5/handle-siteconfig-permissions boolean true
request-tracker5 request-tracker5/dbconfig-install boolean false
"""
POLICY = Path("/usr/sbin/policy-rc.d")
WINDOWS_COMPILER = (
    "winget install Microsoft.VisualStudio.2022.BuildTools --override "
    '"--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"'
)


class SystemNotReadyError(Exception):
    """Something is missing that this process may not install; the text says the exact command."""


def has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _loader_libraries() -> str | None:
    """The loader's cache as text; None where there is none to ask (then nothing is reported missing)."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/sbin", "/usr/sbin"])
    command = shutil.which("ldconfig", path=path)
    if command is None:
        return None
    result = subprocess.run([command, "-p"], capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 and result.stdout else None


def _has_font() -> bool:
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    return any(next(folder.rglob(f"*.{kind}"), None) for folder in folders for kind in ("ttf", "otf", "ttc"))


def missing_packages(column: int, *, build: bool, window: bool, tests: bool) -> list[str]:
    """Names of missing packages; `column` 1 gives Debian's names, 2 Fedora's."""
    wanted: list[str] = []
    if build:
        wanted += [row[column] for row in BUILD_TOOLS if shutil.which(row[0]) is None]
    if window or tests:
        known = _loader_libraries()
        if known is not None:
            wanted += [row[column] for row in QT_LIBRARIES if row[0] not in known]
        if not _has_font():
            wanted.append(FONT[column - 1])
    if tests and shutil.which(X_SERVER[0]) is None:
        wanted.append(X_SERVER[column])
    return list(dict.fromkeys(wanted))


def _missing_venv() -> list[str]:
    """Debian splits ensurepip off; without it no virtual environment can be made."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]
    return []


def prepare(*, build: bool, tests: bool, new_environment: bool) -> None:
    """Bring the system's part of the set-up in order, or raise SystemNotReadyError.

    `build`: llama-cpp-python is still to be built; `tests`: an X server is needed too;
    `new_environment`: the virtual environment is still to be made.
    """
    system = platform.system()
    if system == "Linux":
        _prepare_linux(build=build, tests=tests, new_environment=new_environment)
    elif system == "Darwin" and build:
        if subprocess.run(["xcode-select", "-p"], capture_output=True, check=False).returncode != 0:
            raise SystemNotReadyError(_ask("the Xcode command line tools", "xcode-select --install"))
    elif system == "Windows" and build:
        installer = Path(os.environ.get("PROGRAMFILES(X86)", "C:/Program Files (x86)"))
        if not (installer / "Microsoft Visual Studio" / "Installer" / "vswhere.exe").exists():
            raise SystemNotReadyError(_ask("the Visual C++ build tools", WINDOWS_COMPILER))


def missing_servers(names: Iterable[str] = ()) -> list[str]:
    """Those of `names` (all of TEST_SERVERS where none is given) that are not installed."""
    return [name for name in names or TEST_SERVERS if not Path(TEST_SERVERS[name][0]).exists()]


def ensure_servers(names: Iterable[str] = ()) -> list[str]:
    """Install what is missing of TEST_SERVERS where this process may; returns what is missing still.

    Only root on a system with apt installs anything.  No daemon is started by it.
    """
    names = list(names)
    wanted = missing_servers(names)
    if not wanted or platform.system() != "Linux" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return wanted
    packages = list(dict.fromkeys(package for name in wanted for package in TEST_SERVERS[name][1]))
    print(f"Installing servers for the tests: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    with _no_daemons():
        if shutil.which("debconf-set-selections"):
            subprocess.run(["debconf-set-selections"], input=PRESEED, text=True, check=False)
        install = [*apt, "install", "--yes", "--no-install-recommends"]
        for step in ([*apt, "update"], [*install, *packages]):
            subprocess.run(step, env=environment, check=False, stdout=sys.stderr)
        # Where apt does not know one of them (Ubuntu has no firefox-esr) it installs none.
        for name in missing_servers(wanted):
            subprocess.run(
                [*install, *TEST_SERVERS[name][1]], env=environment, check=False, stdout=sys.stderr
            )
    return missing_servers(names)


@contextlib.contextmanager
def _no_daemons() -> Iterator[None]:
    """Packages ask this script whether they may start their service: not for us."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _ask(what: str, command: str) -> str:
    return f"Missing: {what}.\nRun this first, then the same command again:\n\n    {command}\n"


def _prepare_linux(*, build: bool, tests: bool, new_environment: bool) -> None:
    root = os.geteuid() == 0
    # Without a display nothing of Qt is loaded, so only root gets the libraries unasked.
    window = has_display() or root
    if shutil.which("apt-get"):
        wanted = missing_packages(1, build=build, window=window, tests=tests)
        wanted += _missing_venv() if new_environment else []
        steps = [["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *wanted]]
    elif shutil.which("dnf"):
        wanted = missing_packages(2, build=build, window=window, tests=tests)
        steps = [["dnf", "install", "--assumeyes", *wanted]]
    else:
        wanted = missing_packages(1, build=build, window=window, tests=tests)
        if wanted:
            print(
                f"There is neither apt nor dnf here. Debian's names of what is missing: {' '.join(wanted)}."
            )
            print("Going on without; install them if a later step fails.", flush=True)
        return
    if tests:
        ensure_servers()
    if not wanted:
        return
    command = " && ".join(" ".join(step) for step in steps)
    if not root:
        raise SystemNotReadyError(
            _ask(" ".join(wanted), " && ".join("sudo " + " ".join(step) for step in steps))
        )
    print(f"Installing system packages: {' '.join(wanted)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in steps:
        if subprocess.run(step, env=environment, check=False).returncode != 0 and step is steps[-1]:
            raise SystemNotReadyError(
                f"The system packages could not be installed. Run this and see why:\n\n    {command}\n"
            )
