"""The closed lists of names as the contract's readers import them: the screens know `api.contract`, never `db`."""

from db.enums import CampaignState as CampaignState
from db.enums import ChannelKind as ChannelKind
from db.enums import ChannelState as ChannelState
from db.enums import CustomFieldKind as CustomFieldKind
from db.enums import DeliveryPolicy as DeliveryPolicy
from db.enums import HoldCause as HoldCause
from db.enums import HoldDecision as HoldDecision
from db.enums import HoldKind as HoldKind
from db.enums import IdentityKind as IdentityKind
from db.enums import ImportState as ImportState
from db.enums import InvitationMail as InvitationMail
from db.enums import KeyEnd as KeyEnd
from db.enums import Language as Language
from db.enums import LineType as LineType
from db.enums import MessageState as MessageState
from db.enums import Permission as Permission
from db.enums import Quality as Quality
from db.enums import Role as Role
from db.enums import SkipReason as SkipReason
from db.enums import TemplateCategory as TemplateCategory
from db.enums import TemplateStatus as TemplateStatus
