"""What the agent typed and has not sent: kept through a closed window and a crash."""

from __future__ import annotations

from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.unsent import Unsent
from agent_assist.ports import SuggestionRepository, UnsentRepository


class UnsentService:
    """Thread-safe; what `save` returned from is on the disk."""

    def __init__(self, repository: UnsentRepository, suggestions: SuggestionRepository | None = None) -> None:
        """`suggestions` finds what a text started from."""
        self._repository = repository
        self._suggestions = suggestions

    def save(self, unsent: Unsent) -> None:
        """Keep it in place of what was kept of its ticket; an empty one is forgotten."""
        if unsent.empty:
            self._repository.remove(unsent.ticket_id)
        else:
            self._repository.put(unsent)

    def get(self, ticket_id: str) -> Unsent | None:
        """What was left of this ticket's reply; None for nothing."""
        return self._repository.get(ticket_id)

    def started_from(self, unsent: Unsent) -> Suggestion | None:
        """The suggestion that the agent was changing; None where the words are all the agent's own."""
        if self._suggestions is None or not unsent.suggestion_id:
            return None
        return self._suggestions.get(unsent.suggestion_id)

    def all(self) -> list[Unsent]:
        """Everything that is kept, by ticket id."""
        return self._repository.all()

    def forget(self, ticket_id: str) -> None:
        """The reply was sent or given up."""
        self._repository.remove(ticket_id)
