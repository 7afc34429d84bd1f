"""Solved tickets lose their personal data before they are indexed; nothing else is changed."""

from __future__ import annotations

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.domain.knowledge import Article, Collection
from agent_assist.services.knowledge.solved import SolvedRedaction

BODY = (
    "Question: Hi, this is Florian, my mail is flo@old.example.\n\n"
    "Reply: Hi Florian,\n\nwe sent it to flo@old.example. Socks cannot be exchanged."
)


def test_a_solved_ticket_is_redacted_with_one_placeholder_for_one_person() -> None:
    given = Article(
        "s1", "Florian's socks", BODY, Collection.SOLVED, context={"customer_name": "Florian Seidel"}
    )
    made = SolvedRedaction(RuleRedactor())(given)
    assert "Florian" not in f"{made.title} {made.body}"
    assert "flo@old.example" not in made.body
    assert made.title == "[NAME_1]'s socks"
    assert made.body.count("[EMAIL_1]") == 2
    assert "Socks cannot be exchanged." in made.body
    assert made.context == {}
    assert SolvedRedaction(RuleRedactor())(made) == made


def test_articles_and_macros_stay_as_they_are() -> None:
    for collection in (Collection.ARTICLES, Collection.MACROS, "handbook"):
        article = Article("a", "Hi Florian", BODY, collection)
        assert SolvedRedaction(RuleRedactor())(article) is article
