"""Which wording may be shown, and rewriting that keeps the facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.model import Candidate, StopReason
from agent_assist.domain.suggestion import Decision, Origin, Suggestion
from agent_assist.domain.support import check, evidence_for
from agent_assist.domain.ticket import Customer, Message, Role, Ticket
from agent_assist.services.drafting.guardrails import Judged, best_first, judge, tidy
from agent_assist.services.drafting.rewriting import Rewrite, Rewriter
from agent_assist.settings import Settings

RETURNS = Passage(
    1, "returns", 0, "", "You can return any lamp within 90 days. The label is free.", title="Returns"
)
EVIDENCE = evidence_for([RETURNS], names=["Ana"])
QUESTION = "How long can I return a lamp?"


def candidate(text: str, stop: StopReason = StopReason.END) -> Candidate:
    return Candidate(text, stop, -0.5, 10)


def verdict(text: str) -> tuple[bool, str, str]:
    judged = judge(candidate(text), EVIDENCE, QUESTION, "en", None)
    return judged.passed, judged.text, judged.why_not


def test_a_supported_wording_passes() -> None:
    assert verdict("You can return your lamp within 90 days.") == (
        True,
        "You can return your lamp within 90 days.",
        "",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("You can return your lamp within 30 days.", "nothing supports its number"),
        ("You cannot return any lamp within 90 days.", "contradicted"),
        ("The customer asked about lamps.", "spoke about its task"),
        ("We are glad you wrote.", "no passage"),
        ("Customer's chat message: you can return any lamp within 90 days.", "spoke about its task"),
        ("It does appear that you can return any lamp within 90 days.", "spoke about its task"),
        (
            "You can return any brass lamp within 90 days to our golden palace warehouse.",
            "no passage",
        ),
        ("", "no passage"),
    ],
)
def test_an_unfaithful_wording_fails_and_says_why(text: str, why: str) -> None:
    passed, _, reason = verdict(text)
    assert not passed
    assert why in reason


def test_what_nothing_supports_is_cut_from_the_end() -> None:
    passed, text, _ = verdict("You can return your lamp within 90 days. Our office in Paris has a garden.")
    assert passed
    assert text == "You can return your lamp within 90 days."


def test_half_of_a_short_answer_is_not_an_answer() -> None:
    half = candidate("You can return any lamp within 90 days.")
    whole = candidate("You can return any lamp within 90 days, and the label is free.")
    answer = f"{RETURNS.text} Pack it in its own box with the printed slip."
    assert judge(half, EVIDENCE, QUESTION, "en", None, answer).why_not == "it left out part of the answer"
    assert judge(whole, EVIDENCE, QUESTION, "en", None, RETURNS.text).passed


def test_a_small_models_own_word_beside_facts_is_not_let_through() -> None:
    added = candidate("You can return any flipping lamp within 90 days, and the label is free.")
    judged = judge(added, EVIDENCE, QUESTION, "en", None)
    assert "flipping" in judged.why_not
    assert judge(added, EVIDENCE, QUESTION, "en", None, strict=False).passed


def test_tidying() -> None:
    assert tidy('Answer: "you can return it!"') == "You can return it."
    assert tidy("The answer to your question is: yes, it is.") == "Yes, it is."
    assert tidy("It is free. It is free. It is free and it", StopReason.LENGTH) == "It is free."


def test_the_best_wording_comes_first_and_each_once() -> None:
    texts = [
        "You can return your lamp within 90 days.",
        "You can return your lamp within 90 days",
        "Within 90 days you can return any lamp, and the label is free.",
        "Bananas.",
    ]
    judged = [judge(candidate(t), EVIDENCE, QUESTION, "en", None) for t in texts]
    assert [j.passed for j in judged] == [True, True, True, False]
    assert len(best_first(judged)) == 2


class _Options:
    current = Settings()


class _NoMeaning:
    """Stands for the encoder: the rewritten sentences have the passage's own words."""

    def similarity(self, texts: list[str], others: list[str]) -> list[list[float]]:
        return [[0.0] * len(others) for _ in texts]


TEXT = (
    "Hi Ana,\n\nThank you for your message. You can return any lamp within 90 days. We're glad to help. "
    "Is there anything else I can do for you?\n\nKind regards"
)


def rewritten(kind: Rewrite, text: str = TEXT) -> Suggestion:
    ticket = Ticket("T", (Message("m", Role.CUSTOMER, QUESTION),), customer=Customer(name="Ana"))
    suggestion = Suggestion(
        "s1",
        "T",
        ("m",),
        "h",
        Decision.DRAFT,
        Origin.MODEL,
        text,
        check(text, EVIDENCE),
        (Hit(RETURNS, 0.9),),
        0.9,
        (),
        "en",
        "email",
        "m",
        "",
        "",
        "1",
    )
    return Rewriter(_NoMeaning(), PackagedLanguageDetector(), _Options()).rewrite(
        ticket, suggestion, kind, text
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(Rewrite))
def test_rewriting_keeps_facts_and_checks_again(kind: Rewrite) -> None:
    result = rewritten(kind)
    assert "90 days" in result.text
    assert result.alternative_of == "s1"
    assert result.citations == ("returns",)
    assert not result.marks


def test_each_kind_does_what_it_says() -> None:
    shorter = rewritten(Rewrite.SHORTER).text
    assert len(shorter) < len(TEXT)
    assert "anything else" not in shorter
    assert "Yours sincerely" in rewritten(Rewrite.FORMAL).text
    assert "We are glad" in rewritten(Rewrite.FORMAL).text
    bare = TEXT.replace("Thank you for your message. ", "")
    assert "Thank you for your message." in rewritten(Rewrite.WARMER, bare).text
    wordy = TEXT.replace("You can return", "In order to utilize it, you can return")
    assert "To use it" in rewritten(Rewrite.SIMPLER, wordy).text
    assert replace(rewritten(Rewrite.WARMER), id="x").text == TEXT


def test_the_name_of_what_the_passage_is_about_may_be_left_out() -> None:
    passage = Passage(
        3,
        "a3",
        0,
        "hotel › ALLENBELL",
        "Guests cancel five days ahead at Allenbell.",
        "Cancelling at Allenbell?",
    )
    evidence = evidence_for([passage])
    said = judge(
        candidate("You can cancel five days ahead."), evidence, "Until when?", "en", None, passage.text
    )
    assert said.passed, said.why_not
    half = judge(candidate("You can cancel at Allenbell."), evidence, "Until when?", "en", None, passage.text)
    assert half.why_not == "it left out part of the answer"


def test_of_two_names_neither_may_be_left_out() -> None:
    plans = Passage(
        4, "a4", 0, "Basic and Plus", "Basic has one service, Plus has two services.", "Basic and Plus"
    )
    evidence = evidence_for([plans])
    said = judge(candidate("It has one service."), evidence, "What has Basic?", "en", None, plans.text)
    assert said.why_not == "it left out part of the answer"


def test_of_several_wordings_the_one_that_the_others_agree_with_is_first() -> None:
    texts = [
        "Within 90 days.",
        "You can return your lamp within 90 days.",
        "You may return a lamp within 90 days.",
    ]
    judged = [Judged(t, (), True, score) for t, score in zip(texts, (3.0, 1.0, 1.0))]
    assert best_first(judged, "You can return any lamp within 90 days.")[0].text == texts[1]
    assert best_first(judged[:1])[0].text == texts[0]
