"""Pictures, drawn by OpenCV."""

from .draw import ErrorMarks, Marks, ObjectMarks, draw_marks
from .sheet import contact_sheet

__all__ = [
    'ErrorMarks',
    'Marks',
    'ObjectMarks',
    'contact_sheet',
    'draw_marks',
]
