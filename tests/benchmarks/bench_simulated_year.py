"""A year of a small support team, simulated: drafts, agents who edit them, remembered edits, monthly tuning.

    python tests/benchmarks/bench_simulated_year.py [--months 12] [--tickets 12] [--steps 8] [--cases 10]

About 25 minutes on two cores that do nothing else.  Everything but the agents and the calendar is the
product: tickets, drafts, decisions, remembered edits and exports go through its services in a workspace of
their own, `training`'s stages prepare and tune, llama.cpp's converter makes the adapter, and the rules of
`training.promotion` with the golden set decide.  It starts from the packaged model without any adapter.

The simulated agents.  The house style: an answer begins with "Here is the short answer:".  Four of the
articles are out of date, and the agents know it: a bike may be sent back within 45 days, not 30, and so on
(CORRECTED).  A draft is right in its facts where it rests on the right article or on a remembered edit, tells
none but known figures, at least one of those that the known-good reply has, none that is out of date, and
contradicts nothing.  What is sent is the draft itself in the house style where its facts are right, else the
known-good reply in the house style.  A draft counts as accepted where at most a tenth of the words has to be
changed, added or taken out for that (ACCEPTED; Levenshtein distance of the words over the longer text): the
house's beginning alone is more in all but long answers.  A lead confirms remembered edits whose facts no
article supports, at the end of each month.  Agents never answer worse than the known-good reply, are never in
a hurry and all of one mind, which real ones are not: the curve shows that the loop works, not how fast it
would at a company.

Questions are the demo desk's solved tickets, each asked once a year, and two a month about what is out of
date, in other words each time; the solved collection is not in the knowledge base.  Each month goes on from
the adapter that is in use, or from the base.  Writes simulated-year.json and simulated-year.html to
build/reports.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from agent_assist import app, ground
from agent_assist.adapters.demo import COMPANY
from agent_assist.adapters.inference.packaged import find_file
from agent_assist.cli.draft import suggestion_to_json
from agent_assist.domain.facts import find_facts
from agent_assist.domain.feedback import Action
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.remembered import ARTICLE_PREFIX, RuleState
from agent_assist.domain.suggestion import MarkKind, Suggestion
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, ticket_from_json
from agent_assist.resources import resource
from agent_assist.services.desk import Desk
from training.base import hf_base
from training.config import Config, ExportOptions, PrepareOptions, SftOptions
from training.evaluation import likelihood
from training.evaluation.golden import golden_failures
from training.evaluation.product import Candidate, read_cases
from training.evaluation.stage import compared
from training.export import convert_adapter, converter
from training.prepare.stage import Prepare
from training.promotion import PromoteOptions, why_not
from training.report import Report
from training.sft import Sft
from training.stage import Run, run_stage, write_json

ROOT = Path(__file__).resolve().parents[2]
BEGINNING = "Here is the short answer:"
ACCEPTED = 0.1
"""Share of the words."""
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CORRECTED = (
    (
        "returns-bikes",
        "30 days",
        "You can return a bike within 45 days of delivery if it has been ridden less than 20 km.",
        (
            "How long do I have to send a bike back?",
            "Until when can I return my new bike?",
            "What is the return period for a bike?",
            "Within how many days may I give the bike back?",
            "I do not like the bike, how many days do I have to return it?",
            "Bike return deadline please?",
        ),
    ),
    (
        "damaged-missing",
        "7 days",
        "Tell us within 10 days of delivery and send photos of the item, the box and the shipping label.",
        (
            "Something arrived damaged. How many days do I have to report it?",
            "By when must I tell you that a part is missing from the box?",
            "What is the deadline to report damage on delivery?",
            "My order came damaged, how long do I have to tell you?",
            "An item is missing from the box, until when can I report that?",
            "How soon must a damaged delivery be reported?",
        ),
    ),
    (
        "promo-codes",
        "30 days",
        "The newsletter code is valid for 60 days, for one order of €75 or more.",
        (
            "How long is the newsletter code valid?",
            "When does my 10 % newsletter code expire?",
            "For how many days can I use the code for new newsletter readers?",
            "Until when can I use my newsletter discount code?",
            "Does the newsletter code run out, and when?",
            "Validity of the newsletter promo code?",
        ),
    ),
    (
        "repair-booking",
        "14 days",
        "Please collect the bike within 21 days after the repair; after that storage costs €3 a day.",
        (
            "How long can my repaired bike stay in the workshop?",
            "By when do I have to collect my bike after the repair?",
            "Until when must I pick up the repaired bike?",
            "How many days do I have to collect the bike from the workshop?",
            "When does storage of a repaired bike start to cost money?",
            "My repair is ready, how long can you keep the bike?",
        ),
    ),
)
"""Article, the figure in it that is out of date, the known-good reply, and six ways to ask."""


_TO_A_NAME = re.compile(r"^(?:hi|hello|dear) [^\W\d_]+(?: [^\W\d_]+)?, ", re.IGNORECASE)
"""The product greets."""


@dataclass(frozen=True)
class Question:
    ticket: Ticket
    good: str
    """The known-good reply."""
    article: str
    outdated: str = ""
    """The figure that the article still has."""


class Calendar:
    """The product's clock, in the simulated year."""

    at = START

    def now(self) -> datetime:
        Calendar.at += timedelta(minutes=7)
        return Calendar.at


