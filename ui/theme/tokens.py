"""The colours, once: light and dark are two sets of the same names. Nothing else in `ui/` names a colour.

Text on its ground keeps at least 4.5:1 in both sets. Tones (ok, info, warn, bad, quiet) mean something; the accent does not.
"""

LIGHT = {
    "bg": "#f5f7f6",
    "card": "#ffffff",
    "raised": "#ffffff",
    "line": "#e3e8e6",
    "line-strong": "#cfd7d4",
    "text": "#15201c",
    "sub": "#4d5955",
    "hint": "#5f6b66",
    "accent": "#0b7d5f",
    "accent-hover": "#096a50",
    "accent-text": "#08694f",
    "on-accent": "#ffffff",
    "soft": "#e3f3ee",
    "hover": "#eef2f0",
    "press": "#e4eae7",
    "skeleton": "#e9eeec",
    "ok": "#08694f",
    "ok-bg": "#e0f3ec",
    "info": "#2a5f99",
    "info-bg": "#e6f0fa",
    "warn": "#80560a",
    "warn-bg": "#fbf1dc",
    "bad": "#a93635",
    "bad-bg": "#fbe9e8",
    "bad-solid": "#b3403f",
    "quiet": "#4d5955",
    "quiet-bg": "#edf1ef",
    "toast": "#1c2925",
    "toast-text": "#f2f6f4",
    "toast-accent": "#6fe0bb",
    "shadow": "0 1px 2px rgb(16 32 26 / 5%)",
    "shadow-pop": "0 8px 28px rgb(16 32 26 / 14%), 0 1px 3px rgb(16 32 26 / 10%)",
    "wallpaper": "#e9efe9",
    "bubble": "#ffffff",
    "series-1": "#0e8a6a",
    "series-2": "#3b82c4",
    "series-3": "#c98a1b",
    "series-4": "#8a63c9",
    "series-5": "#5a6472",
    "series-6": "#c2504f",
    "series-7": "#c0568f",
    "series-8": "#178a99",
}

DARK = {
    "bg": "#101514",
    "card": "#171e1c",
    "raised": "#1e2725",
    "line": "#273130",
    "line-strong": "#3a4745",
    "text": "#e8eeec",
    "sub": "#b0bcb8",
    "hint": "#93a09b",
    "accent": "#35bd93",
    "accent-hover": "#4ccda5",
    "accent-text": "#4fd0a8",
    "on-accent": "#05261b",
    "soft": "#16322a",
    "hover": "#1f2826",
    "press": "#26312e",
    "skeleton": "#222c29",
    "ok": "#4fd0a8",
    "ok-bg": "#16322a",
    "info": "#7db4ea",
    "info-bg": "#182a3c",
    "warn": "#e0b45a",
    "warn-bg": "#33290f",
    "bad": "#f0908e",
    "bad-bg": "#3a1c1c",
    "bad-solid": "#c95452",
    "quiet": "#b0bcb8",
    "quiet-bg": "#242d2b",
    "toast": "#e6edea",
    "toast-text": "#15201c",
    "toast-accent": "#08694f",
    "shadow": "none",
    "shadow-pop": "0 10px 32px rgb(0 0 0 / 50%), 0 0 0 1px rgb(255 255 255 / 4%)",
    "wallpaper": "#0d1312",
    "bubble": "#212b28",
    "series-1": "#35bd93",
    "series-2": "#6aa9e6",
    "series-3": "#e0ad4c",
    "series-4": "#b196e8",
    "series-5": "#93a09c",
    "series-6": "#e67f7d",
    "series-7": "#e58fbd",
    "series-8": "#4cbccb",
}

SERIES = [f"var(--series-{number})" for number in range(1, 7)]
"""Series take these in order (stages also the two after); an SVG chart resolves them itself, so it follows dark mode."""


def css() -> str:
    """Both sets as custom properties: light on :root, dark where <html> carries `m-dark`."""
    light = "".join(f"--{name}:{value};" for name, value in LIGHT.items())
    dark = "".join(f"--{name}:{value};" for name, value in DARK.items())
    return f":root{{color-scheme:light;{light}}}\nhtml.m-dark{{color-scheme:dark;{dark}}}\n"
