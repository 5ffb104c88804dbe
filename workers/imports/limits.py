"""How much a contact list may hold. Each bound is far above what a list of people needs and far below what hurts the machine.

A file is small and cheap to send; what it unpacks to is neither. So everything that grows with its content is counted here
while it is read, and the process that reads has limits of its own beneath (reading.py)."""

MAX_CELL = 131_072  # characters of a cell; Excel keeps 32,767
MAX_ROW = 1 << 20  # characters of a row, and of a line of a CSV file
MAX_COLUMNS = 512
MAX_CARD = 131_072  # characters of a vCard without its pictures
MAX_CSV_ROWS = 5_000_000
MAX_SHEET_ROWS = 1_048_576  # Excel's own
MAX_TEXT = 256_000_000  # characters of all rows together: a shared string may stand in millions of cells

MAX_UNPACKED = 1 << 30  # bytes of all parts of a workbook
MAX_RATIO = 100  # unpacked to packed; real workbooks stay below 30, deflate reaches 1,000
RATIO_FROM = 32 << 20  # bytes; below this nobody asks for the ratio
MAX_STRINGS = 192 << 20  # bytes of the part with the texts, which are held in memory
MAX_WHOLE = 16 << 20  # bytes of each part that is read whole (styles, list of sheets)
MAX_PARTS = 10_000
MAX_TOKEN = 4 << 20  # bytes between two steps of the XML parser: one tag, one attribute
MAX_DEPTH = 32  # elements within one another; a worksheet needs eight
