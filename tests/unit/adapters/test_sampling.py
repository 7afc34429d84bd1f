from __future__ import annotations

import numpy as np
import pytest

from agent_assist.adapters.inference.sampling import Logits, Sampler


def sampler(**changes: float) -> Sampler:
    options = {"temperature": 1.0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "seed": 7} | changes
    return Sampler(**options)  # type: ignore[arg-type]


def row(*values: float) -> Logits:
    return np.array(values, dtype=np.float32)


def test_greedy_takes_the_best() -> None:
    assert sampler(temperature=0.0).choose(row(1, 3, 2)) == 1


def test_the_penalty_weighs_on_generated_tokens_only() -> None:
    greedy = sampler(temperature=0.0, repeat_penalty=1.5)
    logits = row(2.0, 2.5, -1.0)
    assert greedy.choose(logits) == 1
    greedy.accept(1, logits)
    assert greedy.choose(logits) == 0
    assert logits.tolist() == [2.0, 2.5, -1.0]


def test_the_penalty_ends_after_sixty_four_tokens() -> None:
    greedy = sampler(temperature=0.0, repeat_penalty=1.5)
    logits = row(2.0, 2.5, -1.0)
    greedy.accept(1, logits)
    for _ in range(64):
        greedy.accept(2, logits)
    assert greedy.choose(logits) == 1


def test_samples_follow_the_distribution() -> None:
    drawn = sampler()
    counts = np.bincount([drawn.choose(row(np.log(0.6), np.log(0.3), np.log(0.1))) for _ in range(4000)])
    assert counts / 4000 == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_top_p_and_min_p_leave_the_tail_out() -> None:
    logits = row(np.log(0.6), np.log(0.3), np.log(0.1))
    nucleus = sampler(top_p=0.8)
    assert {nucleus.choose(logits) for _ in range(300)} == {0, 1}
    floor = sampler(min_p=0.6)
    assert {floor.choose(logits) for _ in range(300)} == {0}
    tiny = sampler(top_p=1e-9)
    assert {tiny.choose(logits) for _ in range(50)} == {0}


def test_a_low_temperature_sharpens() -> None:
    cold = sampler(temperature=0.05)
    assert {cold.choose(row(1.0, 0.5, 0.0)) for _ in range(200)} == {0}


def test_the_same_seed_draws_the_same() -> None:
    logits = np.linspace(0, 3, 50).astype(np.float32)
    one, other = sampler(seed=3), sampler(seed=3)
    assert [one.choose(logits) for _ in range(20)] == [other.choose(logits) for _ in range(20)]


def test_the_mean_is_of_the_models_own_log_probabilities() -> None:
    made = sampler(temperature=0.0, repeat_penalty=2.0)
    assert made.mean_logprob == 0.0
    logits = row(np.log(0.5), np.log(0.25), np.log(0.25))
    made.accept(0, logits)
    made.accept(1, logits)
    assert made.mean_logprob == pytest.approx((np.log(0.5) + np.log(0.25)) / 2, abs=1e-5)