def questions(seed: int) -> tuple[list[Question], list[Question]]:
    """The demo desk's English solved tickets, and those about what is out of date, each in a seeded order."""
    made = []
    for place, line in enumerate(resource("demo", "solved.jsonl").read_text("utf-8").splitlines()):
        solved = json.loads(line)
        asked, _, good = solved["body"].partition("\n\nReply: ")
        if solved["language"] == "en":
            asked = asked.removeprefix("Question: ")
            made.append(_question(f"year-{place}", asked, good, solved["article_id"]))
    again = [
        _question(f"again-{article}-{n}", asked, good, article, outdated)
        for article, outdated, good, ways in CORRECTED
        for n, asked in enumerate(ways)
    ]
    chance = random.Random(seed)
    chance.shuffle(made)
    # Each is asked about in turn, so that what was learnt of it in one month can be seen in a later one.
    again.sort(key=lambda q: q.ticket.id.rpartition("-")[2])
    return made, again


def _question(name: str, asked: str, good: str, article: str, outdated: str = "") -> Question:
    message = Message(f"m-{name}", Role.CUSTOMER, asked)
    customer = Customer(id=f"customer-{name}")
    ticket = Ticket(name, (message,), channel=Channel.CHAT, language="en", customer=customer)
    return Question(ticket, _TO_A_NAME.sub("", " ".join(good.split())), article, outdated)


def figures(text: str) -> frozenset[str]:
    return frozenset(v for f in find_facts(text, "en") if f.kind is not MarkKind.NAME for v in f.values)


def in_style(body: str) -> str:
    body = body.strip()
    if body.startswith(BEGINNING) or not body:
        return body
    return f"{BEGINNING} {body[0].lower() + body[1:] if body[1:2].islower() else body}"


def changed(text: str, wanted: str) -> float:
    """Share of the words that have to be changed: 0 for none."""
    return float(Levenshtein.normalized_distance(text.split(), wanted.split()))


@dataclass(frozen=True)
class Judged:
    right: bool
    contradicting: bool
    accepted: bool
    distance: float
    sent: str


def judged(question: Question, draft: Suggestion) -> Judged:
    """What the agent thinks of a draft, and what is sent."""
    start, end = draft.body or (0, len(draft.text))
    body = draft.text[start:end]
    answered = draft.decision.value == "draft"
    known = "\n".join([*(h.passage.text for h in draft.hits), *(m.text for m in question.ticket.messages)])
    told, good = figures(body), figures(question.good)
    against = answered and any(contradicts(body, h.passage.text, h.passage.title) for h in draft.hits[:1])
    right = (
        answered
        and not against
        and told <= figures(known) | good
        and (bool(told & good) or not good)
        and not (told & figures(question.outdated))
        and any(c == question.article or c.startswith(ARTICLE_PREFIX) for c in draft.citations)
    )
    wanted = in_style(body if right else question.good)
    distance = changed(body, wanted)
    accepted = right and distance <= ACCEPTED
    sent = draft.text if accepted else draft.text[:start] + wanted + draft.text[end:]
    return Judged(right, against, accepted, distance, sent)


