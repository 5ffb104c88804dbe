"""What a large company wrote and what came back: campaigns to slices of its crowd, and talks with every tenth person, as one statement
per table. Triggers count it as they count everything; only the moments of tallies are put right behind them.
"""

from datetime import datetime, timedelta

import asyncpg

from db.campaigns.enums import CampaignState
from db.messages.enums import TALLY_REPLIED
from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState as M
from db.messages.enums import SkipReason as S
from db.messages.reasons import FailureReason as F
from db.seed import history
from db.seed.campaigns import write_campaign
from db.seed.company import Made, fixed_id

CAMPAIGNS = 20
_SHARE = 0.027
"""Of everybody, how many get one campaign. With it and the talks there are as many messages as people."""
TALKATIVE, ROUNDS = 1000, 100
"""One in so many people talked so many times, everybody else who talks once: threads of many pages, and short ones."""
_WORDS = (
    "Bom dia, tem pronta entrega?", "Qual o preço da caixa com 12?", "Consegue melhorar o frete?", "Pode emitir a nota hoje?",
    "O boleto venceu, me manda outro?", "Quero repetir o último pedido", "Vocês entregam em Sorocaba?", "Fechado, pode separar",
    "Faltou um item na entrega", "Ainda tem o modelo preto?", "Aceita cartão em 6x?", "Obrigado, até a próxima!",
)  # fmt: skip
_ANSWERS = (
    "Bom dia! Temos sim, separo para você?", "A caixa sai por R$ 189,90.", "Para esse volume o frete é por nossa conta.",
    "Nota emitida, segue no seu e-mail.", "Segue o boleto novo, vence amanhã.", "Pedido repetido, chega na quinta.",
    "Entregamos sim, em 3 dias úteis.", "Peço desculpas! Já mandei o item que faltou.",
)  # fmt: skip

