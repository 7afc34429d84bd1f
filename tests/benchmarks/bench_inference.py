"""Inference against plain llama-cpp-python on the same prompts, in one run.

    python tests/benchmarks/bench_inference.py [--rounds 9]

Both sides take turns in every round, each in a process of its own, with the same number of threads
and the same flash attention.  The ratios compare the best round of each side, which other programs
disturb least; the medians stand beside them.  Decoding is compared round by round, on a prompt whose reply
fills all its tokens, and the median of the rounds is the ratio.  Run it on an idle machine all the same.

Stopping is measured too, while the prompt is read and while the reply is written: milliseconds from
setting the cancel token until the caller is free.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent_assist.adapters.inference.client import InferenceClient
from agent_assist.adapters.inference.memory import physical_cores
from agent_assist.adapters.inference.packaged import default_record
from agent_assist.domain.model import ChatMessage, Finished, GenerationRequest, StopReason, TextPiece
from agent_assist.errors import Cancelled
from agent_assist.settings import ModelOptions

REPLY = 64
LIMITS = {"cold first token": 1.1, "second message": 0.15, "decode": 0.95, "stopped ms": 100.0}

PLAIN = """
import json, sys, time
import llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=5120, n_threads=int(sys.argv[2]), n_threads_batch=int(sys.argv[2]),
                        lora_path=sys.argv[3] or None, flash_attn=True, verbose=False)
model.create_completion([1, 2, 3], max_tokens=1)
for line in sys.stdin:
    job = json.loads(line)
    model.reset()
    started, first, steps = time.perf_counter(), 0.0, -1
    for part in model.create_completion(job["tokens"], max_tokens=job["reply"], temperature=0.0, top_k=1,
                                        repeat_penalty=1.0, stream=True):
        first = first or time.perf_counter()
        # Each token but the first took a step, and so did an end that the model chose.
        steps += part["choices"][0]["finish_reason"] != "length"
    ended = time.perf_counter()
    print(json.dumps({"first": (first - started) * 1000, "rate": steps / (ended - first)}), flush=True)
