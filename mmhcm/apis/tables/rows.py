"""Rows of a table of results, read from a JSON file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mmhcm.functional.scoring import METRICS
from mmhcm.structures.files import check_fields, one_line, parse_json


@dataclass(frozen=True)
class Start:
    """Checkpoint of another row that a row's training continues from.

    The two rows share the epochs before the checkpoint bit for bit and differ
    only in the epochs after the checkpoint.

    Attributes:
        row: Id of the other row.
        epoch: Epoch after which the checkpoint was written.
        differs: Config keys, besides the keys of mining, in which the two
            rows may differ, because the keys have no effect before ``epoch``.
    """

    row: str
    epoch: int
    differs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, 'differs', tuple(self.differs))


@dataclass(frozen=True)
class Row:
    """Row of a table: config, start of the training and kind of test.

    Attributes:
        id: Short name, also of the row's folder.
        name: Name in the table.
        config: Config file.
        checkpoint_of: Row whose checkpoint is tested; None trains the row.
        shares: Checkpoint that training continues from; None for the initial
            weights.
        tta: Test at the config's many scales.
        slices: Test in the config's slices.
        ensemble_of: Rows whose results are fused, by weighted boxes fusion,
            instead of a training and a test; the config names the test set.
        cfg_options: Config values by dotted key.
        paper: Published scores, by metric.
        parent: Row that this row is compared with.
        differs: Config keys in which the row differs from its parent; the
            keys below them are included.
    """

    id: str
    name: str
    config: Path
    checkpoint_of: str | None = None
    shares: Start | None = None
    tta: bool = False
    slices: bool = False
    ensemble_of: tuple[str, ...] = ()
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)
    parent: str | None = None
    differs: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the rows that have to be run first."""
        return (*single_sources(self), *self.ensemble_of)

    def check(self) -> None:
        """Make sure that the settings of training and test are compatible.

        Raises:
            ValueError: two settings exclude each other.
        """
        ways = {
            name: getattr(self, name)
            for name in ('checkpoint_of', 'shares', 'tta', 'slices')
            if getattr(self, name)
        }
        for one, other in (
            ('checkpoint_of', 'shares'),
            ('tta', 'slices'),
        ):
            if one in ways and other in ways:
                raise ValueError(f'row {self.id!r} has both {one} and {other}')
        if self.ensemble_of and ways:
            raise ValueError(
                f'row {self.id!r} has both ensemble_of and {min(ways)}'
            )


@dataclass(frozen=True)
class Table:
    """Named list of rows; each row comes after the rows that it needs.

    Raises:
        ValueError: two rows have the same id, a row needs a row that is
            missing or comes later, or a row tests a checkpoint and trains.
    """

    name: str
    title: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, 'rows', tuple(self.rows))
        if not self.rows:
            raise ValueError(f'the table {self.name} has no rows')
        ids = [row.id for row in self.rows]
        for number, row in enumerate(self.rows):
            if row.id in ids[:number]:
                raise ValueError(f'two rows are named {row.id!r}')
            for needed in row.needs:
                if needed not in ids[:number]:
                    raise ValueError(
                        f'row {row.id!r} needs row {needed!r}, which is not '
                        'above it'
                    )
            row.check()
            for name in single_sources(row):
                source = self.row(name)
                if source.checkpoint_of is not None or source.ensemble_of:
                    raise ValueError(
                        f'row {row.id!r} needs the checkpoint of {name!r}, '
                        'which trains none'
                    )
            if row.parent is not None and row.parent not in ids:
                raise ValueError(
                    f'row {row.id!r} names the parent {row.parent!r}, which '
                    'is not there'
                )

    def row(self, row_id: str) -> Row:
        """Return one row.

        Raises:
            ValueError: no row has this id.
        """
        for row in self.rows:
            if row.id == row_id:
                return row
        known = ', '.join(row.id for row in self.rows)
        raise ValueError(f'no row {row_id!r}, there are {known}')

    def with_needs(self, row_ids: Sequence[str]) -> list[Row]:
        """Return rows and the rows that they need, in the table's order."""
        wanted: set[str] = set()
        todo = list(row_ids)
        while todo:
            row = self.row(todo.pop())
            if row.id not in wanted:
                wanted.add(row.id)
                todo.extend(row.needs)
        return [row for row in self.rows if row.id in wanted]


def single_sources(row: Row) -> list[str]:
    """List the rows whose checkpoints a row needs."""
    shared = row.shares.row if row.shares else None
    return [r for r in (row.checkpoint_of, shared) if r is not None]


def read_table(path: str | Path, config_prefix: str = '') -> Table:
    """Read a table's description.

    Args:
        path: JSON file with ``name``, ``title`` and ``rows``, or a folder with
            a ``rows.json``. Configs are relative to the folder of the file.
        config_prefix: Prefix of every config's file name.

    Raises:
        OSError: the file cannot be read.
        ValueError: the table is invalid; the message names file and row.
    """
    path = Path(path)
    if path.is_dir():
        path /= 'rows.json'
    try:
        values = parse_json(path.read_bytes())
    except json.JSONDecodeError as error:
        raise ValueError(
            f'{path}:{error.lineno}: no JSON: {error.msg}'
        ) from error
    except ValueError as error:
        raise ValueError(f'{path}: no JSON: {one_line(error)}') from error
    if not isinstance(values, dict) or not isinstance(
        values.get('rows'), list
    ):
        raise ValueError(f'{path}: a table has a list of rows')
    rows = []
    for number, item in enumerate(values['rows'], 1):
        where = f'{path}: row {number}'
        try:
            rows.append(_read_row(item, path.parent, config_prefix))
        except (KeyError, TypeError, ValueError, OSError) as error:
            what = one_line(error)
            if isinstance(error, KeyError):
                what = f'lacks {error}'
            raise ValueError(f'{where}: {what}') from error
    try:
        check_fields(Table, {**values, 'rows': ()})
        return Table(
            values.get('name', path.parent.name),
            values.get('title', path.parent.name),
            tuple(rows),
        )
    except ValueError as error:
        raise ValueError(f'{path}: {one_line(error)}') from error


def _read_row(item: dict, folder: Path, config_prefix: str) -> Row:
    item = dict(item)
    unknown = sorted(set(item) - {f.name for f in fields(Row)})
    if unknown:
        raise ValueError(f'unknown key {unknown[0]!r}')
    check_fields(Row, item)
    config = folder / item.pop('config')
    config = (config.parent / f'{config_prefix}{config.name}').resolve()
    if not config.is_file():
        raise ValueError(f'no config at {config}')
    strange = sorted(set(item.get('paper', {})) - set(METRICS))
    if strange:
        raise ValueError(f'unknown metric {strange[0]!r}')
    if item.get('shares') is not None:
        check_fields(Start, item['shares'])
        item['shares'] = Start(**item['shares'])
    for name in ('differs', 'ensemble_of'):
        item[name] = tuple(item.get(name, ()))
    if not str(item['id']).replace('-', '').replace('_', '').isalnum():
        raise ValueError(f'id is not a plain name: {item["id"]!r}')
    return Row(config=config, name=item.pop('name', item['id']), **item)
