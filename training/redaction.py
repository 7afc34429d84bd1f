"""Trains the classifier that finds names, numbers and addresses in chats.

    python -m training.redaction train --data DIR --output resources/privacy
    python -m training.redaction train --data DIR --output /tmp/cut --hold-out finance

DIR holds `pii/multidogo.jsonl.gz` (MultiDoGO, CDLA-Permissive-1.0), `transcripts/star.jsonl.gz` and
`grounded/replies.jsonl` (texts without personal data); `intents/clinc150.jsonl` and
`emotions/goemotions.jsonl.gz` for everyday talk.  With `--hold-out` the chats of that company
are left out and the figures are measured on them; the shipped file is trained on all.
Two threads, a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent_assist.adapters.knowledge.embedding import DEFAULT_ENCODER, find_encoder
from agent_assist.adapters.privacy import tagger
from agent_assist.adapters.privacy.tagger import LABELS
from training.redaction_texts import Maker

IGNORED: Final = -100
LABEL_OF: Final = {
    "name": "NAME",
    "username": "NAME",
    "approver_name": "NAME",
    "ssn": "NATIONAL_ID",
    "card_number": "CARD",
    "account_number": "ACCOUNT",
    "target_account_number": "ACCOUNT",
    "account_id": "ACCOUNT",
    "policyid": "POLICY",
    "claimid": "CLAIM",
    "booking_confirmation_number": "ORDER",
    "email_address": "EMAIL",
    "phone_number": "PHONE",
    "phonenumber": "PHONE",
    "address": "ADDRESS",
    "current_zipcode": "ADDRESS",
    "new_zipcode": "ADDRESS",
    "password": "PASSWORD",
}
UNDECIDED: Final = frozenset({"current_city", "new_city", "company_name", "order_number", "date", ""})
"""Labels that are used for personal and for other words alike: nothing is learned from them."""
SENSITIVE: Final = frozenset(
    [
        "name",
        "ssn",
        "card_number",
        "account_number",
        "target_account_number",
        "email_address",
        "phone_number",
        "phonenumber",
        "address",
        "policyid",
        "claimid",
        "password",
        "booking_confirmation_number",
    ]
)
MADE: Final = 24_000
"""Made texts beside the public ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn from, with a label for each of its words."""

    text: str
    places: list[tuple[int, int]]
    """Start and end of each word."""
    labels: tuple[int, ...]
    """Indices into LABELS; IGNORED where a word is neither learnt nor measured."""
    before: str = ""
    """The message before, which tells what a bare number is."""


def row_of(words: Sequence[str], labels: Sequence[int], before: str = "") -> Row:
    """Words with one blank between them."""
    places, at = [], 0
    for word in words:
        places.append((at, at + len(word)))
        at += len(word) + 1
    return Row(" ".join(words), places, tuple(labels), before)


def chats(data: Path) -> list[dict[str, Any]]:
    """The turns of MultiDoGO, each with `tokens`, `labels` and `domain`."""
    with gzip.open(data / "pii" / "multidogo.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def public_rows(turns: Sequence[dict[str, Any]], maker: Maker) -> list[Row]:
    """One row for each different turn, labelled as most of its copies are, with a question before it."""
    votes: dict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for turn in turns:
        votes[tuple(turn["tokens"])][tuple(turn["labels"])] += 1
    rows = []
    for words, counts in votes.items():
        names = counts.most_common(1)[0][0]
        kept = [(w, _label(w, n)) for w, n in zip(words, names, strict=True) if w.strip()]
        personal = {LABELS[y] for _, y in kept if y > 0}
        chance = maker.random.random()
        before = ""
        if personal and chance < 0.35:
            before = maker.question(personal)
        elif chance > 0.9 and not any(y == IGNORED for _, y in kept):
            before = maker.question({maker.random.choice(LABELS[1:])})  # an answer to something else
        copies = min(3, 1 + sum(counts.values()) // 8)
        for _ in range(copies if kept else 0):
            said = _proper(kept) if maker.random.random() < 0.2 else kept
            rows.append(row_of([w for w, _ in said], [y for _, y in said], before))
    return rows


def _label(word: str, name: str) -> int:
    if name == "target_account_number" and not any(c.isdigit() for c in word):
        return 0
    if name in UNDECIDED:
        return IGNORED
    return LABELS.index(LABEL_OF[name]) if name in LABEL_OF else 0


def _proper(kept: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same turn with the capitals that a careful writer uses."""
    capital = (LABELS.index("NAME"), LABELS.index("ADDRESS"))
    return [(w.capitalize() if y in capital or n == 0 or w == "i" else w, y) for n, (w, y) in enumerate(kept)]


