"""Why numbers are not set up for calls."""

from db.errors import Code, ErrorCode


class TelephonyError(ErrorCode):
    NO_TRUNKS = "no_trunks", 422, "Numbers of this kind are not set up here. Choose a kind of calls."
    SETUP_MOVED_ON = "setup_moved_on", 409, "This number is further along than that. Reload, and look at its steps."
    NUMBER_NOT_OFFERED = "number_not_offered", 409, "This number is not among those that were found. Search again and choose one."
    PRICE_CHANGED = "price_changed", 409, "The price is not the one that you agreed to. Look at it again before you buy."
    SETUP_NOT_EMPTY = "setup_not_empty", 409, "Something of it is still there. Undo its steps first."


class SetupFailure(Code):
    """Why a step did not succeed. Stored with the step; never rename one."""

    CARRIER_REFUSED = (
        "carrier_refused",
        "The phone company does not accept these credentials. Write the right ones and try again.",
    )
    VOICE_REFUSED = "voice_refused", "The provider of calls does not accept this key. Write the right one and try again."
    PAYMENT = "setup_payment", "The account has no credit or no valid card. Put that right there, then try again."
    NUMBER_GONE = "number_gone", "This number is no longer to be had. Undo, and choose another one."
    NUMBER_PAPERS = (
        "number_papers",
        "This number wants an address or papers. Buy it at the phone company, then undo here and choose it among yours.",
    )
    NUMBER_ON_OTHER_TRUNK = "number_on_other_trunk", "The number belongs to another trunk. Take it off there, then try again."
    NUMBER_IMPORTED = (
        "number_imported",
        "The provider of calls has this number already, over another trunk. Delete it there, then try again.",
    )
    CHANNEL_TAKEN = "channel_taken", "This number is one of your channels already. Take that one away, then try again."
    CHANNEL_USED = "channel_used", "A campaign uses the channel. Finish or cancel it first, then try again."
    NO_ANSWER = "setup_no_answer", "No answer came. It surely was not done; try again in some minutes."
    UNSURE = "unsure", "The answer was lost, so it may have been done. We look before anything is asked again."
    NOT_THERE = "not_there", "The answer was lost. We looked several times, and it was not done; try again."
    REFUSED = "setup_refused", "It was refused. What was said stands below."
