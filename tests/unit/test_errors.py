from __future__ import annotations

import inspect

from agent_assist import errors


def _all() -> list[type[errors.AgentAssistError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.AgentAssistError)
    ]


def test_every_error_has_its_own_code_and_is_drawn_in_the_tree() -> None:
    codes = [kind.code for kind in _all()]
    assert len(codes) == len(set(codes))
    for kind in _all():
        assert kind.__name__ in (errors.__doc__ or "")


def test_every_error_is_a_sentence_with_a_remedy_and_no_exclamation_mark() -> None:
    for kind in _all():
        info = kind("It happened.").info
        assert info.title
        assert "!" not in info.title + info.remedy
        assert str(info).startswith("It happened.")
        if kind is not errors.Cancelled:
            assert info.remedy.endswith(".")


def test_a_caller_can_give_a_better_remedy() -> None:
    assert str(errors.NoModel("None.", "Do this.")) == "None. Do this."
