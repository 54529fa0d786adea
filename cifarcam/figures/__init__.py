"""The figures of the book. Each function takes data and returns a matplotlib ``Figure``; none computes results."""

from cifarcam.figures.ablations import learning_curves, sweep
from cifarcam.figures.architecture import stage_bars
from cifarcam.figures.explanation import explanation
from cifarcam.figures.images import batch, class_samples, gallery, transforms
from cifarcam.figures.maps import stage_grid, target_pairs
from cifarcam.figures.methods import agreement, method_grid, methods_at_stage, predicted_minus_true
from cifarcam.figures.results import class_accuracy, confusion, reliability
from cifarcam.figures.social_card import social_card
from cifarcam.figures.training import curves, overlaid_curves, range_test, schedules
from cifarcam.figures.trust import cascade, intervals, removal_curves

__all__ = [
    "agreement",
    "batch",
    "cascade",
    "class_accuracy",
    "class_samples",
    "confusion",
    "curves",
    "explanation",
    "gallery",
    "intervals",
    "learning_curves",
    "method_grid",
    "methods_at_stage",
    "overlaid_curves",
    "predicted_minus_true",
    "range_test",
    "reliability",
    "removal_curves",
    "schedules",
    "social_card",
    "stage_bars",
    "stage_grid",
    "sweep",
    "target_pairs",
    "transforms",
]
