"""Ten seconds of mutated tickets, mails, articles and model headers; `tests/fuzz/run_fuzz.py` goes on."""

from __future__ import annotations

import pytest
from fuzz.fuzz_targets import SEEDS, TARGETS
from fuzz.run_fuzz import TooSlow, limited, run_plain


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_ends_in_a_fault_of_ours(name: str) -> None:
    tries, failed = run_plain(name, 1.6, seed=20261122)
    assert failed is None, failed
    assert tries >= len(SEEDS[name])


def test_a_hang_counts_as_a_failure() -> None:
    def hang() -> None:
        with limited(0.05):
            while True:
                pass

    with pytest.raises(TooSlow):
        hang()
