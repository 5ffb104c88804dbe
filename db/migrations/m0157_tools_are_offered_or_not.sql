-- Nobody acted on tools that ask the customer or go by themselves: they were offered, as those that suggest are. Who decides is chosen on the board.
create function persona_tools(document jsonb) returns jsonb language sql immutable as $$
    select case when document->'tools' @? '$.* ? (@ == "ask" || @ == "automatic")' then jsonb_set(document, '{tools}', (
        select jsonb_object_agg(key, case when value in ('"ask"', '"automatic"') then '"suggest"' else value end)
        from jsonb_each(document->'tools'))) else document end
$$;
alter table persona no force row level security;
alter table persona_version no force row level security;
alter table persona_trial no force row level security;
update persona set draft = persona_tools(draft) where draft <> persona_tools(draft);
update persona_version set config = persona_tools(config) where config <> persona_tools(config);
update persona_trial set config = persona_tools(config) where config <> persona_tools(config);
alter table persona force row level security;
alter table persona_version force row level security;
alter table persona_trial force row level security;
drop function persona_tools;
