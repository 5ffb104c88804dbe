"""What the demo company wrote down for its answers."""

import asyncpg

from db import event_consumers
from db.ai.events import AiConnectionChanged
from db.jobs import EmbedBase, Job
from db.knowledge import bases, store
from db.knowledge.enums import SourceKind
from db.knowledge.passages import Section, cut, sections
from db.seed.company import COMPANY, fixed_id
from db.tenancy import worker
from db.work import Work

BASE = fixed_id("knowledge:base")
_TEXT = """# Trocas e devoluções
Trocamos qualquer peça em até 30 dias depois da compra, com a etiqueta e a nota fiscal. Peças íntimas e biquínis não são trocados.
Quem comprou pelo site pode devolver em até sete dias e recebe todo o valor de volta na mesma forma de pagamento.

# Entrega
## Prazos
Na capital a entrega leva dois dias úteis, no interior de São Paulo cinco, em outros estados até dez dias úteis.
## Frete
O frete é grátis para compras acima de R$ 200. Abaixo disso custa R$ 19 para a capital e R$ 29 para o interior.
## Retirada
Quem compra pelo site pode retirar na loja da Rua das Flores, 120, sem pagar, a partir do dia seguinte.

# Pagamento
Aceitamos Pix, boleto e cartão em até seis vezes sem juros. No Pix há desconto de 5%.

# Tamanhos
Vestimos do PP ao G3. Para saber o tamanho, meça busto, cintura e quadril e compare com a tabela de cada peça.

# Garantia
Peça com defeito de costura ou de tecido é consertada ou trocada em até 90 dias, sem custo.
"""
_ANSWERS = {
    "Qual o horário da loja?": "De segunda a sábado, das 9h às 19h. Aos domingos e feriados ficamos fechados.",
    "Vocês vendem no atacado?": "Sim, a partir de 12 peças, com 30% de desconto e cadastro de CNPJ.",
    "O vestido Aurora tem em quais cores?": "O vestido Aurora, código VA-210, tem azul, verde e vinho, e custa R$ 189.",
    "Fazem embalagem para presente?": "Sim, sem custo. Basta pedir antes de fechar a compra.",
}


async def write_knowledge(c: asyncpg.Connection) -> list[Job]:
    """A base with a text and some answers, found by words at once. Returns the jobs that make its vectors."""
    w = Work(worker(COMPANY), c)
    await c.execute(
        "insert into knowledge_base(company_id, id, name, language) values ($1, $2, 'Loja Aurora', 'pt')", COMPANY, BASE
    )
    await event_consumers.subscribe(w, bases.CONSUMER, [AiConnectionChanged])
    for kind, title, body in (
        (SourceKind.TEXT, "Como a loja trabalha", _TEXT),
        *((SourceKind.QA, question, answer) for question, answer in _ANSWERS.items()),
    ):
        source_id = fixed_id(f"knowledge:{title}")
        await c.execute(
            "insert into knowledge_source(company_id, id, base_id, kind, title, body, state, pages, pages_read, read_at)"
            " values ($1, $2, $3, $4, $5, $6, 'ready', 1, 1, now())",
            COMPANY,
            source_id,
            BASE,
            kind.value,
            title,
            body,
        )
        await store.replace(w, await bases.lock(w, BASE), source_id, list(cut(_read(kind, title, body))))
    return [EmbedBase(base_id=BASE)]


def _read(kind: SourceKind, title: str, body: str) -> list[Section]:
    return sections(body, title) if kind is SourceKind.TEXT else [Section(f"{title}\n{body}", whole=True)]
