"""A year of a small support team, simulated: drafts, agents who edit them, a retraining every month.

    python tests/benchmarks/bench_simulated_year.py [--months 12] [--tickets 12] [--steps 8] [--cases 8]

Everything but the agents and the calendar is the product: tickets, drafts, decisions and exports go
through its services in a workspace of their own, `training`'s stages prepare and tune, llama.cpp's converter
makes the adapter, and the rules of `training.promotion` decide.  It starts from the packaged model without
any adapter.

The simulated agent.  The house style is: the answer begins with "In short:".  A draft is
- right in its facts where it has every figure of the known-good reply, no figure that neither the article nor
  the ticket has, and does not contradict the article;
- right in its style where its body begins as the house wants it.
The agent sends a draft that is right in both as it is (accepted); puts the house's beginning before one that
is right in its facts alone (an edit); and replaces any other by the known-good reply in the house style (a
rewrite).  Agents never answer worse than the known-good reply, are never in a hurry and all of one mind,
which real ones are not: the curve shows that the loop works, not how fast it would at a company.

Questions are the demo desk's solved tickets, each asked once a year, without the solved collection in the
knowledge base.  Writes simulated-year.json and simulated-year.html to build/reports.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent_assist import app
from agent_assist.adapters.demo import COMPANY, load_demo
from agent_assist.adapters.inference.packaged import find_file
from agent_assist.cli.draft import suggestion_to_json
from agent_assist.domain.facts import find_facts
from agent_assist.domain.feedback import Action, OutcomeKind
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.suggestion import MarkKind, Suggestion
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, ticket_from_json
from agent_assist.resources import resource
from agent_assist.services.desk import Desk
from training.config import Config, ExportOptions, PrepareOptions, SftOptions
from training.evaluation import likelihood
from training.evaluation.product import read_cases
from training.evaluation.stage import compared
from training.export import convert_adapter, converter, hf_base
from training.prepare.stage import Prepare
from training.promotion import PromoteOptions, why_not
from training.report import Report
from training.sft import Sft
from training.stage import Run, run_stage, write_json

ROOT = Path(__file__).resolve().parents[2]
BEGINNING = "In short:"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    ticket: Ticket
    good: str
    """The known-good reply."""


class Calendar:
    """The product's clock, in the simulated year."""

    at = START

    def now(self) -> datetime:
        Calendar.at += timedelta(minutes=7)
        return Calendar.at


def questions(seed: int) -> list[Question]:
    """The solved tickets of the demo desk that hold a figure or a clear statement, in a seeded order."""
    made = []
    for place, solved in enumerate(load_demo().solved):
        asked, _, good = solved.body.partition("\n\nReply: ")
        ticket = Ticket(
            f"year-{place}",
            (Message(f"m{place}", Role.CUSTOMER, asked.removeprefix("Question: ")),),
            channel=Channel.CHAT,
            language="en",
            customer=Customer(id=f"customer-{place}"),
        )
        made.append(Question(ticket, " ".join(good.split())))
    random.Random(seed).shuffle(made)
    return made


def figures(text: str) -> frozenset[str]:
    return frozenset(v for f in find_facts(text, "en") if f.kind is not MarkKind.NAME for v in f.values)


def in_style(body: str) -> str:
    body = body.strip()
    if body.startswith(BEGINNING) or not body:
        return body
    return f"{BEGINNING} {body[0].lower() + body[1:] if body[1:2].islower() else body}"


def judged(question: Question, draft: Suggestion) -> tuple[OutcomeKind, str]:
    """What the agent does with a draft, and what is sent."""
    start, end = draft.body or (0, len(draft.text))
    body = draft.text[start:end]
    known = "\n".join([*(h.passage.text for h in draft.hits), *(m.text for m in question.ticket.messages)])
    told = figures(body)
    right = (
        draft.decision.value == "draft"
        and figures(question.good) <= told <= figures(known) | figures(question.good)
        and not any(contradicts(body, h.passage.text, h.passage.title) for h in draft.hits[:1])
    )
    if right and body.strip().startswith(BEGINNING):
        return OutcomeKind.ACCEPTED, draft.text
    if right:
        return OutcomeKind.EDITED, draft.text[:start] + in_style(body) + draft.text[end:]
    return OutcomeKind.REWRITTEN, draft.text[:start] + in_style(question.good) + draft.text[end:]


