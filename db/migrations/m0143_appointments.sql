-- Times that customers book (db/bookings): each board that takes bookings is one calendar. Who booked is the contact of the lead.
create table booking (  -- a board without a row takes none
    company_id uuid not null,
    board_id uuid not null,
    enabled boolean not null,
    minutes int not null check (minutes between 5 and 480),  -- of one appointment
    capacity int not null default 1 check (capacity between 1 and 50),  -- appointments at the same time: people, rooms, chairs
    notice_minutes int not null check (notice_minutes between 0 and 43200),  -- so soon nothing is free
    ahead_days int not null check (ahead_days between 1 and 90),
    remind_hours int not null default 0 check (remind_hours between 0 and 72),  -- so long before it; 0: nobody is reminded
    hours jsonb not null default '[]',  -- OpenHours; empty: the office hours of the company
    version int not null default 1,
    primary key (company_id, board_id),
    foreign key (company_id, board_id) references board(company_id, id)
);
select protect_table('booking', 'select, insert, update');

create table appointment (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    lead_id uuid not null,  -- of a lead that was deleted nothing is booked any more
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    seat int not null default 1 check (seat between 1 and 50),  -- which of those at the same time
    state text not null default 'booked' check (state in ('booked', 'cancelled')),
    by_id uuid,  -- who booked it; null: the AI or a program
    proposal_id uuid,
    version int not null default 1,
    created_at timestamptz not null default now(),
    cancelled_at timestamptz,
    reminded_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, board_id) references booking(company_id, board_id),
    check (ends_at > starts_at)
);
create unique index appointment_slot on appointment(company_id, board_id, starts_at, seat) where state = 'booked';
create index appointment_lead on appointment(company_id, lead_id, starts_at);
select protect_table('appointment', 'select, insert, update');
