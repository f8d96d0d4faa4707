"""Examples in the docstrings of the public functions."""

import doctest
import importlib
import inspect

import numpy as np
import pytest

# An example may use `np` and the names that its package exports or, in a
# module outside the packages, the public names of the module.
PACKAGES = ('chips', 'jpeg', 'merging', 'pasting', 'scoring')
MODULES = ('anchors', 'boxes', 'compiled', 'focus', 'pixels', 'regions')


def public_names(place):
    module = importlib.import_module(f'mmhcm.functional.{place}')
    names = getattr(module, '__all__', None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith('_')
        and getattr(value, '__module__', None) == module.__name__
    ]
    return {name: getattr(module, name) for name in names}


EXAMPLES = [
    pytest.param(place, name, id=f'{place}.{name}')
    for place in (*PACKAGES, *MODULES)
    for name, value in public_names(place).items()
    if inspect.isfunction(value)
]


@pytest.mark.parametrize(('place', 'name'), EXAMPLES)
def test_public_function_has_a_running_example(place, name):
    names = public_names(place)
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(names[name]) or '',
        {'np': np, **names},
        f'{place}.{name}',
        None,
        None,
    )
    assert examples.examples, 'no example in the docstring'
    report: list[str] = []
    doctest.DocTestRunner().run(examples, out=report.append)
    assert not report, ''.join(report)


def test_functions_are_found():
    found = {(param.values[0], param.values[1]) for param in EXAMPLES}
    assert {
        ('boxes', 'clip_boxes'),
        ('chips', 'generate_chips'),
        ('scoring', 'evaluate'),
    } <= found
