-- Numbers of a made-up company stand as connected without anybody holding them (db/qr/played.py).
alter table qr_session add column played boolean not null default false;
create index qr_session_played on qr_session(company_id, id) where played;
