"""Evaluation of class activation maps: localisation, faithfulness, sanity checks and robustness, with baselines."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "baselines": ["blurred_random", "centre_gaussian", "edges"],
        "bootstrap": ["bootstrap_interval"],
        "catalogue": ["CHECKS", "through_every_check"],
        "checks": ["BASELINES", "by_method", "energy_on"],
        "faithfulness": ["SHARES", "auc", "deletion", "insertion", "road"],
        "imputation": ["impute"],
        "localisation": ["Mosaics", "energy_inside", "largest_share_inside", "mosaics", "quadrants"],
        "randomisation": ["CASCADE", "randomised_in_cascade"],
        "scores": ["scorecard"],
        "shortcut": ["SHIP_MARK", "Mark", "plant"],
        "similarity": ["rank_correlation", "ssim"],
        "summaries": ["ahead_of", "beside", "by_stage", "how_recorded", "summary", "with_intervals"],
    },
)