def made_rows(maker: Maker, count: int) -> list[Row]:
    """Rows of made texts, whose labels are known because they were put in."""
    rows = []
    for _ in range(count):
        text, spans, before = maker.example()
        places = tagger.words_of(text)
        labels = [
            next((LABELS.index(k) for k, s, e in spans if s < end and start < e), 0) for start, end in places
        ]
        rows.append(Row(text, places, tuple(labels), before))
    return [r for r in rows if r.places]


def plain_rows(data: Path, maker: Maker) -> Iterator[Row]:
    """Texts of other companies and of everyday talk that name nobody and hold no long number."""
    names = {n.lower() for n in maker.usual}
    chance = maker.random.random

    def row(text: str, before: str = "", *, digits: int = 4) -> Iterator[Row]:
        words = [text[s:e] for s, e in tagger.words_of(text)]
        named = any(w[:1].isupper() and w.lower() in names for w in words)
        number = any(sum(c.isdigit() for c in w) > digits for w in words)
        if words and len(words) < 60 and not named and not number and "name" not in text.lower():
            yield Row(text, tagger.words_of(text), (0,) * len(words), before)

    with gzip.open(data / "transcripts" / "star.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            before = ""
            for message in json.loads(line)["messages"]:
                customer = message["role"] == "customer"
                short = customer and message["text"].count(" ") < 2
                if chance() < 0.06 and not short:  # a short answer is often a name
                    yield from row(message["text"], before, digits=2 if customer else 4)
                before = message["text"]
    with (data / "grounded" / "replies.jsonl").open(encoding="utf-8") as rows:
        for line in rows:
            if chance() < 0.5:
                record = json.loads(line)
                yield from row(record["reply"], record["question"] if chance() < 0.5 else "")
    with (data / "intents" / "clinc150.jsonl").open(encoding="utf-8") as rows:
        for line in rows:
            if chance() < 0.2:
                yield from row(json.loads(line)["text"], digits=2)
    with gzip.open(data / "emotions" / "goemotions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            if chance() < 0.12 and "[" not in text:
                yield from row(text)


# --- training ---------------------------------------------------------------------------------------


def train(rows: list[Row], words: tagger.Words, *, epochs: int, rate: float, seed: int) -> Any:
    """Cross-entropy on each word; Adam with decoupled weight decay, linear warm-up and decay."""
    import torch

    from training.redaction_network import Network, tensors

    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = Network(words.width)
    lengths = [len(r.places) for r in rows]
    print(f"{sum(lengths)} words", flush=True)
    contexts = [tagger.context_of(r.before) for r in rows]
    plan: list[list[int]] = []
    for _ in range(epochs):
        order = rng.sample(range(len(rows)), len(rows))
        # Sorted within windows: batches of nearly one length, in a random order.
        windows = [
            sorted(order[at : at + 8192], key=lambda n: lengths[n]) for at in range(0, len(order), 8192)
        ]
        epoch = [batch for window in windows for batch in tagger.batches(window, lengths, 1024)]
        rng.shuffle(epoch)
        plan += epoch
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    warm = len(plan) // 20
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min((n + 1) / max(1, warm), max(0.0, (len(plan) - n) / max(1, len(plan) - warm)))
    )
    loss_of = torch.nn.CrossEntropyLoss(ignore_index=IGNORED, label_smoothing=0.03)
    began, running = time.monotonic(), 0.0
    for step, batch in enumerate(plan, 1):
        made = tagger.collate(
            [tagger.features(words, rows[n].text, rows[n].places, contexts[n]) for n in batch]
        )
        logits = model(tensors(made), hide=0.08)
        target = torch.full(logits.shape[:2], IGNORED)
        for at, n in enumerate(batch):
            target[at, : lengths[n]] = torch.tensor(rows[n].labels)
        loss = loss_of(logits.reshape(-1, len(LABELS)), target.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        schedule.step()
        running = 0.98 * running + 0.02 * loss.item() if step > 1 else loss.item()
        if step % 100 == 0:
            print(f"step {step}/{len(plan)} loss {running:.4f} {time.monotonic() - began:.0f} s", flush=True)
    return model.eval()


def save(model: Any, folder: Path, facts: dict[str, Any]) -> None:
    """Write the weights as 8-bit integers and tagger.json with their digest and `facts`."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tagger.safetensors"
    save_file(tagger.quantised({k: v.detach().numpy() for k, v in model.state_dict().items()}), file)
    about = {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "labels": list(LABELS),
        "encoder": DEFAULT_ENCODER,
        **facts,
    }
    (folder / "tagger.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


# --- measuring --------------------------------------------------------------------------------------


def measure(turns: Sequence[dict[str, Any]], loaded: tagger.Tagger, thresholds: Sequence[float]) -> None:
    """Token recall by label and precision at several thresholds, without any message before."""
    rows = [row_of(t["tokens"], ()) for t in turns]
    scores = loaded.probabilities([(r.text, r.places, []) for r in rows])
    for threshold in thresholds:
        hit: Counter[str] = Counter()
        total: Counter[str] = Counter()
        covered = good = 0
        for turn, found_rows in zip(turns, scores, strict=True):
            for token, label, row in zip(turn["tokens"], turn["labels"], found_rows, strict=True):
                found = bool(token) and 1 - row[0] >= threshold
                if label in SENSITIVE:
                    total[label] += 1
                    hit[label] += found
                covered += found
                good += found and label != "O"
        numbers = [k for k in total if k not in ("name", "address")]
        print(
            f"threshold {threshold:.2f} numbers {_part(hit, total, numbers):.3f}"
            f" name {_part(hit, total, ['name']):.3f}"
            f" precision {good / max(1, covered):.3f} "
            + " ".join(f"{k}:{hit[k] / total[k]:.3f}" for k in sorted(total)),
            flush=True,
        )


def _part(hit: Counter[str], total: Counter[str], keys: Sequence[str]) -> float:
    return sum(hit[k] for k in keys) / max(1, sum(total[k] for k in keys))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and save, or measure what is there, as the module says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["train", "measure"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--hold-out", default="", help="domains of MultiDoGO, separated by commas")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--made", type=int, default=MADE)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threshold", type=float, default=0.25)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(options.threads)
    encoder = find_encoder(DEFAULT_ENCODER)
    turns = chats(options.data)
    held = {d for d in options.hold_out.split(",") if d}
    if options.command == "train":
        maker = Maker(options.seed)
        rows = public_rows([t for t in turns if t["domain"] not in held], maker)
        rows += made_rows(maker, options.made)
        rows += plain_rows(options.data, maker)
        print(f"{len(rows)} rows", flush=True)
        model = train(
            rows, tagger.Words(encoder), epochs=options.epochs, rate=options.rate, seed=options.seed
        )
        thresholds = dict.fromkeys(LABELS[1:], options.threshold)
        lower = dict.fromkeys(("NAME", "ADDRESS"), 0.8 * options.threshold)
        thresholds |= lower | {"CAPITALISED_NAME": 0.28 * options.threshold}
        save(model, options.output, {"thresholds": thresholds, "held_out": sorted(held), "rows": len(rows)})
    if held:
        loaded = tagger.Tagger(encoder, options.output)
        for domain in sorted(held):
            print(domain)
            measure([t for t in turns if t["domain"] == domain], loaded, (0.2, 0.25, 0.3, 0.35, 0.4, 0.5))


if __name__ == "__main__":
    main()
