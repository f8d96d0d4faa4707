"""Hard chip mining for aerial object detection, on MMDetection."""

__version__ = '0.1.0'
