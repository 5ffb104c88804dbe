-- A number by QR code proves now and then that it is connected: by what people write, by receipts, and where there are none by a message to itself.
alter table qr_session
    add column canary_at timestamptz,  -- when a message to the own number last came back; null: it never did, so that one that does not proves nothing
    add column silent_since timestamptz;  -- it says that it is connected, and nothing comes back
