"""Pictures, drawn by OpenCV."""

from .draw import draw_boxes, draw_marks
from .legend import LegendItem, legend_items, legend_strip
from .marks import ErrorMarks, Marks, ObjectMarks, error_text
from .sheet import contact_sheet

__all__ = [
    'ErrorMarks',
    'LegendItem',
    'Marks',
    'ObjectMarks',
    'contact_sheet',
    'draw_boxes',
    'draw_marks',
    'error_text',
    'legend_items',
    'legend_strip',
]
