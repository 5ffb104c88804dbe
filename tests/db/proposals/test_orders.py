"""Words meant for the machine are told from those of customers."""

import pytest

from db.proposals.orders import speaks_to_machine
from tests.eval import leads_en, leads_pt

TALKS = [*leads_pt.TALKS, *leads_en.TALKS]


@pytest.mark.parametrize("talk", [talk for talk in TALKS if talk.kind == "injection"], ids=lambda talk: talk.key)
def test_orders_are_seen(talk: leads_pt.Talk) -> None:
    assert any(speaks_to_machine(said) for said in talk.said)


def test_customers_are_not_taken_for_it() -> None:
    ordinary = [said for talk in TALKS if talk.kind != "injection" for said in talk.said]
    ordinary += [
        "pode mudar a cor do card de convite?", "quero marcar um horário", "ignore minha mensagem anterior, mandei errado",
        "vocês entregam no sistema de retirada?", "add me to your list", "esquece o que falei, vou levar o azul", "vou mudar o endereço",
        "move a entrega para sexta", "quero criar uma etiqueta com meu nome", "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1",
    ]  # fmt: skip
    assert [said for said in ordinary if speaks_to_machine(said)] == []
