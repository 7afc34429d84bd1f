"""The audit log finds every kind of tampering that an insider can do to the real file."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support_governance import Office
from support_store import suggestion

from agent_assist.adapters.anchors import KeyringAnchor
from agent_assist.domain.audit import AuditAction, AuditNote, Head
from agent_assist.domain.suggestion import Draft, DraftState
from agent_assist.errors import AuditDamaged, BadInput, KeyUnavailable
from agent_assist.services.events import DraftChanged, EventBus, SettingsChanged


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    for number in range(6):
        made.audit.record(AuditAction.SENT, wait=True, reply=f"r{number}")
    yield made
    made.close()


def sentences(office: Office) -> list[str]:
    return [finding.sentence for finding in office.audit.verify().findings]


def test_a_whole_log_is_whole_after_any_number_of_starts(office: Office) -> None:
    for _ in range(3):
        office.again()
        office.audit.record(AuditAction.WITHDRAWN)
    report = office.audit.verify()
    assert report.intact
    assert report.entries == 10
    assert report.anchors == {"the file audit.head": 10}
    assert [e.action for e in office.audit.entries(2)] == ["withdrawn", "withdrawn"]


@pytest.mark.parametrize("column", ["at", "agent", "action", "details", "mac"])
def test_an_edit_is_found(office: Office, column: str) -> None:
    # What is put in is no digit, no letter of a code and no bracket: the field differs whatever it held.
    office.tamper(f"UPDATE audit SET {column} = '~' || substr({column}, 2) WHERE number = 4")
    assert any("Entry 4 was changed" in s or "Entry 5 was changed" in s for s in sentences(office))
    with pytest.raises(AuditDamaged):
        office.audit.require_intact()


def test_an_edit_that_swaps_who_did_it_is_found(office: Office) -> None:
    office.tamper("UPDATE audit SET agent = 'agent-000000000000' WHERE number = 3")
    assert sentences(office) == ["Entry 3 was changed, or does not belong here."]


def test_a_deletion_is_found(office: Office) -> None:
    office.tamper("DELETE FROM audit WHERE number = 4")
    assert sentences(office) == ["Entry 4 is missing."]


def test_a_deletion_whose_gap_was_closed_is_found(office: Office) -> None:
    office.tamper(
        "DELETE FROM audit WHERE number = 4",
        "UPDATE audit SET number = number - 1 WHERE number > 4",
    )
    assert any("Entry 4 was changed" in s for s in sentences(office))
    assert any("ends at entry 6" in s for s in sentences(office))


def test_a_reordering_is_found(office: Office) -> None:
    office.tamper(
        "UPDATE audit SET number = -3 WHERE number = 3",
        "UPDATE audit SET number = 3 WHERE number = 5",
        "UPDATE audit SET number = 5 WHERE number = -3",
    )
    found = sentences(office)
    assert any("Entry 3 was changed" in s for s in found)
    assert any("Entry 5 was changed" in s for s in found)


def test_an_entry_put_in_between_is_found(office: Office) -> None:
    office.tamper(
        "UPDATE audit SET number = number + 100 WHERE number > 4",
        "UPDATE audit SET number = number - 99 WHERE number > 100",
        "INSERT INTO audit SELECT 5, at, agent, action, details, mac FROM audit WHERE number = 4",
    )
    assert any("Entry 5 was changed" in s for s in sentences(office))


def test_a_truncation_is_found(office: Office) -> None:
    office.tamper("DELETE FROM audit WHERE number > 5")
    (sentence,) = sentences(office)
    assert sentence.startswith(
        "The log ends at entry 5, and the file audit.head remembers 7: its end was cut"
    )


def test_a_log_that_was_emptied_is_found_and_makes_nobody_an_admin(office: Office) -> None:
    office.tamper("DELETE FROM audit")
    assert not office.audit.empty
    assert office.access.role.value == "agent"
    assert sentences(office)


def test_the_replay_of_an_older_database_is_found(office: Office, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    office.files(lambda: shutil.copy(office.path, old))
    office.audit.record(AuditAction.READ_RAW, wait=True)
    office.files(lambda: shutil.copy(old, office.path))
    assert any("an older one" in s for s in sentences(office))
    office.audit.record(AuditAction.SENT, wait=True)
    assert any("not the one" in s for s in sentences(office)), "going on does not hide it"


def test_the_replay_of_database_and_anchor_is_found_by_a_place_elsewhere(
    office: Office, tmp_path: Path
) -> None:
    noted = office.audit.verify().head
    old, anchor = tmp_path / "old.db", tmp_path / "audit.head"
    office.files(lambda: shutil.copy(office.path, old))
    kept = anchor.read_bytes()
    office.audit.record(AuditAction.READ_RAW, wait=True)
    later = office.audit.verify().head

    def put_back() -> None:
        shutil.copy(old, office.path)
        anchor.write_bytes(kept)

    office.files(put_back)
    assert office.audit.verify().intact, "inside the folder nothing can tell"
    assert office.audit.verify(noted).intact
    assert not office.audit.verify(later).intact


@pytest.mark.parametrize("text", ["", "{}", '{"number": 2, "mac": "00", "seal": "00"}', None])
def test_an_anchor_that_was_changed_or_removed_is_found(office: Office, text: str | None) -> None:
    anchor = office.folder / "audit.head"
    if text is None:
        anchor.unlink()
    else:
        anchor.write_text(text)
    assert len(sentences(office)) == 1


def test_a_crash_between_database_and_anchor_is_no_tampering(office: Office) -> None:
    before = (office.folder / "audit.head").read_bytes()
    office.audit.record(AuditAction.SENT, wait=True)
    (office.folder / "audit.head").write_bytes(before)
    assert office.audit.verify().intact
    office.audit.record(AuditAction.SENT, wait=True)
    assert office.audit.verify().anchors == {"the file audit.head": 9}


def test_a_restored_backup_can_be_accepted_and_stays_visible(office: Office, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        office.audit.accept("nothing is wrong")
    old = tmp_path / "old.db"
    office.files(lambda: shutil.copy(office.path, old))
    office.audit.record(AuditAction.SENT, wait=True)
    office.files(lambda: shutil.copy(old, office.path))
    report = office.audit.accept("restored after a disk fault")
    assert report.intact
    assert report.accepted == 1
    office.audit.record(AuditAction.SENT, wait=True)
    office.again()
    assert office.audit.verify().intact
    assert office.audit.entries(1, AuditAction.AUDIT_ACCEPTED)[0].facts["lost_number"] == 8


def test_changed_entries_cannot_be_accepted(office: Office) -> None:
    office.tamper("UPDATE audit SET details = '{}' WHERE number = 3")
    with pytest.raises(BadInput):
        office.audit.accept("please")


def test_the_log_only_grows_by_accident_too(office: Office) -> None:
    with pytest.raises(Exception, match="only grows"):
        office.database.write(lambda t: t.conn.execute("DELETE FROM audit"))


def test_many_entries_are_written_while_their_caller_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, disk = 2000, threading.Event()
    store = office.audit._repository
    append = store.append
    batches: list[int] = []

    def slowly(notes: Sequence[AuditNote]) -> Head:
        disk.wait()
        batches.append(len(notes))
        return append(notes)

    monkeypatch.setattr(store, "append", slowly)
    for number in range(count):
        office.audit.record(AuditAction.DRAFTED, suggestion=str(number))
    assert batches == []
    disk.set()
    office.audit.flush()
    assert office.audit.verify().intact
    assert len(office.audit.entries(count)) == count
    assert len(batches) <= 2, "what came while the disk was busy is one transaction"


def test_drafts_and_settings_are_noted_once_and_without_their_text(office: Office) -> None:
    events = EventBus()
    office.audit.listen(events)
    made = suggestion(text="Dear Crystal Minh")
    for _ in range(3):
        events.publish(DraftChanged(Draft("T-1", state=DraftState.READY, suggestion=made, text=made.text)))
    events.publish(SettingsChanged(frozenset({"reply.company"})))
    drafted, settings = office.audit.entries(2)[1], office.audit.entries(1)[0]
    assert drafted.facts["suggestion"] == "s1"
    assert settings.facts == {"names": "reply.company"}
    assert len(office.audit.entries(10, AuditAction.DRAFTED)) == 1
    text = json.dumps([e.details for e in office.audit.every()])
    assert "Crystal" not in text
    assert "T-1" not in text


def test_what_waits_is_written_when_the_desk_closes(office: Office) -> None:
    office.audit.record(AuditAction.SENT, reply="last")
    office.again()
    assert office.audit.entries(1)[0].facts == {"reply": "last"}


def test_two_processes_append_to_one_chain(office: Office) -> None:
    first = office.audit
    first_database = office.database
    office.open("agent-other")
    for number in range(5):
        first.record(AuditAction.SENT, wait=True, reply=f"a{number}")
        office.audit.record(AuditAction.SENT, wait=True, reply=f"b{number}")
    assert office.audit.verify().intact
    first.close()
    first_database.close()


def test_an_export_names_the_head(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    count = office.audit.export(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == count + 1
    number, _, mac = lines[-1]["head"].partition(":")
    assert office.audit.verify(Head(int(number), mac)).intact
    assert office.audit.export(tmp_path / "audit.csv") == count + 1


def test_the_keyring_remembers_too_and_never_goes_back(office: Office) -> None:
    class Ring:
        name = "ring"
        locked = False

        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def get(self, name: str) -> bytes | None:
            if self.locked:
                raise KeyUnavailable("locked")
            return self.kept.get(name)

        def set(self, name: str, secret: bytes) -> None:
            if self.locked:
                raise KeyUnavailable("locked")
            self.kept[name] = secret

        def remove(self, name: str) -> None:
            self.kept.pop(name, None)

    ring = Ring()
    anchor = KeyringAnchor(ring, "w", office.audit_key)
    assert anchor.read() is None
    anchor.write(Head(5, "a" * 64))
    anchor.write(Head(4, "b" * 64))
    assert anchor.read() == Head(5, "a" * 64)
    anchor.write(Head(4, "b" * 64), back=True)
    assert anchor.read() == Head(4, "b" * 64)
    ring.locked = True
    assert anchor.read() is None, "a locked keyring is no tampering: the other places remember it"
    anchor.write(Head(9, "c" * 64))
    ring.locked = False
    ring.kept["w audit head"] = b'{"number": 99, "mac": "", "seal": ""}'
    with pytest.raises(AuditDamaged):
        anchor.read()


def test_a_policy_that_was_edited_is_noted_once(office: Office) -> None:
    office.audit.note_policy("")
    for sha256 in ("ab" * 32, "ab" * 32, "cd" * 32, ""):
        office.audit.note_policy(sha256)
        office.audit.flush()
    noted = [e.facts["sha256"] for e in office.audit.entries(9, AuditAction.POLICY_CHANGED)]
    assert noted == ["", "cd" * 8, "ab" * 8]