def month(desk: Desk, some: list[Question]) -> dict[str, Any]:
    """Draft, decide and log the tickets of one month; the edits are remembered at once."""
    found: list[tuple[Question, Judged]] = []
    for question in some:
        moment = Calendar().now()
        first = replace(question.ticket.messages[0], created_at=moment)
        ticket = replace(question.ticket, messages=(first,))
        desk.tickets.save([ticket])
        draft = desk.drafting.draft(ticket)
        desk.feedback.shown(draft)
        one = judged(question, draft)
        found.append((question, one))
        desk.feedback.decide(draft.id, one.sent, Action.SENT)
        assert desk.remembered is not None
        desk.remembered.learn(draft.id)
    confirmed = [r for r in desk.remembered.all() if r.state is RuleState.WAITING]  # type: ignore[union-attr]
    for rule in confirmed:
        desk.remembered.confirm(rule.id)  # type: ignore[union-attr]
    corrected = [one for question, one in found if question.outdated]

    def share(some: list[bool]) -> float | None:
        return round(sum(some) / len(some), 3) if some else None

    return {
        "tickets": len(found),
        "accepted": share([one.accepted for _, one in found]),
        "changed": round(sum(one.distance for _, one in found) / len(found), 3),
        "facts_right": share([one.right for _, one in found]),
        "corrected_right": share([one.right for one in corrected]),
        "contradicting": share([one.contradicting for _, one in found]),
        "confirmed": len(confirmed),
    }


def furnished(folder: Path, base: Path) -> Desk:
    """A workspace with the articles, in which the base writes without any adapter."""
    desk = app.open_desk(folder, passphrase=lambda: "a simulated year")
    desk.options.change({"reply.company": COMPANY})
    desk.knowledge.add([resource("demo", "articles")])
    desk.models.add(base, "base")
    desk.models.use("base")
    return desk


