from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from mmhcm.structures.files import check_fields, one_line, parse_json


@dataclass
class Record:
    number: int = 0
    share: float = 0.0
    name: str = ''
    flag: bool = False
    maybe: int | None = None
    names: tuple[str, ...] = ()
    pair: tuple[int, str] = (0, '')
    rows: Sequence[tuple[float, float]] = ()
    words: list[str] | None = None
    figures: Mapping[str, float] | None = None
    anything: Any = None


@pytest.mark.parametrize(
    'values',
    [
        {},
        {'number': -3, 'share': 2, 'name': 'a', 'flag': True},
        {'share': 0.5, 'maybe': None, 'names': [], 'rows': []},
        {'maybe': 3, 'names': ['a', 'b'], 'pair': [1, 'a']},
        {'rows': [[1, 2.5], [3, 4]], 'words': ['a'], 'figures': {'AP': 1}},
        {'anything': {'x': [None]}, 'no field': object()},
    ],
)
def test_valid_values(values):
    check_fields(Record, values)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('number', 1.0),
        ('number', True),
        ('number', None),
        ('number', 2**63),
        ('number', '1'),
        ('share', '1'),
        ('share', True),
        ('share', float('nan')),
        ('share', float('inf')),
        ('share', 10**400),
        ('name', 3),
        ('flag', 1),
        ('maybe', 'x'),
        ('names', 'ab'),
        ('names', ['a', 3]),
        ('pair', [1]),
        ('pair', ['a', 1]),
        ('rows', [[1, 2, 3]]),
        ('rows', [3]),
        ('words', [[]]),
        ('figures', {'AP': 'x'}),
        ('figures', []),
    ],
)
def test_values_of_other_types(name, value):
    with pytest.raises(ValueError, match=f'^{name} is '):
        check_fields(Record, {name: value})


def test_json():
    assert parse_json(b'{"a": [1, 2.5, null]}') == {'a': [1, 2.5, None]}


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{',
        b'\xff',
        b'[' * 100_000,
        b'{"a":' * 100_000,
        b'NaN',
        b'[Infinity]',
        b'9' * 5000,
        '{}'.encode('utf-16'),
    ],
    ids=lambda content: repr(content[:8]),
)
def test_invalid_json(content):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (any message)
        parse_json(content)
    assert len(one_line(caught.value).splitlines()) == 1


def test_one_line():
    assert one_line(ValueError(' a\n b ')) == 'a b'
    assert one_line(ValueError()) == 'ValueError'
    assert len(one_line(ValueError('x' * 1000))) == 200
