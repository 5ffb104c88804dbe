"""The API, the door of webhooks, and people who may use them, as the tests of the API have them."""

from tests.api.conftest import client as client
from tests.api.conftest import sign_in_as as sign_in_as
from tests.api.hooks.conftest import hooks as hooks
