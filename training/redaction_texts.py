"""Chats and letters with personal data, made from templates: what the public chats do not have.

The public chats (MultiDoGO) hold customers' turns only, in lower case and without punctuation.  Here are
the agent's questions, proper writing, letters, names of many origins, insurance and order numbers,
dates of birth, and prose that names people.  Names and streets come from Faker's lists (MIT).
"""

from __future__ import annotations

import importlib
import random
import re
import string
from collections.abc import Callable, Sequence
from typing import Final

Piece = tuple[str, str]
"""Text and label."""
Example = tuple[str, list[tuple[str, int, int]], str]
"""Text, spans (label, start, end), the message before."""

LOCALES: Final = [
    "en_US",
    "en_GB",
    "en_IN",
    "en_IE",
    "de_DE",
    "fr_FR",
    "es_ES",
    "es_MX",
    "pt_BR",
    "it_IT",
    "nl_NL",
    "pl_PL",
    "cs_CZ",
    "sv_SE",
    "no_NO",
    "fi_FI",
    "da_DK",
    "tr_TR",
    "ro_RO",
    "hu_HU",
    "hr_HR",
    "id_ID",
    "tw_GH",
    "zu_ZA",
    "fr_QC",
    "pt_PT",
    "de_CH",
    "sk_SK",
    "sl_SI",
    "lv_LV",
    "et_EE",
    "ru_RU",
    "el_GR",
]

USUAL: Final = ("en_US", "en_GB", "en_IN")
"""Chats in English name these most."""

_SYLLABLES: Final = [
    "ka",
    "ra",
    "mi",
    "shan",
    "vi",
    "jay",
    "an",
    "tha",
    "lak",
    "shmi",
    "pri",
    "ya",
    "ab",
    "dul",
    "ah",
    "med",
    "mo",
    "ham",
    "ngu",
    "yen",
    "tran",
    "chen",
    "wei",
    "xiao",
    "ming",
    "yuki",
    "tanaka",
    "sato",
    "kim",
    "park",
    "lee",
    "ade",
    "ola",
    "chi",
    "oma",
    "kwa",
    "me",
    "fati",
    "ma",
    "zah",
    "ra",
    "sen",
    "gup",
    "ta",
    "ku",
    "mar",
    "raj",
    "esh",
    "sun",
    "il",
    "dee",
    "pak",
    "jo",
    "se",
    "ma",
    "ria",
    "lu",
    "is",
    "car",
    "los",
    "an",
    "dre",
    "i",
    "va",
    "nov",
    "pet",
    "rov",
    "san",
    "tos",
    "sil",
    "va",
    "sur",
    "ya",
    "mani",
    "bala",
    "muthu",
    "vel",
    "gan",
    "esh",
]

STREETS: Final = [
    "street",
    "road",
    "avenue",
    "lane",
    "drive",
    "way",
    "close",
    "court",
    "place",
    "boulevard",
    "square",
    "terrace",
    "hill",
    "park",
    "nagar",
    "st",
    "rd",
    "ave",
    "ln",
    "dr",
    "blvd",
    "colony",
    "garden",
    "gardens",
    "row",
    "crescent",
    "highway",
    "plaza",
    "circle",
    "alley",
]
CITIES: Final = [
    "chennai",
    "london",
    "boston",
    "chicago",
    "dallas",
    "austin",
    "denver",
    "seattle",
    "miami",
    "atlanta",
    "phoenix",
    "mumbai",
    "delhi",
    "bangalore",
    "hyderabad",
    "manchester",
    "leeds",
    "bristol",
    "glasgow",
    "dublin",
    "sydney",
    "melbourne",
    "toronto",
    "berlin",
    "hamburg",
    "munich",
    "paris",
    "lyon",
    "madrid",
    "valencia",
    "lisbon",
    "porto",
    "milan",
    "rome",
    "vienna",
    "zurich",
    "geneva",
    "warsaw",
    "prague",
    "budapest",
    "oslo",
    "stockholm",
    "springfield",
    "riverside",
    "fairview",
    "franklin",
    "salem",
    "clinton",
    "madison",
    "georgetown",
    "arlington",
    "ashland",
    "dover",
    "oxford",
]
STATES: Final = [
    "al",
    "ak",
    "az",
    "ca",
    "co",
    "ct",
    "fl",
    "ga",
    "il",
    "in",
    "ma",
    "md",
    "mi",
    "mn",
    "mo",
    "nc",
    "nj",
    "ny",
    "oh",
    "or",
    "pa",
    "tx",
    "va",
    "wa",
    "texas",
    "california",
    "ohio",
    "nevada",
    "florida",
    "georgia",
    "michigan",
    "virginia",
    "oregon",
]
PROVIDERS: Final = [
    "gmail",
    "yahoo",
    "hotmail",
    "outlook",
    "aol",
    "icloud",
    "mail",
    "protonmail",
    "rediffmail",
    "live",
    "gmx",
    "web",
]


