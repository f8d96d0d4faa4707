"""Model parts: assigners and test-time merging."""

from .multi_scale_tta import MultiScaleTTA
from .proposal_model import ProposalModel
from .true_ignore_assigner import TrueIgnoreAssigner

__all__ = ['MultiScaleTTA', 'ProposalModel', 'TrueIgnoreAssigner']
