"""The examples that the shipped adapter is trained on: public replies, dialogues and written-for-it cases.

Everything is rendered by `agent_assist.domain.prompt.build_messages`, with one passage as the product shows
a small model, and the reply is the body alone: greeting, offer and closing are put around it by the product.

    python -m training.recipes.support_mix DATA RUN/prepare     DATA: a folder with grounded/, transcripts/

It stands in for the stage `prepare` of a run: train.jsonl and held.jsonl as the later stages read them, and
the untouched replies of the held-out parts in dev.jsonl and test.jsonl.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.prompt import build_messages
from agent_assist.domain.text import content_words, coverage, split_sentences, words
from agent_assist.domain.ticket import Channel, Message, Role, Ticket
from training.recipes import written_cases

Row = dict[str, Any]

VOICE = "friendly, plain and brief"
"""The product's default, see `settings.ReplyOptions`."""

HELD_OUT = 12
"""Per cent of the entities (or, where there is none, the articles) that no part of training sees."""

_TYPOS = {
    "recieve": "receive",
    "comfirmation": "confirmation",
    "availble": "available",
    "avaiable": "available",
    "accomodate": "accommodate",
    "offerred": "offered",
    "seperate": "separate",
    "definately": "definitely",
    "resturant": "restaurant",
    "infomation": "information",
    "availabe": "available",
    "its stayers": "its guests",
}
_FREE = frozenset(
    content_words(
        "offer offers offered provide provides provided available include includes included allow allowed"
        " able make use give take happy help glad sure welcome enjoy feel certainly indeed currently also"
        " simply note location property place time order customer guests team store shop day days"
        " yes sorry unfortunately afraid hotel restaurant train taxi there need please can will may"
    )
)
_ABOUT_FACTS = re.compile(r"\b(?:you|we|they|it|there|is|are|the|no|yes)\b", re.IGNORECASE)


def percentile(key: str) -> int:
    """A stable 0…99 of a text."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100


def held_out(row: Row) -> bool:
    """Whether a reply belongs to the parts kept for measuring: whole entities, and 4 % of the rest."""
    return percentile(f"entity:{row['entity'] or row['article_id']}") < HELD_OUT or percentile(row["id"]) < 4


def body_of(reply: str) -> str:
    """A reply without the questions and offers at its end, tidied."""
    text = " ".join(reply.replace("!", ".").split())
    for wrong, right in _TYPOS.items():
        text = re.sub(wrong, right, text, flags=re.IGNORECASE)
    kept: list[str] = []
    for span in split_sentences(text):
        one = span.text.strip()
        if one.endswith("?") or re.match(
            r"(?:let me know|please let|just let|feel free|have a|thank)", one, re.IGNORECASE
        ):
            break
        kept.append(one[:1].upper() + one[1:])
    body = re.sub(r"\s+([,.;])", r"\1", " ".join(kept)).strip()
    body = re.sub(r"\bi\b", "I", body)
    return body if not body or body[-1] in ".!" else f"{body.rstrip(',;:')}."


def faithful(body: str, row: Row) -> str:
    """Empty where the reply may be learnt, else why not."""
    answer, question, entity = row["answer"], row["question"], row["entity"] or ""
    if len(words(body)) < 4 or not _ABOUT_FACTS.search(body):
        return "too short"
    if len(words(body)) > 45:
        return "too long"
    if contradicts(body, answer, question):
        return "contradicts the passage"
    known = set(re.findall(r"\d+", f"{answer} {question}"))
    if not set(re.findall(r"\d+", body)) <= known:
        return "a number that is not in the passage"
    fair = set(content_words(f"{answer} {question} {entity}")) | _FREE
    added = [w for w in content_words(body) if w not in fair]
    if len(added) > 1:
        return "says more than the passage"
    if coverage(answer, body) < 0.6 and len(set(content_words(answer))) <= 25:
        return "leaves half of the answer out"
    return ""


def passage_of(row: Row) -> Passage:
    """The row's article as the one passage that the prompt shows."""
    heading = f"domain: {row['domain']}" + (f" › entity: {row['entity']}" if row["entity"] else "")
    return Passage(1, row["article_id"], 0, heading, row["answer"], title=row["question"])


