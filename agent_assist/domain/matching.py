"""Whether an approved text is about what is asked, in a language that the encoder and the model lack.

Words are all there is then: the title names the topic, so a word of it must be in the question.
"""

from __future__ import annotations

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.text import content_words, listed, split_sentences, words

_ROOT = 5
"""Letters after which two words of one root may differ: "devolver", "devolución"."""

_ASKING = listed(
    """
    cuánto cuánta cuántos cuesta tiempo desde hasta días tengo buenos quiero puedo combien coûte cela
    depuis jusqu quelle puis faut encore toujours seit bis kostet etwas wieviel viel sehr geehrte damen
    herren guten tag quanto custa até posso desde tempo dias algum passa podem
    """
)


def fits(passage: Passage, asked: str, subject: str) -> int:
    """How many roots the question shares with an approved text; 0 where it is about something else."""
    title, text = _roots(passage.title), _roots(f"{passage.title} {passage.text}")
    told = [s.text for s in split_sentences(asked)]
    meant = " ".join(t for t in told if t.endswith("?") or not is_courtesy(t))
    topic, wanted = _roots(subject), _roots(f"{subject} {meant}")
    if not _shared(wanted, title):
        return 0
    shared = _shared(wanted, text)
    return shared if shared > 1 or _shared(topic, title) else 0


def _roots(text: str) -> set[str]:
    return {
        w[:_ROOT] for w in words(text) if len(w) > 3 and w.isalpha() and w not in _ASKING and content_words(w)
    }


def _shared(one: set[str], other: set[str]) -> int:
    return len(one & other)
