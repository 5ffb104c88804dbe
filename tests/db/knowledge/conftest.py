"""A knowledge base with what a shop would write."""

from uuid import UUID

import pytest

from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.tenancy import Actor

TEXT = """# Trocas
Trocamos qualquer produto em até 30 dias, com a nota fiscal. Peças íntimas não são trocadas.

# Entrega
## Prazos
Entregamos em São Paulo em dois dias úteis e no interior em cinco dias.

## Frete
O frete é grátis para compras acima de R$ 200.

# Pagamento
Aceitamos Pix, cartão em até seis vezes e boleto.
"""


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    return (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id


@pytest.fixture
async def text_id(owner: Actor, base_id: UUID) -> UUID:
    return (await sources.add_text(owner, base_id, "Como vendemos", TEXT)).id
