"""The report of a mining round, one HTML page."""

from .sources import ReportOptions
from .writer import report_of_config, report_rounds

__all__ = [
    'ReportOptions',
    'report_of_config',
    'report_rounds',
]
