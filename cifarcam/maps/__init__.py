"""Class activation maps of every stage of a network, by eight methods or a function of your own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cam": ["StageMaps", "cam_maps", "logit_contributions", "stage_maps"],
        "methods": ["CLASS_BLIND", "METHODS", "SLOW"],
        "recorded_maps": ["slow_maps", "slow_maps_provenance"],
    },
)
