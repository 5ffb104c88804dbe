"""Why cadences refuse, and what stands between one and its start."""

from db.errors import ErrorCode, FieldCode


class CadenceError(ErrorCode):
    CADENCE_NOT_READY = "cadence_not_ready", 409, "This sequence cannot run yet. See what is missing."
    CADENCE_NOT_RUNNING = "cadence_not_running", 409, "This sequence does not run. Start it first."
    CADENCE_NOT_PAUSED = "cadence_not_paused", 409, "This sequence is not paused any more."
    CADENCE_ENDED = "cadence_ended", 409, "This sequence has ended. Make a copy of it to run it again."
    CADENCE_NOT_DELETABLE = "cadence_not_deletable", 409, "Only a sequence that never ran can be deleted. End this one instead."


class CadenceField(FieldCode):
    """What a plan lacks; the path is the step."""

    NO_STEPS = "no_steps", "Add a step that writes."
    TOO_MANY_STEPS = "too_many_steps", "There are more than {most} steps. Make two sequences of it."
    STEPS_TOO_DEEP = "steps_too_deep", "Questions stand more than {most} deep inside one another. Make it flatter."
    STEP_TWICE = "cadence_step_twice", "This step stands here twice. Take one of them out."
    STEP_UNKNOWN = "step_unknown", "What this step names is not there any more. Choose another one."
    CLOCK_TIME = "clock_time", "Write a time of day with hours and minutes, like 09:00."
    HOURS_TURNED = "hours_turned", "The end of the hours must be later than their start."