class Maker:
    """Draws everything from one random generator, so that a seed makes the same texts again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.first, self.last = _faker_names(LOCALES)
        self.usual, _ = _faker_names(USUAL)

    # --- values -------------------------------------------------------------------------------

    def digits(self, least: int, most: int) -> str:
        return "".join(self.random.choice(string.digits) for _ in range(self.random.randint(least, most)))

    def letters(self, least: int, most: int) -> str:
        return "".join(
            self.random.choice(string.ascii_lowercase) for _ in range(self.random.randint(least, most))
        )

    def given(self) -> str:
        if self.random.random() < 0.18:
            made = "".join(self.random.choice(_SYLLABLES) for _ in range(self.random.randint(2, 3)))
            return made.capitalize()
        return self.random.choice(self.usual if self.random.random() < 0.4 else self.first)

    def family(self) -> str:
        if self.random.random() < 0.12:
            return "".join(
                self.random.choice(_SYLLABLES) for _ in range(self.random.randint(2, 3))
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
        d, r = self.digits, self.random
        return r.choice(
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
        )()

    def code(self) -> str:
        """An order, policy, claim or booking number in one of its many shapes."""
        d, a, r = self.digits, self.letters, self.random
        made: str = r.choice(
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
        )()
        return made.upper() if r.random() < 0.4 else made

    def national(self) -> str:
        d = self.digits
        return self.random.choice(
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
        )()

    def card(self) -> str:
        d = self.digits
        return self.random.choice(
            [
                lambda: d(16, 16),
                lambda: d(4, 4),
                lambda: f"{d(4, 4)} {d(4, 4)} {d(4, 4)} {d(4, 4)}",
                lambda: f"{d(4, 4)}-{d(4, 4)}-{d(4, 4)}-{d(4, 4)}",
                lambda: f"ending in {d(4, 4)}",
                lambda: d(13, 17),
            ]
        )()

    def account(self) -> str:
        d = self.digits
        return self.random.choice(
            [
                lambda: d(4, 4),
                lambda: d(6, 16),
                lambda: d(8, 12),
                lambda: f"{d(4, 4)} {d(4, 4)} {d(4, 4)}",
                lambda: f"{d(3, 5)} {d(3, 5)}",
            ]
        )()

    def password(self) -> str:
        d, a, r = self.digits, self.letters, self.random
        word = r.choice(
            [
                self.given().lower(),
                a(3, 7),
                r.choice(["sunshine", "dragon", "football", "hello", "welcome", "admin", "monkey", "tiger"]),
            ]
        )
        made: str = r.choice(
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
        )()
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
            street = f"{self.family()}{r.choice(['strasse', 'straat', 'gatan', ' utca', 'weg', 'gasse'])} {d(1, 3)}"
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

    # --- texts --------------------------------------------------------------------------------

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


ALIASES: Final = {
    "name": "NAME",
    "ssn": "NATIONAL_ID",
    "card": "CARD",
    "account": "ACCOUNT",
    "policy": "POLICY",
    "claim": "CLAIM",
    "order": "ORDER",
    "email": "EMAIL",
    "phone": "PHONE",
    "address": "ADDRESS",
    "password": "PASSWORD",
    "birth": "DATE_OF_BIRTH",
}
ASKED: Final = frozenset(ALIASES.values())

QUESTIONS: Final = {
    "NAME": ["may I have your full name?", "What is your name please?", "could you tell me your first and last name?", "who am I speaking with?", "please provide the name on the account"],
    "NATIONAL_ID": ["could you give me the last four digits of your ssn?", "What is your social security number?", "last 4 of your social?", "please confirm your tax id", "your national insurance number please"],
    "CARD": ["what is your card number?", "please give me the last four digits of the card", "Which card did you pay with? I need the number.", "credit card number please"],
    "ACCOUNT": ["please provide your account number", "what is your account id?", "may I know the last 4 digits of your account?", "Which account is it? The number, please."],
    "POLICY": ["could you provide your policy number?", "What is your policy id?", "please share the policy number", "insurance policy number please"],
    "CLAIM": ["what is your claim number?", "Please provide the claim id", "could you tell me the claim reference?"],
    "ORDER": ["what is your order number?", "Please share your booking confirmation number", "may I have the confirmation code?", "Could you give me your reservation or ticket number?"],
    "EMAIL": ["what is your email address?", "Which e-mail should I send it to?", "please provide your email id"],
    "PHONE": ["what is the best phone number to reach you?", "Please share your contact number", "Could I have your mobile number?"],
    "ADDRESS": ["what is your address?", "Where should we deliver it?", "please provide your delivery address with zip code", "What is your new mailing address?"],
    "PASSWORD": ["please tell me the password", "what is the code we just sent you?", "Please verify your account password", "could you read me the one-time code?", "your pin please"],
    "DATE_OF_BIRTH": ["what is your date of birth?", "Could you confirm your birthday?", "please provide your dob"],
}  # fmt: skip

SAID: Final = {
    "NAME": ["my name is {name}", "I'm {name}", "i am {name}", "this is {name}", "name {name}", "name is {name}", "name: {name}", "{name} here", "{name}", "my full name is {name}", "first name {name}", "the name on the account is {name}", "its {name}", "it's under {name}", "call me {name}", "my mother's maiden name is {name}", "im {name}", "my wife's name is {name}", "username {name}"],
    "NATIONAL_ID": ["ssn {ssn}", "my ssn is {ssn}", "last 4 of my ssn {ssn}", "social {ssn}", "last four digits of my social security number are {ssn}", "SSN: {ssn}", "ssn number {ssn}", "social security {ssn}", "my last four digits are {ssn}", "last four {ssn}", "tax id {ssn}", "my driver's license is {ssn}"],
    "CARD": ["card number {card}", "my card is {card}", "credit card {card}", "visa {card}", "card {card}", "my credit card number is {card}", "card no {card}", "debit card ending {card}"],
    "ACCOUNT": ["account number {account}", "account {account}", "my account number is {account}", "acct no {account}", "ac no {account}", "account id {account}", "my account ends with {account}", "transfer it to account {account}", "from {account} to {account}"],
    "POLICY": ["policy number {policy}", "policy id {policy}", "my policy number is {policy}", "policy {policy}", "policy no {policy}", "policyid is {policy}", "the policy is {policy}", "insurance id {policy}", "Policy #: {policy}"],
    "CLAIM": ["claim number {claim}", "claim id {claim}", "my claim id is {claim}", "claim {claim}", "claimid {claim}", "claim no {claim}", "the claim reference is {claim}", "i filed claim {claim}"],
    "ORDER": ["order {order}", "order number {order}", "my order number is {order}", "confirmation number {order}", "booking confirmation {order}", "booking number is {order}", "confirmation code {order}", "reference {order}", "ticket number {order}", "tracking number {order}", "PNR {order}", "invoice {order}"],
    "EMAIL": ["my email is {email}", "email {email}", "email id {email}", "mail id {email}", "{email}", "you can write to {email}", "e-mail: {email}", "email address is {email}", "send it to {email}"],
    "PHONE": ["phone {phone}", "my number is {phone}", "phone number {phone}", "ph {phone}", "call me on {phone}", "mobile {phone}", "contact number {phone}", "cell: {phone}", "ph no {phone}"],
    "ADDRESS": ["address {address}", "my address is {address}", "{address}", "deliver to {address}", "i live at {address}", "my new address is {address}", "billing address: {address}", "zip code {address}", "ship it to {address}", "change my address to {address}", "we moved to {address}"],
    "PASSWORD": ["password {password}", "my password is {password}", "the password is {password}", "pw: {password}", "passcode {password}", "pin {password}", "otp is {password}", "the code is {password}", "pwd {password}", "security code {password}", "i used {password} as password"],
    "DATE_OF_BIRTH": ["dob {birth}", "date of birth {birth}", "my date of birth is {birth}", "born on {birth}", "birthday {birth}", "DOB: {birth}", "i was born {birth}", "birth date is {birth}"],
}  # fmt: skip

WORDS: Final = {
    "thing": [
        "phone",
        "laptop",
        "helmet",
        "jacket",
        "pizza",
        "router",
        "tv",
        "tablet",
        "camera",
        "bike",
        "car",
        "bag",
        "book",
        "ticket",
        "keyboard",
        "watch",
        "iphone",
        "galaxy",
        "subscription",
        "policy",
        "claim",
        "card",
        "account",
        "order",
        "refund",
        "parcel",
        "invoice",
        "seat",
        "room",
    ],
    "brand": [
        "apple",
        "samsung",
        "google",
        "nokia",
        "motorola",
        "lg",
        "sony",
        "honda",
        "toyota",
        "ford",
        "bmw",
        "chevrolet",
        "visa",
        "mastercard",
        "netflix",
        "spotify",
        "windows",
        "android",
        "paypal",
        "amazon",
    ],
    "colour": ["black", "white", "blue", "red", "silver", "gold", "grey", "green"],
    "month": ["january", "march", "april", "may", "june", "july", "august", "october", "november"],
    "day": [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "today",
        "tomorrow",
        "yesterday",
    ],
    "plan": [
        "basic",
        "premium",
        "silver",
        "gold",
        "platinum",
        "family",
        "standard",
        "family",
        "comprehensive",
        "collision",
        "liability",
    ],
    "verb": [
        "cancel",
        "change",
        "check",
        "return",
        "track",
        "update",
        "renew",
        "activate",
        "block",
        "replace",
    ],
}

LETTER: Final = [
    "My order {order} has not arrived.",
    "Please change the address to {address}.",
    "I paid with the card ending in {card} on {month} {n}.",
    "You can reach me on {phone} or {email}.",
    "My policy number is {policy} and the claim is {claim}.",
    "I spoke with {name} on {day} and {name} promised a refund of {money}.",
    "{name} and I share the account {account}.",
    "Please send the invoice to {email}.",
    "The driver left it with {name} next door.",
    "My daughter {name} was born on {birth}.",
]

PROSE: Final = [
    "I spoke to {name} last week about this",
    "{name} told me that you would call back",
    "Can you tell {name} that the {thing} arrived?",
    "My husband {name} ordered it for our son {name}",
    "{name} from your team was very helpful",
    "thanks {name}",
    "Thank you {name}, have a nice day",
    "thanks {name} you were great",
    "hi {name}",
    "Hello {name}, how are you?",
    "ok {name} bye",
    "good morning {name} i need to {verb} my {thing}",
    "{name}, could you check that again?",
    "The technician, {name}, came on {day} at {n}",
    "It is registered to {name}, not to me",
    "Please remove {name} from my {plan} plan",
    "Mr. {name} signed for the parcel",
    "Dr {name} said the {thing} is covered",
    "Mrs {name} lives at {address}",
    "ask for {name} at the desk",
    "{name} wrote the manual in {year} and {name} translated it.",
    "A song by {name} was playing when the {thing} stopped",
    "I read about {name} in the news",
    "{name} was a great player, said {name}.",
    "My boss is {name} and she pays for the {thing}",
    "{name}'s {thing} is broken",
    "It belongs to {name} and was bought in {city}",
    "Meet {name}, our new colleague from {city}",
    "{name} grew up in {city} and moved in {year}",
    "Hello, my name is {name}. How can I help you today?",
    "Thank you for contacting support, my name is {name}",
    "The claim was filed by {name} on {day}",
    "you are speaking with {name}",
    "Have you heard the new album by {name}?",
    "{name} asked whether {name} could come along",
    "The film with {name} in it has not been released",
    "Drop it at {address}",
    "The shop is at {address}",
    "Return it to {address} please",
    "We are on {address}, near the station",
    "{name}\n{address}",
    "{name}\n{address}\n{phone}\n{email}",
    "Name: {name}\nPhone: {phone}\nOrder: {order}",
    "server at 10.{n}.{n}.{n} refused the login of {email}",
    "{password} is my password and it does not work",
    "i reset it to {password} but it says wrong password",
    "your code {password} is not accepted",
    "the last four digits are {card}",
    "{name} paid {money} with {card}",
]  # fmt: skip

PLAIN: Final = [
    "i want to {verb} my {thing}",
    "my {brand} {thing} is broken",
    "the screen of my {colour} {brand} {thing} is cracked",
    "iphone {n} {colour}",
    "galaxy s{n}",
    "{colour}",
    "{plan}",
    "{plan} plan please",
    "{brand}",
    "{brand} {thing} {year}",
    "{thing}",
    "{city}",
    "yes",
    "no thanks",
    "ok thank you",
    "thank you for your help",
    "how much is the {plan} plan?",
    "it costs {money}",
    "i was charged {money} on {month} {n}",
    "I bought it on {day} for {money}",
    "there are {n} of us",
    "{n}",
    "{n} tickets for {day}",
    "about {n} days ago",
    "it happened on {month} {n}",
    "at {n} pm on {day}",
    "i need proof of insurance",
    "i want to file a claim for my {thing}",
    "what is the status of my claim",
    "someone hit my {brand} {thing} in the parking lot",
    "it was stolen in {city} on {day}",
    "flying from {city} to {city} on {month} {n}",
    "The hotel in {city} has free parking",
    "Model {year}, {colour}, {n} miles",
    "Is the {thing} still under warranty?",
    "how do i reset my password",
    "i forgot my password",
    "what is my account balance",
    "please send me a new card",
    "can i change my address online?",
    "my email is not working",
    "the order has not arrived yet",
    "i dont have the policy number",
    "I have no account with you",
    "The store opens at {n} on {day}",
    "Error {n}{n} when I log in",
    "it says error code {n}0{n}",
    "version {n}.{n} of the app",
    "it is {n} inches wide",
    "size {n}, {colour}",
    "windows {n}",
    "please wait a moment",
    "i will look it up",
    "nothing else",
    "that is all for today",
    "bye have a great {day}",
    "I'm so happy with it",
    "i am waiting",
    "i'm sorry",
    "this is ridiculous",
    "this is urgent",
    "its working now",
    "it is {colour}",
    "call me back please",
    "the address is wrong",
    "The Summer Sale ends on {day}",
    "Our Premium Support team answers within {n} hours.",
    "You can return items within {n} days of delivery.",
    "Refunds are paid within {n} business days.",
    "Please open Settings and choose Privacy.",
    "what documents do i need",
    "i have an accident and need a tow",
    "a deductible of {money}",
    "liability and collision",
]  # fmt: skip

SMALL_TALK: Final = [
    "Hello, how can I help you today?",
    "Is there anything else I can do for you?",
    "Please hold on while I check.",
    "Thank you for the information.",
    "Which model is it?",
    "When did it happen?",
    "How many do you need?",
    "What colour would you like?",
    "Which plan would you like?",
    "What is the reason?",
    "Which city do you fly from?",
    "What seems to be the problem?",
    "Would you like me to go ahead?",
    "What size?",
    "On which date?",
    "How much were you charged?",
]
