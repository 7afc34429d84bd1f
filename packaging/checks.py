"""Every check of `make test`, one after the other; the exit code says whether all of them passed.

    .venv/bin/python packaging/checks.py [NAME…]     NAME: style format types layers unit ui …
    .venv/bin/python packaging/checks.py bench       the benchmarks, which `make test` leaves out

All of them run even when one fails, so that one run shows everything that is to be mended.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
LINT_IMPORTS = (
    "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
)
STATIC = {
    "style": ("Style (ruff check)", ["-m", "ruff", "check", "."]),
    "format": ("Format (ruff format)", ["-m", "ruff", "format", "--check", "."]),
    "types": ("Types (mypy, strict)", ["-m", "mypy"]),
    "layers": ("Layers (import-linter)", ["-c", LINT_IMPORTS]),
}
SUITES = {
    "unit": "Unit tests",
    "ui": "Window tests on an X server",
    "integration": "Integration tests: real workers and models",
    "functional": "Functional tests: the commands",
    "training": "Functional tests: the training pipeline",
}
TRAINING = "tests/functional/test_training_*.py"
LANES = (("unit", "integration", "training"), ("ui", "functional"))
"""Suites that run one after the other, the two lanes side by side; about equally long."""


@contextlib.contextmanager
def x_server() -> Iterator[str | None]:
    """A virtual X server of our own, so that tests neither disturb nor depend on a desktop.

    Gives its display; None on macOS and Windows, where Qt's own platform is used.
    """
    if platform.system() != "Linux":
        yield None
        return
    command = shutil.which("Xvfb")
    if command is None:
        raise SystemExit("Xvfb is missing; `make test` says how to install it.")
    reading, writing = os.pipe()
    arguments = [command, "-displayfd", str(writing), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(arguments, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise SystemExit("The virtual X server did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def heading(text: str) -> None:
    print(f"\n=== {text} {'=' * max(0, 95 - len(text))}", flush=True)


def run(title: str, arguments: list[str], environment: dict[str, str], *, at_once: bool = True) -> bool:
    """`at_once` False keeps the output until the end, for what runs beside something else."""
    if at_once:
        heading(title)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        stdout=None if at_once else subprocess.PIPE,
        stderr=None if at_once else subprocess.STDOUT,
    )
    if not at_once:
        heading(f"{title} (ran beside the others)")
        sys.stdout.flush()
        sys.stdout.buffer.write(done.stdout)
    verdict = "passed" if done.returncode == 0 else f"FAILED (exit code {done.returncode})"
    print(f"--- {verdict} in {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


def counts(report: Path) -> tuple[int, int]:
    """(passed, failed) of a JUnit report; a suite that left none counts as one failure."""
    try:
        # Our own pytest wrote this file just now: the parser's weakness to hostile XML does not matter.
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314
    except (OSError, ElementTree.ParseError):
        return 0, 1
    total, failed, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "skipped")
    )
    failed += sum(int(suite.get("errors", "0")) for suite in suites)
    return max(0, total - failed - skipped), failed


def suite(name: str, display: str | None, *, at_once: bool = True) -> bool:
    # Two lanes' models share the cores: threads that wait for each other sleep, and do not spin (OpenMP).
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        environment.pop(variable, None)
    if display:
        # Commands are tested without a display; a test that wants one finds it here.
        environment["AGENT_ASSIST_TEST_DISPLAY"] = display
        if name == "ui":
            environment |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    tests = {
        "functional": ["tests/functional", f"--ignore-glob={ROOT / TRAINING}"],
        "training": sorted(str(file) for file in ROOT.glob(TRAINING)),
    }.get(name, [f"tests/{name}"])
    arguments = ["-m", "coverage", "run", "-m", "pytest", *tests, "-q", f"--junitxml={report}"]
    return run(SUITES[name], arguments, environment, at_once=at_once)


def suites_failed(names: list[str], display: str | None) -> list[str]:
    """Run the suites in two lanes side by side: most of their time is waiting.  Gives the failed ones."""
    lanes = [[name for name in lane if name in names] for lane in LANES]
    alone = not all(lanes)

    def lane(number: int) -> list[str]:
        shown = alone or number == 0
        return [name for name in lanes[number] if not suite(name, display, at_once=shown)]

    with ThreadPoolExecutor(1) as beside:
        second = beside.submit(lane, 1)
        return [*lane(0), *second.result()]


def coverage() -> bool:
    environment = {**os.environ}
    subprocess.run(
        [sys.executable, "-m", "coverage", "combine", "-q"], cwd=ROOT, env=environment, check=False
    )
    return run("Coverage of all suites together", ["-m", "coverage", "report"], environment)


def benchmarks() -> int:
    """Every benchmark, each in a process of its own; they print ratios and say which limit was missed."""
    with x_server() as display:
        environment = {**os.environ} | ({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"} if display else {})
        done = [
            run(file.stem, [str(file)], environment)
            for file in sorted((ROOT / "tests" / "benchmarks").glob("bench_*.py"))
        ]
    return 0 if all(done) else 1


def main(names: list[str]) -> int:
    if names == ["bench"]:
        return benchmarks()
    wanted = names or [*STATIC, *SUITES]
    unknown = [name for name in wanted if name not in STATIC and name not in SUITES]
    if unknown:
        print(f"There is no check named {unknown[0]}. There are: {', '.join([*STATIC, *SUITES])}.")
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    failed = [name for name in wanted if name in STATIC and not run(*STATIC[name], {**os.environ})]
    suites = [name for name in wanted if name in SUITES]
    if suites:
        for old in ROOT.glob(".coverage*"):
            old.unlink(missing_ok=True)
        with x_server() as display:
            failed += suites_failed(suites, display)
        # The limit holds for all suites together; a part of them says nothing about it.
        if set(suites) == set(SUITES) and not coverage():
            failed.append("coverage")
    totals = [counts(REPORTS / f"{name}.xml") for name in suites]
    verdict = f"Failed: {', '.join(failed)}" if failed else "All checks passed"
    heading(f"{verdict} ({time.monotonic() - started:.0f} s)")
    if suites:
        print(f"{sum(t[0] for t in totals)} passed, {sum(t[1] for t in totals)} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
