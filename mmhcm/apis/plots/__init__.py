"""Figures of data sets and results.

Import its modules by name: results are drawn without torch.
"""
