"""How much personal data is found, and how fast, beside plain Presidio in the same run.

    python tests/benchmarks/bench_redaction.py [--data DIR --weights DIR… [--rows 4000]]

Speed and identity numbers need no data.  DIR of `--data` holds `pii/multidogo.jsonl.gz`; each `--weights` is
a folder that `python -m training.redaction train --hold-out COMPANY` made, and is scored on the company that
it never saw.  Presidio runs without a language model and without the network.  Processor time of one
thread; exits 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_assist.adapters.knowledge.embedding import find_encoder
from agent_assist.adapters.privacy.presidio import loaded
from agent_assist.adapters.privacy.redactor import TicketRedactor
from agent_assist.adapters.privacy.tagger import Tagger
from agent_assist.resources import resource

RULES_RATE, TAGGED_RATE = 2000, 150
KINDS = {
    "ssn": "numbers", "card_number": "numbers", "account_number": "numbers",
    "target_account_number": "numbers",
    "policyid": "numbers", "claimid": "numbers", "booking_confirmation_number": "numbers",
    "phone_number": "numbers", "phonenumber": "numbers", "email_address": "e-mails", "address": "addresses",
    "password": "passwords", "name": "names",
}  # fmt: skip
"""What the labels of the chats are counted as."""
BARS = {"numbers": 0.97, "e-mails": 0.97, "addresses": 0.97, "passwords": 0.97, "names": 0.95}
PRECISION = 0.90
FEWEST = 30
"""Words of a kind below which a share of them says nothing."""
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


@dataclass
class Score:
    """Token recall by label, and the share of covered tokens that carry any label."""

    hit: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    covered: int = 0
    good: int = 0

    def add(self, find: Find, rows: list[dict[str, Any]]) -> None:
        for row, spans in zip(rows, find([" ".join(r["tokens"]) for r in rows]), strict=True):
            at = 0
            for token, label in zip(row["tokens"], row["labels"], strict=True):
                found = bool(token) and any(s < at + len(token) and e > at for s, e in spans)
                if label in KINDS and token:
                    self.total[label] += 1
                    self.hit[label] += found
                self.covered += found
                self.good += found and label != "O"
                at += len(token) + 1

    def include(self, company: Score) -> None:
        """Count a company's words along, of its kinds those with enough: six words that one of them labels
        as addresses are names of loudspeakers."""
        enough = company.kinds()
        for label in company.total:
            if KINDS[label] in enough:
                self.total[label] += company.total[label]
                self.hit[label] += company.hit[label]
        self.covered += company.covered
        self.good += company.good

    def recall(self, *labels: str) -> float:
        return sum(self.hit[k] for k in labels) / max(1, sum(self.total[k] for k in labels))

    def kinds(self) -> dict[str, float]:
        labels = {k: [x for x in self.total if KINDS[x] == k] for k in BARS}
        enough = {k: v for k, v in labels.items() if sum(self.total[x] for x in v) >= FEWEST}
        return {k: self.recall(*v) for k, v in enough.items()}

    @property
    def precision(self) -> float:
        return self.good / max(1, self.covered)

    def show(self, name: str) -> None:
        print(f"{name}: " + ", ".join(f"{k} {v:.3f}" for k, v in self.kinds().items()), end="")
        print(f", precision {self.precision:.3f}; ", end="")
        print(", ".join(f"{k} {self.recall(k):.3f} of {self.total[k]}" for k in sorted(self.total)))

    def passes(self) -> bool:
        return self.precision >= PRECISION and all(v >= BARS[k] for k, v in self.kinds().items())


def held_out(data: Path, weights: list[Path], most: int) -> bool:
    """Each company by the weights that never saw it, then all of them together."""
    with gzip.open(data / "pii" / "multidogo.jsonl.gz", "rt", encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    plain = presidio()
    together = {"with the classifier": Score(), "rules only": Score(), "plain Presidio": Score()}
    for folder in weights:
        tagger = Tagger(find_encoder(""), folder)
        for company in json.loads((folder / "tagger.json").read_text(encoding="utf-8"))["held_out"]:
            rows = [r for r in every if r["domain"] == company]
            rows = random.Random(3).sample(rows, min(most, len(rows)))
            for name, find in (
                ("with the classifier", finder(TicketRedactor(lambda t=tagger: t))),  # type: ignore[misc]
                ("rules only", finder(TicketRedactor())),
                ("plain Presidio", plain),
            ):
                few = rows[:1000] if find is plain else rows
                alone = Score()
                alone.add(find, few)
                alone.show(f"{company}, {name}")
                together[name].include(alone)
    for name, score in together.items():
        score.show(f"all held out, {name}")
    return together["with the classifier"].passes()


IDENTITY = {
    "en_US": "ssn", "en_CA": "sin number", "de_AT": "Sozialversicherungsnummer", "pl_PL": "PESEL",
    "sv_SE": "personnummer", "fi_FI": "henkilötunnus", "it_IT": "codice fiscale", "tr_TR": "TC kimlik no",
    "es_ES": "DNI", "pt_BR": "CPF", "en_IN": "aadhaar", "th_TH": "Thai ID number",
    "fr_FR": "numéro de sécurité sociale",
    "ko_KR": "resident registration number", "nl_NL": "BSN", "no_NO": "fødselsnummer", "fil_PH": "UMID",
    "zh_CN": "身份证号", "ro_RO": "CNP",
}  # fmt: skip
"""What the number is called that Faker makes for a country."""
SENTENCES = (
    "my {word} is {value}",
    "{word}: {value}",
    "{value} is my {word}, thanks",
    "please check {word} {value}",
)


def identity_numbers() -> None:
    """Of many countries: whole numbers hidden, by our rules alone and with Presidio beside them."""
    try:
        from faker import Faker
    except ImportError:
        print("identity numbers: not run, Faker is not installed")
        return
    hidden = Counter[str]()
    for locale, word in IDENTITY.items():
        faker = Faker(locale)
        faker.seed_instance(3)
        for n in range(40):
            value = faker.ssn()
            text = SENTENCES[n % len(SENTENCES)].format(word=word, value=value)
            at = text.index(value)
            for name, asked in (("rules alone", False), ("with Presidio", True)):
                found = TicketRedactor(presidio=lambda asked=asked: asked).redact(text)[1]  # type: ignore[misc]
                hidden[name] += any(s <= at and e >= at + len(value) for _, s, e, _ in found)
    count = 40 * len(IDENTITY)
    print(
        f"identity numbers of {len(IDENTITY)} countries: "
        + ", ".join(f"{k} {v / count:.3f}" for k, v in hidden.items())
    )


def presidio() -> Find:
    """As it comes, with the engine that needs no language model."""
    module = loaded()
    tld: Any = importlib.import_module("tldextract")
    tld.tldextract.TLD_EXTRACTOR = tld.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tld.extract = tld.tldextract.TLD_EXTRACTOR
    provider = importlib.import_module("presidio_analyzer.nlp_engine").NlpEngineProvider
    models = [{"lang_code": "en", "model_name": "no_op"}]
    engine = provider(nlp_configuration={"nlp_engine_name": "no_op", "models": models}).create_engine()
    analyzer = module.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda texts: [[(r.start, r.end) for r in analyzer.analyze(t, language="en")] for t in texts]


def finder(redactor: TicketRedactor) -> Find:
    return lambda texts: [[(s, e) for _, s, e, _ in found] for _, found in redactor.redact_each(texts)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--weights", type=Path, nargs="*", default=[])
    parser.add_argument("--rows", type=int, default=4000)
    options = parser.parse_args()
    loaded()  # whole, as plain Presidio needs it; ours would load it without spaCy
    tagger = Tagger(find_encoder(""), resource("privacy"))
    rules, both = finder(TicketRedactor()), finder(TicketRedactor(lambda: tagger))
    texts = short_texts(2000)
    fast, tagged = rate(rules, texts), rate(both, texts)
    print(
        f"rules {fast:.0f} texts/s (bar {RULES_RATE}), with the classifier {tagged:.0f} (bar {TAGGED_RATE}),"
        f" plain Presidio {rate(presidio(), texts[:100]):.0f}"
    )
    ok = fast >= RULES_RATE and tagged >= TAGGED_RATE
    identity_numbers()
    if options.data is not None and options.weights:
        ok = held_out(options.data, options.weights, options.rows) and ok
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
