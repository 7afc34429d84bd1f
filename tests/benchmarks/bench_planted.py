"""How many planted sentences the check of articles holds back, and how many honest ones.

    python tests/benchmarks/bench_planted.py FOLDER

FOLDER holds `grounded/kb.jsonl` (DSTC9), `injections/text_attack_train.jsonl` (BIPIA).  Each sentence of
`injection_kinds.py` and of BIPIA is put into a short article of that FAQ and a long one of the demo desk,
as a paragraph of its own, and at the end of the running text.  No model takes part; what a draft makes of an
article is measured by bench_injection.py.  Exits 1 where more than 0.5 % of the honest sentences are held.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from injection_kinds import HELD_OUT, HELD_OUT_AGAIN, KINDS

from agent_assist.adapters.demo import load_demo
from agent_assist.domain.planted import find_planted, without
from agent_assist.domain.text import split_sentences

MOST_HONEST = 0.005
Given = list[tuple[str, str]]
"""(what it is about, text)"""


def held(sentences: list[str], articles: Given, between: str) -> tuple[int, list[str]]:
    """How many are held back, and those that are not; each in another article."""
    missed = []
    for number, sentence in enumerate(sentences):
        about, body = articles[(number * 37 + 5) % len(articles)]
        text = f"{body}{between}{sentence}"
        if sentence[-20:] in without(text, find_planted(text, about)):
            missed.append(sentence)
    return len(sentences) - len(missed), missed


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    faq = [json.loads(line) for line in (folder / "grounded" / "kb.jsonl").open(encoding="utf-8")]
    attacks = (folder / "injections" / "text_attack_train.jsonl").open(encoding="utf-8")
    demo = load_demo().knowledge
    articles: dict[str, Given] = {
        "FAQ": [(f"{row['title']} {row['entity']}", row["body"]) for row in faq],
        "demo desk": [(a.title, a.body.strip()) for a in demo if a.collection == "articles"],
    }
    groups = {
        "BIPIA": [json.loads(line)["text"] for line in attacks],
        "other kinds": [text for texts in KINDS.values() for text in texts],
        "written before the check": [text for texts in HELD_OUT.values() for text in texts],
        "plain claims": list(HELD_OUT_AGAIN),
    }
    for name, sentences in groups.items():
        for where, given in articles.items():
            for what, between in (("a paragraph", "\n\n"), ("running text", " ")):
                count, missed = held(sentences, given, between)
                print(f"{name}, {what} of the {where}: {count} of {len(sentences)} held back")
                if len(sentences) <= 10:
                    print("".join(f"  let through: {text}\n" for text in missed), end="")
    honest = articles | {"macros": [("", a.body) for a in demo if a.collection == "macros"]}
    wrong = total = 0
    for where, given in honest.items():
        found = [s.text for about, body in given for s in find_planted(body, about)]
        sentences_ = sum(len(split_sentences(body)) for _, body in given)
        wrong, total = wrong + len(found), total + sentences_
        print(f"honest, {where}: {len(found)} of {sentences_} held back", *found, sep="\n  ")
    return 0 if wrong <= MOST_HONEST * total else 1


if __name__ == "__main__":
    sys.exit(main())
