"""`python -m ui`: serves the web app."""

from ui import main, settings

main.run(settings.read())