"""


class Plain:
    """llama_cpp.Llama in a process of its own, with the settings of a user who has read its manual."""

    def __init__(self, model: str, adapter: str, threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PLAIN, model, str(threads), adapter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, tokens: Sequence[int]) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tokens": list(tokens), "reply": REPLY}) + "\n")
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def both(threads: int) -> Iterator[tuple[InferenceClient, Plain]]:
    record = default_record()
    assert record is not None
    client = InferenceClient(lambda: ModelOptions(threads=threads))
    plain = Plain(record.path, record.adapter_path, threads)
    try:
        client.load(record)
        yield client, plain
    finally:
        plain.close()
        client.close()


def ticket(number: int, messages: int) -> tuple[ChatMessage, ...]:
    """A system prompt, passages and a thread, about 700 tokens; no two tickets share more than a line."""
    passages = "\n".join(
        f"[{n}] Case {number}-{n}: goods of class {n} can be returned within {30 + number + n} days; "
        f"the label is in the parcel, the refund takes {n + 3} working days and goes to the card that paid."
        for n in range(14)
    )
    thread = [
        ChatMessage(
            "user", f"Ticket {number}. Articles:\n{passages}\n\nCustomer: my parcel {number * 7} was damaged."
        ),
        ChatMessage("assistant", "I am sorry to hear that. May I have a photo of the damage?"),
        ChatMessage("user", "Here it is: the corner is crushed and the lid is cracked. What happens now?"),
    ]
    return (ChatMessage("system", f"You answer for shop {number}, kindly and briefly."), *thread[:messages])


def request(number: int, messages: int, **changes: Any) -> GenerationRequest:
    options: dict[str, Any] = {
        "max_tokens": REPLY,
        "repeat_penalty": 1.0,
        "conversation": f"t{number}",
    } | changes
    return GenerationRequest(ticket(number, messages), **options)


def generate(client: InferenceClient, wanted: GenerationRequest) -> Finished:
    last = list(client.generate(wanted, threading.Event()))[-1]
    assert isinstance(last, Finished)
    return last


def stopping(client: InferenceClient, wanted: GenerationRequest, *, writing: bool) -> float:
    """Milliseconds until a request that is stopped lets its caller go."""
    cancel, asked = threading.Event(), 0.0

    def stop() -> None:
        nonlocal asked
        asked = time.perf_counter()
        cancel.set()

    timer = threading.Timer(0.1, stop)
    if not writing:
        timer.start()
    try:
        for event in client.generate(wanted, cancel):
            if writing and not asked and isinstance(event, TextPiece):
                stop()
    except Cancelled:
        return (time.perf_counter() - asked) * 1000
    finally:
        timer.cancel()
    raise SystemExit("it was over before it could be stopped")


def rate(done: Finished) -> float:
    """Steps of decoding a second: one for each token but the first, and one for an end that was chosen."""
    longest = max(done.candidates, key=lambda c: c.completion_tokens)
    steps = longest.completion_tokens - (longest.stop_reason is not StopReason.END)
    return steps / (done.total_ms - done.first_token_ms) * 1000


def counting(number: int) -> GenerationRequest:
    """A request whose reply goes on until its tokens are used up."""
    wish = f"Shop {number}: write the numbers from one to one hundred in words, one by one: one, two, three,"
    return GenerationRequest(
        (ChatMessage("user", wish),), max_tokens=REPLY, repeat_penalty=1.0, conversation=f"c{number}"
    )


def measure(rounds: int, threads: int) -> dict[str, Any]:
    rows: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    prompt = 0
    with both(threads) as (client, plain):
        generate(client, request(999, 1, max_tokens=2))
        for number in range(rounds):
            first = request(number, 1)
            tokens, _ = client.prompt_tokens(first)
            prompt = len(tokens)
            reference = plain.run(tokens)
            note("plain first ms", reference["first"])
            cold = generate(client, first)
            assert cold.usage.cached_tokens < 50
            note("cold first ms", cold.first_token_ms)
            writing = counting(number)
            note("plain tokens/s", plain.run(client.prompt_tokens(writing)[0])["rate"])
            note("tokens/s", rate(generate(client, writing)))
            generate(client, request(number + 500, 1, max_tokens=2))  # another ticket in between
            follow = request(number, 3)
            reference = plain.run(client.prompt_tokens(follow)[0])
            note("plain follow-up ms", reference["first"])
            note("follow-up first ms", generate(client, follow).first_token_ms)
            note("again first ms", generate(client, follow).first_token_ms)
            one = generate(client, request(number, 3))
            three = generate(client, request(number, 3, candidates=3, temperature=0.6, seed=number))
            note("one candidate ms/token", 1000 / rate(one))
            note("three candidates ms/token", 1000 / rate(three))
            note("stopped while reading ms", stopping(client, request(number + 700, 1), writing=False))
            note("stopped while writing ms", stopping(client, request(number, 3), writing=True))
    medians = {name: statistics.median(values) for name, values in rows.items()}
    best = {name: max(values) if name.endswith("tokens/s") else min(values) for name, values in rows.items()}
    ratios = {
        "cold first token": best["cold first ms"] / best["plain first ms"],
        "second message": best["follow-up first ms"] / best["plain follow-up ms"],
        "decode": statistics.median(
            own / other for own, other in zip(rows["tokens/s"], rows["plain tokens/s"], strict=True)
        ),
        "three candidates": best["three candidates ms/token"] / best["one candidate ms/token"],
        "stopped ms": max(medians["stopped while reading ms"], medians["stopped while writing ms"]),
    }
    return {"prompt_tokens": prompt, "threads": threads, "medians": medians, "best": best, "ratios": ratios}


def kept(ratios: dict[str, float]) -> bool:
    """Whether the product's promises hold."""
    return (
        ratios["cold first token"] <= LIMITS["cold first token"]
        and ratios["second message"] <= LIMITS["second message"]
        and ratios["decode"] >= LIMITS["decode"]
        and ratios["stopped ms"] <= LIMITS["stopped ms"]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=physical_cores())
    options = parser.parse_args()
    found = measure(options.rounds, options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"prompt {found['prompt_tokens']} tokens, {found['threads']} threads, load {load:.1f}")
    for name, value in found["medians"].items():
        print(f"  {name:28} {value:9.1f}  best {found['best'][name]:9.1f}")
    for name, value in found["ratios"].items():
        print(
            f"  {name:28} {value:9.2f} {'  ' if name.endswith('ms') else 'x '} limit {LIMITS.get(name, '–')}"
        )
    return 0 if kept(found["ratios"]) else 1


if __name__ == "__main__":
    sys.exit(main())
