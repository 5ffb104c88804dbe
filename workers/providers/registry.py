"""The adapters there are. Each folder beside this file registers itself once, by an `ADAPTER` in its `adapter.py`."""

import importlib
import pkgutil
from typing import Any

import workers.providers
from db.channels.secrets import Credentials
from db.providers import registry
from db.settings import Settings
from workers.control import Control
from workers.providers.adapter import Adapter
from workers.providers.wire import Wire

_by_kind: dict[str, Adapter[Any]] = {}


def register(adapter: Adapter[Any]) -> None:
    """Its provider is registered in the database's half, and every webhook of it has a parser."""
    provider = adapter.provider
    if registry.provider(provider.kind) is not provider:
        raise ValueError(f"another provider makes channels of kind {provider.kind}")
    if set(adapter.parsers) != provider.sources:
        raise ValueError(f"{provider.name}: parsers and webhooks differ")
    _by_kind[provider.kind] = adapter


def adapter(kind: str) -> Adapter[Any]:
    """The adapter of a channel. Raises KeyError."""
    return _by_kind[kind]


def of_source(source: str) -> Adapter[Any]:
    """The adapter whose webhook stored under this name. Raises KeyError."""
    return _by_kind[registry.of_source(source).kind]


def control(settings: Settings, wire: Wire, credentials: Credentials) -> Control[Any]:
    """For one piece of work with one channel."""
    channel = credentials.channel
    return Control(credentials, adapter(channel.kind).client(settings, wire, channel, credentials.token))


for _folder in pkgutil.iter_modules(workers.providers.__path__):
    if _folder.ispkg:
        register(importlib.import_module(f"{workers.providers.__name__}.{_folder.name}.adapter").ADAPTER)
