"""Codes of problems that operations of figures answer with (`codes.py`)."""

from db.analytics.errors import AnalyticsError
from db.errors import ErrorCode

ANALYTICS: dict[str, tuple[ErrorCode, ...]] = {
    "analytics_views_create": (AnalyticsError.TOO_MANY_VIEWS, AnalyticsError.VIEW_EXISTS),
    "analytics_views_set": (AnalyticsError.VIEW_EXISTS,),
}
