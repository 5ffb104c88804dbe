"""Why personas refuse."""

from db.errors import ErrorCode, FieldCode


class PersonaError(ErrorCode):
    PERSONA_EXISTS = "persona_exists", 409, "There is a persona of this name already. Take another name."
    TOO_MANY_PERSONAS = "too_many_personas", 409, "A company can have {most} personas. Delete one first."
    NOTHING_TO_PUBLISH = "nothing_to_publish", 409, "The draft is what is published already. Change something first."
    NEVER_PUBLISHED = "never_published", 409, "This persona was never published. Publish it first."
    TOO_MANY_TRIALS = "too_many_trials", 409, "{most} answers of this persona are still being written. Wait for one of them."
    TOO_MANY_CASES = "too_many_cases", 409, "A persona can have {most} test cases. Delete one first."
    NO_CASES = "no_cases", 409, "This persona has no test case yet. Save a talk as one first."
    RUN_UNDER_WAY = "run_under_way", 409, "The test cases are running already. Wait until they are done."


class PersonaField(FieldCode):
    GONE = "persona_part_gone", "This is no longer there. Choose another one."
    NAMES_NOTHING = "binding_names_nothing", "Choose a channel, a label or a stage. Where nothing is chosen, it serves nobody."
    TWICE = "persona_part_twice", "This stands here twice. Keep one."
    GOAL_KEY = "goal_key", "A short name has small letters, digits and _, and begins with a letter."
    EMOJI = "persona_emoji", "Choose one emoji, or none."
    PICTURE = "persona_picture", "This is no picture that can be shown. Choose a JPEG, PNG, WebP or GIF file."
    CUSTOMER_LAST = "customer_last", "The last message must be the customer's: it is what is answered."
    HOST = "host", "Write the name of the site alone, like lojaaurora.com.br."
    WAIT_ORDER = "wait_order", "The longest wait is shorter than the shortest. Correct the times."
    WINDOW_ORDER = "window_order", "The window ends before it begins. Correct the times."
