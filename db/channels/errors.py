"""Why channels and templates refuse."""

from db.errors import Code, ErrorCode, FieldCode


class ChannelError(ErrorCode):
    CHANNEL_EXISTS = "channel_exists", 409, "This number is connected already. Look among your channels."
    CHANNEL_IN_USE = "channel_in_use", 409, "A campaign uses this channel. Finish or cancel it first."
    SIGNUP_OFF = (
        "signup_off",
        409,
        "Numbers of this kind are not connected in a window of the provider here. Follow the guide instead.",
    )
    SIGNUP_OVER = "signup_over", 409, "This attempt to connect was used already or took too long. Start again."
    CHANNEL_NOT_PAUSED = "channel_not_paused", 409, "The channel is not paused any more."
    TEMPLATE_EXISTS = "template_exists", 409, "There is a template with this name and language already. Take another name."
    TEMPLATE_IN_USE = "template_in_use", 409, "A campaign uses this template. Finish or cancel it first."
    TEMPLATE_NOT_EDITABLE = (
        "template_not_editable",
        409,
        "WhatsApp lets a template be changed once its review is over. Wait for it, or write a new one.",
    )
    TEMPLATE_EDITED_OFTEN = (
        "template_edited_often",
        409,
        "WhatsApp lets an approved template be changed once in 24 hours and ten times in 30 days. Try again later, or write a new one.",
    )
    TEMPLATE_NOT_PAUSED = "template_not_paused", 409, "WhatsApp has not paused this template, or let it go again already."
    NO_TEMPLATES = "no_templates", 422, "Only WhatsApp channels have templates. Choose one."
    NO_TALK = "no_talk", 422, "Calls of this kind of channel are not spoken by your persona. Choose one whose calls are."
    NOT_FOR_THIS_CHANNEL = "not_for_this_channel", 422, "This kind of channel has no such secret."
    TEMPLATE_INVALID = "template_invalid", 422, "The template breaks rules of WhatsApp. Correct what is marked."


class ChannelField(FieldCode):
    NOT_FOR_THIS_CHANNEL = "not_for_this_channel", "This kind of channel has no such secret."
    SENDER_INVALID = "sender_invalid", "Write the number with + and country code, or the MG… name of a messaging service."
    PROVIDER_ID = "provider_id", "Copy it as the provider shows it: letters and digits, without blanks."
    NUMBER_INVALID = "number_invalid", "Write the number with + and country code, like +551131234567."
    DIGITS_ONLY = "digits_only", "Write digits only, like 11 or 3003."
    ACCOUNT_SID = "account_sid", "An account SID begins with AC and has 32 signs after it. Copy it from the Twilio console."


