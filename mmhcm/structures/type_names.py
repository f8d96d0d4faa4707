"""Names of the classes that configs ask for."""

from collections.abc import Mapping
from typing import Any


def type_name(node: Mapping[str, Any]) -> str:
    """Return the name of the class in a config's ``type``, '' without one.

    The type is a name, maybe with a scope or a module in front, or the class
    itself, as in MMEngine's configs of pure Python.

    Examples:
        >>> type_name({'type': 'mmdet.RandomFlip'}), type_name({'type': dict})
        ('RandomFlip', 'dict')
        >>> type_name({})
        ''
    """
    kind = node.get('type', '')
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    return name.split('.')[-1]
