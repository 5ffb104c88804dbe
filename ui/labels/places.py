"""Names of countries."""

from babel import Locale

from ui import formats


def countries() -> dict[str, str]:
    names = Locale.parse(formats.locale()).territories
    known = {
        code: name
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in {"ZZ", "EU", "UN", "XA", "XB", "QO", "EZ"}
    }
    return dict(sorted(known.items(), key=lambda pair: pair[1]))
