"""Options of a command line that override values of a config."""

import argparse
import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config, DictAction

#: Endings of keys whose values are split at commas only in brackets.
_PATHS = ('root', 'dir', 'path', 'file', 'prefix', 'img', 'from', 'name')
#: Top-level variables of a config that are read after the file is loaded.
_READ = {
    *('model', 'tta_model', 'tta_pipeline', 'slice_model', 'slice_pipeline'),
    *('slice_dataloader', 'num_threads', 'process_group', 'work_dir'),
}


class ConfigAction(DictAction):
    """``DictAction`` that keeps blanks and commas of paths.

    MMEngine's action removes all blanks and splits text with a comma into a
    list. This action keeps text in quotes, text with a slash, and text of a
    key such as ``data_root``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add ``key=value`` texts to the options."""
        options = dict(getattr(namespace, self.dest, None) or {})
        for text in values or ():
            key, equals, value = text.partition('=')
            if not key or not equals:
                parser.error(f'{option_string}: {text!r} is not key=value')
            try:
                options[key] = parse_value(key, value)
            except AssertionError as error:
                parser.error(f'{option_string} {key}: {error}')
        setattr(namespace, self.dest, options)


def parse_value(key: str, text: str) -> Any:
    """Return the value of an option.

    Args:
        key: Key of the option, with dots.
        text: Value of the option as typed.

    Examples:
        >>> parse_value('data_root', '/my sets/a, b')
        '/my sets/a, b'
        >>> parse_value('scales', '[1, 2]'), parse_value('lr', '1e-3')
        ([1, 2], 0.001)
    """
    if text[:1] in ('[', '(', '{'):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            pass
    inner = text.strip('\'"')
    is_text = inner != text or '/' in text
    if text[:1] not in ('[', '(') and (is_text or key.endswith(_PATHS)):
        value = DictAction._parse_int_float_bool(inner)
        return inner if isinstance(value, str) else value
    value = DictAction._parse_iterable(text)
    return inner if isinstance(value, str) else value


def check_options(
    cfg: Config, options: Mapping[str, Any], moved: Sequence[str]
) -> None:
    """Make sure that options have an effect.

    A variable at the top of a config is read while the file is loaded: a new
    value of the variable does not change values derived from the variable.

    Args:
        cfg: The config before the options.
        options: Values by dotted key.
        moved: Variables whose new values are applied to all paths.

    Raises:
        ValueError: an option has no effect, or a number in its key is no item
            of a list.
    """
    for key in options:
        _check_lists(cfg, key)
        name, dot, rest = key.partition('.')
        if name not in cfg or name in moved or name in _READ:
            continue
        uses = [f'{use}{dot}{rest}' for use in _uses(cfg, name)]
        if uses and not set(uses) & set(options):
            raise ValueError(
                f'--cfg-options {key}: changes nothing, since {cfg.filename} '
                f'reads {name} only while it is loaded: set '
                + ' and '.join(uses[:3])
            )


def _check_lists(cfg: Config, key: str) -> None:
    """Make sure that a numbered part of a key is an item of a list."""
    node: Any = cfg._cfg_dict
    parts = key.split('.')
    for ind, part in enumerate(parts):
        if part.isdigit() and not isinstance(node, list | tuple):
            if isinstance(node, Mapping) and part in node:
                return
            where = '.'.join(parts[:ind])
            if isinstance(node, str) and node.startswith('${'):
                variable = '.'.join([node[2:-1], *parts[ind:]])
                raise ValueError(
                    f'--cfg-options {key}: {where} follows a variable of '
                    f'{cfg.filename}: set {variable}'
                )
            raise ValueError(
                f'--cfg-options {key}: {where} is no list in {cfg.filename}'
            )
        if isinstance(node, Mapping):
            node = node.get(part)
        elif isinstance(node, list | tuple) and part.isdigit():
            number = int(part)
            node = node[number] if number < len(node) else None
        else:
            return


def _uses(cfg: Config, name: str) -> list[str]:
    """List the nested keys to which a variable's value was copied."""
    value = cfg[name]
    is_plain = not value or not isinstance(value, Mapping | list | tuple)
    return [
        key
        for top in cfg
        if top != name
        for key, found in _walk(top, cfg[top])
        if found == value and (not is_plain or key.split('.')[-1] == name)
    ]


def _walk(key: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values below a node of dicts."""
    if isinstance(node, Mapping):
        for part, item in node.items():
            yield f'{key}.{part}', item
            yield from _walk(f'{key}.{part}', item)
