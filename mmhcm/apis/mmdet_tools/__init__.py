"""Analysis tools of MMDetection, on configs and results of this project."""

from .running import run_tool

__all__ = ['run_tool']
