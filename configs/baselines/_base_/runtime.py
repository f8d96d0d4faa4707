# What ../../_base_/default_runtime.py adds to MMDetection's runtime, for
# configs whose base brings that runtime already.
custom_imports = dict(
    imports=[
        'mmhcm.datasets',
        'mmhcm.engine',
        'mmhcm.evaluation',
        'mmhcm.models',
    ],
    allow_failed_imports=False,
)
randomness = dict(seed=0)
num_threads = None
visdrone_hooks = dict(
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    iteration_seed=dict(type='IterationSeedHook'),
    pixel_count=dict(type='PixelCountHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
    checkpoint=dict(
        type='CheckpointHook',
        interval=1,
        max_keep_ckpts=3,
        save_best='visdrone/AP',
        rule='greater',
    ),
)
