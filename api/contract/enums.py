"""The closed lists of names as the contract's readers import them: the screens know `api.contract`, never `db`.

A capability keeps its lists in `db/<capability>/enums.py`, pure data that everybody may import, database, API and workers alike;
roles and permissions are in `db/permissions.py`."""

from db.accounts.enums import InvitationMail as InvitationMail
from db.accounts.enums import KeyEnd as KeyEnd
from db.accounts.enums import Language as Language
from db.boards.enums import Due as Due
from db.boards.enums import LeadEvent as LeadEvent
from db.boards.enums import LeadFieldKind as LeadFieldKind
from db.boards.enums import LeadSort as LeadSort
from db.boards.enums import RuleOccasion as RuleOccasion
from db.boards.enums import RunReason as RunReason
from db.boards.enums import RunState as RunState
from db.boards.enums import StageColor as StageColor
from db.boards.enums import StageKind as StageKind
from db.campaigns.enums import CampaignState as CampaignState
from db.channels.enums import ChannelState as ChannelState
from db.channels.enums import NoticeCode as NoticeCode
from db.channels.enums import Quality as Quality
from db.channels.enums import SignupState as SignupState
from db.channels.enums import TemplateCategory as TemplateCategory
from db.channels.enums import TemplateStatus as TemplateStatus
from db.contacts.enums import CustomFieldKind as CustomFieldKind
from db.contacts.enums import DryRunState as DryRunState
from db.contacts.enums import IdentityKind as IdentityKind
from db.contacts.enums import ImportState as ImportState
from db.contacts.enums import ImportTarget as ImportTarget
from db.contacts.enums import LineType as LineType
from db.contacts.enums import MergeReason as MergeReason
from db.holds.enums import HoldCause as HoldCause
from db.holds.enums import HoldDecision as HoldDecision
from db.holds.enums import HoldKind as HoldKind
from db.knowledge.enums import BaseLanguage as BaseLanguage
from db.knowledge.enums import GapState as GapState
from db.knowledge.enums import Schedule as Schedule
from db.knowledge.enums import SourceKind as SourceKind
from db.knowledge.enums import SourceState as SourceState
from db.messages.enums import DeliveryPolicy as DeliveryPolicy
from db.messages.enums import FileReason as FileReason
from db.messages.enums import FileState as FileState
from db.messages.enums import MessageOrigin as MessageOrigin
from db.messages.enums import MessageState as MessageState
from db.messages.enums import SkipReason as SkipReason
from db.permissions import Permission as Permission
from db.permissions import Role as Role
