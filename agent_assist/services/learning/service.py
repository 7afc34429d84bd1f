"""The loop from the window: start a training run, follow it, look at what it made, put it into use."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.feedback import ExportFormat
from agent_assist.domain.knowledge import FROM_REPLIES, Article
from agent_assist.domain.learning import (
    Comparison,
    LearningOverview,
    RunState,
    RunView,
    comparison_of,
    ended,
    heard,
)
from agent_assist.domain.model import Canary, ModelRecord
from agent_assist.domain.ticket import format_time
from agent_assist.errors import BadInput
from agent_assist.files import saving
from agent_assist.ports import TrainingRuns
from agent_assist.services.access import AccessService
from agent_assist.services.audit import AuditService
from agent_assist.services.events import EventBus, LearningChanged
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.knowledge.service import KnowledgeService
from agent_assist.services.learning.canary import CanaryService
from agent_assist.services.learning.models import ModelService
from agent_assist.services.options import OptionsService

SEED = 7
FEWEST = 20
"""Replies under which a run cannot tell better from worse."""
_FORMATS = (ExportFormat.SFT, ExportFormat.PREFERENCE, ExportFormat.UNPAIRED)


class LearningService:
    """Any thread but the UI's may call it.  Everything that changes something takes a lead."""

    def __init__(
        self,
        runs: TrainingRuns,
        folder: Path,
        feedback: FeedbackService,
        knowledge: KnowledgeService,
        models: ModelService,
        canary: CanaryService,
        options: OptionsService,
        events: EventBus,
        access: AccessService | None = None,
        audit: AuditService | None = None,
    ) -> None:
        """`folder` keeps the run, its exports and the adapters that were promoted."""
        self._runs = runs
        self._folder = folder
        self._feedback = feedback
        self._knowledge = knowledge
        self._models = models
        self._canary = canary
        self._options = options
        self._events = events
        self._access = access
        self._audit = audit
        self._lock = threading.Lock()
        self._view = RunView()
        self._stopping = False
        self._watcher: threading.Thread | None = None

    # --- reading ------------------------------------------------------------------------------------

    @property
    def run(self) -> RunView:
        """The run as it stands; immutable."""
        with self._lock:
            return self._view

    def overview(self) -> LearningOverview:
        """What the page shows; whoever may not train sees that, and nothing of the team's."""
        may_train = self._allows(Permission.TRAIN)
        stats = self._feedback.stats()
        found = self._runs.results(self._folder) if may_train else {}
        before = self._models.before()
        return LearningOverview(
            examples=stats.trainable,
            pairs=stats.preferences + stats.by_kind.get("edited", 0) + stats.by_kind.get("rewritten", 0),
            missing=self._runs.missing(),
            may_train=may_train,
            may_change=self._allows(Permission.CHANGE_MODELS),
            run=self.run,
            comparison=self._comparison(found),
            sheet=len(found.get("sheet", ())),
            before=before.name if before is not None else "",
        )

    def _comparison(self, found: Mapping[str, Any]) -> Comparison | None:
        if "result" not in found or "decision" not in found or self.run.state is RunState.RUNNING:
            return None
        made = comparison_of(found["result"], found["decision"], found.get("drafts", ()))
        active = self._models.active()
        return replace(made, in_use=active is not None and active.name == made.challenger)

    def report_path(self) -> str:
        """The HTML page of the last comparison; empty where there is none or it may not be seen."""
        if not self._allows(Permission.TRAIN):
            return ""
        path = Path(str(self._runs.results(self._folder).get("report", "")))
        return str(path) if path.is_file() else ""

    # --- a run --------------------------------------------------------------------------------------

    def start(self, *, preferences: bool = False, most_steps: int = -1) -> None:
        """Export what the team taught and start a run on it; returns at once.

        Raises PermissionDenied, or BadInput where training is not installed, a run is under way, the model
        in use is no file here, or there is too little to learn from.
        """
        self._require(Permission.TRAIN)
        if missing := self._runs.missing():
            raise BadInput(missing.partition(". ")[0] + ".", missing.partition(". ")[2])
        if self.run.state is RunState.RUNNING:
            raise BadInput("A training run is under way.", "Wait for it, or stop it.")
        champion = self._models.active()
        if champion is None:
            raise BadInput("No model is in use.", "Choose one on the page Models.")
        exports = self._export()
        self._note(AuditAction.TRAINED, "started")
        config = self._config(exports, champion, preferences=preferences, most_steps=most_steps)
        with self._lock:
            self._view, self._stopping = RunView(RunState.RUNNING), False
        self._runs.start(self._folder, config, self._heard)
        self._tell()
        self._watcher = threading.Thread(target=self._watch, name="training-end", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """End the run; the next start goes on from there where nothing has changed."""
        self._require(Permission.TRAIN)
        with self._lock:
            self._stopping = True
        self._runs.stop()

    def close(self) -> None:
        """End what runs: it is resumed by the next start."""
        with self._lock:
            running = self._view.state is RunState.RUNNING
            self._stopping = True
        if running:
            self._runs.stop()
        if self._watcher is not None:
            self._watcher.join(10.0)

    def _export(self) -> dict[str, Path]:
        home = self._folder / "exports"
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        files = {}
        for wanted in _FORMATS:
            files[wanted.value] = home / f"{wanted.value}.jsonl"
            report = self._feedback.export(wanted, files[wanted.value])
            if wanted is ExportFormat.SFT and report.rows < FEWEST:
                raise BadInput(
                    f"There are {report.rows} replies to learn from, and it takes {FEWEST}.",
                    "Send or edit more drafts first.",
                )
        files["knowledge"] = home / "articles.jsonl"
        with saving(files["knowledge"]) as temporary, temporary.open("w", encoding="utf-8") as out:
            for article in self._knowledge.articles():
                if article.collection in FROM_REPLIES:
                    continue  # they answer the very tickets that are held out
                out.write(json.dumps(_row(article), ensure_ascii=False) + "\n")
        return files

    def _config(
        self, files: Mapping[str, Path], champion: ModelRecord, *, preferences: bool, most_steps: int
    ) -> dict[str, Any]:
        reply = self._options.current.reply
        packaged = champion.source.startswith("package:")
        evaluate: dict[str, Any] = {"knowledge": [str(files["knowledge"])], "most": 60}
        if champion.adapter_path and not packaged:
            evaluate["champion"] = champion.adapter_path
        elif not champion.adapter_path:
            evaluate["plain_champion"] = True
        return {
            "name": "desk",
            "folder": "run",
            "base": champion.path,
            "seed": SEED,
            "prepare": {
                "feedback": [str(files[f.value]) for f in _FORMATS],
                "knowledge": str(files["knowledge"]),
                "company": reply.company,
                "voice": reply.voice,
                "half_life_days": 180,
                "held_out": 0.2,
            },
            "sft": {"max_steps": most_steps, "start": "champion", "learning_rate": 3e-4},
            "preference": {"method": "dpo" if preferences else "none"},
            "evaluate": evaluate,
        }

    def _heard(self, line: str) -> None:
        with self._lock:
            self._view = heard(self._view, line)
        self._tell()

    def _watch(self) -> None:
        code = self._runs.wait()
        shutil.rmtree(self._folder / "exports", ignore_errors=True)  # each start exports anew
        with self._lock:
            self._view = ended(self._view, code, stopped=self._stopping)
            state = self._view.state
        self._note(AuditAction.TRAINED, state.value)
        self._tell()

    # --- what it made -------------------------------------------------------------------------------

    def promote(self) -> str:
        """Put the challenger into use for all tickets; returns its name.  Takes back: `roll_back`."""
        record = self._register()
        self._models.use(record.name)
        self._note(AuditAction.MODEL_PROMOTED, record.name)
        return record.name

    def try_out(self, share: float) -> Canary:
        """Let the challenger write for a share (0 to 1) of the tickets."""
        return self._canary.start(self._register().name, share)

    def roll_back(self) -> str:
        """The model before this one writes again; returns its name."""
        return self._models.rollback().name

    def _register(self) -> ModelRecord:
        """The challenger in the registry.  Raises BadInput where it was not shown to be better."""
        self._require(Permission.CHANGE_MODELS)
        found = self._runs.results(self._folder)
        decision = found.get("decision", {})
        figures = found.get("promoted", {}).get("figures", {})
        if not decision.get("promoted") or not figures.get("adapter"):
            reasons = " ".join(decision.get("reasons", ())) or "There is no finished run."
            raise BadInput(f"It cannot be put into use. {reasons}")
        active = self._models.active()
        if active is None:
            raise BadInput("No model is in use.", "Choose one on the page Models.")
        return self._models.add(
            Path(active.path),
            str(figures["name"]),
            active.licence,
            active.languages,
            Path(figures["adapter"]),
        )

    # --- people judge -------------------------------------------------------------------------------

    def sheet(self) -> list[dict[str, str]]:
        """Blind pairs as rows: nothing in them says which side is which."""
        self._require(Permission.TRAIN)
        return list(self._runs.results(self._folder).get("sheet", ()))

    def judge(self, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Keep this person's judgements; returns what all sheets say together."""
        self._require(Permission.TRAIN)
        who = self._access.me if self._access else "me"
        self._runs.save_sheet(self._folder, who, rows)
        return self._runs.judged(self._folder, SEED)

    # --- parts --------------------------------------------------------------------------------------

    def _allows(self, permission: Permission) -> bool:
        return self._access is None or self._access.allows(permission)

    def _require(self, permission: Permission) -> None:
        if self._access is not None:
            self._access.require(permission)

    def _note(self, action: AuditAction, value: str) -> None:
        if self._audit is not None:
            self._audit.record(action, what=value)

    def _tell(self) -> None:
        self._events.publish(LearningChanged(self.run))


def _row(article: Article) -> dict[str, Any]:
    """As `kb add` reads it."""
    return {
        **article.context,
        "id": article.id,
        "title": article.title,
        "body": article.body,
        "collection": str(article.collection),
        "language": article.language,
        "updated_at": format_time(article.updated_at),
    }
