"""How much personal data is found, and how fast, beside plain Presidio in the same run.

    python tests/benchmarks/bench_redaction.py [--data DIR] [--weights DIR --hold-out finance] [--rows 4000]

Speed needs no data.  DIR holds `pii/multidogo.jsonl.gz`; figures for a company are honest only with weights
that were trained without it (`python -m training.redaction train --hold-out finance`).  Presidio takes part
where `presidio-analyzer` is installed; it runs without a language model and without the network.
Processor time of one thread; exits 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_assist.adapters.knowledge.embedding import find_encoder
from agent_assist.adapters.privacy.redactor import TicketRedactor
from agent_assist.adapters.privacy.tagger import Tagger
from agent_assist.resources import resource

RULES_RATE, TAGGED_RATE = 2000, 150
NUMBERS, NAMES, PRECISION = 0.97, 0.95, 0.90
SENSITIVE = {
    "name": 1, "ssn": 1, "card_number": 1, "account_number": 1, "target_account_number": 1,
    "email_address": 1, "phone_number": 1, "phonenumber": 1, "address": 1, "policyid": 1, "claimid": 1,
    "password": 1, "booking_confirmation_number": 1,
}.keys()  # fmt: skip
Find = Callable[[list[str]], list[list[tuple[int, int]]]]


def short_texts(count: int) -> list[str]:
    rng = random.Random(4)
    made = []
    for n in range(count):
        kind = n % 4
        if kind == 0:
            made.append(f"Hello, order {rng.randint(10**6, 10**8)} is late, can you look at it please?")
        elif kind == 1:
            made.append(f"Call me on +1 415 555 {rng.randint(1000, 9999)} or write to a{n}@example.com.")
        elif kind == 2:
            made.append("Thank you, that is all. The jacket fits well and I will keep it.")
        else:
            made.append(f"my name is ravi kumar and the last four digits are {rng.randint(1000, 9999)}")
    return made


def rate(find: Find, texts: list[str]) -> float:
    find(texts[:64])
    best = 0.0
    for _ in range(3):
        started = time.thread_time()
        find(texts)
        best = max(best, len(texts) / (time.thread_time() - started))
    return best


def score(name: str, find: Find, rows: list[dict[str, Any]]) -> bool:
    """Token recall by label and the share of covered tokens that carry any label."""
    hit: Counter[str] = Counter()
    total: Counter[str] = Counter()
    covered = good = 0
    for row, spans in zip(rows, find([" ".join(r["tokens"]) for r in rows]), strict=True):
        at = 0
        for token, label in zip(row["tokens"], row["labels"], strict=True):
            found = bool(token) and any(s < at + len(token) and e > at for s, e in spans)
            if label in SENSITIVE and token:
                total[label] += 1
                hit[label] += found
            covered += found
            good += found and label != "O"
            at += len(token) + 1
    numbers = [k for k in total if k not in ("name", "address")]
    recall = sum(hit[k] for k in numbers) / max(1, sum(total[k] for k in numbers))
    names, precision = hit["name"] / max(1, total["name"]), good / max(1, covered)
    print(f"{name}: numbers and e-mails {recall:.3f}, names {names:.3f}, precision {precision:.3f}; ", end="")
    print(", ".join(f"{k} {hit[k] / total[k]:.3f}" for k in sorted(total)))
    return recall >= NUMBERS and names >= NAMES and precision >= PRECISION


def presidio() -> Find | None:
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
        from tldextract import TLDExtract
    except ImportError:
        return None
    import tldextract

    tldextract.tldextract.TLD_EXTRACTOR = TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR
    models = [{"lang_code": "en", "model_name": "no_op"}]
    engine = NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "no_op", "models": models}
    ).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda texts: [[(r.start, r.end) for r in analyzer.analyze(t, language="en")] for t in texts]


def finder(redactor: TicketRedactor) -> Find:
    return lambda texts: [[(s, e) for _, s, e, _ in found] for _, found in redactor.redact_each(texts)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", type=Path, default=resource("privacy"))
    parser.add_argument("--hold-out", default="finance")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--no-presidio", action="store_true")
    options = parser.parse_args()
    tagger = Tagger(find_encoder(""), options.weights)
    rules, both = finder(TicketRedactor()), finder(TicketRedactor(lambda: tagger))
    texts = short_texts(2000)
    fast, tagged = rate(rules, texts), rate(both, texts)
    print(
        f"rules {fast:.0f} texts/s (bar {RULES_RATE}), with the classifier {tagged:.0f} (bar {TAGGED_RATE})"
    )
    ok = fast >= RULES_RATE and tagged >= TAGGED_RATE
    if options.data is not None:
        with gzip.open(options.data / "pii" / "multidogo.jsonl.gz", "rt", encoding="utf-8") as lines:
            every = [r for r in map(json.loads, lines) if r["domain"] == options.hold_out]
        rows = random.Random(3).sample(every, min(options.rows, len(every)))
        score("rules only", rules, rows)
        ok = score("with the classifier", both, rows) and ok
        other = None if options.no_presidio else presidio()
        if other is None:
            print("plain Presidio: not run")
        else:
            score("plain Presidio", other, rows[:1000])
            print(f"plain Presidio {rate(other, texts[:100]):.0f} texts/s")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
