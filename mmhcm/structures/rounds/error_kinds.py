"""Kinds of errors that hard chips are made for, under one name each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mmhcm.functional.scoring import DetectionType


@dataclass(frozen=True)
class ErrorKind:
    """A kind of error.

    Attributes:
        name: Name in configs and round files.
        one: One error in words.
        many: Several errors in words.
        det_type: Type of the detections; None for missed objects, which have
            no detection.
    """

    name: str
    one: str
    many: str
    det_type: DetectionType | None

    @property
    def has_object(self) -> bool:
        """True if the error is about an object."""
        return self.det_type is not DetectionType.BACKGROUND


BACKGROUND, CLASS, MISSED = 'background', 'class', 'missed'
BOTH, LOCALIZATION = 'both', 'localization'

#: All kinds by name, in the order of tables.
ERROR_KINDS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ErrorKind(
                BACKGROUND,
                'background taken for an object',
                'background taken for objects',
                DetectionType.BACKGROUND,
            ),
            ErrorKind(
                CLASS, 'wrong class', 'wrong classes', DetectionType.CLASS
            ),
            ErrorKind(MISSED, 'missed object', 'missed objects', None),
            ErrorKind(
                BOTH,
                'wrong class and place',
                'wrong classes and places',
                DetectionType.BOTH,
            ),
            ErrorKind(
                LOCALIZATION,
                'wrong place',
                'wrong places',
                DetectionType.LOCALIZATION,
            ),
        )
    }
)
