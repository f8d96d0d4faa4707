import torch
from mmengine.config import Config

from mmhcm.engine.launching import join_processes, launch
from mmhcm.engine.launching.launch import set_threads


def test_threads():
    before = torch.get_num_threads()
    set_threads(Config({'num_threads': 1}))
    assert torch.get_num_threads() == 1
    set_threads(Config({'num_threads': None}))
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_processes_meet_and_watch_each_other(monkeypatch):
    called = []

    def record(name):
        return lambda *args, **kwargs: called.append((name, args, kwargs))

    for name in ('init_dist', 'set_multi_processing', 'watch_ranks'):
        monkeypatch.setattr(launch, name, record(name))
    cfg = Config({'launcher': 'none'})
    join_processes(cfg)
    assert called == []
    # Others than pytorch's launcher run on GPUs alone.
    cfg = Config(
        {
            'launcher': 'slurm',
            'env_cfg': {
                'mp_cfg': {'mp_start_method': 'fork'},
                'dist_cfg': {'backend': 'nccl'},
            },
            'process_group': {'lost_after': 20},
        }
    )
    join_processes(cfg)
    assert called == [
        (
            'set_multi_processing',
            (),
            {'mp_start_method': 'fork', 'distributed': True},
        ),
        ('init_dist', ('slurm',), {'backend': 'nccl', 'timeout': 7200}),
        ('watch_ranks', (20,), {}),
    ]
    # What a config says of the timeout stays.
    cfg.env_cfg.dist_cfg.timeout = 60
    join_processes(cfg)
    assert called[-2][2]['timeout'] == 60
