from tests.support.operators import backend_name

__all__ = ['backend_name']
