"""How far agents agree, and that the dataset card says so."""

from __future__ import annotations

import pytest

from agent_assist.domain.ticket import Message, Role, Ticket
from training.prepare.agreement import agreement
from training.prepare.examples import Example


def example(question: str, reply: str) -> Example:
    ticket = Ticket(id="1", messages=(Message("m", Role.CUSTOMER, question),))
    return Example(
        prompt=(),
        reply=reply,
        ticket="1",
        customer="",
        agent="",
        language="en",
        channel="chat",
        moment=None,
        passages=(),
        before=ticket,
    )


def test_replies_to_the_same_question_are_compared_and_no_others() -> None:
    found = agreement(
        [
            example("Do you repair old lamps?", "yes we do"),
            example("do you repair  old lamps", "yes we can"),
            example("When are you open on Sunday?", "from ten to four"),
        ]
    )
    assert found is not None
    assert found.questions == 1
    assert found.between_two == found.nearest == pytest.approx(2 / 3)


def test_the_nearest_reply_is_chosen_without_the_one_it_is_compared_with() -> None:
    replies = ("yes we do", "yes we can", "yes we do it", "call the workshop")
    found = agreement([example("Do you repair old lamps?", reply) for reply in replies])
    assert found is not None
    assert found.nearest > found.between_two
    # Against "call the workshop" each of the others is as far away as can be.
    assert found.nearest == pytest.approx((2 / 3 + 2 / 3 + 6 / 7 + 0) / 4)


def test_a_reply_pasted_twice_is_no_agreement_and_thanks_is_no_question() -> None:
    assert agreement([example("Do you repair old lamps?", "yes we do")] * 2) is None
    assert agreement([example("Thanks a lot", "yes"), example("Thanks a lot", "you are welcome")]) is None
