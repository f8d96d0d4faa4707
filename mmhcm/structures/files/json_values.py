"""JSON parsing, and type checks of the parsed values."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

#: Limit of the integers that fit an array.
_MAX_INT = 1 << 63


def parse_json(content: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: the text is not JSON, not UTF-8, nested too deeply, or
            holds NaN or infinity; the message is one line without a file name.
    """
    try:
        return json.loads(content.decode(), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError('nested too deeply') from error
    except UnicodeDecodeError as error:
        raise ValueError('not UTF-8 text') from error


def one_line(error: BaseException, most: int | None = 200) -> str:
    """Format an error's text as one line of at most ``most`` characters.

    None keeps all characters.
    """
    return (' '.join(str(error).split()) or type(error).__name__)[:most]


def check_fields(kind: type, values: Mapping[str, Any]) -> None:
    """Check values from JSON against the types of a dataclass' fields.

    Lists are accepted as tuples, integers as floats. Fields of other than
    plain types, and names that are not fields, are not checked.

    Raises:
        ValueError: a value is of another type or not a finite number.
    """
    types = _types(kind)
    for name, value in values.items():
        if name in types and not _fits(value, types[name]):
            raise ValueError(f'{name} is {str(value)[:60]!r}')


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is float:
        is_number = isinstance(value, int | float)
        is_number &= not isinstance(value, bool)
        return is_number and abs(value) < _MAX_INT
    if wanted is int:
        is_int = isinstance(value, int) and not isinstance(value, bool)
        return is_int and -_MAX_INT <= value < _MAX_INT
    if wanted in (bool, str, dict, list, type(None)):
        return isinstance(value, wanted)
    origin, args = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return any(_fits(value, arg) for arg in args)
    if origin in (list, tuple, Sequence):
        return isinstance(value, list | tuple) and _items_fit(value, args)
    if origin in (dict, Mapping):
        return isinstance(value, dict) and all(
            _fits(key, args[0]) and _fits(item, args[1])
            for key, item in value.items()
        )
    return True


def _items_fit(values: Sequence[Any], wanted: tuple[Any, ...]) -> bool:
    if len(wanted) > 1 and wanted[1] is not Ellipsis:
        return len(values) == len(wanted) and all(map(_fits, values, wanted))
    return all(_fits(value, wanted[0]) for value in values)


def _refuse(text: str) -> float:
    raise ValueError(f'{text} is not a JSON number')
