"""Pure algorithms: NumPy arrays in, new NumPy arrays out.

No module in this package imports torch or OpenMMLab, reads a file or logs.
Import from its packages and modules by name, e.g.
``from mmhcm.functional.chips import generate_chips``.

Examples in docstrings assume ``import numpy as np`` and the names exported by
the example's package.
"""
