alter table contact_import
    add column repeated int not null default 0;  -- rows about somebody who stands further up in the file

-- Files have kinds now: what was looked at already is CSV or XLSX.
update contact_import set sheet = jsonb_set(sheet, '{sheet,kind}', case when sheet #>> '{sheet,sheet_name}' is null then '"csv"'::jsonb else '"xlsx"' end)
where sheet <> '{}';
update contact_import set sheet = jsonb_set(sheet, '{columns}', (
    select coalesce(jsonb_agg(c || case when c ->> 'target' in ('consent', 'external_id', 'note') then '{"target": "custom"}'::jsonb else '{}' end), '[]')
    from jsonb_array_elements(sheet -> 'columns') c))
where sheet <> '{}';
