"""Identity numbers of many countries, by Presidio's recognisers beside our own.

Presidio is asked only about a text that speaks of an identity number and holds one.  Its recognisers are
asked one by one, without its engine and so without a language model, and none that looks something up is
among them: nothing is downloaded.  It is loaded when it is first needed.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import logging
import re
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from agent_assist.adapters.privacy.placeholders import Found

log = logging.getLogger(__name__)


NATIONAL: Final = (
    "AuMedicareRecognizer", "AuTfnRecognizer", "CaSinRecognizer", "DeFuehrerscheinRecognizer",
    "DeHealthInsuranceRecognizer", "DeIdCardRecognizer", "DePassportRecognizer", "DeSocialSecurityRecognizer",
    "DeTaxIdRecognizer", "EsPassportRecognizer",
    "FiPersonalIdentityCodeRecognizer", "InAadhaarRecognizer", "InPanRecognizer", "InPassportRecognizer",
    "InVoterRecognizer", "ItDriverLicenseRecognizer", "ItFiscalCodeRecognizer", "ItIdentityCardRecognizer",
    "ItPassportRecognizer", "KrDriverLicenseRecognizer", "KrFrnRecognizer", "KrPassportRecognizer",
    "KrRrnRecognizer", "NgNinRecognizer", "NhsRecognizer", "PhPassportRecognizer", "PhTinRecognizer",
    "PhUmidRecognizer", "PlPeselRecognizer", "SePersonnummerRecognizer", "SgFinRecognizer",
    "ThTninRecognizer", "TrNationalIdRecognizer", "UkDrivingLicenceRecognizer", "UkNinoRecognizer",
    "UkPassportRecognizer", "UsItinRecognizer", "UsMbiRecognizer", "UsPassportRecognizer", "UsSsnRecognizer",
    "ZaIdNumberRecognizer", "ZaPassportRecognizer",
)  # fmt: skip
"""Presidio's recognisers of numbers that belong to one person; those of companies and cars are left out."""
_SPEAKS: Final = re.compile(
    r"passp?ort|passeport|pasaporte|passaporto|reisepass|ausweis|führerschein|fuehrerschein|fahrerlaubnis|patente"
    r"|driv(?:er|ing).{0,3} licen|dvla|dl number|identit|identidad|identificaci|identification|kimlik|\bid (?:number|no\b|card)"
    r"|national id|\bnin\b|\bnhs\b|health (?:service|auth)|medicare|medicaid|\bmbi\b|\btfn\b|\btin\b|\bitin\b"
    r"|tax (?:id|file|payer)|taxpayer|steuer-?id|steuerliche id|\bsin(?: number| no\b| is|:|#)|social (?:sec|ins)"
    r"|national insurance|\bnino\b|\bni number|codice fiscale|\bcf\b|pesel|hetu|henkilö|personbeteckning|personal id|personnummer"
    r"|samordning|\bssns?\b|tckn|\btc no|aadhaar|uidai|\bpan (?:card|number|no\b|is)|permanent account|voter|\bepic\b"
    r"|\brrn\b|\bfrn\b|resident reg|주민|외국인|여권|면허|เลข|รหัส|umid|gsis|\bcrn\b|nric|\bfin(?: number| no\b| is|:|#)"
    r"|sozialversicher|rentenversicher|versicherungsnummer|krankenversich|versichertennummer|krankenkasse|kvnr|thai (?:national )?id|tnin",
    re.IGNORECASE,
)
"""A text without any of these is not shown to Presidio."""
_UNTELLING: Final = frozenset(
    re.findall(
        r"\S+",
        "us united states travel canada nas pass individual expires valid documento elettronica elettronico"
        " italiano viaggio viaggiare estero carta licenza account number permit security tax payer id",
    )
)
"""Words that Presidio takes for context and that stand in too many other sentences."""
_BEFORE, _AFTER, _LEAST = 48, 24, 6
"""Characters in which a word must say what the number is, and its fewest digits."""
_SECONDS: Final = 1
"""What one pattern of Presidio may take on one part of a text."""
_load: Final = threading.Lock()


def national_ids(text: str) -> Iterator[Found]:
    """Identity numbers with a word beside them that says so.  Nothing where Presidio cannot be loaded."""
    if not _SPEAKS.search(text) or sum(c.isdigit() for c in text) < _LEAST:
        return
    for recogniser, says in _recognisers():
        for found in recogniser.analyze(text, recogniser.supported_entities):
            start, end = found.start, found.end
            whole = not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()
            near = f"{text[max(0, start - _BEFORE) : start]}\n{text[end : end + _AFTER]}"
            if whole and sum(c.isdigit() for c in text[start:end]) >= _LEAST and says.search(near):
                yield "NATIONAL_ID", start, end


@lru_cache(maxsize=1)
def _recognisers() -> Sequence[tuple[Any, re.Pattern[str]]]:
    """Each with the words that must stand beside what it finds."""
    try:
        module = _light()
    except ImportError as error:
        log.warning("Presidio could not be loaded, so our own rules look for identity numbers: %s", error)
        return ()
    registry = module.RecognizerRegistry([_made(name) for name in NATIONAL], supported_languages=["en"])
    return [(r, says) for r in registry.recognizers if (says := context_of(r)) is not None]


def context_of(recogniser: Any) -> re.Pattern[str] | None:
    """The recogniser's own context words, less those that say nothing; None where none is left."""
    said = [w for w in recogniser.context or () if w.casefold() not in _UNTELLING]
    if not said:
        return None
    return re.compile("|".join(rf"(?<!\w){re.escape(w)}(?![^\W\d_])" for w in said), re.IGNORECASE)


def _made(name: str) -> Any:
    recognisers = importlib.import_module("presidio_analyzer.predefined_recognizers")
    return getattr(recognisers, name)(supported_language="en")  # all of them, whatever the text's language


def loaded() -> Any:
    """The package `presidio_analyzer`.  Raises ImportError."""
    with _load, _hidden("torch", "transformers"):
        module = importlib.import_module("presidio_analyzer")
        patterns = importlib.import_module("presidio_analyzer.pattern_recognizer")
    patterns.REGEX_TIMEOUT_SECONDS = _SECONDS  # type: ignore[attr-defined]
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    return module


def _light() -> Any:
    """`presidio_analyzer` without spaCy, of which its recognisers of patterns use nothing: a quarter of the
    time and of the memory, and no module of C that holds the window up while it is loaded."""
    if "presidio_analyzer" in sys.modules:
        return loaded()
    before = set(sys.modules)
    finder = _NoSpacy()
    sys.meta_path.insert(0, finder)
    try:
        return loaded()
    except Exception as error:  # another version of Presidio may use more of spaCy: then it gets it
        log.info("Presidio is loaded with spaCy: %s: %s", type(error).__name__, error)
        for name in set(sys.modules) - before:
            if name.split(".")[0] == "presidio_analyzer":
                del sys.modules[name]
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if name.split(".")[0] == "spacy":
                del sys.modules[name]
    return loaded()


class _Nothing(type):
    """What stands for spaCy's classes while Presidio is imported: may be named, called and decorated with."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: lambda given: given


class _EmptyModule(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name, (), {})


class _NoSpacy(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds spaCy and everything below it as empty modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] != "spacy":
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Presidio imports spaCy, and spaCy imports these two where they are installed: 9 seconds and 420 MB
    instead of 2 seconds and 100 MB, for models that are not used here."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
