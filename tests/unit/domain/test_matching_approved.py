"""Approved texts in a language that neither the model nor the encoder knows."""

from __future__ import annotations

from agent_assist.domain.knowledge import Passage
from agent_assist.domain.matching import fits

RETURN = Passage(
    1,
    "m",
    0,
    "",
    "Puede devolver los artículos. Abra Pedidos y pulse Devolver.",
    title="Iniciar una devolución",
)
TRACK = Passage(2, "t", 0, "", "O link está em Encomendas.", title="Onde está a minha encomenda")


def test_words_of_one_root_match() -> None:
    assert fits(RETURN, "¿Cuánto tiempo tengo para devolverla?", "Devolución de una chaqueta")
    assert fits(TRACK, "A minha encomenda está parada", "Encomenda parada")


def test_question_words_alone_match_nothing() -> None:
    assert not fits(RETURN, "¿Cuánto cuesta la reparación de un pinchazo?", "Pinchazo")
    assert not fits(TRACK, "não consigo entrar na conta", "não consigo entrar")
