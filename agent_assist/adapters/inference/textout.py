"""From the bytes of tokens to text that can be shown: whole characters, nothing of a stop text."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextOut:
    """The text of one candidate as it grows."""

    def __init__(self, reply_start: str = "", stop: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(s for s in stop if s)
        self._held = ""
        self._at_start = not reply_start
        self.text = reply_start
        """What has been shown."""
        self.stopped = False
        """A stop text was met; it is not part of the text."""

    def feed(self, data: bytes) -> str:
        """The text that can be shown now that these bytes came."""
        return self._release(self._decoder.decode(data))

    def finish(self) -> str:
        """What was held back and can be shown at the end; half a character is dropped."""
        if self.stopped:
            return ""
        piece, self._held = self._held, ""
        self.text += piece
        return piece

    def _release(self, new: str) -> str:
        if self.stopped:
            return ""
        # A NUL is valid UTF-8 and no text: files, labels and databases would cut there.
        text = self._held + new.replace("\x00", "")
        if self._at_start:
            text = text.lstrip()
            self._at_start = not text
        found = min((at for s in self._stop if (at := text.find(s)) >= 0), default=-1)
        if found >= 0:
            self.stopped = True
            piece, self._held = text[:found], ""
        else:
            keep = max((_overlap(text, s) for s in self._stop), default=0)
            piece, self._held = text[: len(text) - keep], text[len(text) - keep :]
        self.text += piece
        return piece


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
