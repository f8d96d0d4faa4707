"""Choices of options, for command lines that import nothing else."""

#: Launchers of several processes.
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: Samples of a config that can be exported.
EXPORT_KINDS = ('images', 'chips', 'hard-chips', 'canvases')
#: Formats of exported annotations.
EXPORT_FORMATS = ('coco', 'yolo')
#: Formats of detection files.
PREDICTION_FORMATS = ('coco', 'yolo', 'visdrone')
#: Formats of exported images.
IMAGE_FORMATS = ('.png', '.jpg')
#: Formats of figures.
FIGURE_FORMATS = ('pdf', 'svg', 'png', 'json')
#: Widths of figures, in one or both columns of a paper, inches.
FIGURE_WIDTHS = {'single': 3.3, 'double': 6.9}
#: Analysis tools of MMDetection, and their purposes.
MMDET_TOOLS = {
    'analyze_logs': 'curves and times of training, from its json logs',
    'analyze_results': 'best and worst images, from a dump of test --out',
    'browse_dataset': 'pictures of the training samples',
    'coco_error_analysis': 'precision by type of error, from json files',
    'confusion_matrix': 'confusion matrix, from a dump of test --out',
    'get_flops': 'operations and parameters of the model',
    'print_config': 'the whole config',
}
