"""Why saved views, dashboards and reports by mail are refused."""

from db.errors import ErrorCode, FieldCode


class AnalyticsError(ErrorCode):
    VIEW_EXISTS = "view_exists", 409, "There is a view of this name on this page already. Take another name."
    TOO_MANY_VIEWS = "too_many_views", 409, "There can be {most} views. Delete some first."


class AnalyticsField(FieldCode):
    TILE_TWICE = "tile_twice", "This tile stands on the dashboard already. Take one of the two out."
    NO_BOARD = "tile_without_board", "Choose the board of this tile. There is none of this id."
    NOT_OF_A_BOARD = "tile_of_no_board", "This tile shows no board. Leave the board out."
    DAYS_ORDER = "view_days_order", "The last day is before the first."
    DAYS_OR_SPAN = "view_days_or_span", "Choose either a number of days up to today, or the first and the last day."


class ReportError(ErrorCode):
    TOO_MANY_REPORTS = "too_many_reports", 409, "There can be {most} reports by mail. Delete some first."
    MAIL_NOT_OVER = "report_mail_not_over", 409, "This mail was sent, or is about to be. It is not sent again."
    NOT_A_READER = "not_a_reader", 409, "You do not get this report."


class ConversionField(FieldCode):
    DATASET = "dataset_missing", "Write the number of the dataset, from Meta's Events Manager. It has digits only."


class ReportField(FieldCode):
    NO_MEMBER = "reader_no_member", "This person is not in the team."
    NO_FIGURES = "reader_without_figures", "This person may not see figures. Give them a role that may."
    NO_CHANNEL = "report_channel_gone", "There is no such channel."
