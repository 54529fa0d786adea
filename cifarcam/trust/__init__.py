"""Measures that tell whether a map means something, over whole batches at once."""

from cifarcam.trust.baselines import blurred_random, centre_gaussian, edges
from cifarcam.trust.bootstrap import bootstrap_interval
from cifarcam.trust.faithfulness import SHARES, area_under, deletion, insertion, road
from cifarcam.trust.imputation import impute
from cifarcam.trust.localisation import Mosaics, energy_inside, largest_share_inside, mosaics, quadrants
from cifarcam.trust.sanity import CASCADE, randomised_in_cascade
from cifarcam.trust.shortcut import SHIP_MARK, Mark, plant
from cifarcam.trust.similarity import rank_correlation, ssim

__all__ = [
    "CASCADE",
    "SHARES",
    "SHIP_MARK",
    "Mark",
    "Mosaics",
    "area_under",
    "blurred_random",
    "bootstrap_interval",
    "centre_gaussian",
    "deletion",
    "edges",
    "energy_inside",
    "impute",
    "insertion",
    "largest_share_inside",
    "mosaics",
    "plant",
    "quadrants",
    "randomised_in_cascade",
    "rank_correlation",
    "road",
    "ssim",
]
