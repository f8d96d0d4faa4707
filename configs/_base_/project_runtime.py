# Additions of the project to MMDetection's runtime. The hooks have another
# name than there, so that both files can be bases of one config, which takes
# the hooks by `default_hooks = _base_.project_hooks`.
custom_imports = dict(
    imports=[
        'mmhcm.apis.report',
        'mmhcm.datasets',
        'mmhcm.engine',
        'mmhcm.evaluation',
        'mmhcm.models',
    ],
    allow_failed_imports=False,
)
# The seed of every draw: weights, order, transforms, pastes.
randomness = dict(seed=0)
# Threads of torch in one process. Gradients on a CPU depend on the number, so
# it is the same on every machine; None leaves the choice to torch.
num_threads = 4
# Several processes, in seconds. A process that is silent for `lost_after` ends
# the run. `timeout` is for collective operations, which wait while the main
# process builds pools and caches; `join_within` is for the start.
process_group = dict(lost_after=45, timeout=7200, join_within=300)

project_hooks = dict(
    # Data, pipelines, classes and metrics, before the first iteration.
    start_check=dict(type='StartCheckHook'),
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    iteration_seed=dict(type='IterationSeedHook'),
    pixel_count=dict(type='PixelCountHook'),
    stop_at_non_finite=dict(type='StopAtNonFiniteHook'),
    weight_fit=dict(type='WeightFitHook'),
    # Statistics of batch normalisation, which differ between ranks.
    sync_buffers=dict(type='SyncBuffersHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=1,
        max_keep_ckpts=3,
        save_best='visdrone/AP',
        rule='greater',
    ),
)
