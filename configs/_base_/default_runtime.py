# Hooks, processes and randomness that all configs share.
_base_ = ['mmdet::_base_/default_runtime.py', 'project_runtime.py']

default_hooks = _base_.project_hooks
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='DetLocalVisualizer', vis_backends=vis_backends, name='visualizer'
)
