"""Names, numbers and addresses as people write them in chats, each in its many shapes.

Names and streets come from Faker's lists (MIT).
"""

from __future__ import annotations

import importlib
import json
import random
import re
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

TEMPLATES: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "redaction_templates.json").read_text(encoding="utf-8")
)
LOCALES: Final[list[str]] = TEMPLATES["locales"]
USUAL: Final[list[str]] = TEMPLATES["usual"]
"""Chats in English name these most."""
SYLLABLES: Final[list[str]] = TEMPLATES["syllables"]
STREETS: Final[list[str]] = TEMPLATES["streets"]
CITIES: Final[list[str]] = TEMPLATES["cities"]
STATES: Final[list[str]] = TEMPLATES["states"]
PROVIDERS: Final[list[str]] = TEMPLATES["providers"]


class Values:
    """Draws everything from one random generator, so that a seed makes the same texts again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.first, self.last = _faker_names(LOCALES)
        self.usual, _ = _faker_names(USUAL)

    def digits(self, least: int, most: int) -> str:
        return "".join(self.random.choice(string.digits) for _ in range(self.random.randint(least, most)))

    def letters(self, least: int, most: int) -> str:
        return "".join(
            self.random.choice(string.ascii_lowercase) for _ in range(self.random.randint(least, most))
        )

    def given(self) -> str:
        if self.random.random() < 0.18:
            made = "".join(self.random.choice(SYLLABLES) for _ in range(self.random.randint(2, 3)))
            return made.capitalize()
        return self.random.choice(self.usual if self.random.random() < 0.4 else self.first)

    def one_of(self, makers: Sequence[Callable[[], str]]) -> str:
        return self.random.choice(makers)()

    def family(self) -> str:
        if self.random.random() < 0.12:
            return "".join(
                self.random.choice(SYLLABLES) for _ in range(self.random.randint(2, 3))
            ).capitalize()
        return self.random.choice(self.last)

    def name(self) -> str:
        r = self.random.random()
        if r < 0.40:
            return f"{self.given()} {self.family()}"
        if r < 0.78:
            return self.given()
        if r < 0.84:
            return self.family()
        if r < 0.89:
            return f"{self.given()} {self.letters(1, 1).upper()}. {self.family()}"
        if r < 0.93:
            return f"{self.letters(1, 1).upper()} {self.family()}"
        if r < 0.96:
            return f"{self.given()} {self.given()} {self.family()}"
        return f"{self.given()} {self.family()}-{self.family()}"

    def email(self) -> str:
        r = self.random
        left = r.choice(
            [
                self.given(),
                f"{self.given()}{r.choice(['', '.', '_', ' '])}{self.family()}",
                self.letters(3, 8),
            ]
        )
        left = left.lower() + (r.choice(["", " "]) + self.digits(1, 4) if r.random() < 0.4 else "")
        domain = r.choice(PROVIDERS) if r.random() < 0.8 else self.family().lower().replace(" ", "")
        ending = r.choice(["com"] * 7 + ["net", "org", "co.uk", "in", "de", "edu"])
        form = r.random()
        if form < 0.45:
            return f"{left}@{domain}.{ending}".replace(" ", "")
        if form < 0.75:
            return f"{left}{r.choice(['', '', ' '])}{domain}{ending.replace('.', '')}"
        if form < 0.9:
            return f"{left} at {domain} dot {ending.replace('.', ' dot ')}"
        return f"{left} {domain} {ending}"

    def phone(self) -> str:
        d = self.digits
        return self.one_of(
            [
                lambda: d(10, 10),
                lambda: d(7, 11),
                lambda: f"{d(3, 3)} {d(3, 3)} {d(4, 4)}",
                lambda: f"{d(3, 3)}-{d(3, 3)}-{d(4, 4)}",
                lambda: f"({d(3, 3)}) {d(3, 3)}-{d(4, 4)}",
                lambda: f"+{d(1, 2)} {d(3, 4)} {d(5, 7)}",
                lambda: f"{d(5, 5)} {d(5, 6)}",
                lambda: f"{d(2, 4)} {d(2, 4)} {d(2, 4)}",
                lambda: f"0{d(2, 4)}/{d(5, 8)}",
                lambda: f"{d(3, 3)}.{d(3, 3)}.{d(4, 4)}x{d(3, 4)}",
            ]
        )

    def code(self) -> str:
        """An order, policy, claim or booking number in one of its many shapes."""
        d, a, r = self.digits, self.letters, self.random
        made: str = self.one_of(
            [
                lambda: d(3, 6),
                lambda: d(6, 12),
                lambda: f"{a(2, 3)} {d(3, 4)}",
                lambda: f"{a(1, 3)}{d(3, 9)}",
                lambda: f"{a(3, 3)}{d(3, 3)}",
                lambda: f"{a(2, 4)}-{d(4, 8)}",
                lambda: f"{d(2, 4)} {d(3, 4)}",
                lambda: f"{a(1, 1)} {d(1, 1)} {a(1, 1)} {d(1, 1)} {a(1, 1)} {d(1, 1)}",
                lambda: f"{a(2, 2)} {d(2, 4)} {a(1, 2)} {d(2, 4)}",
                lambda: f"{d(1, 3)} {a(1, 2)} {d(1, 3)}",
                lambda: f"#{d(4, 9)}",
            ]
        )
        return made.upper() if r.random() < 0.4 else made

    def national(self) -> str:
        d = self.digits
        return self.one_of(
            [
                lambda: d(4, 4),
                lambda: d(4, 4),
                lambda: d(9, 9),
                lambda: f"{d(3, 3)} {d(2, 2)} {d(4, 4)}",
                lambda: f"{d(3, 3)}-{d(2, 2)}-{d(4, 4)}",
                lambda: " ".join(d(4, 4)),
                lambda: d(3, 5),
                lambda: f"xxx xx {d(4, 4)}",
            ]
        )

    def card(self) -> str:
        d = self.digits
        return self.one_of(
            [
                lambda: d(16, 16),
                lambda: d(4, 4),
                lambda: f"{d(4, 4)} {d(4, 4)} {d(4, 4)} {d(4, 4)}",
                lambda: f"{d(4, 4)}-{d(4, 4)}-{d(4, 4)}-{d(4, 4)}",
                lambda: f"ending in {d(4, 4)}",
                lambda: d(13, 17),
            ]
        )

    def account(self) -> str:
        d = self.digits
        return self.one_of(
            [
                lambda: d(4, 4),
                lambda: d(6, 16),
                lambda: d(8, 12),
                lambda: f"{d(4, 4)} {d(4, 4)} {d(4, 4)}",
                lambda: f"{d(3, 5)} {d(3, 5)}",
            ]
        )

    def password(self) -> str:
        d, a, r = self.digits, self.letters, self.random
        word = r.choice(
            [
                self.given().lower(),
                a(3, 7),
                r.choice(["sunshine", "dragon", "football", "hello", "welcome", "admin", "monkey", "tiger"]),
            ]
        )
        made: str = self.one_of(
            [
                lambda: f"{word}{d(2, 4)}",
                lambda: f"{word} {d(2, 4)}",
                lambda: d(4, 8),
                lambda: f"{word}@{d(2, 4)}",
                lambda: f"{a(2, 3)} {d(2, 3)} {a(1, 2)}",
                lambda: word,
                lambda: f"{word.capitalize()}{r.choice('!$#%*')}{d(1, 4)}",
                lambda: f"{a(2, 3)}{d(2, 3)}{a(1, 3)}",
            ]
        )
        return made

    def address(self) -> str:
        r, d = self.random, self.digits
        street_name = r.choice(
            [
                self.family(),
                self.given(),
                r.choice(
                    [
                        "main",
                        "oak",
                        "park",
                        "church",
                        "high",
                        "station",
                        "mill",
                        "elm",
                        "lake",
                        "hill",
                        "first",
                        "second",
                        "gandhi",
                        "anna",
                        "new",
                    ]
                ),
            ]
        )
        street = f"{street_name} {r.choice(STREETS)}"
        if r.random() < 0.15:
            ending = r.choice(["strasse", "straat", "gatan", " utca", "weg", "gasse"])
            street = f"{self.family()}{ending} {d(1, 3)}"
        elif r.random() < 0.12:
            street = (
                f"{r.choice(['rue', 'calle', 'via', 'avenida', 'rua', 'plaza'])} {self.family()} {d(1, 3)}"
            )
        city = r.choice(CITIES) if r.random() < 0.6 else self.family()
        comma = r.choice(["", ",", ",", "\n"])
        parts = [f"{d(1, 4)} {street}"]
        if r.random() < 0.25:
            parts.append(f"{r.choice(['apt', 'apt.', 'suite', 'flat', 'unit', 'door no'])} {d(1, 3)}")
        if r.random() < 0.75:
            parts.append(city.title())
        if r.random() < 0.4:
            parts.append(r.choice(STATES).upper() if r.random() < 0.5 else r.choice(STATES))
        if r.random() < 0.5:
            parts.append(d(5, 6))
        if r.random() < 0.1:
            parts.append(r.choice(["usa", "india", "Germany", "UK", "France", "Canada"]))
        text = parts[0]
        for part in parts[1:]:
            text += f"{comma} {part}" if comma != "\n" else f"\n{part}"
        if r.random() < 0.15:
            text = f"{r.choice(['no', 'door no', 'plot no', 'house no', 'flat'])} {text}"
        return text

    def birth(self) -> str:
        r = self.random
        day, month, year = r.randint(1, 28), r.randint(1, 12), r.randint(1935, 2008)
        name = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ][month - 1]
        return r.choice(
            [
                f"{day:02}/{month:02}/{year}",
                f"{month}/{day}/{year}",
                f"{day:02}.{month:02}.{year}",
                f"{year}-{month:02}-{day:02}",
                f"{day} {name} {year}",
                f"{name} {day} {year}",
                f"{day:02}{month:02}{year}",
                f"{day:02} {month:02} {year}",
                f"{day}th {name[:3]} {year}",
            ]
        )

    def value(self, label: str) -> str:
        make: dict[str, Callable[[], str]] = {
            "NAME": self.name,
            "NATIONAL_ID": self.national,
            "CARD": self.card,
            "ACCOUNT": self.account,
            "POLICY": self.code,
            "CLAIM": self.code,
            "ORDER": self.code,
            "EMAIL": self.email,
            "PHONE": self.phone,
            "ADDRESS": self.address,
            "PASSWORD": self.password,
            "DATE_OF_BIRTH": self.birth,
        }
        return make[label]()


def _faker_names(locales: Sequence[str]) -> tuple[list[str], list[str]]:
    first: set[str] = set()
    last: set[str] = set()
    for locale in locales:
        try:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        except ImportError:
            continue
        for attribute in ("first_names", "first_names_male", "first_names_female"):
            first.update(getattr(provider, attribute, ()) or ())
        for attribute in ("last_names", "last_names_male", "last_names_female"):
            last.update(getattr(provider, attribute, ()) or ())
    keep = re.compile(r"[^\W\d_][\w.' -]{1,20}")
    return sorted(n for n in first if keep.fullmatch(n)), sorted(n for n in last if keep.fullmatch(n))
