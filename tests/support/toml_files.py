"""Reader of TOML files."""

try:
    import tomllib as toml
except ImportError:  # Python 3.10
    import tomli as toml  # type: ignore[import-not-found, no-redef]

__all__ = ['toml']
