-- Knowledge of a company: bases of sources (texts, questions with answers, files, web pages), cut into passages that are found by
-- words (BM25) and by meaning (vectors). Accents go before the stemmer: people leave them out on a phone.
create text search configuration knowledge_pt (copy = portuguese);
alter text search configuration knowledge_pt alter mapping for hword, hword_part, word with unaccent, portuguese_stem;
create text search configuration knowledge_en (copy = english);
alter text search configuration knowledge_en alter mapping for hword, hword_part, word with unaccent, english_stem;
create text search configuration knowledge_es (copy = spanish);
alter text search configuration knowledge_es alter mapping for hword, hword_part, word with unaccent, spanish_stem;
create text search configuration knowledge_other (copy = simple);
alter text search configuration knowledge_other alter mapping for hword, hword_part, word with unaccent, simple;

-- `embedder`: the model whose vectors are searched, as provider/model/dimensions; `next_embedder`: the one that is being indexed
-- beside it. `chunks`, `words`: of all its passages, for the weights of words.
create table knowledge_base (
    company_id uuid not null references company(id), id uuid not null default uuidv7(),
    name text not null, language text not null check (language in ('pt', 'en', 'es', 'other')),
    embedder text, next_embedder text, embedding_problem text,
    chunks int not null default 0, words bigint not null default 0,
    version int not null default 1, created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create unique index knowledge_base_name on knowledge_base (company_id, lower(name));

-- `body`: of a text, or the answer to the question `title`. `key`: of the file in the store. `sha256`: of what was read last.
create table knowledge_source (
    company_id uuid not null, id uuid not null default uuidv7(), base_id uuid not null,
    kind text not null check (kind in ('text', 'qa', 'file', 'page', 'site')), title text not null, body text,
    key text, mime_type text, size bigint, url text, max_pages int not null default 1,
    schedule text not null default 'never' check (schedule in ('never', 'daily', 'weekly')), due_at timestamptz,
    state text not null default 'queued' check (state in ('queued', 'reading', 'ready', 'failed')),
    failure text, failure_params jsonb not null default '{}', pages int not null default 0, pages_read int not null default 0,
    empty_pages int[] not null default '{}', chunks int not null default 0, embedded int not null default 0, sha256 bytea,
    read_at timestamptz, version int not null default 1, created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, base_id) references knowledge_base(company_id, id) on delete cascade
);
create index knowledge_changing on knowledge_base (company_id, id) where next_embedder is not null;
create index knowledge_source_base on knowledge_source (company_id, base_id, id desc);
create index knowledge_source_lacking on knowledge_source (company_id, base_id) where embedded < chunks;
create index knowledge_source_due on knowledge_source (due_at) where due_at is not null;

-- A passage. `t` holds its words with those of its heading, `len` how many.
create table knowledge_chunk (
    company_id uuid not null, id uuid not null default uuidv7(), base_id uuid not null, source_id uuid not null,
    seq int not null, heading text not null, body text not null, page int, url text,
    t tsvector not null, len int not null, body_sha256 bytea not null, created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, source_id) references knowledge_source(company_id, id) on delete cascade
);
create index knowledge_chunk_words on knowledge_chunk using gin (base_id, t) with (fastupdate = off);
create index knowledge_chunk_source on knowledge_chunk (company_id, source_id, seq);
create index knowledge_chunk_base on knowledge_chunk (company_id, base_id, id);
create index knowledge_chunk_body on knowledge_chunk (company_id, body_sha256);

-- Vectors stand apart from their passages: a search reads all of a base, in a third of the pages. Two models are two sets of rows,
-- and one search reads one of them. PLAIN: in the row itself, never beside it.
create table knowledge_vector (
    company_id uuid not null, base_id uuid not null, chunk_id uuid not null, embedder text not null,
    emb halfvec not null, primary key (company_id, base_id, embedder, chunk_id),
    foreign key (company_id, chunk_id) references knowledge_chunk(company_id, id) on delete cascade
);
alter table knowledge_vector alter column emb set storage plain;
create index knowledge_vector_chunk on knowledge_vector (company_id, chunk_id);

-- In how many passages of a base a word stands; kept with the passages, under the lock of the base.
create table knowledge_term (
    company_id uuid not null, base_id uuid not null, lexeme text not null, df int not null, primary key (company_id, base_id, lexeme),
    foreign key (company_id, base_id) references knowledge_base(company_id, id) on delete cascade
);

-- What was asked and not found, similar questions in one row: `lexemes` of the first, the last of `questions` as they were asked.
create table knowledge_gap (
    company_id uuid not null, id uuid not null default uuidv7(), base_id uuid not null, lexemes text[] not null,
    questions text[] not null, times int not null default 1, conversation_id uuid,
    state text not null default 'open' check (state in ('open', 'answered', 'dismissed')), source_id uuid,
    created_at timestamptz not null default now(), last_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, base_id) references knowledge_base(company_id, id) on delete cascade
);
create index knowledge_gap_open on knowledge_gap (company_id, base_id, last_at desc) where state = 'open';

