"""One of each thing that a company has, for the walks over all operations."""

from uuid import UUID, uuid4

import asyncpg
import msgspec

from db import crypto
from db.tenancy import Actor
from tests import factories


async def belongings_of(owner_db: asyncpg.Connection, owner: Actor) -> dict[str, str]:
    """One of everything that `owner`'s company has, by the name of the path parameter."""

    async def insert(sql: str, *args: object) -> UUID:
        return await owner_db.fetchval(sql, owner.company_id, *args)

    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 1)
    contact = await insert("select id from contact where company_id = $1")
    campaign = await factories.campaign(owner_db, owner, channel, template)
    cadence = await factories.cadence(owner_db, owner, channel, template)
    lead = await factories.lead(owner_db, owner, contact_id=contact)
    conversation = await insert(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at)"
        " values ($1, $2, $3, '+5511900000000', now(), now()) returning id",
        contact,
        channel,
    )
    board = await insert("select board_id from lead where company_id = $1")
    always = [{"weekday": day, "opens": 0, "closes": 1440} for day in range(7)]
    await insert(
        "insert into booking(company_id, board_id, enabled, minutes, notice_minutes, ahead_days, hours)"
        " values ($1, $2, true, 60, 0, 14, $3::jsonb) returning board_id",
        board,
        msgspec.json.encode(always).decode(),
    )
    await insert(
        "insert into ai_connection(company_id, id, provider, chat_model, embedder, state)"
        " values ($1, uuidv7(), 'sandbox', 'gpt-4o', 'none', 'ready') returning id"
    )
    persona = await insert(
        "insert into persona(company_id, name, draft) values ($1, 'Bia', '{\"instructions\": \"Ajude.\"}') returning id"
    )
    base = await insert("insert into knowledge_base(company_id, name, language) values ($1, 'Loja', 'pt') returning id")
    source = await insert(
        "insert into knowledge_source(company_id, base_id, kind, title, key, mime_type, size)"
        " values ($1, $2, 'file', 'precos.csv', 'x', 'text/csv', 1) returning id",
        base,
    )
    webhook = uuid4()
    place = {"company_id": owner.company_id, "table": "webhook_endpoint", "row_id": webhook}
    await insert(
        "insert into webhook_endpoint(company_id, id, url, types, secret, created_by)"
        " values ($1, $2, 'https://example.com/', '{lead.moved}', $3, $4) returning id",
        webhook,
        crypto.ring().seal("whsec_c2VjcmV0", column="secret", **place),
        owner.id,
    )
    await insert(
        "insert into kommo_connection(company_id, id, way, host, hook_hash, hook_token, state, account_id)"
        " values ($1, $1, 'sandbox', 'sandbox', $2, '', 'ready', 7) returning id",
        uuid4().bytes,
    )
    hook = await insert(
        "insert into incoming_hook(company_id, name, token_hash, token_hint) values ($1, 'Site', $2, 'abcd') returning id",
        uuid4().bytes,
    )
    report = await insert(
        "insert into figure_report(company_id, name, rhythm, hour, next_at) values ($1, 'Segunda', 'weekly', 8, now() + interval '3 days') returning id"
    )
    return {
        name: str(value)
        for name, value in {
            "annotation_id": await insert(
                "insert into annotation(company_id, day, body) values ($1, '2026-01-01', 'Feriado') returning id"
            ),
            "report_id": report,
            "mail_id": await insert(
                "insert into figure_report_mail(company_id, report_id, user_id, first_day, last_day) values ($1, $2, $3, '2026-01-01', '2026-01-07') returning id",
                report,
                owner.id,
            ),
            "view_id": await insert(
                "insert into saved_view(company_id, page, name, query) values ($1, 'overview', 'Verão', '{}') returning id"
            ),
            "webhook_id": webhook,
            "cadence_id": cadence,
            "contact_export_id": await insert(
                "insert into contact_export(company_id, contact_id, language) values ($1, $2, 'en') returning id", contact
            ),
            "erasure_id": await insert(
                "insert into erasure(company_id, contact_id, asked_kind) values ($1, uuidv7(), 'user') returning id"
            ),
            "delivery_id": await insert(
                "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, state)"
                " values ($1, $2, 'msg_1', 'lead.moved', 'lead_id:1', 1, '{}', 'delivered') returning id",
                webhook,
            ),
            "base_id": base,
            "source_id": source,
            "question_id": await insert(
                "insert into knowledge_question(company_id, base_id, question, source_id) values ($1, $2, 'Quanto custa?', $3) returning id",
                base,
                source,
            ),
            "gap_id": await insert(
                "insert into knowledge_gap(company_id, base_id, lexemes, questions) values ($1, $2, '{frete}', '{Qual o frete?}') returning id",
                base,
            ),
            "channel_id": channel,
            "template_id": template,
            "file_id": await factories.message_file(owner_db, owner, channel, contact),
            "contact_id": contact,
            "campaign_id": campaign,
            "conversation_id": await insert(
                "insert into ai_conversation(company_id, conversation_id, episode_at) values ($1, $2, now()) returning conversation_id",
                conversation,
            ),
            "assist_id": await insert(
                "insert into ai_assist(company_id, conversation_id, what, language, asked_by) values ($1, $2, 'summary', 'pt-BR', $3)"
                " returning id",
                conversation,
                owner.id,
            ),
            "turn_id": await insert(
                "insert into ai_turn(company_id, conversation_id, seq, episode, mode, persona_id, persona_version_id, persona_name, since,"
                " due_at, hard_at, first_inbound_id, last_inbound_id) values ($1, $2, 1, 1, 'auto', uuidv7(), uuidv7(), 'Lia', now(), now(),"
                " now(), uuidv7(), uuidv7()) returning id",
                conversation,
            ),
            "message_id": await insert(
                "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
                " values ($1, $2, $3, 'wamid.asked', '+5511900000000', 'text', '{\"kind\": \"text\"}', now() - interval '2 days')"
                " returning id",
                channel,
                contact,
            ),
            "label_id": await insert("insert into label(company_id, name, color) values ($1, 'Troca', '#2f6f4f') returning id"),
            "team_id": await insert("insert into team(company_id, name) values ($1, 'Vendas') returning id"),
            "notification_id": await insert(
                "insert into notification(company_id, user_id, kind, subject_id) values ($1, $2, 'assigned', $3) returning id",
                owner.id,
                conversation,
            ),
            "reply_id": await insert("insert into quick_reply(company_id, shortcut, body) values ($1, 'oi', 'Oi!') returning id"),
            "segment_id": await insert(
                "insert into segment(company_id, name, rule) values"
                ' ($1, \'Opted out\', \'{"match": "all", "conditions": [{"kind": "consent", "opted_out": true}]}\') returning id'
            ),
            "rate_id": await insert(
                "insert into send_rate(company_id, kind, country, category, currency, price, valid_from)"
                " values ($1, 'whatsapp', 'PT', 'marketing', 'EUR', 50000, '2026-01-01') returning id"
            ),
            "warm_up": await insert(
                "insert into warm_up(company_id, channel_id, starts, steps) values ($1, $2, '2026-01-01', '{50,80}') returning channel_id",
                channel,
            ),
            "opt_out_word_id": await insert("insert into own_opt_out_word(company_id, word) values ($1, 'esquece') returning id"),
            "send_hours_id": await insert(
                "insert into send_hours(company_id, name, weekdays, opens, closes) values ($1, 'Comercial', '{0,1,2,3,4}', 0, 1440) returning id"
            ),
            "tag_id": await insert("insert into tag(company_id, name) values ($1, 'vip') returning id"),
            "field_id": await insert("select id from custom_field where company_id = $1"),
            "note_id": await insert(
                "insert into contact_note(company_id, contact_id, body) values ($1, $2, 'oi') returning id", contact
            ),
            "merge_id": await insert(
                "insert into contact_merge(company_id, contact_id, merged_id, reason, snapshot)"
                " values ($1, $2, uuidv7(), 'phone_shown', $3) returning id",
                contact,
                factories.MERGED,
            ),
            "persona_id": persona,
            "case_id": await insert(
                "insert into persona_case(company_id, persona_id, name, lines, expect)"
                ' values ($1, $2, \'Frete\', \'[{"who": "customer", "text": "Oi"}]\', \'{}\') returning id',
                persona,
            ),
            "run_id": await insert("insert into persona_run(company_id, persona_id) values ($1, $2) returning id", persona),
            "trial_id": await insert(
                "insert into persona_trial(company_id, persona_id, published, config, lines)"
                ' values ($1, $2, false, \'{}\', \'[{"who": "customer", "text": "Oi"}]\') returning id',
                persona,
            ),
            "persona_version_id": await insert(
                "insert into persona_version(company_id, persona_id, number, config)"
                ' values ($1, $2, 1, \'{"instructions": "Ajude."}\') returning id',
                persona,
            ),
            "board_id": board,
            "stage_id": await insert("select stage_id from lead where company_id = $1"),
            "stage_rule_id": await insert(
                "insert into stage_rule(company_id, board_id, stage_id, occasion, action)"
                ' select $1, board_id, stage_id, \'enter\', \'{"kind": "add_tag", "tag": "vip"}\' from lead where company_id = $1 returning id'
            ),
            "lead_id": lead,
            "appointment_id": await insert(
                "insert into appointment(company_id, board_id, lead_id, starts_at, ends_at) select b.company_id, b.board_id, $2,"
                " date_trunc('hour', now()) + interval '30 hours', date_trunc('hour', now()) + interval '31 hours'"
                " from booking b where b.company_id = $1 returning id",
                lead,
            ),
            "lead_field_id": await insert(
                "insert into lead_field(company_id, board_id, key, label, kind) values ($1, $2, 'cidade', 'Cidade', 'text') returning id",
                board,
            ),
            "lead_note_id": await insert(
                "insert into lead_note(company_id, lead_id, body) values ($1, $2, 'oi') returning id", lead
            ),
            "lead_proposal_id": await insert(
                "insert into lead_proposal(company_id, board_id, conversation_id, through_id, lead_id, tool, args, reason, confidence, evidence,"
                " state) values ($1, $2, $3, uuidv7(), $4, 'set_value', '{\"tool\": \"set_value\", \"value_cents\": 5000}', 'Ela disse.', 0.9,"
                ' \'[{"message_id": "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42", "quote": "50 reais", "at": "2026-03-02T14:05:00Z"}]\','
                " 'proposed') returning id",
                board,
                conversation,
                lead,
            ),
            "bulk_move_id": await insert(
                "insert into lead_bulk_move(company_id, stage_id, lead_ids, ranks, from_stage_ids, from_ranks, from_reasons, from_since)"
                " select $1, stage_id, array[id], array[rank], array[stage_id], array['k'], array[null::text], array[stage_since]"
                " from lead where company_id = $1 and id = $2 returning id",
                lead,
            ),
            "reason_id": await insert("select id from lost_reason where company_id = $1 and board_id = $2 limit 1", board),
            "signup_id": await insert(
                "insert into channel_signup(company_id, started_by, kind, sandbox, expires_at)"
                " values ($1, $2, 'whatsapp', true, now() + interval '1 hour') returning id",
                owner.id,
            ),
            "setup_id": await insert(
                "insert into phone_setup(company_id, kind, carrier, name, sandbox, access, account_id, state, offers, agents)"
                " values ($1, 'voice_retell', 'sms', 'Vendas', true, 'credentials', '', 'stopped',"
                ' \'[{"number": "+551131234567", "owned": false, "price_cents": 425, "currency": "USD"}]\','
                ' \'[{"id": "agent_1", "name": "Ana"}]\') returning id'
            ),
            "notice_id": await insert(
                "insert into channel_notice(company_id, channel_id, code, at) values ($1, $2, 'review_rejected', now()) returning id",
                channel,
            ),
            "import_id": await insert(
                "insert into contact_import(company_id, filename, blob, size, sheet) values ($1, 'a.csv', 'x', 1, '{}') returning id"
            ),
            "hold_id": await insert(
                "insert into hold(company_id, generation, cause, since) values ($1, 2, 'restore', now()) returning id"
            ),
            "incoming_hook_id": hook,
            "kommo_task_id": await insert(
                "insert into kommo_task(company_id, kind, local_id, state, reason) values ($1, 'push_lead', $2, 'failed', 'kommo_refused')"
                " returning id",
                lead,
            ),
            "incoming_delivery_id": await insert(
                "insert into incoming_delivery(company_id, hook_id, source, content_type, size, payload, state)"
                ' values ($1, $2, \'post\', \'application/json\', 2, \'{"cliente": {"nome": "Ana", "telefone": "11 98765-4321"}}\', \'done\')'
                " returning id",
                hook,
            ),
            "bulk_id": await insert(
                "insert into contact_bulk(company_id, verb, filter) values ($1, 'opt_out', '{}') returning id"
            ),
            "subscription_id": await insert(
                "insert into push_subscription(company_id, id, user_id, target, server_key) values ($1, uuidv7(), $2, 'x', 'x') returning id",
                owner.id,
            ),
            "user_id": owner.id,
            "role_id": await insert(
                "insert into custom_role(company_id, name, permissions) values ($1, 'Caixa', '{contacts:read}') returning id"
            ),
            "call_id": await insert(
                "with made as (insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, content)"
                " values ($1, $2, $2, $3, '+5511900000000', 'call:' || uuidv7(), 4, '{\"kind\": \"call\"}') returning company_id, id, channel_id)"
                " insert into call(company_id, id, channel_id, stage, outcome) select company_id, id, channel_id, 3, 'answered' from made returning id",
                channel,
                contact,
            ),
            "transfer_id": await insert(
                "with called as (insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, content)"
                " values ($1, $2, $2, $3, '+5511900000000', 'call:' || uuidv7(), 4, '{\"kind\": \"call\"}') returning company_id, id, channel_id),"
                " made as (insert into call(company_id, id, channel_id, stage) select company_id, id, channel_id, 1 from called returning id)"
                " insert into call_transfer(company_id, key, call_id, reason, summary, state, outcome, owed)"
                " select $1, uuidv7(), id, 'Quer uma pessoa', '', 'ended', 'nobody', 'callback' from made returning id",
                channel,
                contact,
            ),
            "session_id": await insert(
                "insert into session(company_id, token_hash, user_id, expires_at) values ($1, $2, $3, now() + interval '1 day') returning id",
                uuid4().bytes,
                owner.id,
            ),
            "invitation_id": await insert(
                "insert into invitation(company_id, email, role, token_hash, invited_by, expires_at)"
                " values ($1, 'x@example.com', 'agent', $2, $3, now() + interval '1 day') returning id",
                uuid4().bytes,
                owner.id,
            ),
            "key_id": await insert(
                "insert into api_key(company_id, name, prefix, secret_hash, scopes) values ($1, 'x', $2, 'x', '{}') returning id",
                uuid4().hex,
            ),
            "identity_id": await insert(
                "insert into identity(user_id, provider, issuer, subject) select $2, 'google', 'https://accounts.google.com', $1::uuid::text"
                " returning id",
                owner.id,
            ),
            "provider_id": "facebook",  # whose window needs nothing of it first
            "address": "+5511900000000",
        }.items()
    }
