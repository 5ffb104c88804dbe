"""The providers there are. Each folder beside this file registers itself once, by a `PROVIDER` in its `definition.py`."""

import importlib
import pkgutil

import db.providers
from db.errors import RequestError, RequestField
from db.providers.definition import Provider

_by_kind: dict[str, Provider] = {}
_by_source: dict[str, Provider] = {}


def register(provider: Provider) -> None:
    """Raises ValueError when its kind, its name or one of its sources is taken by another provider."""
    for other in _by_kind.values():
        shared = other.sources & provider.sources
        if other is not provider and (other.kind == provider.kind or other.name == provider.name or shared):
            raise ValueError(f"{provider.name} collides with {other.name}")
    _by_kind[provider.kind] = provider
    _by_source.update(dict.fromkeys(provider.sources, provider))


def providers() -> list[Provider]:
    """All, in the order in which they are shown."""
    return list(_by_kind.values())


def provider(kind: str) -> Provider:
    """The provider of a channel. Raises KeyError."""
    return _by_kind[kind]


def chosen(kind: str) -> Provider:
    """The provider of a kind that somebody typed. Raises Invalid."""
    found = _by_kind.get(kind)
    if found is None:
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("kind")])
    return found


def widest() -> Provider:
    """The one that reaches people in the most ways: what counts before a channel is chosen."""
    return max(_by_kind.values(), key=lambda one: len(one.capabilities.addresses))


def carrier() -> Provider | None:
    """The one that sells numbers and has trunks."""
    return next((one for one in _by_kind.values() if one.capabilities.trunks), None)


def with_session() -> list[str]:
    """Kinds of channels that are connections, each held by one program."""
    return [one.kind for one in _by_kind.values() if one.capabilities.session is not None]


def named(name: str) -> Provider | None:
    """The provider whose webhook addresses begin with this name."""
    return next((one for one in _by_kind.values() if one.name == name), None)


def of_source(source: str) -> Provider:
    """The provider whose webhook stored under this name. Raises KeyError."""
    return _by_source[source]


def _discover() -> None:
    for folder in pkgutil.iter_modules(db.providers.__path__):
        if folder.ispkg:
            register(importlib.import_module(f"{db.providers.__name__}.{folder.name}.definition").PROVIDER)


_discover()
