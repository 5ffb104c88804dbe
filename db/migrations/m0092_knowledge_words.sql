-- The search of knowledge with the same answers, by words with 40 % less of the processor (docs/benchmarks.md). Of 200 passages each word was made
-- a row, to keep the few that were asked for: now those are marked by a weight (no word has one) and the others are filtered out before.
create or replace function knowledge_search(bases uuid[], config regconfig, question text, model text, v halfvec, most int)
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
    ), ranked as (
        select w.name, w.df, row_number() over o as place, sum(w.df) over o - w.df as before from weighed w where w.df > 0
        window o as (order by w.df, w.name rows unbounded preceding)
    ), rare as (
        select r.name from ranked r where r.place = 1 or r.place <= 8 and r.df <= greatest(200, total / 5) and r.before + r.df <= 3000
    )
    select array_agg(w.name order by w.name), array_agg(w.token order by w.name), array_agg(w.idf order by w.name), sum(w.idf),
        (select string_agg(quote_literal(r.name), ' | ')::tsquery from rare r)
        into names, tokens, idfs, weights, any_of from weighed w;
    return query
    with candidates as materialized (
        select c.id, c.t, c.len from unnest(bases) b(id), lateral (
            select k.id, k.t, k.len, ts_rank(k.t, any_of, 1) as rank from knowledge_chunk k
            where k.base_id = b.id and k.t @@ any_of and (k.company_id = company) is true order by rank desc limit 200) c
        order by c.rank desc limit 200
    ), lex as (
        select c.id, sum(i.idf * c.tf * 2.2 / (c.tf + 1.2 * (.25 + .75 * c.len / mean_len))) as s, array_agg(i.token) as seen from (
            select m.id, m.len, (m.l).lexeme as name, cardinality((m.l).positions)::float8 as tf from (
                select k.id, k.len, unnest(ts_filter(setweight(k.t, 'A', names), '{a}')) as l from candidates k) m) c
            join unnest(names, tokens, idfs) i(name, token, idf) on i.name = c.name
        group by c.id order by s desc, c.id limit 50
    ), near as (
        select n.chunk_id as id, n.d from (
            select o.chunk_id, o.d from knowledge_base b, lateral (
                select k.chunk_id, k.emb <=> v as d from knowledge_vector k
                where k.company_id = company and k.base_id = b.id and k.embedder = model order by d limit 50) o
            where v is not null and b.company_id = company and b.id = any(bases) and b.near is distinct from vector_dims(v)
            union all
            select o.chunk_id, o.d from knowledge_base b, lateral knowledge_near(company, b.id, model, v, 50) o
            where v is not null and b.company_id = company and b.id = any(bases) and b.near = vector_dims(v)) n
        order by n.d limit 50
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
