"""Own data in common formats, found and described by a config."""

from .find_coco import find_coco
from .find_voc import find_voc
from .find_yolo import find_yolo
from .found_data import FoundData, data_config

__all__ = ['FoundData', 'data_config', 'find_coco', 'find_voc', 'find_yolo']