select protect_table('knowledge_base', 'select, insert, update, delete', 'select');
select protect_table('knowledge_source', 'select, insert, update, delete', 'select');
select protect_table('knowledge_chunk', 'select, insert, update, delete', 'select');
select protect_table('knowledge_vector', 'select, insert, delete', 'select');
select protect_table('knowledge_term', 'select, insert, update, delete', 'select');
select protect_table('knowledge_gap', 'select, insert, update, delete');

-- The best passages of these bases of the company, which have one language and one model of vectors. Under a row-level policy the
-- indexes are not used, because matches of words and distances are not leakproof (measured: 2.7 times slower): this function filters
-- by company itself and runs as the system role.
--   asked       the words of the question with their weights; `token` as they were typed
--   candidates  passages with one of the up to eight rarest words, of words that are not nearly everywhere: 200 by ts_rank
--   lex         BM25 of all words (k1 1.2, b .75), 50;  near: cosine distance, exact, 50
-- Both are scaled to 0..1 and weigh the same, unless the words cover less than a tenth of what is asked: then meaning alone counts.
create function knowledge_search(bases uuid[], config regconfig, question text, model text, v halfvec, most int)
    returns table (chunk_id uuid, score float8, lexical float8, meaning float8, matched text[])
    language plpgsql stable rows 20 security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set jit = off set plan_cache_mode = force_custom_plan as $$
declare
    company uuid := nullif(current_setting('app.company', true), '')::uuid;
    total float8; mean_len float8; weights float8; any_of tsquery; names text[]; tokens text[]; idfs float8[];
begin
    select sum(b.chunks), greatest(sum(b.words) / nullif(sum(b.chunks), 0), 1) into total, mean_len
        from knowledge_base b where b.company_id = company and b.id = any(bases);
    if coalesce(total, 0) = 0 then return; end if;
    with asked as (
        select l.lexeme as name, min(p.token) as token from ts_parse('default', question) p, unnest(to_tsvector(config, p.token)) l
        group by l.lexeme limit 64
    ), known as (
        select a.name, a.token, coalesce(sum(t.df), 0)::float8 as df from asked a
            left join knowledge_term t on t.company_id = company and t.base_id = any(bases) and t.lexeme = a.name
        group by a.name, a.token
    ), weighed as (
        select k.*, ln(1 + greatest(total - k.df + .5, 0) / (k.df + .5)) as idf from known k
    ), rare as (
        select w.name from weighed w where w.df > 0 and w.df <= greatest(200, total / 5) order by w.idf desc, w.name limit 8
    )
    select array_agg(w.name order by w.name), array_agg(w.token order by w.name), array_agg(w.idf order by w.name), sum(w.idf),
        (select string_agg(quote_literal(r.name), ' | ')::tsquery from rare r)
        into names, tokens, idfs, weights, any_of from weighed w;
    return query
    with candidates as materialized (
        select c.id, c.t, c.len from knowledge_chunk c
        where c.company_id = company and c.base_id = any(bases) and c.t @@ any_of
        order by ts_rank(c.t, any_of, 1) desc limit 200
    ), lex as (
        select c.id, x.s, x.seen from candidates c, lateral (
            select sum(i.idf * tf * 2.2 / (tf + 1.2 * (.25 + .75 * c.len / mean_len))) as s, array_agg(i.token) as seen
            from unnest(c.t) l join unnest(names, tokens, idfs) i(name, token, idf) on i.name = l.lexeme,
                lateral (select cardinality(l.positions)::float8 as tf) f) x
        order by x.s desc, c.id limit 50
    ), near as (
        select n.chunk_id as id, n.emb <=> v as d from knowledge_vector n
        where v is not null and n.company_id = company and n.base_id = any(bases) and n.embedder = model
        order by n.emb <=> v limit 50
    ), bounds as (
        select (select max(s) from lex) as s1, (select min(s) from lex) as s0, (select min(d) from near) as d0, (select max(d) from near) as d1
    ), both_ways as (
        select coalesce(lex.id, near.id) as id, lex.seen,
            case when lex.s is null then 0 when b.s1 = b.s0 then 1 else (lex.s - b.s0) / (b.s1 - b.s0) end as w,
            case when near.d is null then 0 when b.d1 = b.d0 then 1 else (b.d1 - near.d) / (b.d1 - b.d0) end as m,
            lex.s, near.d,
            case when b.d0 is null then 1 when coalesce(b.s1, 0) < .1 * 2.2 * weights then 0 else .5 end as share
        from lex full join near on near.id = lex.id cross join bounds b
    )
    select o.id, (o.share * o.w + (1 - o.share) * o.m)::float8, coalesce(o.s / nullif(2.2 * weights, 0), 0)::float8, (1 - o.d)::float8,
        coalesce(o.seen, '{}')
    from both_ways o where o.share > 0 or o.d is not null order by 2 desc, o.id limit most;
end $$;
revoke execute on function knowledge_search(uuid[], regconfig, text, text, halfvec, int) from public;
grant execute on function knowledge_search(uuid[], regconfig, text, text, halfvec, int) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function knowledge_search(uuid[], regconfig, text, text, halfvec, int) owner to masteria_system;
revoke create on schema public from masteria_system;

-- Files and pages of strangers are read one at a time for each company.
drop index job_alone;
create unique index job_alone on job(company_id, queue) where state = 'running' and queue in ('inspect', 'dry_run', 'import', 'knowledge');
