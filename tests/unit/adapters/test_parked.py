from __future__ import annotations

from agent_assist.adapters.inference.conversations import ParkedConversations, common_prefix


def test_the_longest_shared_start_wins_if_it_is_worth_fetching() -> None:
    parked: ParkedConversations[str] = ParkedConversations(1000)
    parked.put("a", range(100), "state a", 10)
    parked.put("b", range(200), "state b", 10)
    assert (found := parked.best(list(range(500)), 0)) is not None
    assert found[0] == "b"
    assert found[1].state == "state b"
    assert parked.best(list(range(500)), 180) is None
    assert parked.best([7, 8, 9], 0) is None


def test_the_least_recently_used_goes_first() -> None:
    parked: ParkedConversations[str] = ParkedConversations(25)
    parked.put("a", range(100), "", 10)
    parked.put("b", range(1000, 1100), "", 10)
    assert parked.best(list(range(100)), 0) is not None
    parked.put("c", range(2000, 2100), "", 10)
    assert parked.best(list(range(1000, 1100)), 0) is None
    assert parked.best(list(range(100)), 0) is not None
    assert (len(parked), parked.bytes) == (2, 20)


def test_what_is_too_large_is_not_kept_and_replacing_counts_once() -> None:
    parked: ParkedConversations[str] = ParkedConversations(25)
    parked.put("a", [1], "", 30)
    assert len(parked) == 0
    parked.put("a", [1], "", 20)
    parked.put("a", [1], "", 5)
    assert parked.bytes == 5


def test_common_prefix() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4]) == 2
    assert common_prefix([1, 2], [1, 2, 3]) == 2
    assert common_prefix([], [1]) == 0
