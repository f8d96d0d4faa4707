"""Pure algorithms: NumPy arrays in, new NumPy arrays out.

Nothing here imports torch or OpenMMLab, reads a file or logs. Import from
its packages and modules by name, e.g.
``from mmhcm.functional.chips import generate_chips``.
"""
