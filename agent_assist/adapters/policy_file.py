"""Reads `policy.yaml`: plain values only, every fault with its line, nothing in it is ever executed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import regex
import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent_assist.domain.policy import Fault, Pattern, Policy, PolicyRule, When
from agent_assist.domain.ticket import Channel
from agent_assist.errors import BadInput, DiskFull, WorkspaceReadOnly
from agent_assist.files import write_whole

log = logging.getLogger(__name__)

NAME = "policy.yaml"
COPY = "policy.sealed"
LARGEST = 500_000
"""Bytes of a policy file."""
MOST = 500
"""Rules of a policy file."""

_NONCE = 12
_PURPOSE = b"policy"
_RULE = ("id", "when", "say", "must_say", "must_not", "hand_over", "reason", "from", "until")
_WHEN = ("words", "regex", "intent", "channel", "language")


class _Wrong(Exception):
    def __init__(self, node: yaml.Node, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = Fault(node.start_mark.line + 1, sentence)


class PolicyFile:
    """Implements services.policy.PolicySource and services.policy_keeping.PolicyText."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def changed(self) -> object:
        """Another value whenever the file may be another one; None where there is none."""
        try:
            facts = self.path.stat()
        except OSError:
            return None
        return (facts.st_mtime_ns, facts.st_size, facts.st_ino)

    def read(self) -> Policy:
        """The rules; none where there is no file.  Raises BadInput where it cannot be read at all."""
        return read_policy(self.text() or "")

    def text(self) -> str | None:
        """What stands in it; None where there is no file.  Raises BadInput where it cannot be read."""
        try:
            if self.path.stat().st_size > LARGEST:
                raise BadInput(f"{self.path} is larger than {LARGEST:,} bytes.", "Keep policies short.")
            return self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise BadInput(f"{self.path} is not UTF-8 text.", "Save it as UTF-8.") from None
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read ({error.strerror}).") from None

    def write(self, text: str) -> None:
        """Replace the file in one step.  Raises WorkspaceReadOnly or DiskFull."""
        try:
            write_whole(self.path, text.encode("utf-8"))
        except PermissionError:
            raise WorkspaceReadOnly(f"The policy could not be written to {self.path}.") from None
        except OSError as error:
            raise DiskFull(f"The policy could not be written: {error.strerror}.") from None


class SealedPolicy:
    """Implements services.policy_keeping.KeptPolicy: a file that only this workspace can have written."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._seal = AESGCM(key)

    def read(self) -> str | None:
        try:
            data = self._path.read_bytes()
            return self._seal.decrypt(data[:_NONCE], data[_NONCE:], _PURPOSE).decode("utf-8")
        except (OSError, InvalidTag, ValueError):
            return None

    def write(self, text: str) -> None:
        """A copy that cannot be written is missed only when the file is changed by the wrong person."""
        nonce = os.urandom(_NONCE)
        try:
            write_whole(self._path, nonce + self._seal.encrypt(nonce, text.encode("utf-8"), _PURPOSE))
        except OSError as error:
            log.warning("the copy of the policy was not written: %s", error.strerror)


def read_policy(text: str) -> Policy:
    """The rules of a policy text and what is wrong with the others."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                return Policy((), (Fault(line, "References (*name) are not read: write the value out."),))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Policy((), (Fault(mark.line + 1 if mark else 1, f"This is not valid YAML: {error.problem}."),))
    except (yaml.YAMLError, RecursionError) as error:
        return Policy((), (Fault(1, f"This is not valid YAML: {str(error).splitlines()[0]}."),))
    if root is None:
        return Policy()
    faults: list[Fault] = []
    rules: list[PolicyRule] = []
    try:
        nodes = _rules_of(root)
    except _Wrong as wrong:
        return Policy((), (wrong.fault,))
    for node in nodes[:MOST]:
        try:
            rule = _rule(node)
            if any(rule.id == other.id for other in rules):
                raise _Wrong(node, f"There are two rules with the id “{rule.id}”.")
            rules.append(rule)
        except _Wrong as wrong:
            faults.append(wrong.fault)
    if len(nodes) > MOST:
        faults.append(Fault(nodes[MOST].start_mark.line + 1, f"Only the first {MOST} rules are read."))
    return Policy(tuple(rules), tuple(faults))


