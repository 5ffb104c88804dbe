-- A persona may speak several languages; what nothing ever looked at is no part of its document any more.
create function persona_document(document jsonb) returns jsonb language sql immutable as $$
    select jsonb_set(
        document #- '{bounds}' #- '{tools,hand_over}' #- '{tools,update_contact}' #- '{identity,language}',
        '{identity}', coalesce(document->'identity', '{}') - 'language' || case document->'identity'->>'language'
            when 'pt-BR' then '{"languages": ["pt-BR"]}'::jsonb when 'en' then '{"languages": ["en"]}' else '{}' end)
$$;
alter table persona no force row level security;
alter table persona_version no force row level security;
alter table persona_trial no force row level security;
update persona set draft = persona_document(draft);
update persona_version set config = persona_document(config);
update persona_trial set config = persona_document(config);
alter table persona force row level security;
alter table persona_version force row level security;
alter table persona_trial force row level security;
drop function persona_document;
