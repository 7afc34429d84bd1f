"""`audit`, `role`, `privacy`, `workspace` and `doctor --security`, as a security officer runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support_commands import PASSPHRASE, Run, parsed
from support_workspace import as_insider

from agent_assist.adapters.workspace import Workspace


def test_what_was_done_is_in_the_log_and_tampering_ends_it(agent_assist: Run, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    assert agent_assist("feedback", "export", "--format", "csv", "--output", str(output))[0] == 0
    assert agent_assist("feedback", "export", "--format", "csv", "--output", str(output), "--raw")[0] == 0
    shown = parsed(agent_assist("audit", "show", "--json"))
    assert [e["action"] for e in shown] == ["read_raw", "exported", "role_changed"]
    whole = parsed(agent_assist("audit", "verify", "--json"))
    assert whole["intact"]
    exported = parsed(agent_assist("audit", "export", "--output", str(tmp_path / "log.jsonl"), "--json"))
    assert agent_assist("audit", "verify", "--head", exported["head"])[0] == 0
    assert agent_assist("audit", "verify", "--head", "9:" + "0" * 64)[0] == 3
    assert agent_assist("audit", "verify", "--head", "nonsense")[0] == 2

    statement = "UPDATE audit SET action = 'exported' WHERE action = 'read_raw'"
    as_insider(tmp_path / "desk", statement, passphrase=PASSPHRASE)
    code, out, _ = agent_assist("audit", "verify")
    assert code == 3
    assert "Entry 3 was changed" in out
    code, _, err = agent_assist("feedback", "export", "--format", "csv", "--output", str(output), "--raw")
    assert code == 3
    assert "nobody may export feedback" in err
    checks = parsed(agent_assist("doctor", "--security", "--json"))
    assert checks["state"] == checks["audit"]["state"] == "problem"
    assert agent_assist("doctor", "--security")[0] == 3


def test_roles_are_enforced_with_a_sentence_and_an_exit_code(agent_assist: Run, tmp_path: Path) -> None:
    me = parsed(agent_assist("role", "whoami", "--json"))
    assert me["role"] == "admin"
    other = "agent-000000000001"
    assert agent_assist("role", "set", other, "admin")[1] == f"{other} is an admin now.\n"
    assert agent_assist("role", "set", me["agent"], "agent")[0] == 0
    assert [p["role"] for p in parsed(agent_assist("role", "list", "--json"))] == ["admin", "agent"]
    output = str(tmp_path / "out.csv")
    rules = tmp_path / "rules.yaml"
    rules.write_text("- id: hours\n  say: We answer on weekdays.\n")
    refused = (
        ("feedback", "export", "--format", "csv", "--output", output, "--raw"),
        ("role", "set", me["agent"], "admin"),
        ("model", "remove", "SmolLM2-135M-Instruct"),
        ("model", "rollback"),
        ("audit", "show"),
        ("privacy", "erase", "--customer", "C-1", "--yes"),
        ("privacy", "export", "--customer", "C-1", "--output", output),
        ("privacy", "retention", "set", "--solved-days", "30"),
        ("workspace", "recovery-key"),
        ("feedback", "export", "--format", "sft", "--output", output),
        ("feedback", "export", "--format", "retrieval", "--output", output),
        ("policy", "set", str(rules)),
        ("role", "may", "train"),
        ("audit", "export", "--output", output),
        ("model", "use", "SmolLM2-135M-Instruct"),
        ("helpdesk", "remove", "acme"),
    )
    for arguments in refused:
        code, out, err = agent_assist(*arguments)
        assert (code, out) == (3, ""), arguments
        assert err.startswith("Only a"), arguments
        assert "you are an agent here" in err
    assert not Path(output).exists()
    assert agent_assist("feedback", "export", "--format", "csv", "--output", output)[0] == 0
    assert agent_assist("audit", "verify")[0] == 0


def test_the_policy_is_set_shown_and_in_the_log(agent_assist: Run, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("- id: hours\n  say: We answer on weekdays.\n- id: empty\n")
    code, out, err = agent_assist("policy", "set", str(rules))
    assert (code, out) == (2, "")
    assert err.startswith("Line 3: This rule asks for nothing")
    rules.write_text("- id: hours\n  say: We answer on weekdays.\n")
    assert agent_assist("policy", "set", str(rules))[1] == "1 rule holds now.\n"
    shown = parsed(agent_assist("policy", "show", "--json"))
    assert [rule["id"] for rule in shown["rules"]] == ["hours"]
    assert not shown["held_back"]
    assert parsed(agent_assist("audit", "show", "--json"))[0]["action"] == "policy_changed"
    assert agent_assist("role", "may", "train")[1] == "You may train on the team's feedback.\n"
    assert "policy" in agent_assist("doctor", "--security")[1]


def test_a_person_is_exported_and_erased(agent_assist: Run, tmp_path: Path) -> None:
    code, _, err = agent_assist("privacy", "erase", "--customer", "ada@mail.example.com", "--yes")
    assert code == 2
    assert err.startswith("Nothing is kept")
    with Workspace.open(tmp_path / "desk", passphrase=lambda: PASSPHRASE) as workspace:
        from support_store import ticket

        from agent_assist.adapters.storage.tickets import TicketStore

        TicketStore(workspace.database).save([ticket("T-1", "Hello")])
    held = parsed(
        agent_assist("privacy", "export", "--customer", "C-7", "--output", str(tmp_path / "c.json"), "--json")
    )
    assert held["records"]["tickets"] == 1
    receipt = tmp_path / "receipt.json"
    made = parsed(
        agent_assist("privacy", "erase", "--customer", "C-7", "--yes", "--receipt", str(receipt), "--json")
    )
    assert json.loads(receipt.read_text()) == made
    assert made["compacted"]
    assert "Crystal" not in receipt.read_text()
    assert parsed(agent_assist("privacy", "receipts", "--json"))[0]["genuine"]
    assert (
        parsed(agent_assist("privacy", "retention", "set", "--sent-days", "90", "--json"))["sent_days"] == 90
    )
    assert agent_assist("privacy", "retention", "run")[0] == 0


def test_the_key_is_changed_and_recovered(agent_assist: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = parsed(agent_assist("workspace", "recovery-key", "--json"))["recovery_key"]
    monkeypatch.setenv("AGENT_ASSIST_NEW_PASSPHRASE", "another one")
    assert agent_assist("workspace", "passphrase")[0] == 0
    assert agent_assist("workspace", "show")[0] == 3, "the old passphrase no longer opens"
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", printed)
    assert parsed(agent_assist("workspace", "show", "--json"))["recovery_key"]
    shown = parsed(agent_assist("audit", "show", "--action", "key_changed", "--json"))
    assert [e["details"]["what"] for e in shown] == ["passphrase", "recovery key"]


def test_one_command_looks_at_everything(agent_assist: Run) -> None:
    code, out, _ = agent_assist("doctor", "--security")
    assert code == 0
    for name in ("encryption", "key", "files", "audit", "roles", "models", "network", "workers", "crashes"):
        assert name in out
    checks = parsed(agent_assist("doctor", "--security", "--json"))
    assert checks["encryption"]["encrypted"]
    assert checks["network"]["allowed"] == []
    assert checks["workers"]["network"] in ("seccomp", "namespace", "open")
