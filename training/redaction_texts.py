"""Chats and letters with personal data, made from templates: what the public chats do not have.

The public chats (MultiDoGO) hold customers' turns only, in lower case and without punctuation.  Here are
the agent's questions, proper writing, letters, names of many origins, insurance and order numbers,
dates of birth, and prose that names people.
"""

from __future__ import annotations

import re
from typing import Final

from training.redaction_values import CITIES, TEMPLATES, Values

Example = tuple[str, list[tuple[str, int, int]], str]
"""Text, spans (label, start, end), the message before."""

QUESTIONS: Final[dict[str, list[str]]] = TEMPLATES["questions"]
SAID: Final[dict[str, list[str]]] = TEMPLATES["said"]
WORDS: Final[dict[str, list[str]]] = TEMPLATES["words"]
LETTER: Final[list[str]] = TEMPLATES["letter"]
PROSE: Final[list[str]] = TEMPLATES["prose"]
PLAIN: Final[list[str]] = TEMPLATES["plain"]
SMALL_TALK: Final[list[str]] = TEMPLATES["small_talk"]
ALIASES: Final[dict[str, str]] = TEMPLATES["aliases"]
ASKED: Final = frozenset(ALIASES.values())


class Maker(Values):
    """Puts the values into chats, letters and prose."""

    def example(self) -> Example:
        kind = self.random.random()
        if kind < 0.62:
            text, spans, before = self._chat()
        elif kind < 0.80:
            text, spans, before = self._prose()
        elif kind < 0.90:
            text, spans, before = self._letter()
        else:
            text, spans, before = self._nothing()
        return self._as_typed(text, spans, before)

    def question(self, labels: set[str]) -> str:
        """What an agent would have asked before a message with these labels."""
        asked = [self.random.choice(QUESTIONS[label]) for label in sorted(labels)]
        self.random.shuffle(asked)
        return self.random.choice(["", "Sure. ", "Thank you. ", "I can help with that. "]) + " and ".join(
            asked
        )

    def _fill(self, template: str) -> tuple[str, list[tuple[str, int, int]]]:
        text, spans = "", []
        for part in re.split(r"(\{\w+\})", template):
            if not part.startswith("{"):
                text += part
                continue
            key = part[1:-1]
            if key in ALIASES:
                value = self.value(ALIASES[key])
                spans.append((ALIASES[key], len(text), len(text) + len(value)))
            elif key == "n":
                value = self.digits(1, 2)
            elif key == "money":
                value = self.random.choice(["$", "", "£"]) + self.digits(2, 4)
            elif key == "year":
                value = str(self.random.randint(1990, 2026))
            elif key == "city":
                value = self.random.choice(CITIES)
            else:
                value = self.random.choice(WORDS[key])
            text += value
        return text, spans

    def _chat(self) -> Example:
        r = self.random
        count = r.choices([1, 2, 3, 4], [50, 28, 15, 7])[0]
        labels = r.sample(sorted(ASKED), count) if count < 4 else r.sample(sorted(ASKED), 4)
        if r.random() < 0.4 and "NAME" not in labels:
            labels[0] = "NAME"
        parts = []
        bare = r.random() < 0.4
        for label in labels:
            key = next(k for k, v in ALIASES.items() if v == label)
            said = "{" + key + "}" if bare else r.choice(SAID[label])
            parts.append(said)
        text, spans = self._fill(r.choice([" ", " and ", ", ", " "]).join(parts))
        lead = r.choice(
            [
                "",
                "",
                "",
                "",
                "yes ",
                "sure ",
                "ok ",
                "hi ",
                "sorry ",
                "sure, ",
                "ok its ",
                "here it is ",
                "yeah ",
            ]
        )
        text, spans = lead + text, [(k, s + len(lead), e + len(lead)) for k, s, e in spans]
        needs_question = bare and any(
            k in ("ACCOUNT", "NATIONAL_ID", "PASSWORD", "POLICY", "CLAIM", "ORDER") for k, _, _ in spans
        )
        before = self.question(set(labels)) if r.random() < (0.75 if needs_question else 0.45) else ""
        return text, spans, before

    def _prose(self) -> Example:
        text, spans = self._fill(self.random.choice(PROSE))
        before = self.random.choice(SMALL_TALK) if self.random.random() < 0.2 else ""
        return text, spans, before

    def _letter(self) -> Example:
        r = self.random
        text, spans = "", []
        greeting = r.choice(
            [
                "Hi {name},",
                "Dear {name},",
                "Hello,",
                "Hi there,",
                "Dear Sir or Madam,",
                "Hello {name}",
                "Good morning {name},",
                "Dear Mr. {name},",
                "Hallo {name},",
                "Bonjour {name},",
            ]
        )
        body = " ".join(r.choice(r.choice([LETTER, PROSE, PLAIN])) for _ in range(r.randint(1, 3)))
        closing = r.choice(
            [
                "Kind regards,\n{name}",
                "Best,\n{name}",
                "Thanks,\n{name}",
                "Thank you\n{name}\n{phone}",
                "Regards\n{name}\n{email}",
                "Cheers {name}",
                "Mit freundlichen Grüßen\n{name}",
                "- {name}",
                "Sincerely,\n{name}\n{address}",
                "Thanks",
            ]
        )
        for part in (greeting, "\n\n", body, "\n\n", closing):
            filled, found = self._fill(part)
            spans += [(k, s + len(text), e + len(text)) for k, s, e in found]
            text += filled
        return text, spans, ""

    def _nothing(self) -> Example:
        r = self.random
        text, spans = self._fill(r.choice(PLAIN))
        before = r.choice(SMALL_TALK) if r.random() < 0.5 else ""
        if r.random() < 0.15:
            before = self.question({r.choice(sorted(ASKED))})
        return text, spans, before

    def _as_typed(self, text: str, spans: list[tuple[str, int, int]], before: str) -> Example:
        r = self.random.random()
        if r < 0.35 and "\n" not in text:
            text, spans = _bare(text, spans)
            before = before.lower() if self.random.random() < 0.5 else before
        elif r < 0.60:
            text = text.lower() if len(text.lower()) == len(text) else text
        elif r < 0.68:
            text = text.upper() if len(text.upper()) == len(text) else text
        return text, spans, before


def _bare(text: str, spans: list[tuple[str, int, int]]) -> tuple[str, list[tuple[str, int, int]]]:
    """As the public chats are written: lower case, no punctuation."""
    out, places, marks = [], [], []
    at = 0
    for character in text:
        places.append(at)
        if character.isalnum() or character == " ":
            out.append(character if len(character.lower()) != 1 else character.lower())
            at += 1
    places.append(at)
    for kind, start, end in spans:
        if places[start] < places[end]:
            marks.append((kind, places[start], places[end]))
    return "".join(out), marks
