"""The cursor of Request Tracker: nothing is missed that is committed late, nothing is handled twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_assist.adapters.helpdesks.rt_cursor import SETTLE_SECONDS, Cursor, read_cursor


def look(cursor: Cursor, visible: set[int], now: float, handled: list[int]) -> Cursor:
    """What the connector does with it: pages of three events until there are none."""
    while True:
        events = sorted(i for i in visible if i > cursor.start)[:3]
        handled += [i for i in events if i not in cursor.seen]
        cursor = read_cursor(cursor.took(events).text()) or Cursor(0)
        if not events:
            return read_cursor(cursor.finished(now).text()) or Cursor(0)


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(0, SETTLE_SECONDS - 1)), min_size=1, max_size=40),
    st.lists(st.floats(0, 50), min_size=1, max_size=20),
)
def test_every_event_is_handled_exactly_once(events: list[tuple[float, float]], pauses: list[float]) -> None:
    """An event gets its id when it begins, and is visible when it is committed, up to a minute later."""
    begun = sorted(events)
    commits = {number: start + late for number, (start, late) in enumerate(begun, 1)}
    cursor, handled, now = Cursor(0), [], 0.0
    for pause in [*pauses, *[50.0] * 12]:
        now += pause
        cursor = look(cursor, {i for i, moment in commits.items() if moment <= now}, now, handled)
    assert sorted(handled) == sorted(commits)
    assert len(cursor.seen) <= len(commits)


def test_what_has_settled_is_not_kept() -> None:
    handled: list[int] = []
    cursor = look(Cursor(0), set(range(1, 200)), 1000.0, handled)
    assert len(cursor.seen) == 199
    cursor = look(cursor, set(range(1, 200)), 1000.0 + SETTLE_SECONDS, handled)
    assert cursor == Cursor(199)
    assert len(handled) == 199


def test_the_first_look_is_kept_apart() -> None:
    cursor = Cursor(7, first=0).after_tickets(12)
    assert read_cursor(cursor.text()) == cursor
    assert cursor.first_done() == Cursor(7)


def test_a_cursor_that_is_none_begins_anew() -> None:
    for text in ("", "2026-11-22", "[]", '{"settled": null}', "null", '{"settled": 1, "marks": [1]}'):
        assert read_cursor(text) is None
