"""Mails as conversations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_assist.adapters.helpdesks.mail_message import Address, Envelope
from agent_assist.adapters.helpdesks.mail_threads import Place, Threads, bare_subject

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
OURS = ("support@support.example", "@staff.example")


def mail(
    name: str, *references: str, subject: str = "", sender: str = "c@x.example", hour: int = 0
) -> Envelope:
    who = Address("", sender)
    to = (Address("", "support@support.example"),)
    ids = tuple(f"<{r}>" for r in references)
    return Envelope(f"<{name}>", ids, subject, who, who, to, (), AT + timedelta(hours=hour), "")


def groups(threads: Threads) -> set[frozenset[str]]:
    return {frozenset(k.envelope.id for k in mails) for mails in threads.conversations().values()}


@pytest.mark.parametrize(
    ("subject", "bare", "answer"),
    [
        ("Re: Invoice", "Invoice", True),
        ("AW: WG: Re[2]: Rechnung", "Rechnung", True),
        ("Fwd: Invoice", "Invoice", False),
        ("SV: Odp: RE : x", "x", True),
        ("回复：发票", "发票", True),
        ("Regarding: x", "Regarding: x", False),
        ("Re:", "", True),
    ],
)
def test_subjects_without_their_marks(subject: str, bare: str, answer: bool) -> None:
    assert bare_subject(subject) == (bare, answer)


def test_references_make_a_conversation_in_any_order() -> None:
    mails = [mail("a"), mail("b", "a", hour=1), mail("c", "a", "b", hour=2), mail("d", "c", hour=3)]
    ids = set()
    for order in permutations(mails):
        threads = Threads(OURS)
        for position, one in enumerate(order):
            threads.add(one, Place("INBOX", position))
        assert len(groups(threads)) == 1
        ids |= set(threads.conversations())
    assert len(ids) == 1


def test_the_id_stays_when_the_first_mail_is_gone() -> None:
    threads = Threads(OURS)
    for number, one in enumerate([mail("a"), mail("b", "a", hour=1), mail("c", "a", "b", hour=2)]):
        threads.add(one, Place("INBOX", number))
    (name,) = threads.conversations()
    assert threads.remove(Place("INBOX", 0)) == name
    assert set(threads.conversations()) == {name}
    assert threads.missing(threads.mails_with(mail("b"))) == ["<a>"]


def test_the_subject_joins_only_answers_of_the_same_customer() -> None:
    threads = Threads(OURS)
    threads.add(mail("a", subject="Invoice"), None)
    threads.add(mail("b", subject="Re: invoice", hour=1), None)
    threads.add(mail("c", subject="Invoice", hour=2), None)  # begins anew
    threads.add(mail("d", subject="Re: Invoice", sender="d@x.example", hour=3), None)
    threads.add(mail("e", subject="Re: Invoice", hour=24 * 60), None)  # two months later
    assert groups(threads) == {frozenset(("<a>", "<b>")), *(frozenset((f"<{n}>",)) for n in "cde")}


def test_an_answer_never_comes_before_its_question() -> None:
    threads = Threads(OURS)
    mails = [
        mail("q", "x", "y"),
        mail("a", "q"),
        mail("early", "late"),
        mail("late", "q", hour=1),
        mail("b", "a", "q"),
    ]
    for number, one in enumerate(mails):
        threads.add(one, Place("INBOX", number))
    order = [k.envelope.id for k in threads.mails_with(mails[0])]
    assert sorted(order) == sorted(m.id for m in mails)
    for one in mails:
        for reference in one.references:
            if reference in order:
                assert order.index(reference) < order.index(one.id)
    loop = Threads(OURS)
    for number, one in enumerate([mail("a", "b"), mail("b", "a")]):
        loop.add(one, Place("INBOX", number))
    assert len(loop.mails_with(mail("a"))) == 2


def test_a_copy_is_one_mail_and_a_forged_id_is_another() -> None:
    threads = Threads(OURS)
    one = threads.add(mail("a", sender="support@support.example"), Place("INBOX", 1))
    assert threads.add(mail("a", sender="support@support.example"), Place("Sent", 1)) is one
    threads.add(mail("a", sender="eve@x.example"), Place("INBOX", 2))
    assert (len(threads), len(threads.find("<a>"))) == (2, 2)
    threads.remove(Place("INBOX", 1))
    assert one.places == {Place("Sent", 1)}
    assert threads.is_ours("ada@staff.example")


def test_numbered_anew_nothing_is_lost() -> None:
    threads = Threads(OURS)
    threads.add(mail("a"), Place("INBOX", 1))
    before = set(threads.conversations())
    assert threads.forget("INBOX") == before
    assert len(threads) == 0
    threads.add(mail("a"), Place("INBOX", 7))
    assert set(threads.conversations()) == before
    assert threads.remove(Place("INBOX", 1)) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=3), st.booleans()), max_size=20
    )
)
@settings(max_examples=60, deadline=None)
def test_each_mail_stands_in_one_conversation(rows: list[tuple[int, list[int], bool]]) -> None:
    threads = Threads(OURS)
    for number, (name, references, removed) in enumerate(rows):
        threads.add(mail(f"m{name}", *(f"m{r}" for r in references if r != name)), Place("INBOX", number))
        if removed:
            threads.remove(Place("INBOX", number - 1))
    found = [k.envelope.key for mails in threads.conversations().values() for k in mails]
    assert len(found) == len(set(found)) == len(threads)
    for name, mails in threads.conversations().items():
        assert {threads.conversation(k.envelope) for k in mails} == {name}
