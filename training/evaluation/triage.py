"""How well the product tells what a customer wants: intents learnt from what was prepared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agent_assist.adapters.language import PackagedLanguageDetector
from training.evaluation.measures import macro_f1
from training.evaluation.product import Product

LEAST = 2
"""Examples without which an intent cannot be learnt, and intents without which there is nothing to tell."""


def triaged(
    product: Product, cases: Sequence[Mapping[str, Any]], examples: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What `agent-assist triage` says of each case; empty where there are too few examples to learn from."""
    counts = Counter(row["intent"] for row in examples if row.get("intent"))
    if sum(count >= LEAST for count in counts.values()) < LEAST:
        return []
    product.fit_intents(examples)
    return product.triage([case["ticket"] for case in cases])


def described(cases: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The cases with intent and language where they had none, so that results can be told apart by them."""
    languages = PackagedLanguageDetector()
    made = []
    for place, case in enumerate(cases):
        ticket = dict(case["ticket"])
        if not ticket.get("language"):
            said = [m["text"] for m in ticket["messages"] if m.get("role", "customer") == "customer"]
            ticket["language"] = languages.detect("\n".join(said))[0] or None
        told = found[place].get("intent") if found else None
        made.append({**case, "ticket": ticket, "intent": case.get("intent") or told})
    return made


def intent_figures(
    cases: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """Accuracy and macro-F1 over the cases that say what the customer wanted (null is out of scope)."""
    pairs = [(said.get("intent"), case["intent"]) for said, case in zip(found, cases) if case.get("intent")]
    if not pairs:
        return {}
    accuracy, f1 = macro_f1([said for said, _ in pairs], [true for _, true in pairs])
    return {"cases": len(pairs), "accuracy": round(accuracy, 4), "macro_f1": round(f1, 4)}
