"""Names of the classes in configs."""

from collections.abc import Mapping
from typing import Any


def type_name(node: Mapping[str, Any]) -> str:
    """Return the name of the class in a config's ``type``, '' if absent.

    The type is a name, possibly with a scope or module prefix, or the class
    itself, as in MMEngine's pure Python configs.

    Examples:
        >>> type_name({'type': 'mmdet.RandomFlip'}), type_name({'type': dict})
        ('RandomFlip', 'dict')
        >>> type_name({})
        ''
    """
    kind = node.get('type', '')
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    return name.split('.')[-1]
