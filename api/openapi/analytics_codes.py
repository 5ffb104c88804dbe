"""Codes of problems that operations of figures answer with (`codes.py`)."""

from db.accounts.errors import AccountError
from db.analytics.errors import AnalyticsError, ReportError
from db.errors import ErrorCode, RequestError

ANALYTICS: dict[str, tuple[ErrorCode, ...]] = {
    "analytics_views_create": (AnalyticsError.TOO_MANY_VIEWS, AnalyticsError.VIEW_EXISTS),
    "analytics_views_set": (AnalyticsError.VIEW_EXISTS,),
    "analytics_reports_create": (ReportError.TOO_MANY_REPORTS,),
    "analytics_reports_try": (AccountError.PEOPLE_ONLY,),
    "analytics_reports_mails_again": (ReportError.MAIL_NOT_OVER,),
    "analytics_reports_stop": (RequestError.NOT_FOUND,),
    "analytics_reports_wanted_set": (ReportError.NOT_A_READER,),
}
