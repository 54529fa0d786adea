"""ResNet-18, tables of its architecture, and its predictions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "architecture": ["receptive_fields", "stage_table"],
        "hooks": ["forward_hooks", "kept_outputs", "pass_counter"],
        "layers": ["find_layers"],
        "predictions": ["Predictions", "predict", "tta"],
        "resnet": ["STAGES", "ResNet18", "stages"],
        "scores": ["class_scores"],
        "whitening": ["whiten"],
    },
)
