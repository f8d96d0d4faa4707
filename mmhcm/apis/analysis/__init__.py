"""Statistics of a data set, and fitted windows, ranges and anchors."""

from .fitting import (
    DataFit,
    check_fitted,
    data_fit_text,
    fit_config,
    fitted_config,
    fitted_lines,
)
from .statistics import analyze, statistics_text, write_statistics

__all__ = [
    'DataFit',
    'analyze',
    'check_fitted',
    'data_fit_text',
    'fit_config',
    'fitted_config',
    'fitted_lines',
    'statistics_text',
    'write_statistics',
]
