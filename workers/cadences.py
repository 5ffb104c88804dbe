"""Rounds of cadences: people come in, move on, and leave."""

from db.cadences import enrolling, steps, stops, unsent
from workers.registration import Loop

LOOPS = (
    Loop("cadence_sent", 1.0, unsent.look_for_sent),
    Loop("cadences", 1.0, steps.carry_out),
    Loop("cadence_entries", 5.0, enrolling.look_for_people),
    Loop("cadence_goals", 5.0, stops.look_for_converted),
)
