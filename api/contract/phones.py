"""How phone numbers are shown to people, by the API, in downloads and on the screens alike."""

from db.contacts.phones import display as display
