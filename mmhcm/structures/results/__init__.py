"""Result files, their scores and ranks."""

from .ensembling import ensemble_submissions
from .ranking import format_rankings, rank_scores, write_ranked_figures
from .scores import (
    figures_dict,
    format_figures,
    read_records,
    read_split,
    read_split_sizes,
    score_folder,
    score_results,
    write_figures,
)
from .submission import read_submission, validate_submission, write_submission

__all__ = [
    'ensemble_submissions',
    'figures_dict',
    'format_figures',
    'format_rankings',
    'rank_scores',
    'read_records',
    'read_split',
    'read_split_sizes',
    'read_submission',
    'score_folder',
    'score_results',
    'validate_submission',
    'write_figures',
    'write_ranked_figures',
    'write_submission',
]
