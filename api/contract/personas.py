"""Personas: who answers customers, or drafts for agents."""

from db.personas.config import GOAL_KEY as GOAL_KEY
from db.personas.config import HOST as HOST
from db.personas.config import PersonaConfig as PersonaConfig
