"""`db.messages.segments.count(text).segments` inside Postgres, for limits and cost over a whole audience.

The text of a migration's function; nothing here talks to a database."""

from db.messages.segments import GSM7_BASIC, GSM7_EXTENDED


def _quoted(text: str) -> str:
    """Characters as a Unicode-escaped string body that is the same under every client encoding."""
    return "".join(f"\\{ord(char):04X}" for char in text)


def _class(characters: str) -> str:
    """Characters as a regular-expression bracket list, every one by its code point."""
    return "".join(f"\\\\u{ord(char):04X}" for char in characters)


_ASTRAL = "[\\\\U00010000-\\\\U0010FFFF]"

SMS_SEGMENTS_SQL = f"""\
create or replace function sms_segments(body text) returns smallint
language plpgsql immutable strict parallel safe as $sms$
declare
    units integer;
    marked text;
    alone integer;
    part integer;
    place integer := 1;
    parts smallint := 0;
begin
    if body !~ E'[^{_class(GSM7_BASIC + GSM7_EXTENDED)}]' then
        alone := 160;
        part := 153;
        units := 2 * length(body) - length(translate(body, U&'{_quoted(GSM7_EXTENDED)}', ''));
        if units > alone and units > length(body) then
            marked := regexp_replace(body, E'[{_class(GSM7_EXTENDED)}]', E'\\x1b.', 'g');
        end if;
    else
        alone := 70;
        part := 67;
        units := length(body);
        if body ~ E'{_ASTRAL}' then
            units := 2 * units - length(regexp_replace(body, E'{_ASTRAL}', '', 'g'));
            if units > alone then
                marked := regexp_replace(regexp_replace(body, E'[^{_ASTRAL[1:-1]}]', '.', 'g'),
                                         E'{_ASTRAL}', E'\\x1b.', 'g');
            end if;
        end if;
    end if;
    if units <= alone then
        return least(units, 1);
    end if;
    if marked is null then
        return (units + part - 1) / part;
    end if;
    -- An escape that would end a part begins the next one instead.
    while place <= units loop
        parts := parts + 1;
        place := place + part - (substr(marked, place + part - 1, 1) = E'\\x1b')::integer;
    end loop;
    return parts;
end
$sms$;
"""
