-- What somebody of the team asks of a call that goes on: to hear it, to tell the virtual agent something, to take the call, to end it.
create table call_order (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    call_id uuid not null,
    user_id uuid,  -- who asked; null: an API key
    kind text not null,  -- a CallOrderKind
    body text not null default '',  -- of a hint
    transfer_id uuid,  -- of taking the call
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'ended')),
    outcome text,  -- a CallOrderOutcome, once it ended
    listen_url text,  -- where the provider plays the call, for who asked
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (company_id, id)
);
create index call_order_call on call_order(company_id, call_id, id);
select protect_table('call_order', 'select, insert, update, delete');
create function call_order_follows() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from call_order where company_id = old.company_id and call_id = old.id;
    else
        update call_order set call_id = new.id where company_id = old.company_id and call_id = old.id;
    end if;
    return null;
end $$;
create trigger call_order_goes after delete on call for each row execute function call_order_follows();
create trigger call_order_moves after update of id on call for each row when (old.id is distinct from new.id) execute function call_order_follows();
