"""Report of a mining round: one HTML page, and the hook that writes it."""

from .hook import MiningReportHook
from .sources import ReportOptions
from .writer import report_of_config

__all__ = ['MiningReportHook', 'ReportOptions', 'report_of_config']
