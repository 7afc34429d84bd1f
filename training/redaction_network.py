"""The network of `agent_assist.adapters.privacy.tagger` in torch, to be trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from agent_assist.adapters.privacy.tagger import BUCKETS, DILATIONS, LABELS, SHAPES

HIDDEN = 160
SPELLING = 48


class Network(nn.Module):
    """The same computation as `tagger.Tagger`, which reads its weights by these names; `width` is the
    encoder's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.grams = nn.EmbeddingBag(BUCKETS, SPELLING, mode="mean")
        nn.init.normal_(self.grams.weight, std=0.3)
        self.piece = nn.Linear(width, HIDDEN)
        self.spelling = nn.Linear(SPELLING, HIDDEN, bias=False)
        self.shape = nn.Linear(SHAPES, HIDDEN, bias=False)
        self.context = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.convolutions = nn.ModuleList(nn.Linear(3 * HIDDEN, HIDDEN) for _ in DILATIONS)
        self.head = nn.Linear(HIDDEN, len(LABELS))
        self.drop = nn.Dropout(0.2)

    def forward(self, batch: dict[str, Any], hide: float = 0.0) -> torch.Tensor:
        """Logits of every word.  `hide` is the chance that a word is known by its neighbours only."""
        mask = batch["mask"][..., None]
        kept = (torch.rand_like(batch["mask"]) >= hide).float()[..., None]
        hidden = self._embed(batch["vectors"], batch["grams"]) * kept + self.shape(batch["shapes"])
        context = torch.relu(self._embed(batch["before"][:, None], batch["before_grams"]))
        hidden = hidden + self.context(context) * batch["before_mask"][:, None, None]
        hidden = self.drop(torch.relu(hidden)) * mask
        for layer, dilation in zip(self.convolutions, DILATIONS, strict=True):
            wide = nn.functional.pad(hidden, (0, 0, dilation, dilation))
            length = hidden.shape[1]
            joined = torch.cat([wide[:, k * dilation : k * dilation + length] for k in range(3)], -1)
            hidden = (hidden + self.drop(torch.relu(layer(joined)))) * mask
        made: torch.Tensor = self.head(hidden)
        return made

    def _embed(self, vectors: torch.Tensor, rows: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        spelled = self.grams(*rows).reshape(*vectors.shape[:2], -1)
        made: torch.Tensor = self.piece(vectors) + self.spelling(spelled)
        return made


def tensors(batch: dict[str, Any]) -> dict[str, Any]:
    """A batch of arrays, and pairs of arrays, as torch tensors that share their memory."""
    return {
        name: tuple(torch.from_numpy(v) for v in value)
        if isinstance(value, tuple)
        else torch.from_numpy(value)
        for name, value in batch.items()
    }
