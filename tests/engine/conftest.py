from tests.support.run_fixtures import make_cfg, make_runner, mined, tiny_run

__all__ = ['make_cfg', 'make_runner', 'mined', 'tiny_run']