# A campaign's slice of the crowd begins where the one before ended, and goes round.
_CAMPAIGN = f"""
insert into message(company_id, channel_id, queue_id, campaign_id, id, contact_id, address, dedupe_key, state, epoch, tries, params,
                    provider_id, reason, code, sent_at, delivered_at, read_at, replied_at, done_at, next_at)
select $1, $2, $3::uuid, $3::uuid, m.id, contact_id, phone, $3::uuid::text || ':' || contact_id, state, tries, tries,
    case when tries = 0 then '{{}}'::text[] else array[name] end, case when state between {M.SENT} and {M.READ} then 'large.' || m.id end,
    case state when {M.SKIPPED} then '{S.OPTED_OUT}' when {M.FAILED} then $7 end, case when state = {M.FAILED} then $8::int end,
    case when state between {M.SENT} and {M.READ} then at end, case when state in ({M.DELIVERED}, {M.READ}) then at + late end,
    case when state = {M.READ} then at + late * 40 end,
    case when state in ({M.DELIVERED}, {M.READ}) and g % 10 = 0 then at + late * 90 end,
    case when state = {M.SKIPPED} then $4 when state = {M.FAILED} then at + interval '1 second' end, $4
from (
    select g, contact_id, phone, name, at, interval '1 second' + random() * interval '7 seconds' as late, uuidv7($4::timestamptz - now()) as id,
        case when gone then {M.SKIPPED} when fate < 0.02 then {M.FAILED} when fate < 0.05 then {M.SENT} when not $9 or fate < 0.4
            then {M.DELIVERED} else {M.READ} end::smallint as state, case when gone then 0 else 1 end::smallint as tries
    from (
        select g, id as contact_id, phone, name, gone, random() as fate, $4::timestamptz + (row_number() over (order by g)) * interval '12 milliseconds' as at
        from crowd where (g + $5::int) % $6::int < $6::int * {_SHARE} and (not fixed or $9)
    ) audience
) m order by contact_id
"""
_REPLIES = """
insert into inbound_message(company_id, channel_id, campaign_id, id, contact_id, provider_id, address, kind, body, context_provider_id,
                            content, received_at, created_at)
select company_id, channel_id, campaign_id, uuidv7(replied_at - now()), contact_id, 'large.in.' || id, address, 'text', body, provider_id,
    jsonb_build_object('kind', 'text', 'text', body), replied_at, replied_at
from (select m.*, ($2::text[])[1 + floor(random() * cardinality($2::text[]))::int] as body from message m
      where company_id = $1 and replied_at is not null) m
"""
_TALKS = """
create temp table chatter on commit drop as
select c.id as contact_id, c.phone, r as round, now() - interval '1 hour' - begun - (rounds - r) * interval '1 hour' as at,
    floor(random() * 1e6)::int as dice
from (select id, phone, g, case when g % {talkative} = 0 then {rounds} else 1 end as rounds, interval '300 days' * power(random(), 2) as begun
      from crowd where g % 10 = 0) c cross join lateral generate_series(1, c.rounds) r
"""
# The number of an article in each: the first in a tenth of what was written, the last in hardly any, as words of a language are.
_ASKED = """
insert into inbound_message(company_id, channel_id, id, contact_id, provider_id, address, kind, body, content, received_at, created_at)
select $1, $2, uuidv7(at - now()), contact_id, 'large.chatter.' || contact_id || '.' || round, phone, 'text', body,
    jsonb_build_object('kind', 'text', 'text', body), at, at
from (select *, ($3::text[])[1 + dice % cardinality($3::text[])] || ' Ref. ' || (1000 + floor(9000 * power(random(), 4))) as body from chatter) t
"""
_ANSWERED = f"""
insert into message(company_id, channel_id, queue_id, id, contact_id, address, dedupe_key, state, epoch, tries, content, author_id, provider_id,
                    sent_at, delivered_at, read_at, next_at)
select $1, $2, $2, id, contact_id, phone, 'answer:' || id, case when dice % 3 = 0 then {M.DELIVERED} else {M.READ} end, 1, 1,
    jsonb_build_object('kind', 'literal', 'body', body), author, 'large.' || id, at, at + interval '2 seconds',
    case when dice % 3 > 0 then at + interval '1 minute' end, at
from (select contact_id, phone, dice, at + interval '4 minutes' as at, uuidv7(at + interval '4 minutes' - now()) as id,
          ($3::text[])[1 + dice % cardinality($3::text[])] as body, ($4::uuid[])[1 + dice % cardinality($4::uuid[])] as author from chatter) t
"""
_ATTEMPTS = f"""
insert into attempt(company_id, id, message_id, channel_id, epoch, state, http_status, code, detail, provider_id, started_at, done_at)
select company_id, uuidv7(at - now()), id, channel_id, 1, case when state = {M.FAILED} then {A.REJECTED} else {A.ACCEPTED} end,
    case when state = {M.FAILED} then 400 else 200 end, code, case when state = {M.FAILED} then 'refused' end, provider_id, at, at + interval '90 ms'
from (select *, coalesce(sent_at, done_at) as at from message where company_id = $1 and tries > 0) m
"""
_TALLIES = f"""
insert into message_tally(company_id, campaign_id, at, state, delta)
select company_id, campaign_id, date_bin('10 s', t.at, '2000-01-01 00:00+00'), t.state, sum(t.delta) from message m
cross join lateral (values
    (next_at, case when m.state = {M.SKIPPED} then {M.SKIPPED} else {M.QUEUED} end, 1),
    (coalesce(sent_at, case when m.state = {M.FAILED} then done_at end), {M.QUEUED}, -1),
    (case when m.state = {M.FAILED} then done_at end, {M.FAILED}, 1),
    (sent_at, {M.SENT}, 1), (delivered_at, {M.SENT}, -1), (delivered_at, {M.DELIVERED}, 1),
    (read_at, {M.DELIVERED}, -1), (read_at, {M.READ}, 1), (replied_at, {TALLY_REPLIED}, 1)
) t(at, state, delta) where m.company_id = $1 and m.campaign_id is not null and t.at is not null group by 1, 2, 3, 4 having sum(t.delta) <> 0
"""


async def write_traffic(c: asyncpg.Connection, company: Made, size: int, at: datetime) -> None:
    """For a crowd of `size`, by the role of `act_for`: twenty campaigns over 400 days, the last one of yesterday, every fourth by SMS."""
    for number in range(CAMPAIGNS):
        start = at - timedelta(days=1 + 20 * (CAMPAIGNS - 1 - number))
        campaign, sms = fixed_id(f"large:campaign:{number}"), number % 4 == 3
        channel, template = (company.sms, None) if sms else (company.whatsapp, "boas_vindas")
        name = f"Novidades de {start:%d/%m/%Y}{' · SMS' if sms else ''}"
        ended = start + timedelta(seconds=60 + 0.012 * size * _SHARE)
        await write_campaign(c, campaign, name, CampaignState.FINISHED, channel, template, (), start, ended, company)
        reason, code = (F.UNREACHABLE, 30003) if sms else (F.NOT_ON_WHATSAPP, 131026)
        before = int(number * size * _SHARE)
        await c.execute(_CAMPAIGN, company.id, channel, campaign, start, size - before, size, reason.value, code, not sms)
    await c.execute(_REPLIES, company.id, list(_WORDS))
    await c.execute(_TALKS.format(talkative=TALKATIVE, rounds=ROUNDS))
    await c.execute(_ASKED, company.id, company.whatsapp, list(_WORDS))
    agents = [fixed_id(email) for email, _, _ in company.team[2:]]
    await c.execute(_ANSWERED, company.id, company.whatsapp, list(_ANSWERS), agents)
    await c.execute(_ATTEMPTS, company.id)
    await c.execute("delete from message_tally where company_id = $1", company.id)
    await c.execute(_TALLIES, company.id)
    await c.execute(history.AUDIENCE_SIZES, company.id)
