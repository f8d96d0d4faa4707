"""Detection in pictures and videos, without annotations."""

from .outputs import FORMATS
from .predicting import Prediction, predict

__all__ = ['FORMATS', 'Prediction', 'predict']
