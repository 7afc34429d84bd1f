from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_assist.adapters.inference.textout import TextOut


def feed(out: TextOut, data: bytes, step: int = 1) -> str:
    shown = "".join(out.feed(data[at : at + step]) for at in range(0, len(data), step))
    return shown + out.finish()


@given(
    st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), st.integers(1, 5)
)
def test_characters_come_whole_however_the_bytes_are_cut(text: str, step: int) -> None:
    out = TextOut("x")
    shown = ""
    data = text.encode()
    for at in range(0, len(data), step):
        piece = out.feed(data[at : at + step])
        assert "�" not in piece.replace("�", "") or "�" in text
        shown += piece
    assert shown + out.finish() == text


def test_half_a_character_at_the_end_is_dropped() -> None:
    out = TextOut("x")
    assert feed(out, "ok 🙂".encode()[:-1]) == "ok "


def test_leading_blanks_go_unless_a_start_was_given() -> None:
    assert feed(TextOut(), b" \n Hello ") == "Hello "
    assert feed(TextOut("Hi Ann,"), b" thanks") == " thanks"


def test_a_stop_text_ends_the_reply_and_is_not_shown() -> None:
    out = TextOut(stop=["\nCustomer:", "##"])
    assert feed(out, b"Sure.\nCustomer: and") == "Sure."
    assert out.stopped
    assert out.feed(b"more") == ""
    assert out.text == "Sure."


def test_what_only_looked_like_a_stop_text_is_shown_in_the_end() -> None:
    out = TextOut(stop=["\nCustomer:"])
    assert out.feed(b"Sure.\nCust") == "Sure."
    assert out.feed(b"oms") == "\nCustoms"
    assert feed(out, b"\nCus") == "\nCus"


def test_nul_is_left_out() -> None:
    assert feed(TextOut(), b"a\x00b") == "ab"
