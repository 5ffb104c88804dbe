"""The demo company's contacts with their numbers, tags, fields and opt-outs."""

from typing import Any

import asyncpg

from db.seed.company import COMPANY, fixed_id
from db.seed.people import FIELDS, TAGS, Person
from db.seed.rows import columns, json


async def write_contacts(c: asyncpg.Connection, customers: list[Person]) -> None:
    await c.executemany(
        "insert into tag(company_id, id, name) values ($1, $2, $3)", [(COMPANY, fixed_id(f"tag:{tag}"), tag) for tag in TAGS]
    )
    await c.executemany(
        "insert into custom_field(company_id, key, label, kind) values ($1, $2, $3, $4)", [(COMPANY, *field) for field in FIELDS]
    )
    await c.execute(
        """insert into contact(company_id, id, name, language, custom, opted_out_at, opt_out_source, search, source, created_at, updated_at)
        select $1, id, name, 'pt-BR', custom::jsonb, case when gone then created_at + (now() - created_at) / 2 end,
               case when gone then 'keyword' end, search_text(name, array_remove(array[phone, email], null)), 'import', created_at, created_at
        from unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::timestamptz[])
             r(id, name, custom, gone, phone, email, created_at)""",
        COMPANY,
        [p.id for p in customers],
        [p.name for p in customers],
        [json(p.custom) for p in customers],
        [p.opted_out for p in customers],
        [p.phone for p in customers],
        [p.email for p in customers],
        [p.created_at for p in customers],
    )
    identities: list[tuple[Any, ...]] = [(p.id, "phone", p.phone, p.line, "BR", p.created_at) for p in customers]
    identities += [(p.id, "email", p.email, None, None, p.created_at) for p in customers if p.email]
    await c.execute(
        """insert into contact_identity(company_id, contact_id, kind, value, line, region, created_at)
        select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[]) r""",
        COMPANY,
        *columns(identities),
    )
    await c.execute(
        "insert into contact_tag(company_id, tag_id, contact_id) select $1, r.* from unnest($2::uuid[], $3::uuid[]) r",
        COMPANY,
        *columns([(fixed_id(f"tag:{tag}"), p.id) for p in customers for tag in p.tags]),
    )
    await c.execute(
        "insert into suppression(company_id, address, source) select $1, unnest($2::text[]), 'keyword'",
        COMPANY,
        [p.phone for p in customers if p.opted_out],
    )
