"""Training recipes, data augmentation, the learning-rate range test and the training loop."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "batches": ["Batches"],
        "distributed": ["process_group"],
        "loop": ["Fitted", "fit"],
        "lr_finder": ["RangeTest", "range_test"],
        "muon": ["Muon", "orthogonalised"],
        "optimizers": ["learning_rates", "make_optimizer", "make_schedule"],
        "recipes": ["BEST", "ONE_CYCLE", "RECIPES", "STEP_LR", "TUNED", "Recipe", "find_recipe"],
        "transforms": ["AugmentedImages", "draws", "seed_worker", "train_pipeline", "train_transforms"],
    },
)
