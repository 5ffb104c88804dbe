"""Why prices and limits of costs are refused."""

from db.errors import FieldCode


class CostField(FieldCode):
    CURRENCY = "rate_currency", "Write the currency in three capitals, like BRL or USD."
    COUNTRY = "rate_country", "Write the country in two capitals, like BR, or leave it out for all others."
    DOUBLE = "rate_double", "This price stands twice in the list. Take one out."
    KIND = "rate_kind", "There is no such kind of channel."
    CATEGORY = "rate_category", "This kind of channel is not billed by that category."
    HOURS = "send_hours_order", "The end must be after the beginning. Change one of the two."