class TemplateField(FieldCode):
    """Rules of Meta for templates (docs: message templates, components)."""

    NAME = "template_name", "Use small letters, digits and _ only, like promo_verao."
    LANGUAGE = "template_language", "Write the language like pt_BR or en."
    WEB_ADDRESS = "web_address", "A web address begins with https:// or http://."
    VARIABLE_NUMBERS = "variable_numbers", "Number the variables without a gap: {{1}}, {{2}}, {{3}}."
    VARIABLE_AT_EDGE = (
        "variable_at_edge",
        "WhatsApp allows no variable at the beginning or end of the text. Write a word before or after it.",
    )
    UNCLOSED_VARIABLE = "unclosed_variable", "A variable is opened with two braces but not closed with two."
    EXAMPLES_NEEDED = "examples_needed", "Give an example for each variable; WhatsApp reviews with them."
    HEADER_VARIABLES = "header_variables", "The header may hold one variable only."
    VARIABLE_KINDS = "variable_kinds", "Use either numbers or names for all variables."
    FOOTER_VARIABLES = "footer_variables", "The footer may hold no variable."
    FOOTER_PLAIN = (
        "footer_plain",
        "WhatsApp takes no emoji, no * ~ ` and no line breaks in the small print. Put them into the message.",
    )
    VARIABLE_NAME = "variable_name", "Name variables with small letters, digits and _ only, like {{first_name}}."
    URL_VARIABLE = "url_variable", "The address may hold one variable, {{1}}, at its end."
    TOO_MANY_BUTTONS = "too_many_buttons", "A template has at most {max} buttons. Remove some."
    TOO_MANY_OF_KIND = "too_many_of_kind", "A template has at most {max} buttons of this kind. Remove one."
    ANSWERS_TOGETHER = "answers_together", "WhatsApp wants the answers side by side. Move this one next to the others."
    BUTTON_TEXT = "button_text", "Write what stands on the button."
    BUTTON_TWICE = "button_twice", "Two buttons say the same. Give this one another text."
    BUTTON_PLAIN = (
        "button_plain",
        "WhatsApp takes no emoji, no * ~ ` and no variables on buttons. Use plain words.",
    )
    BUTTON_PHONE = "button_phone", "Write the number with country and area code, like +5511987654321."
    COPY_CODE = "copy_code", "Write the code that is copied, at most {max} characters, like VERAO20."
    BODY_NEEDED = "body_needed", "Write the message."
    VARIABLES_TOGETHER = "variables_together", "Two variables stand side by side. Write a word between them."
    HEADER_PLAIN = (
        "header_plain",
        "WhatsApp takes no emoji, no * ~ ` and no line breaks in the heading. Put them into the message.",
    )
    ONE_HEADER = "one_header", "A template begins with a heading, a file or a place. Choose one."
    HEADER_FILE = (
        "header_file",
        "WhatsApp does not take this file at the head of a message. Choose a JPEG or PNG picture, an MP4 film or a PDF.",
    )
    FILE_UNKNOWN = "header_file_unknown", "There is no such file, or it is not yours. Upload it again."
    CODE_HAS_NO_TEXT = "code_has_no_text", "WhatsApp writes the text of a sign-in code itself. Leave this empty."
    CODE_MINUTES = "code_minutes", "A code lives {least} to {most} minutes."
    LIFETIME = "lifetime", "WhatsApp keeps trying between {least} and {most} seconds for templates of this category."
    FLOW_ID = "flow_id", "Copy the number of the flow as WhatsApp shows it: digits only."
    ONLY_MARKETING = "only_marketing", "WhatsApp takes buttons to the catalogue only in marketing templates."
    STANDS_ALONE = "stands_alone", "A button to the catalogue stands alone. Remove the others."
    PRODUCTS_HEADER = "products_header", "Chosen products need a heading of words above the message."
    CATEGORY_FIXED = "category_fixed", "The category of an approved template cannot be changed. Write a new template instead."


class NetworkFailure(Code):
    """Why a provider could not be reached. Where its own words would stand, there is the code and the host: `no_answer graph.facebook.com`."""

    NAME_NOT_FOUND = (
        "name_not_found",
        "The address {host} cannot be found. Check that it is written right and that our server reaches the internet.",
    )
    CONNECTION_REFUSED = "connection_refused", "{host} takes no connections. Check the address, or try again later."
    NO_ANSWER = "no_answer", "{host} did not answer in time. Try again in some minutes."
    NO_CERTIFICATE = "no_certificate", "{host} has no certificate that we trust. Check the address."
    CONNECTION_BROKEN = "connection_broken", "The connection to {host} broke. Try again in some minutes."

    def about(self, host: str) -> str:
        return f"{self} {host}"


class CheckDetail(Code):
    """What a check found that is not in the provider's words."""

    SECRETS_UNREADABLE = "secrets_unreadable", "The stored secrets cannot be opened any more. Type them in again."
    SANDBOX_OFF = "sandbox_off", "The simulator is switched off on this installation. Ask who runs it."
    NOT_OWNED = "not_owned", "This number is not in the account. Choose one of the account, or buy it there."
    NO_AGENT = "no_agent", "This number has no outbound agent at Retell. Choose one there, under Phone Numbers, then check again."
    NO_SMS = "no_sms", "This number cannot send SMS. Choose another one."
    SET_BY_HAND = "set_by_hand", "Type the address into the messaging service at Twilio, under inbound messages."


class SignupFailure(Code):
    """Why a number could not be connected in the provider's own window. Stored with the attempt; never rename one."""

    CODE_EXPIRED = "code_expired", "The confirmation ran out before we could use it. Start again and go through in one go."
    NO_PERMISSION = "no_permission", "We did not get every permission. Start again and allow everything that is asked."
    NO_NUMBER = "no_number", "No number was chosen, or it is not in this account. Start again and choose your number."
    NUMBER_TAKEN = "number_taken", "This number is connected already. Look among your channels."
    PIN_UNKNOWN = (
        "pin_unknown",
        "The number has a PIN for two-step verification that we do not know. Turn it off at the provider, then start again.",
    )
    APP_REFUSED = "app_refused", "The app of this installation was refused. Tell who runs it; meanwhile follow the guide."
    REFUSED = "refused", "The provider refused to connect the number. What it said stands below."
    NO_ANSWER = "signup_no_answer", "The provider did not answer in time. Try again in some minutes."
