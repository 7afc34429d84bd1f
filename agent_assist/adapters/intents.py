"""Intents by logistic regression on sentence vectors: fitted in seconds, explained by two arrays of numbers.

Casanueva et al., Efficient Intent Detection with Dual Sentence Encoders (2020): a linear layer on frozen
sentence vectors is as good as tuning the encoder where each intent has a few dozen examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agent_assist.domain.triage import Intent, IntentModel
from agent_assist.errors import BadInput, IndexDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

NULL: Final = ""
"""The label of what is out of scope, while fitting."""
LEAST: Final = 2
"""Examples that an intent needs."""
ASIDE: Final = 0.2
"""Share of the rows that the threshold is chosen on."""
MAY_LOSE: Final = 0.02
"""In-scope accuracy that finding out-of-scope texts may cost on the rows that were put aside."""
STRENGTH: Final = 20.0
"""Inverse of the regularisation (scikit-learn's C); vectors have unit length, so weights must be large."""
STEPS: Final = 300


class LogisticIntents:
    """Implements ports.IntentClassifier."""

    def fit(
        self,
        encoder: str,
        dimension: int,
        vectors: bytes,
        intents: Sequence[str | None],
        progress: Callable[[int, int, str], None] | None = None,
    ) -> IntentModel:
        """A model of the intents that have at least two rows; None marks a row that is out of scope.

        A fifth of the rows is put aside first to choose the threshold, then all are learnt from.
        Raises BadInput where there are fewer than two intents.
        """
        read = np.frombuffer(vectors, "<f4").reshape(len(intents), dimension)
        counts = Counter(label for label in intents if label)
        labels = sorted(label for label, count in counts.items() if count >= LEAST)
        if len(labels) < 2:
            raise BadInput(
                f"There are {len(labels)} intents with two examples or more; at least two are needed.",
                "Add examples: each line has a text or a ticket, and its intent.",
            )
        keep = [i for i, label in enumerate(intents) if not label or counts[label] >= LEAST]
        read, names = read[keep], [intents[i] or NULL for i in keep]
        if names.count(NULL) >= LEAST:
            labels.append(NULL)
        inner, outer = _parted(names)
        say = progress or (lambda _done, _total, _note: None)
        say(1, 3, "on four fifths of the rows, to choose the threshold")
        trial = _learn(read[inner], [names[i] for i in inner], labels)
        threshold, facts = _threshold(_chances(read[outer], trial), [names[i] for i in outer], labels)
        say(2, 3, "on all rows")
        weights = _learn(read, names, labels)
        say(3, 3, "done")
        return IntentModel(
            tuple(labels),
            encoder,
            dimension,
            weights.astype("<f4").tobytes(),
            threshold,
            facts | {"rows": float(len(names)), "left_out": float(len(intents) - len(keep))},
        )

    def read(self, model: IntentModel, vectors: bytes) -> list[Intent]:
        """The likeliest intent of each vector.  Raises IndexDamaged where the sizes do not fit."""
        weights = np.frombuffer(model.weights, "<f4")
        if weights.size != len(model.labels) * (model.dimension + 1) or len(vectors) % (4 * model.dimension):
            raise IndexDamaged("The intents of this workspace do not fit its search model.")
        table = weights.reshape(len(model.labels), model.dimension + 1)
        chances = _chances(np.frombuffer(vectors, "<f4").reshape(-1, model.dimension), table)
        best, sure = _best(chances, model.labels)
        return [
            Intent(model.labels[i], round(float(p), 4), bool(p >= model.threshold))
            for i, p in zip(best, sure, strict=True)
        ]


def _learn(vectors: Vectors, names: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Rows of weights and bias in the order of `labels`.

    An intent all of whose rows were put aside is never the likeliest.
    """
    from sklearn.linear_model import LogisticRegression

    regression: Any = LogisticRegression(C=STRENGTH, max_iter=STEPS)
    regression.fit(vectors, np.array(names))
    own = [list(regression.classes_).index(label) for label in labels if label in regression.classes_]
    weights, bias = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # one row of weights says it for both
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    table = np.hstack([weights, bias[:, None]])[own]
    missing = len(labels) - len(own)
    if missing:
        full = np.zeros((len(labels), table.shape[1]))
        full[:, -1] = -1e4
        full[[place for place, label in enumerate(labels) if label in regression.classes_]] = table
        return full
    return np.asarray(table)


def _chances(vectors: Vectors, table: NDArray[Any]) -> NDArray[np.float64]:
    scores = vectors.astype(np.float64) @ table[:, :-1].T.astype(np.float64) + table[:, -1]
    scores = np.exp(scores - scores.max(1, keepdims=True))
    found: NDArray[np.float64] = scores / scores.sum(1, keepdims=True)
    return found


def _best(chances: NDArray[np.float64], labels: Sequence[str]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The likeliest intent that is one, and its probability; what is out of scope takes its share of it."""
    known = chances[:, : len(labels) - (labels[-1] == NULL)]
    return known.argmax(1), known.max(1)


def _parted(names: Sequence[str]) -> tuple[list[int], list[int]]:
    """(to learn from, put aside): every fifth row of each label, the same in each run."""
    seen: Counter[str] = Counter()
    inner: list[int] = []
    outer: list[int] = []
    every = round(1 / ASIDE)
    for place, name in enumerate(names):
        seen[name] += 1
        (outer if seen[name] % every == 0 else inner).append(place)
    return inner, outer


def _threshold(
    chances: NDArray[np.float64], names: Sequence[str], labels: Sequence[str]
) -> tuple[float, dict[str, float]]:
    """The threshold with the best sum of in-scope accuracy and out-of-scope recall on the rows put aside,
    among those that cost at most `MAY_LOSE` of the accuracy: rows out of scope are few, and never all that
    customers will think of.  Where there are none, the one that costs a hundredth, at most a half.
    """
    if not names:
        return 0.0, {}
    best, sure = _best(chances, labels)
    truth = np.array([labels.index(n) if n else -1 for n in names])
    inside = truth >= 0
    right = inside & (best == truth)
    count = max(1, int(inside.sum()))
    steps = np.concatenate([[0.0], np.sort(sure), [1.0]])
    candidates = (steps[1:] + steps[:-1]) / 2
    accuracy = np.array([(right & (sure >= t)).sum() for t in candidates]) / count
    facts = {"accuracy_without_threshold": float(right.sum() / count)}
    outside = ~inside
    if outside.any():
        recall = np.array([(sure[outside] < t).mean() for t in candidates])
        score = np.where(accuracy >= accuracy[0] - MAY_LOSE, accuracy + recall, -1.0)
        first = int(score.argmax())
        last = first
        while last + 1 < len(score) and score[last + 1] == score[first]:
            last += 1
        threshold = float((candidates[first] + candidates[last]) / 2)
        facts["out_of_scope_recall"] = float((sure[outside] < threshold).mean())
    else:
        threshold = min(0.5, float(candidates[accuracy >= accuracy[0] - MAY_LOSE / 2].max()))
    facts["accuracy"] = float((right & (sure >= threshold)).sum() / count)
    return threshold, facts
