-- The owners are told once of a phone that was not heard of for so long that it soon loses its device: when, so that they are told again only after it was.
alter table qr_session add column quiet_told_at timestamptz;
