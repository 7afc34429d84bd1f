"""Fuzzing of everything that reads what strangers wrote.

    .venv/bin/python tests/fuzz/run_fuzz.py [TARGET…] [--seconds 60] [--seed 1] [--keep FOLDER]

With atheris (the `dev` extra on Linux) inputs are guided by coverage; without it, or with --plain, seeds
are mutated at random from a fixed seed.  An input that ends in anything but one of the product's own
errors, or takes more than SLOW seconds of the processor, is written to the folder and ends the run with
code 1.  The processor's time counts, not the clock's: a busy machine is no fault of a parser.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SLOW = 10.0
WAITED = 20 * SLOW
"""Seconds by the clock after which an input counts as hanging, whatever it waits for."""
LONGEST = 20_000


class TooSlow(BaseException):
    """Not an Exception: what is fuzzed must not be able to swallow it."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow where the block takes the processor for longer; only on the main thread of a POSIX
    system."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def ring(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def mutated(chance: random.Random, seeds: tuple[bytes, ...], words: tuple[bytes, ...]) -> bytes:
    """One input: a seed after one to twelve random changes."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 12)):
        place = chance.randint(0, len(data))
        match chance.randint(0, 7):
            case 0 if data:
                data[place % len(data)] ^= 1 << chance.randint(0, 7)
            case 1:
                data[place:place] = chance.choice(words)
            case 2:
                del data[place : place + chance.randint(1, 64)]
            case 3:
                part = data[place : place + chance.randint(1, 64)]
                data[place:place] = part * chance.randint(1, 40)
            case 4:
                other = chance.choice(seeds)
                start = chance.randint(0, len(other))
                data[place : place + chance.randint(0, 32)] = other[start : start + chance.randint(1, 200)]
            case 5:
                data[place : place + 4] = chance.randbytes(4)
            case 6:
                del data[place:]
            case _:
                data[place : place + 8] = chance.choice(words)
    return bytes(data[:LONGEST])


def run_plain(name: str, seconds: float, seed: int, runs: int | None = None) -> tuple[int, bytes | None]:
    """Mutations of the seeds; returns how many were tried and the input that failed."""
    from fuzz.fuzz_targets import SEEDS, TARGETS, WORDS, tried

    chance = random.Random(f"{name} {seed}")
    target, tries, end = TARGETS[name], 0, time.monotonic() + seconds
    while time.monotonic() < end and (runs is None or tries < runs):
        data = mutated(chance, SEEDS[name], WORDS) if tries >= len(SEEDS[name]) else SEEDS[name][tries]
        tries += 1
        try:
            with limited(SLOW):
                tried(target, data)
        except (Exception, TooSlow):
            traceback.print_exc()
            return tries, data
    return tries, None


def run_guided(name: str, seconds: float, seed: int, keep: Path) -> None:
    """Under atheris; it ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=["agent_assist"]):
        from fuzz.fuzz_targets import SEEDS, TARGETS, WORDS, tried
    target = TARGETS[name]
    corpus = keep / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for place, data in enumerate(SEEDS[name]):
        (corpus / f"seed{place}").write_bytes(data)
    dictionary = keep / f"{name}.dict"
    dictionary.write_text("".join('"' + "".join(f"\\x{b:02x}" for b in word) + '"\n' for word in WORDS))

    def one(data: bytes) -> None:
        with limited(SLOW):
            tried(target, data)

    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={int(seconds)}",
        f"-max_len={LONGEST}",
        f"-timeout={int(WAITED)}",
        f"-seed={seed}",
        f"-dict={dictionary}",
        f"-artifact_prefix={keep}/{name}-",
        "-rss_limit_mb=3000",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"))
    wanted = parser.parse_args()
    from importlib.util import find_spec

    if len(wanted.targets) == 1 and find_spec("atheris") and not wanted.plain:
        run_guided(wanted.targets[0], wanted.seconds, wanted.seed, wanted.keep.resolve())
        return 0
    if find_spec("atheris") and not wanted.plain:
        print("With atheris name one target: it ends the process after it.", flush=True)
    from fuzz.fuzz_targets import TARGETS

    failed = 0
    for name in wanted.targets or TARGETS:
        tries, data = run_plain(name, wanted.seconds, wanted.seed)
        print(f"{name}: {tries} inputs, {'failed' if data is not None else 'no crash'}", flush=True)
        if data is not None:
            failed += 1
            wanted.keep.mkdir(parents=True, exist_ok=True)
            (wanted.keep / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
