"""Contacts as a Brazilian company has them, hundreds of thousands, made by Postgres itself in one statement per table.

Names, surnames, area codes and mail hosts come as often as in the country (roughly), so that a search meets rare and common
words, prefixes and digits. Always the same ones: the dice have a seed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

_FIRST = (
    "Maria 60 José 30 Ana 26 João 22 Antônio 13 Francisco 10 Carlos 12 Paulo 10 Pedro 11 Lucas 11 Luiz 10 Marcos 9 Gabriel 9"
    " Rafael 9 Daniel 8 Marcelo 8 Bruno 8 Eduardo 7 Felipe 7 Rodrigo 7 Manoel 5 Mateus 7 André 6 Fernando 6 Fábio 6 Leonardo 5"
    " Gustavo 5 Guilherme 5 Leandro 5 Tiago 5 Thiago 5 Anderson 5 Ricardo 5 Márcio 4 Jorge 4 Sebastião 4 Alexandre 4 Roberto 4"
    " Edson 4 Diego 4 Vítor 4 Sérgio 4 Cláudio 4 Adriana 6 Juliana 7 Márcia 6 Fernanda 6 Patrícia 6 Aline 6 Sandra 6 Camila 5"
    " Amanda 5 Bruna 5 Jéssica 5 Letícia 5 Júlia 5 Luciana 5 Vanessa 5 Mariana 5 Gabriela 5 Vera 4 Vitória 4 Larissa 4 Cláudia 4"
    " Beatriz 4 Luana 4 Rita 4 Sônia 4 Renata 4 Eliane 4 Josefa 4 Simone 3 Natália 3 Cristiane 3 Carla 3 Débora 3 Rosângela 3"
    " Jaqueline 3 Rosa 3 Daniela 3 Aparecida 6 Marlene 3 Terezinha 3 Raimunda 3 Andréia 3 Fabiana 3 Lúcia 5 Raquel 2 Ângela 2"
    " Wellington 3 Wagner 2 Wesley 2 Walter 1 Washington 1 Yasmin 2 Yago 1 Zilda 1 Zuleika 1 Ubirajara 1 Queila 1 Kelly 2 Kátia 2"
    " Karina 2 Helena 3 Heitor 2 Hugo 1 Igor 2 Isabela 3 Ítalo 1 Nelson 2 Neusa 1 Osvaldo 1 Otávio 1 Priscila 3 Tatiane 2 Xênia 1"
)
_LAST = (
    "Silva 100 Santos 65 Oliveira 45 Souza 42 Pereira 28 Ferreira 24 Lima 24 Alves 23 Costa 20 Rodrigues 26 Gomes 18 Ribeiro 17"
    " Almeida 15 Carvalho 14 Lopes 12 Soares 11 Fernandes 11 Vieira 10 Barbosa 12 Rocha 11 Dias 10 Nascimento 16 Andrade 9 Moreira 8"
    " Nunes 8 Marques 7 Machado 7 Mendes 7 Freitas 7 Cardoso 7 Ramos 7 Gonçalves 8 Santana 6 Teixeira 6 Araújo 14 Martins 10 Melo 7"
    " Barros 6 Pinto 5 Correia 5 Cavalcanti 4 Moura 5 Campos 5 Batista 5 Castro 5 Duarte 4 Farias 4 Monteiro 4 Peixoto 2 Queiroz 2"
    " Xavier 2 Zanetti 1 Yamamoto 1 Wanderley 1 Kowalski 1 Bittencourt 1 Assunção 1 Guimarães 2 Vasconcelos 2 Tavares 3 Siqueira 2"
)
_AREA = (
    "11 180 21 90 31 50 41 40 51 40 71 40 81 35 85 35 61 30 62 30 19 40 27 20 48 20 47 20 91 20 92 15 98 15 83 15 84 15 65 15 67 15"
    " 13 15 12 15 16 15 17 12 34 12 43 12 54 8 69 6 95 2 96 2"
)
_HOST = "gmail.com 60 hotmail.com 20 yahoo.com.br 8 outlook.com 8 uol.com.br 3 bol.com.br 2 empresa.com.br 1"
TAGS = {"Cliente": 0.4, "SP": 0.2, "VIP": 0.03, "Inadimplente": 0.004, "Feira": 0.0002}
"""Tags, and the share of people who have each."""
FIELDS = (("cidade", "Cidade"), ("plano", "Plano"))
TABLES = ("contact", "contact_identity", "contact_tag", "tag")

# No two share a number: 48271 and the prime 39999983 spread 1, 2, 3, … over 40 million numbers without meeting one twice.
_PEOPLE = """
create temp table crowd on commit drop as
with dice as materialized (
    select g, $2[1 + floor(random() * cardinality($2))::int] as first,
        case when random() < 0.35 then $2[1 + floor(random() * cardinality($2))::int] end as second,
        $3[1 + floor(random() * cardinality($3))::int] as last,
        case when random() < 0.5 then $3[1 + floor(random() * cardinality($3))::int] end as family,
        $4[1 + floor(random() * cardinality($4))::int] as area, $5[1 + floor(random() * cardinality($5))::int] as host,
        random() as fixed, random() as mailed, floor(random() * 1000)::int as tail, g::bigint * 48271 % 39999983 as number
    from generate_series(1, $1::int) g
)
select g, uuidv7(interval '-700 days' + interval '700 days' * (g / $1::float8)) as id, fixed < 0.08 as fixed, g % 50 = 0 as gone,
    concat_ws(' ', first, second, family, last) as name, 'Cidade ' || g % 300 as city,
    '+55' || area || case when fixed < 0.08 then (2 + number / 10000000)::text else '9' || (6 + number / 10000000) end
        || lpad((number % 10000000)::text, 7, '0') as phone,
    case when mailed < 0.6 then fold(first) || '.' || fold(last) || case when mailed < 0.45 then tail::text else '' end
         || g % 7919 || '@' || host end as email,
    now() - interval '700 days' * random() as touched
