"""Config files of the package, and references between the values of a config.

This module does not import MMEngine, so that ``import mmhcm`` stays light.
MMEngine's ``Config`` is extended as soon as ``Config`` is loaded, see
:func:`extend_when_loaded`.
"""

import copy
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

#: Prefix of the names of the package's configs, like ``mmdet::``.
SCOPE = 'mmhcm::'
_MMENGINE = 'mmengine.config.config'
_REFERENCE = re.compile(r'\$\{(?:(\w+)|len\((\w+)\))\}')
_is_deferred = ContextVar('is_deferred', default=False)


def config(name: str) -> str:
    """Return the path of a config or of a folder of configs of the package.

    Args:
        name: Path below ``configs/``, with or without ``mmhcm::`` in front.

    Raises:
        FileNotFoundError: the package has no such config.

    Examples:
        >>> config('hcm/faster-rcnn_r50_fpn_hcm_coco.py').split('/')[-2:]
        ['hcm', 'faster-rcnn_r50_fpn_hcm_coco.py']
    """
    package = Path(__file__).parent
    # The first folder exists in a wheel, the second in a checkout.
    folders = package / '.mim' / 'configs', package.parent / 'configs'
    for folder in folders:
        path = folder / name.removeprefix(SCOPE)
        if path.exists():
            return path.as_posix()
    raise FileNotFoundError(
        f'{SCOPE}{name.removeprefix(SCOPE)}: the package has no such config'
    )


def resolve_references(values: dict[str, Any], strict: bool = True) -> None:
    """Replace the references in all strings of a config, in place.

    ``${name}`` is the value of the config's variable ``name`` (whichever file
    or option sets it last), and ``${len(name)}`` its length. A string that is
    one reference becomes a copy of the value; in a longer string, the
    reference is replaced by the text of the value.

    Args:
        values: Variables of the whole config.
        strict: False leaves references to absent variables as they are.

    Raises:
        ValueError: a variable is absent, refers to itself, or has no length.

    Examples:
        >>> values = {'root': 'a', 'path': '${root}/b', 'scales': [1, 2]}
        >>> values['model'] = {'n': '${len(scales)}', 'scales': '${scales}'}
        >>> resolve_references(values)
        >>> values['path'], values['model']
        ('a/b', {'n': 2, 'scales': [1, 2]})
    """
    _Resolver(values, strict).resolve_all()


@contextmanager
def deferred_references() -> Iterator[None]:
    """Keep references unresolved in configs that are loaded in the block."""
    token = _is_deferred.set(True)
    try:
        yield
    finally:
        _is_deferred.reset(token)


def extend_when_loaded() -> None:
    """Extend MMEngine's ``Config``, now or as soon as it is loaded.

    Names such as ``mmhcm::hcm/faster-rcnn_r50_fpn_hcm_coco.py`` can be
    ``_base_``, and references are resolved in every config that is loaded.
    """
    module = sys.modules.get(_MMENGINE)
    if module is not None:
        _extend(module)
    elif not any(isinstance(item, _Finder) for item in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Resolver:
    """Replacement of the references in one config."""

    def __init__(self, values: dict[str, Any], strict: bool) -> None:
        self.values = values
        self.strict = strict
        self.names: list[str] = []

    def resolve_all(self) -> None:
        for name in list(self.values):
            self._resolve_variable(name)

    def _resolve_variable(self, name: str) -> Any:
        if name in self.names:
            raise ValueError(
                f'{name}: refers to itself, by {" -> ".join(self.names)}'
            )
        self.names.append(name)
        value = self._resolved(dict.__getitem__(self.values, name), name)
        dict.__setitem__(self.values, name, value)
        self.names.pop()
        return value

    def _resolved(self, value: Any, where: str) -> Any:
        """Resolve a value; dicts and lists in place.

        Values of dicts are read by ``dict``'s methods: MMEngine's methods
        would import lazy objects.
        """
        if isinstance(value, str):
            return self._resolved_text(value, where)
        if isinstance(value, dict):
            for key, item in dict.items(value):
                resolved = self._resolved(item, f'{where}.{key}')
                if resolved is not item:
                    dict.__setitem__(value, key, resolved)
        elif isinstance(value, list):
            value[:] = self._resolved_items(value, where)
        elif type(value) is tuple:
            return tuple(self._resolved_items(value, where))
        return value

    def _resolved_items(
        self, items: list[Any] | tuple[Any, ...], where: str
    ) -> list[Any]:
        return [
            self._resolved(item, f'{where}.{ind}')
            for ind, item in enumerate(items)
        ]

    def _resolved_text(self, text: str, where: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole:
            return self._value_of(whole, where)
        return _REFERENCE.sub(
            lambda match: str(self._value_of(match, where)), text
        )

    def _value_of(self, match: re.Match[str], where: str) -> Any:
        name = match[1] or match[2]
        if name not in self.values:
            if not self.strict:
                return match[0]
            raise ValueError(f'{where} = {match[0]!r}: no {name} is set')
        value = self._resolve_variable(name)
        if match[1]:
            return copy.deepcopy(value)
        if not isinstance(value, list | tuple):
            raise ValueError(
                f'{name} must be a list or tuple, such as ({value!r},), got '
                f'{value!r}'
            )
        return len(value)


class _Finder(MetaPathFinder):
    """Import hook that extends MMEngine's ``Config`` when it is loaded."""

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> ModuleSpec | None:
        """Find the module of ``Config``, with a loader that extends it."""
        if fullname != _MMENGINE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loader that extends the module of another loader."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as the other loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and extend its ``Config``."""
        self.loader.exec_module(module)
        _extend(module)


def _extend(module: ModuleType) -> None:
    """Extend the ``Config`` of a module, once."""
    cls = module.Config
    if getattr(cls, '_finds_mmhcm', False):
        return
    construct, find_path = cls.__init__, cls._get_cfg_path

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        construct(self, *args, **kwargs)
        if not _is_deferred.get():
            resolve_references(self._cfg_dict, strict=False)

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if cfg_path.startswith(SCOPE):
            return config(cfg_path), None
        path = _packaged_base(cfg_path)
        if path is not None:
            return path, cfg_path.partition('::')[0]
        return find_path(cfg_path, filename)

    cls.__init__ = __init__
    cls._get_cfg_path = staticmethod(_get_cfg_path)
    cls._finds_mmhcm = True


def _packaged_base(cfg_path: str) -> str | None:
    """Find a base of another package, such as ``mmdet::_base_/x.py``.

    MMEngine first searches all metafiles of the package for the base, which
    takes longer than all other steps of loading a config.
    """
    package, _, name = cfg_path.partition('::')
    spec = find_spec(package) if name.startswith('_base_/') else None
    if spec is None:
        return None
    paths = [
        Path(folder, '.mim', 'configs', name)
        for folder in spec.submodule_search_locations or ()
    ]
    return next((str(path) for path in paths if path.is_file()), None)