def example(
    turns: Sequence[tuple[str, str]],
    passages: Sequence[Passage],
    reply: str,
    kind: str,
    *,
    channel: Channel = Channel.CHAT,
    company: str = "",
    voice: str = VOICE,
    language: str = "en",
) -> Row:
    """One prompt/completion pair as the product would serve it."""
    messages = tuple(Message(str(i), Role(role), text) for i, (role, text) in enumerate(turns))
    ticket = Ticket(id="t", messages=messages, channel=channel)
    prompt = build_messages(
        ticket, passages, company=company, voice=voice, channel=channel, language=language
    )
    return {
        "prompt": [{"role": m.role, "content": m.content} for m in prompt],
        "completion": [{"role": "assistant", "content": reply}],
        "kind": kind,
    }


_LEADS = (
    ("I am interested in {e}.", "{e} is a good choice. What would you like to know?"),
    ("I'd like to know more about {e}.", "Sure, what would you like to know about {e}?"),
    ("Can you tell me about {e}?", "Of course. {e} is one of our partners. What would you like to know?"),
    ("I'm planning to visit {e}.", "Great, how can I help you with that?"),
)
_LETTERS = (
    "Hello, {q} Thanks, {n}",
    "Hi there, {q} Best, {n}",
    "Good morning, I have a short question. {q} Kind regards, {n}",
    "{q} Regards, {n}",
)
_NAMES = ("Ana", "Tom", "Priya", "Lars", "Mina", "Jo Baker", "Wei", "Olga", "Sam", "Ines")
COMPANIES = ("Northlake Travel", "Blue Harbor Hotels", "Fennel & Co", "Corner Bikes", "Lumen Home")
VOICES = ("warm and polite", "formal and precise", "short and to the point", "calm and helpful")


def situations(row: Row, rng: random.Random) -> tuple[list[tuple[str, str]], Channel]:
    """The question as it may come: alone, after the thing was named, in a letter, in public."""
    question, entity = row["question"], (row["entity"] or "").title()
    draw = rng.random()
    if draw < 0.22 and entity:
        ask, answer = rng.choice(_LEADS)
        return [
            ("customer", ask.format(e=entity)),
            ("agent", answer.format(e=entity)),
            ("customer", question),
        ], Channel.CHAT
    if draw < 0.34:
        text = rng.choice(_LETTERS).format(q=question, n=rng.choice(_NAMES))
        return [("customer", text)], rng.choice((Channel.EMAIL, Channel.WEB))
    if draw < 0.38:
        return [("customer", question)], Channel.SOCIAL
    if draw < 0.48 and entity and entity.casefold() not in question.casefold():
        return [("customer", f"About {entity}: {question}")], Channel.CHAT
    return [("customer", question)], Channel.CHAT


def grounded(rows: Sequence[Row], rng: random.Random, dropped: Counter[str], limit: int) -> Iterator[Row]:
    """At most three human replies for each article, those nearest to its words first."""
    seen: Counter[str] = Counter()
    order = sorted(
        rows, key=lambda r: (-round(coverage(r["answer"], body_of(r["reply"])), 1), percentile(r["id"]))
    )
    good: list[tuple[Row, str]] = []
    for row in order:
        body = body_of(row["reply"])
        why = faithful(body, row)
        if why:
            dropped[why] += 1
        elif seen[row["article_id"]] >= 3:
            dropped["a fourth reply to one article"] += 1
        else:
            seen[row["article_id"]] += 1
            good.append((row, body))
    rng.shuffle(good)
    for row, body in good[:limit]:
        turns, channel = situations(row, rng)
        styled = rng.random() < 0.08
        yield example(
            turns,
            [passage_of(row)],
            body,
            "grounded",
            channel=channel,
            company=rng.choice(COMPANIES) if styled else "",
            voice=rng.choice(VOICES) if styled else VOICE,
        )