from dice
"""
_ONE_EACH = """
update crowd set email = null where g in (
    select g from (select g, row_number() over (partition by email order by g) as place from crowd where email is not null) e where place > 1)
"""
_CONTACTS = """
insert into contact(company_id, id, name, search, source, custom, opted_out_at, opt_out_source, created_at, updated_at)
select $1, id, name, search_text(name, array_remove(array[phone, email], null)), 'import',
    jsonb_build_object('cidade', city, 'plano', case when g % 5000 = 0 then 'Diamante' when g % 10 < 7 then 'Básico' when g % 10 < 9
        then 'Prata' else 'Ouro' end), case when gone then touched end, case when gone then 'keyword' end, touched, touched
from crowd
"""
_ADDRESSES = (
    "insert into suppression(company_id, address, source, at) select $1, phone, 'keyword', touched from crowd where gone",
    "insert into contact_identity(company_id, contact_id, kind, value, line, region)"
    " select $1, id, 'phone', phone, case when fixed then 'fixed' else 'mobile' end, 'BR' from crowd",
    "insert into contact_identity(company_id, contact_id, kind, value) select $1, id, 'email', email from crowd where email is not null",
)
_TAGGED = """
with named as (insert into tag(company_id, name) values ($1, $2) returning id)
insert into contact_tag(company_id, tag_id, contact_id) select $1, named.id, crowd.id from named, crowd where random() < $3
"""
_INDEXES = """
select i.indexname as name, i.indexdef as made from pg_indexes i where i.schemaname = 'public' and i.tablename = any($1)
    and not exists (select from pg_constraint c where c.conname = i.indexname and c.contype in ('p', 'u', 'x'))
"""


@asynccontextmanager
async def indexed_later(c: asyncpg.Connection, tables: tuple[str, ...]) -> AsyncIterator[None]:
    """As the owner, inside a transaction: indexes of the tables that hold no constraint are made behind what is written inside, at once,
    as a restore does. Until the commit whoever wants these tables waits."""
    await c.execute("set local maintenance_work_mem = '512MB'")
    indexes = await c.fetch(_INDEXES, tables)
    for row in indexes:
        await c.execute(f'drop index "{row["name"]}"')
    yield
    await c.execute("set local role none")
    for row in indexes:
        await c.execute(row["made"])


async def act_for(c: asyncpg.Connection, company_id: UUID) -> None:
    """What follows is written as the programs write: their role, one company, row-level security."""
    await c.execute("set local role masteria_app")
    await c.execute("select set_config('app.company', $1, true), set_config('app.actor', 'worker:', true)", str(company_id))


async def write_crowd(c: asyncpg.Connection, company_id: UUID, size: int, *, seed: float = 0.0) -> None:
    """`size` contacts with phones, e-mails, tags, fields and opt-outs, as the role of `act_for`. They stand in the temporary table
    `crowd` until the transaction ends or the next crowd is written."""
    await c.execute("select setseed($1)", seed)
    await c.execute("drop table if exists crowd")
    await c.execute(_inlined(_PEOPLE, size))
    await c.execute(_ONE_EACH)
    await c.executemany(
        "insert into custom_field(company_id, key, label, kind) values ($1, $2, $3, 'text')",
        [(company_id, *each) for each in FIELDS],
    )
    for statement in (_CONTACTS, *_ADDRESSES):
        await c.execute(statement, company_id)
    for tag, share in TAGS.items():
        await c.execute(_TAGGED, company_id, tag, share)


def _inlined(statement: str, size: int) -> str:
    """CREATE TABLE AS takes no parameters."""
    for number, words in ((2, _FIRST), (3, _LAST), (4, _AREA), (5, _HOST)):
        parts = words.split()
        each = [name for name, times in zip(parts[::2], parts[1::2], strict=True) for _ in range(int(times))]
        statement = statement.replace(f"${number}", f"('{{{','.join(each)}}}'::text[])")
    return statement.replace("$1", str(size))
