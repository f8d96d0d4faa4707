"""Pure algorithms: NumPy arrays in, new NumPy arrays out.

Nothing here imports torch or OpenMMLab, reads a file or logs. Import the
modules by name, e.g. ``from mmhcm.functional import chips``.
"""