class Year:
    """The retraining: one run folder a month, all of the year's feedback each time."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self._folder, self._given = folder, given
        self.base = find_file() or Path()
        self._promoted = ""
        self._adapter: Path | None = None
        # Both sides are measured where nothing was remembered: the edits answer the very tickets held out.
        self._judge = furnished(folder / "judge", self.base)
        self._base = hf_base(Run(Config(name="base", folder=folder)))
        with likelihood.Scorer(self.base, None) as scorer:
            self._before = likelihood.perplexity(scorer, self._general())

    def close(self) -> None:
        self._judge.close()

    @staticmethod
    def _general() -> list[str]:
        return resource("evaluation", "general.txt").read_text("utf-8").split("\n\n")[:8]

    def retrain(self, desk: Desk, number: int) -> dict[str, Any]:
        """Export, prepare, tune, convert, compare with the model in use, and use it where it may be."""
        began = time.process_time()
        name = f"month-{number:02}"
        feedback = self._folder / f"{name}.jsonl"
        desk.feedback.export("sft", feedback)
        config = Config(
            name=name,
            folder=self._folder / name,
            seed=self._given.seed,
            prepare=PrepareOptions(feedback=(feedback,), company=COMPANY, held_out=0.25, per_agent=1.0),
            sft=SftOptions(
                start=str(self._adapter) if self._adapter else "none",
                batch=4,
                max_steps=self._given.steps,
                learning_rate=1e-3,
                save_steps=1000,
                dtype="float32",
            ),
            export=ExportOptions(converter=self._given.converter),
        )
        run = Run(config)
        run.folder.mkdir()
        (run.folder / "base").symlink_to(self._base)
        prepared = run_stage(Prepare(), run).figures
        tuned = run_stage(Sft(), run).figures
        adapter = self._folder / f"{name}.gguf"
        convert_adapter(converter(config.export), self._base, run.place("sft") / "adapter", adapter)
        reasons, result = self._compare(desk, run, name, adapter)
        if reasons:
            desk.models.rollback()
            self._judge.models.rollback()
        else:
            self._promoted, self._adapter = name, adapter
        return {
            "examples": prepared["train"],
            "held": prepared["held"],
            "loss": tuned["loss"],
            "promoted": not reasons,
            "reasons": reasons,
            "in_use": self._promoted or "base",
            "forgetting": round(result["likelihood"]["forgetting"], 3),
            "measures": {
                d["name"]: [round(d[k], 3) for k in ("champion", "challenger", "low")] for d in result["all"]
            },
            "cpu_seconds": round(time.process_time() - began),
        }

    def _compare(self, desk: Desk, run: Run, name: str, adapter: Path) -> tuple[list[str], dict[str, Any]]:
        """Champion and challenger on the held-out tickets, by the rules of promotion."""
        cases = read_cases(run.place("prepare") / "cases.jsonl", self._given.cases)
        tickets = [ticket_from_json(case["ticket"]) for case in cases]
        judge = self._judge
        old = [suggestion_to_json(judge.drafting.draft(ticket)) for ticket in tickets]
        desk.models.add(self.base, name, adapter=adapter)
        desk.models.use(name)
        judge.models.add(self.base, name, adapter=adapter)
        judge.models.use(name)
        new = [suggestion_to_json(judge.drafting.draft(ticket)) for ticket in tickets]
        result = compared(cases, old, new, run.config.seed)
        with likelihood.Scorer(self.base, adapter) as scorer:
            after = likelihood.perplexity(scorer, self._general())
        result["likelihood"] = likelihood.forgetting(self._before, after)
        if not why_not(result, PromoteOptions()):  # it takes a minute: only of what would be promoted
            result["golden_failures"] = golden_failures(Candidate(name, self.base, adapter), self._folder)
        return why_not(result, PromoteOptions()), result


def write(rows: list[dict[str, Any]], given: argparse.Namespace) -> Path:
    folder = ROOT / "build" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "simulated-year.json", {"options": vars(given) | {"converter": ""}, "months": rows})
    page = Report("A simulated year")
    page.text("What was simulated", *(__doc__ or "").strip().split("\n\n")[1:])
    for key, title in (
        ("accepted", "Accepted: at most a tenth of the words changed, share of drafts"),
        ("changed", "Words changed, share"),
        ("facts_right", "Right in its facts, share of drafts"),
        ("corrected_right", "Right about what the articles have out of date, share of drafts"),
        ("contradicting", "Contradicting the article, share of drafts"),
    ):
        page.line(title, [(row["month"], row[key]) for row in rows if row[key] is not None], "months")
    page.line("Forgetting (1 is nothing)", [(r["month"], r["forgetting"]) for r in rows if "forgetting" in r])
    head = ("month", "accepted", "changed", "facts_right", "corrected_right", "in_use", "promoted", "reasons")
    page.table("Months", [[str(row.get(k, "")) for k in head] for row in rows], head)
    page.write(folder / "simulated-year.html")
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--tickets", type=int, default=12, help="a month")
    parser.add_argument("--steps", type=int, default=8, help="of tuning, a month")
    parser.add_argument(
        "--cases", type=int, default=10, help="held out, at most, that a challenger is measured on"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--converter", type=Path, default=None)
    given = parser.parse_args()
    ground.SystemClock.now = Calendar.now  # type: ignore[method-assign, assignment]
    asked, again = questions(given.seed)
    ordinary = given.tickets - 2
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = furnished(folder / "workspace", find_file() or Path())
        year = Year(folder, given)
        try:
            for number in range(1, given.months + 1):
                Calendar.at = START + timedelta(days=30 * (number - 1))
                some = asked[(number - 1) * ordinary : number * ordinary]
                some += again[2 * (number - 1) : 2 * number]
                row = {"month": number} | month(desk, some)
                if number < given.months:  # what December taught would be used in January
                    row |= year.retrain(desk, number)
                rows.append(row)
                print(
                    json.dumps({k: v for k, v in row.items() if k not in ("measures", "recorded")}),
                    flush=True,
                )
                write(rows, given)
        finally:
            year.close()
            desk.close()
    print(f"reports: {ROOT / 'build' / 'reports' / 'simulated-year.html'}")
    return told(rows)


def told(rows: list[dict[str, Any]]) -> int:
    """Say what it comes to; returns the exit code."""
    third = max(1, len(rows) // 3)

    def thirds(key: str) -> str:
        parts = [[r[key] for r in part if r[key] is not None] for part in (rows[:third], rows[-third:])]
        return " to ".join(f"{sum(p) / len(p):.2f}" if p else "?" for p in parts)

    first, last = (sum(r["accepted"] for r in part) / len(part) for part in (rows[:third], rows[-third:]))
    promoted = [r for r in rows if r.get("promoted")]
    held = all(r["forgetting"] <= PromoteOptions().most_forgetting for r in promoted)
    print(f"first third to last third: accepted {thirds('accepted')}, facts right {thirds('facts_right')},")
    print(f"  out-of-date facts right {thirds('corrected_right')}, contradicting {thirds('contradicting')}")
    print(f"promoted in {len(promoted)} of {len(rows)} months; forgetting within the bar: {held}")
    return 0 if last > first and held else 1


if __name__ == "__main__":
    sys.exit(main())
