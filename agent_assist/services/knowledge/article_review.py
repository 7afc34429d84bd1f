"""Sentences of articles that look planted are no evidence until a lead approves them.

The article itself stays as it was imported; only what is searched, shown to the model and cited is cut from
the text without such sentences.  Solved tickets and remembered edits are left alone: in the first, customers
ask and tell whatever they like; the second are agents' own sentences, each looked at before it acts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from agent_assist.domain import knowledge
from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.knowledge import Article
from agent_assist.domain.planted import (
    VERSION,
    HeldSentence,
    Suspect,
    Suspicion,
    find_new,
    find_planted,
    held_id,
    without,
)
from agent_assist.errors import BadInput
from agent_assist.ports import Clock, HeldRepository
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService

_LEFT_ALONE = (knowledge.Collection.SOLVED, knowledge.Collection.REMEMBERED)


class ArticleReview:
    """Thread-safe; reads the whole text of what it is given, so call it from a job."""

    def __init__(
        self,
        repository: HeldRepository,
        access: AccessService,
        audit: AuditService,
        clock: Clock,
        *,
        before: Callable[[str], Article | None] = lambda _: None,
        every_change: Callable[[], bool] = lambda: False,
    ) -> None:
        """`before` gives an article as it was imported last; `every_change` says whether all that is new
        since then waits for a lead, and not only what looks planted."""
        self._repository = repository
        self._before = before
        self._every_change = every_change
        self._access = access
        self._audit = audit
        self._clock = clock

    def admitted(self, articles: Sequence[Article]) -> tuple[list[Article], int]:
        """The articles as they may be evidence, in order, and how many sentences are held back in them.

        What is found replaces what was found in these articles before.
        """
        looked = [a for a in articles if a.collection not in _LEFT_ALONE]
        if not looked:
            return list(articles), 0
        known = self._repository.held([a.id for a in looked])
        approved = {s.id for s in known if s.approved_by}
        new = {s.id for s in known if s.reason == Suspicion.NEW and not s.approved_by}
        sentences: list[HeldSentence] = []
        admitted: list[Article] = []
        waiting = 0
        for article in articles:
            if article.collection in _LEFT_ALONE:
                admitted.append(article)
                continue
            suspects = self._suspects(article, new)
            held = [s for s in suspects if held_id(article.id, s) not in approved]
            sentences += [
                HeldSentence(held_id(article.id, s), article.id, s.text, s.reason.value) for s in suspects
            ]
            waiting += len(held)
            context = {k: v for k, v in article.context.items() if not find_planted(v)}
            clean = not held and len(context) == len(article.context)
            admitted.append(
                article if clean else replace(article, body=without(article.body, held), context=context)
            )
        self._repository.replace([a.id for a in looked], sentences)
        return admitted, waiting

    def _suspects(self, article: Article, waiting: Collection[str]) -> list[Suspect]:
        """What looks planted, and what is new where that waits, too; `waiting` are ids that do already."""
        found = list(find_planted(article.body, _about(article)))
        before = self._before(article.id) if self._every_change() else article
        if before is article and not waiting:
            return found
        fresh = find_new(article.body, before.body if before is not None else "")
        everything = find_new(article.body, "") if waiting else ()
        fresh += tuple(s for s in everything if held_id(article.id, s) in waiting and s not in fresh)
        found += [s for s in fresh if not any(s.start < f.end and f.start < s.end for f in found)]
        return sorted(found, key=lambda s: s.start)

    def waiting(self) -> list[HeldSentence]:
        """What is held back now, article by article."""
        return [s for s in self._repository.held() if not s.approved_by]

    def approve(self, ids: Sequence[str], *, back: bool = False) -> list[str]:
        """Let these sentences count, or with `back` hold them back again; returns the articles concerned.

        Raises PermissionDenied, or BadInput where one is not known.
        """
        self._access.require(Permission.APPROVE_ARTICLES)
        known = {s.id: s for s in self._repository.held()}
        unknown = [i for i in ids if i not in known]
        if unknown:
            raise BadInput(
                f"No sentence {unknown[0]} is held back.", "`agent-assist kb held` lists what is held back."
            )
        wanted = [i for i in dict.fromkeys(ids) if bool(known[i].approved_by) == back]
        if not wanted:
            return []
        # The log first: what counts without a trace of who let it is worse than a trace too many.
        for identity in wanted:
            self._audit.record(AuditAction.ARTICLE_APPROVED, sentence=identity, back=int(back))
        self._audit.flush()
        self._repository.approve(wanted, "" if back else self._access.me, self._clock.now())
        return list(dict.fromkeys(known[i].article_id for i in wanted))

    @property
    def outdated(self) -> bool:
        """Whether articles are here that these rules have not seen."""
        return self._repository.rules() != VERSION

    def seen_all(self) -> None:
        """Note that every article was looked through."""
        self._repository.set_rules(VERSION)


def _about(article: Article) -> str:
    """What a sentence must have to do with; a macro is a reply, which thanks and greets as well."""
    if article.collection == knowledge.Collection.MACROS:
        return ""
    return " ".join((article.title, *article.context.values()))
