"""Detection in pictures and videos, without annotations."""

from .predicting import Prediction, predict

__all__ = ['Prediction', 'predict']
