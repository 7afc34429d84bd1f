# ruff: noqa: E501, ISC004 -- texts read best on one line
"""Cases written for this project: yes and no, exact figures, policies in prose, and what is not known."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.ticket import Channel

Row = dict[str, Any]

UNKNOWN = (
    "I do not have that information. A colleague needs to look at this with you.",
    "I am sorry, I do not know that yet. A colleague will look into it.",
    "I cannot find the answer to that. A colleague needs to look at this with you.",
    "I do not know that for certain. Could you tell me a little more?",
    "I am not sure about that. A colleague will look into it.",
)

_PLACES = (
    "Maple Court",
    "The Old Mill",
    "Harbour Inn",
    "Station Grill",
    "Villa Rosa",
    "Cafe Linden",
    "The Copper Pot",
    "Seaview Lodge",
    "Hotel Aurora",
    "Oak Street Market",
)
_THINGS = (
    "a gym",
    "a swimming pool",
    "room service",
    "free parking",
    "a lift",
    "baby chairs",
    "a garden",
    "live music",
    "outdoor seating",
    "an airport shuttle",
    "laundry service",
    "a conference room",
    "gift cards",
    "next-day delivery",
    "a loyalty programme",
    "gift wrapping",
    "a repair service",
)
_ACTS = (
    ("bring my dog", "dogs", "bring your dog"),
    ("smoke on the balcony", "smoking on the balcony", "smoke on the balcony"),
    ("pay in cash", "cash payments", "pay in cash"),
    ("bring my own food", "outside food", "bring your own food"),
    ("check in late", "late check-in", "check in late"),
    ("change the delivery address", "address changes", "change the delivery address"),
    ("use two vouchers", "combining vouchers", "use two vouchers"),
    ("return a used item", "returns of used items", "return a used item"),
)


def _time(rng: random.Random) -> str:
    return f"{rng.randint(6, 11)}:{rng.choice(('00', '15', '30', '45'))} {rng.choice(('am', 'AM', 'a.m.'))}"


def _late(rng: random.Random) -> str:
    return f"{rng.randint(1, 11)}:{rng.choice(('00', '15', '30', '45'))} pm"


def _price(rng: random.Random) -> str:
    return rng.choice(
        (
            f"€{rng.randint(3, 95)}.{rng.choice(('50', '90', '00'))}",
            f"${rng.randint(4, 250)}",
            f"{rng.randint(3, 40)} GBP",
            f"£{rng.randint(2, 60)}",
        )
    )


def _days(rng: random.Random) -> str:
    return str(rng.randint(2, 60))


def _percent(rng: random.Random) -> str:
    return f"{rng.randint(3, 40)}%"


_TEMPLATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "When can I check in?",
        "Check-in is possible from {t} until {l}.",
        ("You can check in from {t} until {l}.", "Check-in is from {t} to {l}."),
    ),
    (
        "When do you open?",
        "We are open from {t} to {l} on weekdays and closed on Sundays.",
        ("We open at {t} and close at {l} on weekdays, and we are closed on Sundays.",),
    ),
    (
        "How much is breakfast?",
        "Breakfast is {p} per person and is served from {t}.",
        ("Breakfast costs {p} per person and is served from {t}.",),
    ),
    (
        "What does shipping cost?",
        "Standard shipping costs {p} and takes {d} working days.",
        (
            "Standard shipping costs {p} and takes {d} working days.",
            "Shipping is {p} and takes {d} working days.",
        ),
    ),
    (
        "How long do I have to return something?",
        "Items may be returned within {d} days of delivery if unused. Refunds are paid "
        "to the original payment method.",
        (
            "You can return unused items within {d} days of delivery. The refund goes to the original payment method.",
        ),
    ),
    (
        "Can I still cancel my order?",
        "Orders can be cancelled free of charge until they are packed. After that, a fee of {p} applies.",
        ("Yes, you can cancel free of charge until the order is packed. After that, a fee of {p} applies.",),
    ),
    (
        "Is there a discount for students?",
        "Students receive {c} off with a valid student card.",
        ("Yes, students receive {c} off with a valid student card.",),
    ),
    (
        "How long is the warranty?",
        "The warranty lasts {d} months from the date of purchase and covers manufacturing faults, not wear.",
        (
            "The warranty lasts {d} months from the date of purchase. It covers manufacturing faults, but not wear.",
        ),
    ),
    (
        "When will I get my refund?",
        "Refunds are made within {d} working days after the return has arrived.",
        ("Your refund is made within {d} working days after the return has arrived.",),
    ),
    (
        "What is the cancellation fee?",
        "Cancellation is free up to {d} hours before arrival; after that {p} is charged.",
        ("You can cancel for free up to {d} hours before arrival. After that, {p} is charged.",),
    ),
    (
        "How do I reset my password?",
        "Open the sign-in page, choose “Forgot password” and follow the link in the e-mail. The link is "
        "valid for {d} minutes.",
        (
            "Choose “Forgot password” on the sign-in page and follow the link in the e-mail. The link is valid for {d} minutes.",
        ),
    ),
    (
        "Where is my parcel?",
        "Parcels are handed to the carrier within {d} working days. You receive a tracking link by e-mail.",
        (
            "Your parcel is handed to the carrier within {d} working days, and you receive a tracking link by e-mail.",
        ),
    ),
    (
        "Is parking free?",
        "Parking costs {p} per day and cannot be reserved.",
        ("No, parking costs {p} per day and cannot be reserved.",),
    ),
    (
        "Do you deliver on Saturdays?",
        "No, deliveries are made from Monday to Friday between {t} and {l}.",
        (
            "No, deliveries are made from Monday to Friday between {t} and {l}.",
            "Sorry, we do not deliver on Saturdays. Deliveries are made from Monday to Friday between {t} and {l}.",
        ),
    ),
    (
        "Can I pay later?",
        "Payment by invoice is possible for orders of {p} or more; the invoice is due within {d} days.",
        (
            "Yes, payment by invoice is possible for orders of {p} or more. The invoice is due within {d} days.",
        ),
    ),
    (
        "My item arrived damaged. What now?",
        "Send a photo of the damage and the packaging within {d} days; a replacement is sent free of charge.",
        (
            "Please send a photo of the damage and the packaging within {d} days. A replacement is sent free of charge.",
        ),
    ),
    (
        "Is the deposit refundable?",
        "The deposit of {p} is not refundable.",
        ("No, the deposit of {p} is not refundable.",),
    ),
    (
        "How old do I have to be?",
        "Guests must be at least {d} years old.",
        ("You must be at least {d} years old.",),
    ),
)
_HELLO = ("", "", "Hi, ", "Hello, ", "Good morning. ", "Sorry to bother you. ", "Quick question: ")


def cases(rng: random.Random, example: Callable[..., Row]) -> Iterator[Row]:
    """All written cases; `example` renders one as the product would serve it."""
    yield from _yes_and_no(rng, example)
    for _ in range(12):
        for question, fact, replies in _TEMPLATES:
            values = {"t": _time(rng), "l": _late(rng), "p": _price(rng), "d": _days(rng), "c": _percent(rng)}
            channel = rng.choice((Channel.CHAT, Channel.CHAT, Channel.EMAIL, Channel.WEB, Channel.SOCIAL))
            title = (
                question
                if rng.random() < 0.5
                else rng.choice(("Delivery", "Returns", "Our policies", "Service"))
            )
            passage = Passage(1, "written", 0, "", fact.format(**values), title=title)
            asked = rng.choice(_HELLO) + question
            yield example(
                [("customer", asked)],
                [passage],
                rng.choice(replies).format(**values),
                "figures",
                channel=channel,
            )


def _yes_and_no(rng: random.Random, example: Callable[..., Row]) -> Iterator[Row]:
    for _ in range(110):
        place, thing = rng.choice(_PLACES), rng.choice(_THINGS)
        bare = thing.split(" ", 1)[1] if thing.split()[0] in ("a", "an") else thing
        if rng.random() < 0.5:
            fact = rng.choice(
                (
                    f"{place} has {thing}.",
                    f"Yes, {bare} is available at {place}.",
                    f"{place} offers {bare}.",
                    "Yes, that is available.",
                )
            )
            reply = rng.choice((f"Yes, {place} has {thing}.", f"Yes, {bare} is available at {place}."))
        else:
            fact = rng.choice(
                (
                    f"{place} does not have {thing}.",
                    f"No, {bare} is not available at {place}.",
                    f"There is no {bare} at {place}.",
                    f"No, {place} does not offer {bare}.",
                )
            )
            reply = rng.choice(
                (
                    f"No, {place} does not have {thing}.",
                    f"Sorry, there is no {bare} at {place}.",
                    f"Unfortunately, {bare} is not available at {place}.",
                )
            )
        question = rng.choice(
            (
                f"Do you have {thing}?",
                f"Is there {thing} at {place}?",
                f"Does {place} offer {bare}?",
                f"You have {thing}, right?",
            )
        )
        passage = Passage(1, "written", 0, f"entity: {place.upper()}", fact, title=question)
        yield example([("customer", rng.choice(_HELLO) + question)], [passage], reply, "yes or no")
    for _ in range(60):
        ask, noun, you = rng.choice(_ACTS)
        if rng.random() < 0.5:
            fact = rng.choice((f"Yes, {noun} {_are(noun)} allowed.", f"You may {you}.", f"You can {you}."))
            reply = rng.choice((f"Yes, you can {you}.", f"Yes, {noun} {_are(noun)} allowed."))
        else:
            fact = rng.choice(
                (
                    f"No, {noun} {_are(noun)} not allowed.",
                    f"You may not {you}.",
                    f"It is not possible to {you}.",
                )
            )
            reply = rng.choice((f"No, you cannot {you}.", f"Sorry, {noun} {_are(noun)} not allowed."))
        passage = Passage(1, "written", 0, "", fact, title=f"Can I {ask}?")
        yield example([("customer", rng.choice(_HELLO) + f"Can I {ask}?")], [passage], reply, "yes or no")


def _are(noun: str) -> str:
    return "are" if noun.split()[0].endswith("s") and noun.split()[0] != "address" else "is"
