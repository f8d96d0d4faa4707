"""Pickle for ``torch.load`` that creates only tensors and plain values.

Published checkpoints hold objects of MMEngine, MMCV and NumPy. A pickle
contains the names of classes and functions; a loader that imports and calls
these functions lets a file run any program. This module looks up each name in
a short list. An unlisted name stands for an empty :class:`LeftOut`, and
nothing is imported.
"""

import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any, ClassVar

import numpy as np
import torch

_REBUILD = (
    '_rebuild_parameter',
    '_rebuild_parameter_with_state',
    '_rebuild_tensor',
    '_rebuild_tensor_v2',
    '_rebuild_tensor_v3',
)
#: Names of modules that pickles of protocol 2 use.
_PYTHON_2 = {'__builtin__': 'builtins', 'copy_reg': 'copyreg'}
_SCALAR = re.compile(r'b1|[iu][1248]|f[248]')


class LeftOut(dict):
    """Stand-in for an object whose class or function is not loaded.

    A dict, because the relevant objects are subclasses of dict, such as
    MMEngine's ``ConfigDict``: their items are kept. All other operations of
    the file on the object are accepted and ignored.

    Attributes:
        name: Name of the class or function, as ``module.name``.
    """

    name = ''
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __init__(self, *args: Any, **_: Any) -> None:
        super().__init__(args[-1] if args and type(args[-1]) is dict else {})

    def __call__(self, *args: Any, **_: Any) -> 'LeftOut':
        """Return an empty object instead of the result of a function."""
        return type(self)()

    def __repr__(self) -> str:
        return f'<{self.name}, left out>'

    def append(self, item: Any) -> None:
        """Ignore an item of a list."""

    def extend(self, items: Any) -> None:
        """Ignore items of a list."""

    add = append


class _DType(LeftOut):
    """Type of a NumPy scalar, such as 'f8', and its byte order."""

    def __init__(self, text: Any = '', *_: Any) -> None:
        super().__init__()
        self.text, self.order = text, '='

    def set_state(self, state: Any) -> None:
        """Take the byte order from the state of a ``numpy.dtype``."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] in '<>':
            self.order = state[1]


def _scalar(dtype: Any, content: Any = b'') -> Any:
    """Convert a NumPy scalar to a Python number; leave out other scalars."""
    if (
        not isinstance(dtype, _DType)
        or not isinstance(dtype.text, str)
        or not isinstance(content, bytes)
        or not _SCALAR.fullmatch(dtype.text)
    ):
        return LeftOut()
    kind = np.dtype(dtype.order + dtype.text)
    return np.frombuffer(content, kind, count=1)[0].item()


def _encode(text: str, encoding: str = '') -> bytes:
    """Restore bytes from the text that pickles of protocol 2 contain."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'bytes as {encoding!r:.40}')
    return text.encode(encoding)


_CALLED: dict[str, Callable[..., Any]] = {
    **{
        f'torch._utils.{name}': getattr(torch._utils, name, LeftOut)
        for name in _REBUILD
    },
    'collections.OrderedDict': OrderedDict,
    'torch.Size': torch.Size,
    'torch.device': torch.device,
    'builtins.set': set,
    'builtins.complex': complex,
    '_codecs.encode': _encode,
    'numpy.dtype': _DType,
    # Before and since NumPy 2.
    'numpy.core.multiarray.scalar': _scalar,
    'numpy._core.multiarray.scalar': _scalar,
}
_NAMED = {
    **{
        f'torch.{name}': value
        for name, value in vars(torch).items()
        if isinstance(value, torch.dtype)
    },
    'torch.storage.UntypedStorage': torch.UntypedStorage,
}


# The C version can neither refuse an instruction nor bound its memo.
class _Unpickler(pickle._Unpickler):
    """Unpickler that imports nothing, and calls only listed functions."""

    left_out: set[str]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(
        pickle._Unpickler.dispatch
    )
    # Attributes of the parent class, set while loading.
    stack: list[Any]
    append: Callable[[Any], None]

    def find_class(self, module: str, name: str) -> Any:
        """Return the listed object of a name, or a new ``LeftOut`` class."""
        full = f'{_PYTHON_2.get(module, module)}.{name}'
        found = _CALLED.get(full, _NAMED.get(full))
        if found is not None:
            return found
        self.left_out.add(full)
        return type('LeftOut', (LeftOut,), {'name': full})

    def get_extension(self, code: int) -> Any:
        """Refuse extension codes, which are numbers instead of names."""
        raise pickle.UnpicklingError(f'extension code {code}')

    def load_reduce(self) -> None:
        """Call a function of the list."""
        args = self.stack.pop()
        self.stack[-1] = _call(self.stack[-1], args)

    def load_newobj(self) -> None:
        """Make an object of a class of the list."""
        args = self.stack.pop()
        self.stack[-1] = _call(self.stack[-1], args)

    def load_newobj_ex(self) -> None:
        """Make an object of a class of the list; ignore named arguments."""
        self.stack.pop()
        self.load_newobj()

    def _instantiate(self, klass: Any, args: Any) -> None:
        self.append(_call(klass, tuple(args)))

    def load_build(self) -> None:
        """Set the state of a dtype or dict; ignore states of ``LeftOut``.

        Raises:
            pickle.UnpicklingError: the object is of another type.
        """
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _DType):
            target.set_state(state)
        elif type(target) is OrderedDict and isinstance(state, dict):
            # Versions of the layers, in the weights of a model.
            target.__dict__['_metadata'] = state.get('_metadata')
        elif not isinstance(target, LeftOut):
            raise pickle.UnpicklingError(f'state of a {type(target).__name__}')

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.BUILD[0]] = load_build


def _call(function: Any, args: Any) -> Any:
    is_known = any(function is known for known in _CALLED.values())
    is_left_out = isinstance(function, LeftOut) or (
        isinstance(function, type) and issubclass(function, LeftOut)
    )
    if not (is_known or is_left_out) or not isinstance(args, tuple):
        raise pickle.UnpicklingError(f'a call of {function!r:.80}')
    return function(*args)


class InertPickle:
    """Stand-in for the module ``pickle`` in one call of ``torch.load``.

    Attributes:
        left_out: Names in the file that were not loaded.
    """

    #: Torch reads the name, to detect the module ``dill``.
    __name__ = 'inert_pickle'

    def __init__(self) -> None:
        self.left_out: set[str] = set()
        self.Unpickler = type(
            'Unpickler', (_Unpickler,), {'left_out': self.left_out}
        )

    def load(self, file: IO[bytes], **options: Any) -> Any:
        """Read one pickle."""
        return self.Unpickler(file, **options).load()
