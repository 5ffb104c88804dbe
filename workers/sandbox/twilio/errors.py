"""Twilio's envelope of a refused request, by its code."""

from typing import Final

from workers.sandbox.server import Reply, json_reply

CUT: Final = Reply(0, cut=True)
ERRORS: Final = {
    20003: (401, "Authenticate"),
    20009: (409, "Cannot delete or redact a message that is not complete"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21245: (400, "Phone Number already associated with the Trunk"),
    21247: (400, "Domain Name is already taken"),
    21422: (400, "Number not available"),
    21649: (400, "Bundle required"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Phone Number"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number or Messaging Service is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    21609: (400, "The 'StatusCallback' URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21703: (400, "The Messaging Service does not have a phone number available to send a message"),
    30409: (409, "Message is not in a state that can be changed"),
}


def fail(code: int, detail: str = "") -> Reply:
    status, message = ERRORS.get(code, (400, "Error"))
    body = {
        "code": code,
        "message": f"{message}: {detail}" if detail else message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    reply = json_reply(body, status)
    if code == 20003:
        reply.extra = b'www-authenticate: Basic realm="Twilio API"\r\n'
    return reply
