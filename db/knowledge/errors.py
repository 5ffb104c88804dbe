"""Why knowledge bases and their sources refuse, and why a source could not be read."""

from db.errors import Code, ErrorCode, FieldCode


class KnowledgeError(ErrorCode):
    BASE_EXISTS = "knowledge_base_exists", 409, "There is a knowledge base of this name already. Take another name."
    TOO_MANY_BASES = "too_many_knowledge_bases", 409, "A company can have {most} knowledge bases. Delete one first."
    TOO_MANY_SOURCES = "too_many_sources", 409, "A knowledge base can have {most} sources. Delete some first."
    BASE_FULL = "knowledge_base_full", 409, "A knowledge base can hold {most} passages. Delete sources first."
    NO_ROOM_FOR_SOURCE = (
        "no_room_for_source",
        409,
        "The files of your company's sources may take {most_mb} MB. Delete some first.",
    )
    FILE_KIND = (
        "source_file_kind",
        422,
        "This kind of file cannot be read. Take PDF, Word, Excel, CSV, HTML, Markdown or plain text.",
    )
    TOO_MANY_QUESTIONS = "too_many_test_questions", 409, "A knowledge base can have {most} test questions. Delete one first."
    NOT_OF_THIS_KIND = "not_of_this_source", 409, "A source of this kind has no such value."
    NOTHING_TO_READ = "nothing_to_read", 409, "Texts and answers are not read again. Change them instead."
    GAP_CLOSED = "gap_closed", 409, "This gap was answered or dismissed meanwhile."


class KnowledgeField(FieldCode):
    URL = "url", "Write a whole address, like https://www.example.com/help."
    NO_SUCH_SOURCE = "no_such_source", "This source is not in the knowledge base. Choose another one."
    NO_TEXT = "no_text", "There is nothing to read in it."


class SourceFailure(Code):
    """Stored with the source and shown by the API; never rename one."""

    BROKEN = "broken", "The file is damaged, or not what its name says. Save it again and upload it."
    LOCKED = "locked", "The file is protected by a password. Save it without one and upload it."
    EMPTY = "empty", "There is no text in it."
    SCANNED = "scanned", "Its pages are pictures without text ({pages}). Upload a version whose text can be selected."
    TOO_LARGE = "too_large", "It is larger than what is read: {most_mb} MB."
    TOO_MANY_PAGES = "too_many_pages", "It has more pages than are read from one file: {most}. Split it."
    TOO_MANY_PASSAGES = "too_many_passages", "It has more text than one source may have: {most} passages. Split it."
    BASE_FULL = "base_full", "The knowledge base is full: {most} passages. Delete sources, then read this one again."
    TOO_SLOW = "too_slow", "Reading it took too long. Split it, or save it in a simpler form."
    UNREADABLE = "unreadable", "It could not be read. Save it in another form and try again."
    FILE_GONE = "file_gone", "The file is not here any more. Upload it again."
    ADDRESS_REFUSED = "address_refused", "This address may not be read: it is no public https address."
    NOT_FOUND_AT_HOST = "host_unknown", "No server answers at this address. Check how it is written."
    NO_ANSWER = "no_answer", "The server did not answer in time. Read it again later."
    HTTP_STATUS = "http_status", "The server refused the page with status {status}."
    MOVED = "moved", "The page leads to another site: {url}. Use that address if it is the right one."
    ROBOTS = "robots", "The site asks programs not to read this page (robots.txt)."
    NOT_A_PAGE = "not_a_page", "At this address is no page of text."
    GAVE_UP = "gave_up", "Reading it was broken off several times. Read it again later."
