"""What a model costs: the company's own price, or ours (`db/ai/catalogue.py`). A price is never changed, another one follows it: what
was spent earlier keeps its cost."""

from collections.abc import Mapping, Sequence

from db.ai import catalogue
from db.ai.catalogue import Price
from db.ai.events import AiConnectionChanged
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, work

_OWN = """
select distinct on (model) model, input, cached, cache_write, output from ai_price
where company_id = $1 and ($2::text[] is null or model = any($2)) and valid_from <= now() order by model, valid_from desc
"""


async def price_in(r: Read, company_id: object, model: str) -> Price | None:
    """Valid now; None when nobody knows it."""
    names = (model, catalogue.undated(model))
    return of(await own_prices(r, company_id, names), model) or listed(model)


def of(own: Mapping[str, Price], model: str) -> Price | None:
    """Of the company's own: a dated version costs what its model does, unless it has a price too."""
    return own.get(model) or own.get(catalogue.undated(model))


def listed(model: str) -> Price | None:
    """In our list."""
    found = catalogue.known(model)
    return found.price if found else None


async def own_prices(r: Read, company_id: object, models: Sequence[str] | None = None) -> Mapping[str, Price]:
    """Those that the company set, by model."""
    rows = await r.fetch(_OWN, company_id, models)
    return {row["model"]: Price(row["input"], row["cached"], row["cache_write"], row["output"]) for row in rows}


async def set_price(actor: Actor, model: str, price: Price) -> None:
    """From now on."""
    async with work(actor, Permission.AI_WRITE) as w:
        await w.execute(
            "insert into ai_price(company_id, model, valid_from, input, cached, cache_write, output)"
            " values ($1, $2, clock_timestamp(), $3, $4, $5, $6)",
            w.company_id,
            model,
            *price,
        )
        w.audit("ai_price.set", None, model=model, **price._asdict())
        w.emit(AiConnectionChanged())
