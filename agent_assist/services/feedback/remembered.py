"""Agents' edits as remembered rules: they act on the next draft, before any tuning.

A rule is kept in a table of its own and, while it is active, searched as an article of the collection
`remembered`, with its origin.  It is redacted before it is kept, waits for a person's word where it states
what nothing supports, and steps aside as soon as the article that it corrected says something else.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from agent_assist.domain.access import Permission
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.house import PLAIN, Style
from agent_assist.domain.injection import shielded
from agent_assist.domain.knowledge import Article, Collection, Hit
from agent_assist.domain.privacy import known_values
from agent_assist.domain.prompt import ticket_until
from agent_assist.domain.remembered import (
    ARTICLE_PREFIX,
    Change,
    Rule,
    RuleState,
    changed_sentences,
    digest_of,
    digest_of_text,
    joined,
    preferred,
    replaced,
    unsupported,
    why_no_rule,
)
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.support import stated_in
from agent_assist.domain.text import shorten, words
from agent_assist.domain.ticket import Channel, Ticket
from agent_assist.errors import AgentAssistError, BadInput
from agent_assist.ports import Redactor, RememberedRepository, SuggestionRepository
from agent_assist.services.access import AccessService
from agent_assist.services.events import Event, EventBus, FeedbackRecorded, KnowledgeChanged, RulesChanged
from agent_assist.services.feedback.export import reply_body, without_personal
from agent_assist.services.feedback.house_style import HouseStyle
from agent_assist.services.jobs import JobQueue
from agent_assist.services.knowledge import inquiry
from agent_assist.services.knowledge.service import KnowledgeService
from agent_assist.services.tickets import TicketService

log = logging.getLogger(__name__)

_EDITED: Final = frozenset({OutcomeKind.EDITED, OutcomeKind.REWRITTEN})
_LOOKED_BACK: Final = 200
"""Drafts that a start looks through for edits which were not remembered before the last end."""
_TITLE: Final = 200
_PLACEHOLDER: Final = re.compile(r"\[[A-Z][A-Z0-9_]*_\d+\]")
_WAITS: Final = "It says what no article says: it is used once you have confirmed it."
_CHANGED: Final = "The article that it corrected has changed since."


class RememberedService:
    """Thread-safe.  All methods but `all` and `get` may wait for the encoder: call them from a job."""

    def __init__(
        self,
        repository: RememberedRepository,
        suggestions: SuggestionRepository,
        tickets: TicketService,
        knowledge: KnowledgeService,
        redactor: Redactor,
        events: EventBus,
        jobs: JobQueue,
        access: AccessService | None = None,
        erased: Callable[[Ticket], bool] | None = None,
        house: HouseStyle | None = None,
    ) -> None:
        """Without `access` everybody may do everything; `erased` tells of a ticket whose customer was;
        `house` counts what the edits have in common."""
        self._house = house
        self._repository = repository
        self._suggestions = suggestions
        self._tickets = tickets
        self._knowledge = knowledge
        self._redactor = redactor
        self._events = events
        self._jobs = jobs
        self._access = access
        self._erased = erased
        self._lock = threading.RLock()
        """Table and articles change together: `refresh` must not see the one without the other."""
        self._unsubscribe = events.subscribe(self._on_event)

    def close(self) -> None:
        self._unsubscribe()
        if self._house is not None:
            self._house.close()

    def style(self, channel: Channel, language: str) -> Style:
        """How the team words what stands around an answer, by its habits in use."""
        return self._house.of(channel, language) if self._house is not None else PLAIN

    # --- looking and deciding -------------------------------------------------------------------

    def all(self, *, everything: bool = False) -> list[Rule]:
        """Newest first: an agent's own, a lead sees everybody's; `everything`: also edits that gave none."""
        states = [s for s in RuleState if everything or s is not RuleState.NONE]
        return [r for r in self._repository.all(states) if self._sees(r)]

    def get(self, rule_id: str) -> Rule:
        """Raises BadInput where there is none of that id, or it is somebody else's and may not be seen.

        The beginning of an id will do where only one rule begins so.
        """
        wanted = rule_id.removeprefix(ARTICLE_PREFIX)
        rule = self._repository.get(wanted)
        found = [rule] if rule else [r for r in self._repository.all() if wanted and r.id.startswith(wanted)]
        if len(found) != 1 or not self._sees(found[0]):
            raise BadInput(
                f"There is no remembered edit {rule_id}.",
                "Look it up: `agent-assist feedback rules list`.",
            )
        return found[0]

    def confirm(self, rule_id: str) -> Rule:
        """Use it from now on: a person says that it holds, against the articles as they are now."""
        rule = self.get(rule_id)
        if rule.style:
            place = (rule.style, rule.channel, rule.language)
            for other in self._repository.all((RuleState.ACTIVE,)):
                if (other.style, other.channel, other.language) == place and other.id != rule.id:
                    self._rest(other, RuleState.DISABLED, "Another wording was chosen.")
            return self._use(rule)
        if not rule.after:
            raise BadInput("This edit gives no rule.", rule.why)
        sources = {i: digest_of(a) for i in rule.sources if (a := self._knowledge.article(i)) is not None}
        return self._use(replace(rule, sources=sources, why="A person confirmed it."))

    def disable(self, rule_id: str) -> Rule:
        """Keep it, and rest no draft on it; `confirm` brings it back."""
        return self._rest(self.get(rule_id), RuleState.DISABLED, "It was switched off.")

    def remove(self, rule_id: str) -> None:
        """Remove its texts for good; the same edit does not bring it back."""
        rule = self.get(rule_id)
        gone = Rule(rule.id, rule.ticket_id, RuleState.NONE, rule.agent_id, rule.team, rule.created_at)
        gone = replace(gone, edit=rule.edit, style=rule.style, channel=rule.channel, language=rule.language)
        self._rest(gone, RuleState.NONE, "It was removed.")

    def preferred(self, hits: Sequence[Hit]) -> list[Hit]:
        """Hits with a remembered edit before the article that it corrected; see domain.remembered."""
        ids = [h.passage.article_id for h in hits if h.passage.collection == Collection.REMEMBERED]
        found = (self._repository.get(i.removeprefix(ARTICLE_PREFIX)) for i in ids)
        return preferred(hits, {r.article_id: r for r in found if r is not None})

    # --- learning -------------------------------------------------------------------------------

    def learn(self, suggestion_id: str) -> Rule | None:
        """Make a rule of what the agent did with this draft, where that says something for the next ones.

        None where nothing was edited.  Doing it twice changes nothing; a decision that was taken back takes
        its rule back.
        """
        suggestion, outcome = self._suggestions.get(suggestion_id), self._suggestions.outcome(suggestion_id)
        before = self._repository.get(suggestion_id)
        if suggestion is None or outcome is None or outcome.kind not in _EDITED:
            if before is not None and before.state is not RuleState.NONE:
                self._rest(before, RuleState.NONE, "The reply was taken back.")
                self._repository.forget(suggestion_id)
            return None
        if self._house is not None:
            self._house.learn(suggestion.channel, suggestion.language)
        edit = digest_of_text(outcome.final_text)
        if before is not None and before.edit == edit:
            return before
        rule = replace(self._derived(suggestion, outcome), edit=edit)
        if rule.state is RuleState.ACTIVE:
            self._supersede(suggestion, rule)
            return self._use(rule)
        return self._rest(rule, rule.state, rule.why, tell=rule.state is RuleState.WAITING)

    def catch_up(self) -> int:
        """Remember the edits that the last end of the application cut off; returns how many there were."""
        count = 0
        for suggestion, outcome in islice(self._suggestions.history(newest_first=True), _LOOKED_BACK):
            known = self._repository.get(suggestion.id) is not None
            if outcome is not None and outcome.kind in _EDITED and not known:
                self.learn(suggestion.id)
                count += 1
        return count

    def refresh(self) -> int:
        """Set aside the rules whose article says something else now; returns how many."""
        with self._lock:
            return self._set_aside()

    def _set_aside(self) -> int:
        aside = 0
        for rule in self._repository.all((RuleState.ACTIVE, RuleState.WAITING, RuleState.DISABLED)):
            if rule.style:
                continue
            if any(not self._unchanged(i, digest) for i, digest in rule.sources.items()):
                self._rest(rule, RuleState.REVIEW, _CHANGED)
                aside += 1
            elif rule.state is RuleState.ACTIVE and self._knowledge.article(rule.article_id) is None:
                self._rest(rule, RuleState.DISABLED, "It was removed from the knowledge base.")
        return aside

    # --- parts ----------------------------------------------------------------------------------

    def _derived(self, suggestion: Suggestion, outcome: Outcome) -> Rule:
        """The rule of an edit, or one in the state `none` that says why there is none."""
        rule = Rule(
            id=suggestion.id,
            ticket_id=suggestion.ticket_id,
            state=RuleState.NONE,
            agent_id=outcome.agent_id,
            team=outcome.team,
            created_at=outcome.created_at,
            language=suggestion.language,
        )
        ticket = self._tickets.get(suggestion.ticket_id)
        if ticket is None or (self._erased is not None and self._erased(ticket)):
            return replace(rule, why="Its ticket is no longer here.")
        ticket, steering = shielded(ticket_until(ticket, suggestion.message_ids))
        if steering:
            return replace(rule, why="The customer's message tries to steer the assistant.")
        draft, final = (reply_body(suggestion, t) for t in (suggestion.text, outcome.final_text))
        change = changed_sentences(draft, final, suggestion.language)
        if why := why_no_rule(change, outcome.edit_distance):
            return replace(rule, why=why)
        question, change = self._redacted(ticket, suggestion, change)
        if not change.after:
            return replace(rule, why="What was added is about this customer alone.")
        known = [h.passage.text for h in suggestion.hits] + [draft, *(m.text for m in ticket.messages)]
        after = joined(change.after)
        open_facts = unsupported(after, known, outcome.confirmed)
        corrected = self._corrected(suggestion, change)
        return replace(
            rule,
            state=RuleState.WAITING if open_facts else RuleState.ACTIVE,
            why=_WAITS if open_facts else "",
            question=shorten(question, _TITLE * 3, "…"),
            before=joined(change.before),
            after=after,
            gone=replaced(change),
            sources={a.id: digest_of(a) for a in corrected},
            context=corrected[0].context if corrected else {},
        )

    def _redacted(self, ticket: Ticket, suggestion: Suggestion, change: Change) -> tuple[str, Change]:
        """The question and the change without personal data; sentences that had some are left out."""
        public = "\n".join(
            h.passage.text for h in suggestion.hits if h.passage.collection != Collection.SOLVED
        )
        texts = [inquiry.from_ticket(ticket).question, *change.before, *change.after]
        clean = without_personal(texts, self._redactor, known_values(ticket), public, Counter())
        split = 1 + len(change.before)
        impersonal = tuple(t for t in clean[split:] if not _PLACEHOLDER.search(t))
        question = " ".join(_PLACEHOLDER.sub("", clean[0]).split())
        return question, Change(tuple(clean[1:split]), impersonal)

    def _corrected(self, suggestion: Suggestion, change: Change) -> list[Article]:
        """The articles that the sentences which went rested on; those that the draft was made of, where it
        cites none."""
        went = {" ".join(words(t)) for t in change.before}
        cited = [
            a for s in suggestion.sentences if " ".join(words(stated_in(s.text))) in went for a in s.citations
        ]
        shown = suggestion.prompt_passages or ()
        made_of = [h.passage.article_id for h in suggestion.hits if h.passage.id in shown]
        first = [h.passage.article_id for h in suggestion.hits[:1]]
        ids = dict.fromkeys(cited or list(suggestion.citations) or made_of or first)
        found = (self._knowledge.article(i) for i in ids if not i.startswith(ARTICLE_PREFIX))
        return [a for a in found if a is not None]

    def _supersede(self, suggestion: Suggestion, rule: Rule) -> None:
        """A rule that was itself corrected by this edit gives way to it."""
        for article_id in suggestion.citations:
            older = self._repository.get(article_id.removeprefix(ARTICLE_PREFIX))
            if article_id.startswith(ARTICLE_PREFIX) and older is not None and older.id != rule.id:
                self._rest(older, RuleState.DISABLED, "A later edit replaced it.")

    def _use(self, rule: Rule) -> Rule:
        rule = replace(rule, state=RuleState.ACTIVE)
        with self._lock:
            self._repository.save(rule)
            if not rule.style:
                self._knowledge.add_articles([article_of(rule)])
        told = "Your edit is remembered: the next draft like it rests on it."
        self._events.publish(RulesChanged("" if rule.style else told))
        return rule

    def _rest(self, rule: Rule, state: RuleState, why: str, *, tell: bool = False) -> Rule:
        rule = replace(rule, state=state, why=why)
        with self._lock:
            self._repository.save(rule)
            if not rule.style:
                self._knowledge.remove([rule.article_id])
        told = "Your edit says what no article says. Confirm it under Feedback to have it remembered."
        self._events.publish(RulesChanged(told if tell else ""))
        return rule

    def _unchanged(self, article_id: str, digest: str) -> bool:
        article = self._knowledge.article(article_id)
        return article is not None and digest_of(article) == digest

    def _sees(self, rule: Rule) -> bool:
        access = self._access
        own = bool(rule.style) or access is None or rule.agent_id == access.me
        return own or (access is not None and access.allows(Permission.SEE_OTHERS))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FeedbackRecorded):
            self._submit(event.suggestion_id)
        elif isinstance(event, KnowledgeChanged):
            self.refresh()

    def _submit(self, suggestion_id: str) -> None:
        outcome = self._suggestions.outcome(suggestion_id)
        known = self._repository.get(suggestion_id) is not None
        if outcome is None or (outcome.kind not in _EDITED and not known):
            return
        try:
            self._jobs.submit("Remember your edit", lambda _: self.learn(suggestion_id), visible=False)
        except AgentAssistError as error:
            # The queue is closing: the next start catches up.
            log.info("An edit is remembered at the next start: %s", error.sentence)


def article_of(rule: Rule) -> Article:
    """The form in which a rule is searched and cited."""
    return Article(
        id=rule.article_id,
        title=shorten(rule.question, _TITLE, "…") or "An agent's edit",
        body=rule.after,
        collection=Collection.REMEMBERED,
        url=rule.url,
        language=rule.language or None,
        updated_at=rule.created_at,
        context=rule.context,
    )
