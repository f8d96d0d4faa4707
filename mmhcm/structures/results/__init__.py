"""Result files, their scores and ranks."""

from .ensembling import ensemble_submissions
from .ranking import format_rankings, rank_scores
from .scores import (
    format_scores,
    format_table,
    read_records,
    read_split,
    read_split_sizes,
    score_folder,
    score_results,
    scores_dict,
    write_scores,
)
from .submission import read_submission, validate_submission, write_submission

__all__ = [
    'ensemble_submissions',
    'format_rankings',
    'format_scores',
    'format_table',
    'rank_scores',
    'read_records',
    'read_split',
    'read_split_sizes',
    'read_submission',
    'score_folder',
    'score_results',
    'scores_dict',
    'validate_submission',
    'write_scores',
    'write_submission',
]
