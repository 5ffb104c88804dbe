-- An audience without conditions was everybody; now it is nobody, and everybody is said. A campaign that a person reviewed and
-- planned keeps what it was planned for; a draft asks again.
update campaign set audience = '{"everyone": true}' where audience = '{}' and state in ('scheduled', 'preparing');
