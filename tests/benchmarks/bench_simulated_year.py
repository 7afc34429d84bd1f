"""A year of a small support team, simulated: drafts, agents who edit them, remembered edits, monthly tuning.

    python tests/benchmarks/bench_simulated_year.py [--months 12] [--tickets 10] [--steps 4] [--cases 6]
        [--control] [--folder FOLDER --minutes 6]

About 20 minutes on two cores that do nothing else; with --folder it goes on where it was cut off.  Everything
but the agents and the calendar is the product: tickets, drafts, decisions, remembered edits, house style and
exports go through its services in a workspace of their own, `training`'s stages prepare and tune, llama.cpp's
converter makes the adapter, and the rules of `training.promotion` with the golden set decide.  It starts from
the packaged model with the adapter that comes with it.

The simulated agents.  The house style: an answer begins with "Here is the short answer:".  Eight of the
articles are out of date, and the agents know it: a bike may be sent back within 45 days, not 30, and so on
(CORRECTED).  A draft is right in its facts where it rests on the right article or on a remembered edit, tells
none but known figures, at least one of those that the known-good reply has, none that is out of date, and
contradicts nothing.  What is sent is the draft itself in the house style where its facts are right, else the
known-good reply in the house style.  A draft counts as `accepted` where at most a tenth of the words has to
be changed, added or taken out for that (ACCEPTED; Levenshtein distance of the words over the longer text):
the house's beginning alone is more in all but long answers.  Beside it stand the product's own figures, those
of the Feedback page: `acceptance` (sent with less than 40 % of the characters changed), `as_is` (sent
unchanged) and `edit_distance` (mean).  A lead confirms remembered edits whose facts no article supports, at
the end of each month.  Agents never answer worse than the known-good reply, are never in a hurry and all of
one mind, which real ones are not: the curve shows that the loop works, not how fast it would at a company.

Questions are the demo desk's solved tickets, each asked once a year, and four a month about what is out of
date, in other words each time; the solved collection is not in the knowledge base.  A month's retraining goes
on from the adapter that is in use; it is left out, and says so, where there are fewer than WORTH edits since
the last one that a model could learn from: what the product took over at once needs no tuning, and what no
passage says must not be learnt.  With --control a product that learns nothing drafts the same tickets.
Writes simulated-year.json and simulated-year.html to build/reports.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulated_agents import START, Calendar, Judged, Question, judged, questions
from simulated_curve import told, write

from agent_assist import app, ground
from agent_assist.adapters.demo import COMPANY
from agent_assist.adapters.inference.packaged import adapter_file, find_file
from agent_assist.cli.draft import suggestion_to_json
from agent_assist.domain.feedback import Action
from agent_assist.domain.remembered import Rule, RuleState
from agent_assist.domain.suggestion import Suggestion
from agent_assist.domain.ticket import Ticket, ticket_from_json
from agent_assist.resources import resource
from agent_assist.services.desk import Desk
from training.base import hf_base
from training.config import Config, ExportOptions, PrepareOptions, SftOptions
from training.evaluation import likelihood
from training.evaluation.golden import golden_failures
from training.evaluation.product import Candidate, read_cases
from training.evaluation.stage import compared
from training.export import convert_adapter, converter
from training.prepare.feedback import example_of
from training.prepare.stage import Prepare
from training.promotion import PromoteOptions, why_not
from training.sft import Sft
from training.stage import Run, read_rows, run_stage, write_json

REPORTS = Path(__file__).resolve().parents[2] / "build" / "reports"
PASSPHRASE = "a simulated year"
PLACES = ("workspace", "judge", "state")
"""What a month begins with: both workspaces, and what the user's own state folder remembers of their logs."""
WORTH = 10
"""Edits that a retraining must have to learn from."""
RULES = PromoteOptions(slowest=1000)
"""Those of the product but for time, which says more about what else the machine does in a year's run."""


def month(desk: Desk, some: list[Question]) -> dict[str, Any]:
    """Draft, decide and log the tickets of one month; the edits are remembered at once."""
    found: list[tuple[Question, Judged]] = []
    began = Calendar.at
    for question in some:
        draft = drafted(desk, question)
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
    stats = desk.feedback.stats(since=began)

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
        "acceptance": round(stats.acceptance, 3),
        "as_is": round(stats.sent_as_is, 3),
        "edit_distance": round(stats.mean_edit_distance, 3),
        "habits": [f"{r.style}: {r.after}" for r in _habits(desk)],
    }


def drafted(desk: Desk, question: Question) -> Suggestion:
    first = replace(question.ticket.messages[0], created_at=Calendar().now())
    ticket = replace(question.ticket, messages=(first,))
    desk.tickets.save([ticket])
    return desk.drafting.draft(ticket)