def abstaining(rows: Sequence[Row], rng: random.Random, count: int) -> Iterator[Row]:
    """A question with the fact of another question: the reply says so and passes it on, or asks back."""
    made = 0
    while made < count:
        one, other = rng.choice(rows), rng.choice(rows)
        asked, told = (
            set(content_words(one["question"])),
            set(content_words(f"{other['question']} {other['answer']}")),
        )
        if len(asked & told) > (1 if made % 2 else 0):
            continue
        made += 1
        turns, channel = situations(one, rng)
        yield example(
            turns, [passage_of(other)], rng.choice(written_cases.UNKNOWN), "abstain", channel=channel
        )


def dialogues(path: Path, rng: random.Random, count: int) -> Iterator[Row]:
    """Agents' short turns in the middle of a dialogue, with no evidence."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        talks = [json.loads(line) for line in file]
    rng.shuffle(talks)
    made = 0
    seen: Counter[str] = Counter()
    for talk in talks:
        if made == count:
            return
        turns = [(m["role"], " ".join(m["text"].split())) for m in talk["messages"] if m["text"].strip()]
        labels = [m.get("label") or "" for m in talk["messages"] if m["text"].strip()]
        places = [
            i
            for i, (role, text) in enumerate(turns)
            if role == "agent"
            and 0 < i < 6
            and turns[i - 1][0] == "customer"
            and 4 <= len(words(text)) <= 22
            and (
                labels[i].startswith("ask_")
                or "_ask_" in labels[i]
                or labels[i] in ("anything_else", "hello")
            )
        ]
        if not places:
            continue
        at = rng.choice(places)
        if seen[turns[at][1]] >= 3 or sum(len(t) for _, t in turns[:at]) > 500 or turns[0][0] != "customer":
            continue
        seen[turns[at][1]] += 1
        made += 1
        yield example(turns[:at], [], turns[at][1], "dialogue")


def build(data: Path, out: Path, *, grounded_limit: int, seed: int) -> Counter[str]:
    """Write train.jsonl and the held-out parts; returns what was made and dropped."""
    rng = random.Random(seed)
    rows = [json.loads(line) for line in (data / "grounded" / "replies.jsonl").open(encoding="utf-8")]
    train = [r for r in rows if not held_out(r)]
    kept = [r for r in rows if held_out(r)]
    dropped: Counter[str] = Counter()
    made: list[Row] = [*grounded(train, rng, dropped, grounded_limit)]
    made += abstaining(train, rng, 140)
    made += dialogues(data / "transcripts" / "star.jsonl.gz", rng, 110)
    made += written_cases.cases(rng, example)
    rng.shuffle(made)
    out.mkdir(parents=True, exist_ok=True)
    parts = {"train": made, "dev": [], "test": []}
    proof = [r for r in kept if not faithful(body_of(r["reply"]), r)]
    parts["held"] = [
        example([("customer", r["question"])], [passage_of(r)], body_of(r["reply"]), "grounded")
        for r in proof[:60]
    ]
    for row in kept:
        parts["dev" if percentile(f"half:{row['entity'] or row['article_id']}") < 40 else "test"].append(row)
    for name, part in parts.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        (out / f"{name}.jsonl").write_text(text, encoding="utf-8")
    counts = Counter({f"kind {k}": n for k, n in Counter(r["kind"] for r in made).items()})
    counts.update({f"dropped: {k}": n for k, n in dropped.items()})
    counts.update({f"part {k}": len(v) for k, v in parts.items()})
    return counts


def main() -> None:
    """Build the examples and print how many there are of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--grounded", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    counts = build(given.data, given.out, grounded_limit=given.grounded, seed=given.seed)
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")  # noqa: T201 -- a command's result


if __name__ == "__main__":
    main()
