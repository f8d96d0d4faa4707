"""Figures of data sets and results.

Import the modules by name: ``result_figures`` works without torch.
"""