def unlearnt(folder: Path, given: argparse.Namespace, number: int) -> dict[str, Any]:
    """What the agents would think of the month's drafts by a product that has learnt nothing."""
    Calendar.at = START + timedelta(days=30 * (number - 1))
    desk = furnished(folder / "control")
    try:
        some = asked_in(given, number)
        found = [judged(question, drafted(desk, question)) for question in some]
    finally:
        desk.close()
    return {
        "unlearnt_accepted": round(sum(one.accepted for one in found) / len(found), 3),
        "unlearnt_right": round(sum(one.right for one in found) / len(found), 3),
    }


def asked_in(given: argparse.Namespace, number: int) -> list[Question]:
    """A month's questions: what is asked once a year, and four about what is out of date."""
    asked, again = questions(given.seed)
    many = len(again) // 12
    ordinary = given.tickets - many
    some = asked[(number - 1) * ordinary : number * ordinary] + again[many * (number - 1) : many * number]
    random.Random(given.seed + number).shuffle(some)
    return some


def _habits(desk: Desk) -> list[Rule]:
    assert desk.remembered is not None
    return [r for r in desk.remembered.all() if r.style and r.state is RuleState.ACTIVE]


def furnished(folder: Path) -> Desk:
    """A workspace with the articles, in which the packaged model writes with its own adapter."""
    there = folder.exists()
    desk = app.open_desk(folder, passphrase=lambda: PASSPHRASE)
    desk.models.start()
    if there:  # resumed: with what it has learnt and remembers, and the model in use
        return desk
    desk.options.change({"reply.company": COMPANY})
    desk.knowledge.add([resource("demo", "articles")])
    return desk


class Year:
    """The retraining: one run folder a month, all of the year's feedback each time."""

    def __init__(self, folder: Path, given: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
        self._folder, self._given = folder, given
        self.base = find_file() or Path()
        self._promoted = next((r["in_use"] for r in rows[::-1] if r.get("promoted")), "")
        self._adapter = folder / f"{self._promoted}.gguf" if self._promoted else adapter_file()
        # Both sides are measured where no edit was remembered: they answer the very tickets held out.
        self._judge = furnished(folder / "judge")
        self._base = hf_base(Run(Config(name="base", folder=folder)))
        kept = folder / "perplexity-of-base.json"
        if not kept.exists():
            with likelihood.Scorer(self.base, None) as scorer:
                write_json(kept, likelihood.perplexity(scorer, self._general()))
        self._before = json.loads(kept.read_text(encoding="utf-8"))

    def close(self) -> None:
        self._judge.close()

    def _in_style(self, desk: Desk) -> str:
        """Give the judge the habits of the desk, as both models would have them; returns their digest."""
        assert self._judge.remembered is not None
        habits = _habits(desk)
        for rule in _habits(self._judge):
            self._judge.remembered.disable(rule.id)
        for rule in habits:
            self._judge.remembered._repository.save(rule)
            self._judge.remembered.confirm(rule.id)
        return hashlib.sha256("".join(sorted(r.id for r in habits)).encode()).hexdigest()[:8]

    @staticmethod
    def _general() -> list[str]:
        return resource("evaluation", "general.txt").read_text("utf-8").split("\n\n")[:8]

    def retrain(self, desk: Desk, number: int) -> dict[str, Any]:
        """Export, prepare, tune, convert, compare with the model in use, and use it where it may be."""
        began = time.process_time()
        name = f"month-{number:02}"
        feedback = self._folder / f"{name}.jsonl"
        config = Config(
            name=name,
            folder=self._folder / name,
            seed=self._given.seed,
            prepare=PrepareOptions(feedback=(feedback,), company=COMPANY, held_out=0.25, per_agent=1.0),
            sft=SftOptions(
                start=str(self._adapter) if self._adapter else "none",
                batch=4,
                max_steps=self._given.steps,
                learning_rate=self._given.rate,
                save_steps=1000,
                dtype="float32",
            ),
            export=ExportOptions(converter=self._given.converter),
        )
        run = Run(config)
        shutil.rmtree(run.folder, ignore_errors=True)  # of a month that was cut off
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
            "in_use": self._promoted or "packaged",
            "forgetting": round(result["likelihood"]["forgetting"], 3),
            "measures": {
                d["name"]: [round(d[k], 3) for k in ("champion", "challenger", "low")] for d in result["all"]
            },
            "cpu_seconds": round(time.process_time() - began),
        }

    def _compare(self, desk: Desk, run: Run, name: str, adapter: Path) -> tuple[list[str], dict[str, Any]]:
        """Champion and challenger on the held-out tickets, by the rules of promotion."""
        self._style = self._in_style(desk)
        cases = read_cases(run.place("prepare") / "cases.jsonl", self._given.cases)
        tickets = [ticket_from_json(case["ticket"]) for case in cases]
        judge = self._judge
        old = self._drafts(self._promoted or "packaged", tickets)
        desk.models.add(self.base, name, adapter=adapter)
        desk.models.use(name)
        judge.models.add(self.base, name, adapter=adapter)
        judge.models.use(name)
        new = self._drafts(name, tickets)
        result = compared(cases, old, new, run.config.seed)
        with likelihood.Scorer(self.base, adapter) as scorer:
            after = likelihood.perplexity(scorer, self._general())
        result["likelihood"] = likelihood.forgetting(self._before, after)
        if not why_not(result, RULES):  # it takes a minute: only of what would be promoted
            result["golden_failures"] = golden_failures(Candidate(name, self.base, adapter), self._folder)
        return why_not(result, RULES), result

    def _drafts(self, name: str, tickets: list[Ticket]) -> list[dict[str, Any]]:
        """By the model in use; what it wrote for a ticket in an earlier month is taken from there."""
        kept = self._folder / f"drafts-{name}-{self._style}.json"
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        for ticket in tickets:
            asked = ticket.messages[-1].text
            if asked not in known:
                known[asked] = suggestion_to_json(self._judge.drafting.draft(ticket))
        write_json(kept, known)
        return [known[ticket.messages[-1].text] for ticket in tickets]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--tickets", type=int, default=10, help="a month")
    parser.add_argument("--steps", type=int, default=4, help="of tuning, a month")
    parser.add_argument(
        "--cases", type=int, default=6, help="held out, at most, that a challenger is measured on"
    )
    parser.add_argument("--rate", type=float, default=5e-4, help="of learning")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--converter", type=Path, default=None)
    parser.add_argument("--folder", type=Path, help="kept, and gone on from when called again")
    parser.add_argument(
        "--control", action="store_true", help="draft the year's tickets without any learning, too"
    )
    parser.add_argument("--minutes", type=float, default=600, help="after which no month is begun")
    given = parser.parse_args()
    ground.SystemClock.now = Calendar.now  # type: ignore[method-assign, assignment]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["XDG_STATE_HOME"] = str(folder.resolve() / "state")
        done = folder / "months.json"
        if done.exists():
            rows = json.loads(done.read_text(encoding="utf-8"))
        began = time.monotonic()
        while len(rows) < given.months and time.monotonic() - began < 60 * given.minutes:
            rows.append(one_month(folder, given, rows))
            write_json(done, rows)
            short = {k: v for k, v in rows[-1].items() if k != "measures"}
            print(json.dumps(short, ensure_ascii=False), flush=True)
            write(REPORTS, rows, vars(given), __doc__ or "")
        if given.control and len(rows) == given.months:
            for row in (r for r in rows[::-1] if "unlearnt_accepted" not in r):  # the last say most
                if time.monotonic() - began < 60 * given.minutes:
                    row |= unlearnt(folder, given, row["month"])
                    write_json(done, rows)
            write(REPORTS, rows, vars(given), __doc__ or "")
    print(f"reports: {REPORTS / 'simulated-year.html'}")
    return told(rows, RULES.most_forgetting)


