-- Rules that change by date or place are rows with a source and the days on which they hold. These hold for every company and come with the program:
-- nobody can take them out. What a company adds stands in tables of its own: own_opt_out_word here, send_rate (prices), send_hours (hours), office_hours (days).
create table opt_out_word (  -- an answer that is only this (db/contacts/opt_out.py)
    word text primary key,  -- small letters without accents and signs
    language text not null,
    means text not null check (means in ('out', 'in')),
    valid_from date not null,
    valid_until date,
    source text not null
);
create table holiday (  -- of a whole country (db/contacts/holidays.py): a day of the year, or so many days from Easter
    country text not null,
    name text not null,
    month smallint,
    day smallint,
    from_easter smallint,
    valid_from date not null,
    valid_until date,
    source text not null,
    primary key (country, name, valid_from),
    check ((month is null) = (day is null) and (month is null) <> (from_easter is null))
);
create table listed_rate (  -- what providers publish (db/costs/rates.py), in millionths of the currency; price null: nobody knows it from that day on
    kind text not null,
    country text not null,
    category text not null,
    currency text not null,
    price bigint,
    valid_from date not null,
    source text not null,
    primary key (kind, country, category, valid_from)
);
do $$ declare name text; begin
    foreach name in array array['opt_out_word', 'holiday', 'listed_rate'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy everybody on %I for select to masteria_app using (true)', name);
        execute format('create policy system on %I to masteria_system using (true)', name);
        execute format('grant select on %I to masteria_app, masteria_system', name);
    end loop;
end $$;

create table own_opt_out_word (  -- a company's own: whoever answers only this is not written to again
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    word text not null,
    source text not null default '',
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, word)
);
select protect_table('own_opt_out_word', 'select, insert, delete');

insert into opt_out_word(word, language, means, valid_from, source)
select word, 'pt', 'out', date '2020-09-18', 'Lei 13.709/2018 (LGPD), art. 8º, § 5º' from regexp_split_to_table(
    'bloquear | cancela | cancelar | cancelar envio | cancelar inscricao | cancelar recebimento | cancele | descadastrar | descadastrar me | descadastre |
    descadastre me | descadastro | desejo sair | desinscrever | exclua | excluir | gostaria de sair | me descadastra | me descadastre | me remova |
    me remova da lista | me remove | me remove da lista | me tira | me tira da lista | me tira dessa lista | me tire | me tire da lista |
    me tire dessa lista | nao desejo mais receber | nao desejo receber | nao enviar mais | nao envie mais | nao mande mais | nao me envie mais |
    nao me mande mais | nao me mande mais mensagem | nao me mande mais mensagens | nao quero mais receber | nao quero mais receber mensagens |
    nao quero receber | nao quero receber mais | nao quero receber mensagens | para | para de mandar mensagem | parar | parar de receber | pare |
    pare de enviar | pare de enviar mensagem | pare de enviar mensagens | pare de mandar | pare de mandar mensagem | pare de mandar mensagens |
    parem de enviar | parem de mandar | quero descadastrar | quero me descadastrar | quero parar | quero parar de receber | quero sair |
    quero sair da lista | quero ser removida | quero ser removido | remova | remova me | remova meu numero | remove | remover | remover da lista |
    remover meu numero | sair | sair da lista | tira meu numero | tire meu numero', '\s*\|\s*') word
union all select word, 'en', 'out', date '2025-04-11', '47 CFR 64.1200(a)(10); Twilio, default keywords' from regexp_split_to_table(
    'cancel | end | optout | quit | revoke | stop | stopall | unsubscribe', '\s*\|\s*') word
union all select word, 'en', 'out', date '2025-04-11', '47 CFR 64.1200(a)(10)' from regexp_split_to_table(
    'no more messages | opt out | please stop | remove me | stop all | stop messaging me | stop please | stop texting me | unsubscribe me', '\s*\|\s*') word
union all select word, 'pt', 'in', date '2020-09-18', 'Master IA' from regexp_split_to_table(
    'cadastrar | inscrever | quero receber | quero voltar | quero voltar a receber | reativar | recadastrar | retomar | voltar | voltar a receber', '\s*\|\s*') word
union all select word, 'en', 'in', date '2020-09-18', 'Twilio, default keywords' from regexp_split_to_table(
    'start | unstop', '\s*\|\s*') word
union all select word, 'en', 'in', date '2020-09-18', 'Master IA' from regexp_split_to_table(
    'opt in | optin | resume | subscribe', '\s*\|\s*') word;

insert into holiday(country, name, month, day, from_easter, valid_from, source) values
    ('BR', 'Confraternização Universal', 1, 1, null, '1949-04-13', 'Lei 662/1949'),
    ('BR', 'Tiradentes', 4, 21, null, '2002-12-20', 'Lei 662/1949 (Lei 10.607/2002)'),
    ('BR', 'Dia do Trabalho', 5, 1, null, '1949-04-13', 'Lei 662/1949'),
    ('BR', 'Independência do Brasil', 9, 7, null, '1949-04-13', 'Lei 662/1949'),
    ('BR', 'Nossa Senhora Aparecida', 10, 12, null, '1980-06-30', 'Lei 6.802/1980'),
    ('BR', 'Finados', 11, 2, null, '2002-12-20', 'Lei 662/1949 (Lei 10.607/2002)'),
    ('BR', 'Proclamação da República', 11, 15, null, '1949-04-13', 'Lei 662/1949'),
    ('BR', 'Dia Nacional de Zumbi e da Consciência Negra', 11, 20, null, '2023-12-22', 'Lei 14.759/2023'),
    ('BR', 'Natal', 12, 25, null, '1949-04-13', 'Lei 662/1949'),
    ('BR', 'Sexta-feira Santa', null, null, -2, '1995-09-13', 'Lei 9.093/1995');

insert into listed_rate(kind, country, category, currency, price, valid_from, source) values
    ('whatsapp', 'BR', 'marketing', 'USD', 62500, '2025-07-01', 'Meta, WhatsApp rate card in USD, Brazil: per message since 2025-07-01, as published for January 2026'),
    ('whatsapp', 'BR', 'utility', 'USD', 6800, '2025-07-01', 'Meta, WhatsApp rate card in USD, Brazil: per message since 2025-07-01, as published for January 2026'),
    ('whatsapp', 'BR', 'authentication', 'USD', 6800, '2025-07-01', 'Meta, WhatsApp rate card in USD, Brazil: per message since 2025-07-01, as published for January 2026'),
    ('whatsapp', '', 'service', 'USD', 0, '2025-07-01', 'Meta: answers were free until 2026-09-30'),
    ('whatsapp', '', 'service', 'USD', null, '2026-10-01', 'Meta: answers cost what utility messages cost in the country'),
    ('whatsapp', 'BR', 'service', 'USD', 0, '2025-07-01', 'Meta: answers were free until 2026-09-30'),
    ('whatsapp', 'BR', 'service', 'USD', 6800, '2026-10-01', 'Meta: answers cost what utility messages cost'),
    ('sms', 'BR', 'sms', 'USD', 59900, '2026-01-01', 'Twilio, SMS in Brazil: price of one segment without discounts, as published for 2026'),
    ('sms', 'US', 'sms', 'USD', 8300, '2026-01-01', 'Twilio, SMS in the United States and Canada: price of one segment without carrier fees, as published for 2026'),
    ('sms', 'CA', 'sms', 'USD', 8300, '2026-01-01', 'Twilio, SMS in the United States and Canada: price of one segment without carrier fees, as published for 2026');
