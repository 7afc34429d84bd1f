"""Which of a passage's own sentences, list items and rows make the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from agent_assist.domain.answers import answer_from, answers_from, answers_in
from agent_assist.domain.knowledge import Passage
from agent_assist.domain.telling import told_in

SHIPPING = Passage(
    1,
    "shipping",
    0,
    "",
    "Orders placed before noon leave the same day.\n\n"
    "| Country | Standard | Time |\n|---|---|---|\n"
    "| Norland | €3 | 1–2 days |\n| Southland, Italy | €8 | 3–5 days |\n| Westland | €9 | 4–6 days |\n\n"
    "Standard shipping to Norland costs €3 and takes 1–2 days. "
    "Standard shipping to Westland costs €9 and takes 4–6 days.",
    title="Shipping costs",
)


def solved(reply: str, title: str = "Return by post", question: str = "where is it") -> Passage:
    return Passage(1, "s", 0, "", f"Question: {question}\n\nReply: {reply}", title=title, collection="solved")


def test_the_row_that_was_asked_about_and_no_other_country() -> None:
    answer = answer_from(SHIPPING, "How much is shipping to Italy?")
    assert "Italy: standard €8, time 3–5 days." in answer
    for other in ("Norland", "Southland", "Westland"):
        assert other not in answer


def test_the_tickets_fields_decide_where_the_question_names_a_town() -> None:
    answer = answer_from(SHIPPING, "How much is shipping to Milano?", details="destination Italy")
    assert "Italy: standard €8" in answer
    assert "Norland" not in answer


def test_a_row_is_left_out_where_no_first_cell_is_named() -> None:
    assert "€3" not in answer_from(SHIPPING, "When do orders leave?")


def test_a_heading_inside_a_passage_is_no_sentence_of_the_answer() -> None:
    text = (
        "You can correct your name in the profile at any time, and your address, as often as you like.\n\n"
        "Deleting the account\n\nPress Delete account in the settings. We delete your data within 30 days. "
        "Invoices are kept for seven years, because the tax office asks for them, and are deleted after that."
    )
    answer = answer_from(Passage(1, "a", 0, "", text, title="Data"), "How do I delete my account?")
    assert "Press Delete account" in answer
    assert "Deleting the account" not in answer


def test_a_title_that_begins_the_first_sentence_stays() -> None:
    text = "Gift cards are available from €10."
    assert answer_from(Passage(1, "a", 0, "", text, title="Gift cards"), "gift cards?") == text


def test_steps_come_together() -> None:
    filler = (
        "Our workshop is open from Monday to Friday and has coffee for those who wait for their bike. " * 4
    )
    text = f"{filler}\n\n1. Open the account.\n2. Press Return.\n3. Print the label."
    answer = answer_from(Passage(1, "a", 0, "", text, title="Returns"), "How do I print the return label?")
    assert answer.count("\n") >= 2
    assert "1. Open the account." in answer


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            "Hi Paolo, I am sorry, a number cannot be added afterwards.",
            "I am sorry, a number cannot be added",
        ),
        ("Guten Tag Frau Seidel, innerhalb von 60 Tagen.", "Innerhalb von 60 Tagen."),
        ("€79, and it takes a week.", "Return by post: €79, and it takes a week."),
        ("I have sent LW-1234 again. Returns take a week.", "Returns take a week."),
    ],
)
def test_a_colleagues_reply_without_what_was_that_customers_own(reply: str, said: str) -> None:
    answer = answer_from(solved(reply), "how long")
    assert answer.startswith(said)
    assert "LW-1234" not in answer


def test_what_was_taken_out_of_a_solved_ticket_is_not_said_to_another_customer() -> None:
    reply = "Hi [NAME_1],\n\nsocks cannot be exchanged. We wrote to [EMAIL_1] about it.\n\nBest,\n[NAME_2]"
    assert answer_from(solved(reply), "can I exchange socks?") == "Socks cannot be exchanged."


def test_what_is_said_of_another_model_is_left_out() -> None:
    sizes = (
        "For the Canal and the Current: S 155-168 cm, M 168-180 cm, L 180-192 cm.\n"
        "For the Moor: S 158-169 cm, M 169-179 cm, L 179-188 cm.\n"
        "Measure without shoes. Between two sizes, take the smaller one for a sporty seat. "
        "The saddle can be moved by 6 cm on every model, and the handlebar by 3 cm, so that most people fit."
    )
    body = answer_from(
        Passage(1, "a", 0, "", sizes, title="Find your bike size"), "180 cm on the Canal, M or L?"
    )
    assert "Canal" in body
    assert "Moor" not in body


def test_two_questions_of_one_passage_are_answered_once_each() -> None:
    text = (
        "A spare key costs 12 euros. It takes 5 working days. Without the number nobody can make a key. "
        "A workshop removes the lock from your own bike if you show the invoice and an identity card. "
        "The warranty on the lock is two years and does not cover the loss of keys or forced opening."
    )
    passage = Passage(1, "a", 0, "", text, title="Lost keys")
    body = answers_from(passage, ["What does a spare key cost?", "Does the warranty cover the lock?"])
    assert body.count("12 euros") == 1
    assert body.count("two years") == 1


def near(pairs: dict[str, str]) -> Callable[[Sequence[str], Sequence[str]], list[list[float]]]:
    """Cosines for a test: high where the first text has a key and the second the word that belongs to it."""

    def cosines(texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        return [
            [0.7 if any(k in t and v in o for k, v in pairs.items()) else 0.3 for o in others] for t in texts
        ]

    return cosines


COMET = (
    "To pair the Comet, open the app and choose Add device. Do not pair it in the settings of the phone.\n\n"
    "It has frozen\n\n"
    "Hold both buttons for 10 seconds. Your rides are kept. A full reset is in the settings under Erase.\n\n"
    "Battery life\n\nThe battery lasts about 18 hours, or 11 hours with the light on. It charges in 2 hours."
)


def test_the_section_that_is_meant_is_taken_whole_though_no_word_is_shared() -> None:
    passage = Passage(1, "comet", 0, "", COMET, title="Comet GPS")
    body = answer_from(passage, "my device hangs, nothing reacts", near=near({"hangs": "both buttons"}))
    assert body.startswith("Hold both buttons for 10 seconds. Your rides are kept.")
    assert "pair" not in body
    assert "18 hours" not in body


def test_another_passage_of_the_article_answers_the_second_thing() -> None:
    first = Passage(1, "pay", 0, "", "A failed payment keeps the order for 48 hours.", title="Payments")
    second = Passage(2, "pay", 1, "Refunds", "The bank frees a reservation in 7 days.", title="Payments")
    meaning = near({"failed": "48 hours", "twice": "7 days"})
    question = "The payment failed, what happens? And why do I see it twice?"
    found = answers_in([first, second], [question], near=meaning)
    assert [p.id for p, _ in found] == [1, 2]
    alone = answers_in([first, second], ["The payment failed, what happens?"], near=meaning)
    assert [p.id for p, _ in alone] == [1]


def test_two_questions_are_not_both_answered_by_the_same_sentence() -> None:
    text = (
        "Order by 15 December for delivery before the holidays, by 18 December with the express.\n\n"
        "Items ordered in December can be returned until 28 February, if that is later than usual. "
        "Sale items are not part of it. " + "The workshops have other hours in these weeks. " * 4
    )
    passage = Passage(1, "a", 0, "", text, title="December")
    body = answers_from(
        passage,
        ["When must I order for December?", "Can it go back in December?"],
        near=near({"order": "15 December", "go back": "15 December"}),
    )
    assert "15 December" in body
    assert "28 February" in body


def test_what_was_tried_already_is_not_the_answer_again() -> None:
    text = (
        "Take the battery out, wait 30 seconds and put it back.\n\nThe error stays\n\n"
        "If the code comes back, update the firmware in the app. It takes about 15 minutes. "
        + "More here. "
        * 20
    )
    told = "I took the battery out and put it back twice already, wait 30 seconds too. What else?"
    body = answer_from(
        Passage(1, "a", 0, "", text, title="E07"), told, near=near({"trying that": "firmware"})
    )
    assert "update the firmware" in body


def test_a_list_of_things_is_introduced_by_its_heading() -> None:
    gold = Passage(
        1, "club", 1, "Gold", "Free shipping, 100 days to return, and 15 % off repairs.", title="Trail Club"
    )
    assert answer_from(gold, "What do I get?").startswith("Gold: free shipping, 100 days")
    sentence = Passage(
        1, "club", 1, "Gold", "You get free shipping, and 15 % off repairs.", title="Trail Club"
    )
    assert answer_from(sentence, "What do I get?").startswith("You get free shipping")


def test_the_rule_is_said_and_not_its_exceptions_alone() -> None:
    text = (
        "We credit the difference where we lower a price within 14 days. Write to us about it.\n\n"
        "What is not covered\n\nSales and vouchers are excluded. We do not match the prices of other shops, "
        "however low they may be. " + "Bundles are never part of this. " * 6
    )
    body = answer_from(
        Passage(1, "a", 0, "", text, title="Price drops"),
        "it is cheaper today",
        near=near({"cheaper": "price"}),
    )
    assert body.startswith("We credit the difference")


ERRORS = (
    "E07: the display and the battery do not understand each other. Take the battery out and put it in.\n\n"
    "The error stays\n\n"
    "If the code comes back, update the firmware. If it is still there, book a diagnosis.\n\n"
    "Before an update\n\nThe battery must be charged to half. Do not close the app while it runs."
)


def test_a_step_that_the_customer_took_already_is_not_advised_again() -> None:
    passage = Passage(1, "errors", 0, "", ERRORS, title="Error codes")
    meaning = near({"E07": "E07", "battery out": "Take the battery out", "still comes back": "comes back"})
    tried = "The display shows E07 again. I took the battery out twice as you told me. What else can I do?"
    body = answer_from(passage, tried, near=meaning)
    assert "update the firmware" in body
    assert "Take the battery out" not in body
    fresh = answer_from(passage, "The display shows E07. Should I take the battery out?", near=meaning)
    assert "Take the battery out" in fresh


def test_what_the_bank_did_twice_was_not_tried_by_the_customer() -> None:
    passage = Passage(1, "pay", 0, "", "Two booked payments are refunded in 2 days.", title="Payments")
    meaning = near({"twice": "booked payments"})
    assert "refunded" in answer_from(passage, "My app shows the payment twice. I paid once.", near=meaning)


def test_a_row_with_a_qualified_name_keeps_it() -> None:
    table = "| Job | Price |\n|---|---|\n| Puncture, with a new tube | 15 euros |\n| Spain, Italy | 9 euros |"
    passage = Passage(1, "prices", 0, "", table, title="Prices")
    assert "with a new tube" in answer_from(passage, "What does a puncture cost?")
    assert "Spain" not in answer_from(passage, "What does Italy cost?")


PRICES = (
    "| Job | Price |\n|---|---|\n| Puncture | 15 euros |\n| Gears | 18 euros |\n\n"
    "A puncture costs 15 euros with a tube. The gears are set while you wait."
)


def test_a_sentence_that_says_what_a_row_says_is_said_alone() -> None:
    passage = Passage(1, "prices", 0, "", PRICES, title="Prices")
    meaning = near({"puncture": "A puncture costs"})
    body = answer_from(passage, "What does the repair of a puncture cost?", near=meaning)
    assert body.startswith("A puncture costs 15 euros with a tube.")
    assert "Puncture:" not in body


def test_each_thing_that_is_asked_has_its_nearest_sentence() -> None:
    text = (
        "Your invoice is in your account. We do not put it into the parcel.\n\n"
        "Ordered as a guest\n\nUse the link in the mail; it opens the invoice for a year. "
        "Whoever needs it on paper prints it from there, as often as it is wanted, and keeps it there."
    )
    passage = Passage(1, "invoice", 0, "", text, title="Invoices")
    meaning = near({"where": "in your account", "guest": "Use the link"})
    body = answer_from(passage, "I ordered as a guest, so where is the invoice?", near=meaning)
    assert "in your account" in body
    assert "Use the link" in body


def test_a_step_by_itself_has_no_number() -> None:
    first = "1. Open your account, choose the order and press Return" + ", then wait for the page" * 16
    steps = f"The label costs nothing. It lasts 14 days.\n\n{first}.\n2. Print the label or show the code."
    passage = Passage(1, "a", 0, "", steps, title="Returns")
    meaning = near({"cost": "costs nothing", "printer": "show the code"})
    body = answer_from(passage, "What does it cost? I have no printer, what can I do?", near=meaning)
    assert "Print the label" in body
    assert "2." not in body


def test_what_leads_to_a_question_is_not_asked() -> None:
    told = told_in("A question about the Acorn House in Ely: is there a bar with music, or when do you open?")
    assert "is there a bar with music?" in told
    assert "or when do you open?" in told
    assert "A question about the Acorn House in Ely" in told
