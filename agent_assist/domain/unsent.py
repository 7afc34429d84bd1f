"""What an agent typed and has not sent yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unsent:
    """The reply of one ticket as it was left; `steer` is the wish that was not sent either."""

    ticket_id: str
    text: str = ""
    steer: str = ""
    suggestion_id: str = ""
    """The suggestion that the text started from; "" where it started from nothing."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self.text.strip() and not self.steer.strip()
