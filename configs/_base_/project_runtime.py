# What the project adds to MMDetection's runtime. The hooks have a name of
# their own, so that this file can be a base beside one that brings that
# runtime: `default_hooks = _base_.project_hooks` then takes them.
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
# Torch's threads in one process. Gradients on a CPU depend on the number, so
# that it is fixed, whatever the machine; None leaves it to torch.
num_threads = 4
# Several processes, in seconds. A process that gives no sign of life for
# `lost_after` ends the run. Collective operations may take as long as the main
# process builds what the others wait for; all have to be there at the start.
process_group = dict(lost_after=45, timeout=7200, join_within=300)

project_hooks = dict(
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
