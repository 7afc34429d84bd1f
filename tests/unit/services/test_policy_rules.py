"""The lead's rules: read with line-precise faults, matched safely, at work on drafts and replies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_store import ticket

from agent_assist.adapters.policy_file import PolicyFile, read_policy
from agent_assist.cli.main import run
from agent_assist.domain.policy import Policy, folded
from agent_assist.domain.ticket import Channel
from agent_assist.errors import BadInput
from agent_assist.resources import resource
from agent_assist.services.safety.policy import PolicyService


class Day:
    def __init__(self, text: str = "2026-12-10") -> None:
        self.text = text

    def now(self) -> datetime:
        return datetime.fromisoformat(f"{self.text}T12:00:00").replace(tzinfo=UTC)


class Given:
    def __init__(self, text: str) -> None:
        self.policy = read_policy(text)

    def changed(self) -> object:
        return 1

    def read(self) -> Policy:
        return self.policy


def service(text: str, day: str = "2026-12-10") -> PolicyService:
    return PolicyService(Given(text), Day(day))


def example() -> str:
    return resource("policy", "policy.yaml").read_text(encoding="utf-8")


def test_the_example_is_in_order() -> None:
    read = read_policy(example())
    assert read.faults == ()
    assert [rule.id for rule in read.rules][:2] == ["no-refund-promise", "battery-safety"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("rules:\n  - id: a\n    say: x\n    wen: {}\n", 4, "“wen” is not known"),
        ("rules:\n  - say: x\n", 2, "has no id"),
        ("rules:\n  - id: a\n", 2, "asks for nothing"),
        ("rules:\n  - id: a\n    must_not: {regex: '('}\n", 3, "regular expression"),
        ("rules:\n  - id: a\n    say: x\n    when:\n      channel: fax\n", 5, "no channel"),
        ("rules:\n  - id: a\n    say: x\n    when:\n      language: english\n", 5, "no language code"),
        ("rules:\n  - id: a\n    say: x\n    from: soon\n", 4, "no date"),
        ("rules:\n  - id: a\n    say: x\n    from: 2026-02-01\n    until: 2026-01-01\n", 2, "before"),
        ("rules:\n  - id: a\n    hand_over: maybe\n", 3, "true or false"),
        ("rules:\n  - id: a\n    say: x\n  - id: a\n    say: y\n", 4, "two rules"),
        ("rules:\n  - id: a\n    say: x\n    say: y\n", 4, "twice"),
        ("rules: 5\n", 1, "must be a list"),
        ("rules:\n  - id: a\n   say: x\n", 3, "not valid YAML"),
        ("a: &x [1]\nrules: *x\n", 2, "References"),
        ("rules:\n  - !!python/object/apply:os.system [id]\n", 2, "made of"),
        ("hello", 1, "must be made of"),
    ],
)
def test_each_fault_has_its_line(text: str, line: int, says: str) -> None:
    (fault,) = read_policy(text).faults
    assert says in fault.sentence
    assert fault.line == line


def test_a_rule_with_a_fault_does_not_stop_the_others() -> None:
    read = read_policy("rules:\n  - id: a\n    oops: 1\n  - id: b\n    say: x\n")
    assert [rule.id for rule in read.rules] == ["b"]
    assert len(read.faults) == 1


def test_when_all_hold_and_the_day_is_right() -> None:
    text = (
        "- id: a\n  say: Later.\n  from: 2026-12-01\n  until: 2026-12-27\n"
        "  when: {words: [deliver*, ENVÍO], channel: email, language: en, intent: parcel}\n"
    )
    ours = ticket("T-1", "When will you be Delivering it?", language="en", tags=("parcel",))
    assert service(text).applied(ours).says == ("Later.",)
    assert service(text, "2026-12-28").applied(ours).rules == ()
    assert service(text, "2026-11-30").applied(ours).rules == ()
    assert service(text).applied(ours, "de").rules == ()
    chat = ticket("T-1", "When will you deliver it?", language="en", tags=("parcel",), channel=Channel.CHAT)
    assert service(text).applied(chat).rules == ()
    assert service(text).applied(ticket("T-1", "envio?", language="en", tags=("parcel",))).rules
    assert service(text).applied(ticket("T-1", "undelivered", language="en", tags=("parcel",))).rules == ()


def test_what_a_reply_must_not_or_has_to_say_is_marked() -> None:
    rules = service("- {id: a, must_not: [we guarantee, {regex: 'refund.*today'}], reason: Ask first.}\n"
                    "- {id: b, must_say: cancellation form}\n")  # fmt: skip
    text = "We  Guarantee a refund today. Use the Cancellation Form."
    marks = rules.marks(ticket(), text, "en")
    assert [text[m.start : m.end] for m in marks] == ["We  Guarantee", "refund today"]
    assert all("Ask first." in m.reason for m in marks)
    (missing,) = rules.marks(ticket(), "Hello. It is done.", "en")
    assert "cancellation form" in missing.reason
    assert missing.start == 7


def test_an_expression_that_takes_too_long_counts_as_found_soon() -> None:
    rules = service("- {id: slow, must_not: {regex: '^(\\w+\\s?)*:$'}, when: {regex: '([a-z]+)*='}}\n")
    asked = ticket("T-1", "b" * 5000 + "! =")
    applied = rules.applied(asked)
    assert [r.id for r in applied.rules] == ["slow"]
    assert applied.slow == ("slow",)
    assert "too long" in applied.notes[0]
    assert rules.marks(asked, "a" * 5000 + "!:!", "en")  # without a limit, not within a lifetime


def test_the_file_is_read_again_when_it_changes_and_survives_being_broken(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    rules = PolicyService(PolicyFile(path), Day())
    assert rules.policy() == Policy()
    path.write_text("- {id: a, say: One.}\n", encoding="utf-8")
    assert [r.id for r in rules.policy().rules] == ["a"]
    path.write_bytes(b"\xff\xfe\x00 not text")
    assert [r.id for r in rules.policy().rules] == ["a"], "the last readable rules hold on"
    with pytest.raises(BadInput, match="UTF-8"):
        PolicyFile(path).read()
    path.write_text("x" * 600_000, encoding="utf-8")
    with pytest.raises(BadInput, match="larger"):
        PolicyFile(path).read()


def test_folding_keeps_places() -> None:
    for text in ("Crème brûlée", "İstanbul ﬁn ß", "日本 ’x"):
        assert len(folded(text)) == len(text)


def test_the_command_checks_and_tries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(example(), encoding="utf-8")
    assert run(["--workspace", str(tmp_path), "policy", "check"]) == 0
    assert "5 rules are in order" in capsys.readouterr().out
    path.write_text("rules:\n  - id: a\n", encoding="utf-8")
    assert run(["policy", "check", str(path)]) == 1
    assert f"{path}:2: This rule asks for nothing" in capsys.readouterr().out
    assert run(["policy", "check", str(tmp_path / "none.yaml")]) == 2
    path.write_text("- {id: a, hand_over: true, when: {words: smoke}}\n- {id: b, must_not: sorry}", "utf-8")
    row = {"id": "T-9", "messages": [{"role": "customer", "text": "It makes smoke."},
                                     {"role": "agent", "text": "Sorry."}]}  # fmt: skip
    given = tmp_path / "t.jsonl"
    given.write_text(json.dumps(row), encoding="utf-8")
    capsys.readouterr()
    assert run(["--workspace", str(tmp_path), "policy", "test", "--input", str(given)]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["id"] == "T-9"
    assert out["hand_over"]
    assert out["marks"][0]["text"] == "Sorry"
