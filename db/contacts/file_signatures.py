"""How files begin that some people upload for a list of contacts."""

ZIP = b"PK\x03\x04"  # .xlsx
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and an .xlsx with a password
NO_TABLES = (
    b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x7fELF", b"MZ\x90", b"{\\rtf",
)  # fmt: skip
"""Documents, pictures, archives and programs."""
