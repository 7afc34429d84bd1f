"""How `prepare` scales: the plain runner beside Ray Data with one worker and with two, on the same tickets.

    python tests/benchmarks/bench_prepare_ray.py [--tickets 4000] [--rounds 2]

Wall-clock seconds, on a machine that does nothing else.  Ray's start is told apart: what a second worker
brings is measured from the first result to the last.  All give the same examples; exits 1 where they do not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent_assist.adapters.demo import load_demo
from training.config import PrepareOptions, RayOptions, Source
from training.prepare.beyond import run_ray, write_shards
from training.prepare.read import records
from training.prepare.rows import Made, run_plain

SHARD = 100


def write_tickets(path: Path, count: int) -> None:
    """The demo desk's solved tickets, again and again under other numbers, names and telephone numbers."""
    solved = load_demo().solved
    with path.open("w", encoding="utf-8") as out:
        for place in range(count):
            asked, _, replied = solved[place % len(solved)].body.partition("\n\nReply: ")
            asked = f"{asked.removeprefix('Question: ')}\nMy number is +1 415 555 {place % 10000:04}."
            messages = [
                {"role": "customer", "text": asked},
                {"role": "agent", "text": f"{replied} ({place})"},
            ]
            customer = {"id": f"C{place}", "name": f"Ana Example{place}"}
            out.write(json.dumps({"id": f"T{place}", "customer": customer, "messages": messages}) + "\n")


def timed(made: Iterator[Made]) -> tuple[float, float, int, str]:
    """(seconds until the first result, seconds after it, examples, digest of everything)."""
    started = time.perf_counter()
    first = 0.0
    count = 0
    digest = hashlib.sha256()
    for one in made:
        first = first or time.perf_counter()
        count += len(one.examples)
        digest.update(one.dump().encode())
    return first - started, time.perf_counter() - first, count, digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tickets(folder / "tickets.jsonl", given.tickets)
        shards = folder / "shards"
        write_shards(records(Source(path=folder / "tickets.jsonl")), shards, "s", SHARD)
        plain = PrepareOptions(inputs=(Source(path=shards),))
        best: dict[str, float] = {}
        digests = set()
        for number in range(given.rounds):
            for title, workers in (("plain", 0), ("ray, 1 worker", 1), ("ray, 2 workers", 2)):
                spread = plain.model_copy(update={"ray": RayOptions(workers=workers, memory_mb=100)})
                begin, rest, count, digest = timed(run_ray(spread, folder) if workers else run_plain(plain))
                digests.add(digest)
                # The first shard's work is within the start; the others are spread over the workers.
                done = given.tickets - (SHARD * max(1, workers) if workers else 1)
                rate = done / max(rest, 1e-9)
                best[title] = max(best.get(title, 0.0), rate)
                print(
                    f"round {number + 1}  {title:15} start {begin:6.1f} s, then {rate:8.0f} tickets/s",
                    flush=True,
                )
        print(f"{count} examples of {given.tickets} tickets; all the same: {len(digests) == 1}")
        print(f"two workers against one: {best['ray, 2 workers'] / best['ray, 1 worker']:.2f}")
        print(f"two workers against the plain runner: {best['ray, 2 workers'] / best['plain']:.2f}")
    return 0 if len(digests) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
