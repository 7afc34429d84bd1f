"""The classifier of intents in the workspace database: its weights tell of the texts it was fitted on."""

from __future__ import annotations

import hashlib
import json

from sqlite_utils import Database as Tables

from agent_assist.adapters.storage.database import Database
from agent_assist.domain.triage import IntentModel
from agent_assist.errors import IndexDamaged


class IntentStore:
    """Implements ports.IntentRepository: one model a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, model: IntentModel) -> None:
        head = json.dumps(
            {
                "labels": model.labels,
                "encoder": model.encoder,
                "dimension": model.dimension,
                "threshold": model.threshold,
                "facts": dict(model.facts),
            },
            ensure_ascii=False,
        )
        values = (head, model.weights, _digest(head, model.weights))

        def work(tables: Tables) -> None:
            tables.conn.execute(
                "INSERT OR REPLACE INTO intent_model (id, head, weights, sha256) VALUES (1, ?, ?, ?)", values
            )

        self._database.write(work)

    def get(self) -> IntentModel | None:
        """None where nothing was fitted.  Raises IndexDamaged where what is there is not what was saved."""
        row = self._database.read(
            lambda tables: tables.conn.execute("SELECT head, weights, sha256 FROM intent_model").fetchone()
        )
        if row is None:
            return None
        head, weights, digest = row
        if _digest(head, bytes(weights)) != digest:
            raise IndexDamaged(
                "The intents of this workspace are damaged.", "Run `agent-assist triage fit` again."
            )
        read = json.loads(head)
        return IntentModel(
            tuple(read["labels"]),
            read["encoder"],
            int(read["dimension"]),
            bytes(weights),
            float(read["threshold"]),
            read["facts"],
        )


def _digest(head: str, weights: bytes) -> str:
    return hashlib.sha256(head.encode() + b"\0" + weights).hexdigest()
