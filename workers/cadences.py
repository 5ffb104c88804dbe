"""Rounds of cadences: people come in, move on, and leave."""

from db.cadences import enrolling, steps, stops
from workers.registration import Loop

LOOPS = (
    Loop("cadences", 1.0, steps.carry_out),
    Loop("cadence_entries", 5.0, enrolling.look_for_people),
    Loop("cadence_goals", 5.0, stops.look_for_converted),
)