def month(desk: Desk, some: list[Question]) -> dict[str, Any]:
    """Draft, decide and log the tickets of one month."""
    wanted: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    facts_wrong = 0
    for question in some:
        moment = Calendar().now()
        first = replace(question.ticket.messages[0], created_at=moment)
        ticket = replace(question.ticket, messages=(first,))
        desk.tickets.save([ticket])
        draft = desk.drafting.draft(ticket)
        desk.feedback.shown(draft)
        kind, text = judged(question, draft)
        outcome = desk.feedback.decide(draft.id, text, Action.SENT)
        wanted[kind.value] += 1
        recorded[outcome.kind.value] += 1
        facts_wrong += kind is OutcomeKind.REWRITTEN
    count = len(some)
    return {
        "tickets": count,
        "accepted": round(wanted["accepted"] / count, 3),
        "facts_right": round(1 - facts_wrong / count, 3),
        "inserted": round((recorded["accepted"] + recorded["edited"]) / count, 3),
        "recorded": dict(recorded),
    }


class Year:
    """The retraining: one run folder a month, all of the year's feedback each time."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self._folder, self._given = folder, given
        self.base = find_file() or Path()
        self._promoted = ""
        with likelihood.Scorer(self.base, None) as scorer:
            self._before = likelihood.perplexity(scorer, self._general())

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
                batch=4, max_steps=self._given.steps, learning_rate=1e-3, save_steps=1000, dtype="float32"
            ),
            export=ExportOptions(converter=self._given.converter),
        )
        run = Run(config)
        prepared = run_stage(Prepare(), run).figures
        tuned = run_stage(Sft(), run).figures
        adapter = self._folder / f"{name}.gguf"
        convert_adapter(converter(config.export), self._hf(run), run.place("sft") / "adapter", adapter)
        reasons, result = self._compare(desk, run, name, adapter)
        if reasons:
            desk.models.rollback()
        else:
            self._promoted = name
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
        old = [suggestion_to_json(desk.drafting.draft(ticket)) for ticket in tickets]
        desk.models.add(self.base, name, adapter=adapter)
        desk.models.use(name)
        new = [suggestion_to_json(desk.drafting.draft(ticket)) for ticket in tickets]
        result = compared(cases, old, new, run.config.seed)
        with likelihood.Scorer(self.base, adapter) as scorer:
            after = likelihood.perplexity(scorer, self._general())
        result["likelihood"] = likelihood.forgetting(self._before, after)
        return why_not(result, PromoteOptions()), result

    def _hf(self, run: Run) -> Path:
        """The base as a folder, written once."""
        return hf_base(run)


def write(rows: list[dict[str, Any]], given: argparse.Namespace) -> Path:
    folder = ROOT / "build" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "simulated-year.json", {"options": vars(given) | {"converter": ""}, "months": rows})
    page = Report("A simulated year")
    page.text("What was simulated", *(__doc__ or "").strip().split("\n\n")[1:])
    for key, title in (
        ("accepted", "Sent as it was, share of drafts"),
        ("inserted", "Inserted with under 40 % changed"),
        ("facts_right", "Right in its facts"),
    ):
        page.line(title, [(row["month"], row[key]) for row in rows], "months")
    page.line("Forgetting (1 is nothing)", [(r["month"], r["forgetting"]) for r in rows if "forgetting" in r])
    head = ("month", "accepted", "inserted", "facts_right", "in_use", "promoted", "reasons")
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
        "--cases", type=int, default=8, help="held out, at most, that a challenger is measured on"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--converter", type=Path, default=None)
    given = parser.parse_args()
    app.SystemClock.now = Calendar.now  # type: ignore[method-assign, assignment]
    asked = questions(given.seed)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = app.open_desk(folder / "workspace", passphrase=lambda: "a simulated year")
        try:
            desk.options.change({"reply.company": COMPANY})
            desk.knowledge.add([resource("demo", "articles")])
            year = Year(folder, given)
            desk.models.add(year.base, "base")
            desk.models.use("base")
            for number in range(1, given.months + 1):
                Calendar.at = START + timedelta(days=30 * (number - 1))
                some = [asked[(number - 1) * given.tickets + i] for i in range(given.tickets)]
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
            desk.close()
    print(f"reports: {ROOT / 'build' / 'reports' / 'simulated-year.html'}")
    third = max(1, len(rows) // 3)
    first, last = (sum(r["accepted"] for r in part) / len(part) for part in (rows[:third], rows[-third:]))
    held = all(
        r.get("forgetting", 1.0) <= PromoteOptions().most_forgetting for r in rows if r.get("promoted")
    )
    print(f"sent as it was: {first:.2f} in the first third, {last:.2f} in the last; guards held: {held}")
    return 0 if last > first and held else 1


if __name__ == "__main__":
    sys.exit(main())
