-- Bases with more passages than are compared one by one (db/knowledge/vectors.py): their vectors stand in an index of nearest ones too, one
-- for each length of vectors that is common. `near` of a vector: it is in the index of so many numbers; of a base: all its vectors of its
-- model are, and it is searched by it. Such an index is asked for the vectors of one base among those of all large bases, so it goes on
-- (`iterative_scan`) until it has as many as were asked for: nothing is lost by what stands between them.
alter table knowledge_vector add column near int;
alter table knowledge_base add column near int;
grant update (near) on knowledge_vector to masteria_app;
create index knowledge_vector_near_384 on knowledge_vector using hnsw ((emb::halfvec(384)) halfvec_cosine_ops) where near = 384;
create index knowledge_vector_near_768 on knowledge_vector using hnsw ((emb::halfvec(768)) halfvec_cosine_ops) where near = 768;
create index knowledge_vector_near_1024 on knowledge_vector using hnsw ((emb::halfvec(1024)) halfvec_cosine_ops) where near = 1024;
create index knowledge_vector_near_1536 on knowledge_vector using hnsw ((emb::halfvec(1536)) halfvec_cosine_ops) where near = 1536;
create index knowledge_vector_near_3072 on knowledge_vector using hnsw ((emb::halfvec(3072)) halfvec_cosine_ops) where near = 3072;

-- The nearest vectors of one large base, the nearest first, by the index: only `knowledge_search` calls it.
create function knowledge_near(company uuid, base uuid, model text, v halfvec, most int) returns table (chunk_id uuid, d float8)
    language plpgsql stable rows 50 set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_sort = off set jit = off
    set hnsw.iterative_scan = 'strict_order' set hnsw.ef_search = 200 set hnsw.max_scan_tuples = 2000000 set hnsw.scan_mem_multiplier = 8 as $$
begin
    return query execute format(
        'select k.chunk_id, (k.emb::halfvec(%1$s) <=> $4::halfvec(%1$s))::float8 from knowledge_vector k'
        ' where k.near = %1$s and k.company_id = $1 and k.base_id = $2 and k.embedder = $3'
        ' order by k.emb::halfvec(%1$s) <=> $4::halfvec(%1$s) limit $5', vector_dims(v)) using company, base, model, v, most;
end $$;
revoke execute on function knowledge_near(uuid, uuid, text, halfvec, int) from public;
grant execute on function knowledge_near(uuid, uuid, text, halfvec, int) to masteria_system;

-- As before, but for `near`.
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
        select c.id, x.s, x.seen from candidates c, lateral (
            select sum(i.idf * tf * 2.2 / (tf + 1.2 * (.25 + .75 * c.len / mean_len))) as s, array_agg(i.token) as seen
            from unnest(c.t) l join unnest(names, tokens, idfs) i(name, token, idf) on i.name = l.lexeme,
                lateral (select cardinality(l.positions)::float8 as tf) f) x
        order by x.s desc, c.id limit 50
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