def one_month(folder: Path, given: argparse.Namespace, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The month after `rows`: tickets and, but for the last, tuning; returns its row.

    The workspaces as they were at its beginning are kept until it is whole: one that is cut off begins anew.
    """
    number = len(rows) + 1
    some = asked_in(given, number)
    Calendar.at = START + timedelta(days=30 * (number - 1))
    for name in PLACES:
        before = folder / f"{name}-{number - 1:02}"
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.rmtree(folder / f"{name}-{number - 2:02}", ignore_errors=True)
        if rows and before.exists():
            shutil.copytree(before, folder / name)
    desk = furnished(folder / "workspace")
    try:
        row = {"month": number, "in_use": rows[-1]["in_use"] if rows else "packaged"} | month(desk, some)
        row["to_learn"] = fresh = learnable(desk, folder, number, rows)
        if number < given.months and fresh >= WORTH:  # what December taught is used in January
            row |= retrained(desk, folder, given, rows, number)
        elif number < given.months:
            row["reasons"] = [
                f"Not retrained: {fresh} edits since the last time that a model could learn from."
            ]
    finally:
        desk.close()
    for name in PLACES:
        kept = folder / f"{name}-{number:02}"
        shutil.rmtree(kept, ignore_errors=True)
        if (folder / name).exists():
            shutil.copytree(folder / name, kept)
    return row


def learnable(desk: Desk, folder: Path, number: int, rows: list[dict[str, Any]]) -> int:
    """Export the feedback; returns how many edits since the last retraining a model could learn from."""
    feedback = folder / f"month-{number:02}.jsonl"
    desk.feedback.export("sft", feedback)
    last = max((r["month"] for r in rows if "loss" in r), default=0)
    since = START + timedelta(days=30 * last)
    made = [(r, example_of(r, "", PrepareOptions().rests)) for r in read_rows(feedback)]
    edited = [one for r, one in made if one is not None and r["meta"]["outcome"] in ("edited", "rewritten")]
    return sum(one.learnable and one.moment is not None and one.moment >= since for one in edited)


def retrained(
    desk: Desk, folder: Path, given: argparse.Namespace, rows: list[dict[str, Any]], number: int
) -> dict[str, Any]:
    year = Year(folder, given, rows)
    try:
        return year.retrain(desk, number)
    finally:
        year.close()


if __name__ == "__main__":
    sys.exit(main())