def _rules_of(root: yaml.Node) -> list[yaml.Node]:
    if isinstance(root, yaml.SequenceNode):
        return list(root.value)
    for key, _, node in _pairs(root, ("version", "rules"), "The file"):
        if key == "rules":
            if not isinstance(node, yaml.SequenceNode):
                raise _Wrong(node, "“rules” must be a list: begin each rule with “- id: …”.")
            return list(node.value)
    raise _Wrong(root, "The file has no “rules”.")


def _pairs(
    node: yaml.Node, allowed: tuple[str, ...], what: str
) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _Wrong(node, f"{what} must be made of “name: value” lines.")
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        if name not in allowed:
            raise _Wrong(key, f"“{name}” is not known here. Known are {', '.join(allowed)}.")
        if name in seen:
            raise _Wrong(key, f"“{name}” stands here twice.")
        seen.add(name)
        yield name, key, value


def _rule(node: yaml.Node) -> PolicyRule:
    values: dict[str, Any] = {"line": node.start_mark.line + 1}
    readers: dict[str, tuple[str, Callable[[yaml.Node], Any]]] = {
        "id": ("id", _text),
        "when": ("when", _when),
        "say": ("say", _text),
        "must_say": ("must_say", _patterns),
        "must_not": ("must_not", _patterns),
        "hand_over": ("hand_over", _flag),
        "reason": ("reason", _text),
        "from": ("begins", _day),
        "until": ("ends", _day),
    }
    for name, _, value in _pairs(node, _RULE, "A rule"):
        field, reader = readers[name]
        values[field] = reader(value)
    if not values.get("id"):
        raise _Wrong(node, "This rule has no id.")
    if not any(values.get(name) for name in ("say", "must_say", "must_not", "hand_over")):
        raise _Wrong(node, "This rule asks for nothing: give it say, must_say, must_not or hand_over.")
    if values.get("begins") and values.get("ends") and values["ends"] < values["begins"]:
        raise _Wrong(node, "“until” is before “from”.")
    return PolicyRule(**values)


def _when(node: yaml.Node) -> When:
    patterns: list[Pattern] = []
    values: dict[str, tuple[str, ...]] = {}
    for name, _, value in _pairs(node, _WHEN, "“when”"):
        if name == "words":
            patterns += (Pattern(text) for text in _texts(value))
        elif name == "regex":
            patterns += (_regex(value, text) for text in _texts(value))
        else:
            values[name] = tuple(text.casefold() for text in _texts(value))
    for channel in values.get("channel", ()):
        if channel not in set(Channel):
            known = ", ".join(c.value for c in Channel)
            raise _Wrong(node, f"“{channel}” is no channel. Channels are {known}.")
    for language in values.get("language", ()):
        if len(language) != 2 or not language.isalpha():
            raise _Wrong(node, f"“{language}” is no language code: write en, de, es …")
    return When(
        tuple(patterns), values.get("intent", ()), values.get("channel", ()), values.get("language", ())
    )


def _patterns(node: yaml.Node) -> tuple[Pattern, ...]:
    """One or several: words, or `regex: …`."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found: list[Pattern] = []
    for one in nodes:
        if isinstance(one, yaml.MappingNode):
            for _, _, value in _pairs(one, ("regex",), "This"):
                found.append(_regex(value, _text(value)))
        else:
            found.append(Pattern(_text(one)))
    return tuple(found)


def _regex(node: yaml.Node, text: str) -> Pattern:
    try:
        regex.compile(text, regex.IGNORECASE)
    except regex.error as error:
        raise _Wrong(node, f"This regular expression cannot be read: {error}.") from None
    return Pattern(text, True)


def _texts(node: yaml.Node) -> tuple[str, ...]:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return tuple(_text(one) for one in nodes)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
        raise _Wrong(node, "A text is wanted here.")
    return " ".join(str(node.value).split())


def _flag(node: yaml.Node) -> bool:
    value = yaml.SafeLoader("").construct_object(node) if isinstance(node, yaml.ScalarNode) else None
    if not isinstance(value, bool):
        raise _Wrong(node, "Write true or false here.")
    return value


def _day(node: yaml.Node) -> date:
    text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise _Wrong(node, f"“{text}” is no date: write it as 2026-11-30.") from None
