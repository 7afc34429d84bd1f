from __future__ import annotations

from collections.abc import Callable

from agent_assist.adapters.inference.threads import PAUSE, ThreadGovernor


def _run(governor: ThreadGovernor, steps: int, cost: Callable[[int], float]) -> list[int]:
    return [governor.record(cost(governor.threads), 1) for _ in range(steps)]


def _idle(threads: int) -> float:
    return 0.010 if threads == 4 else 0.018


def _busy(threads: int) -> float:
    return 0.400 if threads == 4 else 0.050


def test_free_cores_keep_all_threads_but_for_short_trials() -> None:
    used = _run(ThreadGovernor(4), 1600, _idle)
    assert used.count(2) / len(used) < 0.04
    assert used[-1] == 4


def test_a_busy_machine_is_noticed_within_a_sentence_and_left_again() -> None:
    governor = ThreadGovernor(4)
    _run(governor, 200, _idle)
    crowded = _run(governor, 60, _busy)
    assert crowded[-1] == 2
    free = _run(governor, 2 * PAUSE, _idle)
    assert free[-1] == 4


def test_a_desk_that_starts_on_a_busy_machine_finds_out() -> None:
    assert _run(ThreadGovernor(2), 60, lambda n: 0.4 if n == 2 else 0.05)[-1] == 1


def test_a_step_with_several_candidates_counts_by_token() -> None:
    governor = ThreadGovernor(4)
    for _ in range(200):
        governor.record(_idle(governor.threads), 1)
    for _ in range(12):
        governor.record(3 * _idle(governor.threads), 3)
    assert governor.threads == 4


def test_one_core_has_nothing_to_choose() -> None:
    assert set(_run(ThreadGovernor(1), 500, lambda _: 1.0)) == {1}
