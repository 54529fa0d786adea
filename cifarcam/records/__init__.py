"""Recorded training runs and measurements, each with its provenance: command, commit, hardware, versions and date."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "ablations": ["over_seeds", "recorded_ablation", "recorded_ablations"],
        "checks": ["RECORDED_METHODS", "RECORDED_SLOW", "recorded_check", "small_run", "write_check"],
        "measurements": [
            "published_one_cycle",
            "published_results",
            "recorded_benchmarks",
            "recorded_method_costs",
            "recorded_range_test",
            "recorded_scaling",
            "recorded_step_profile",
            "recorded_tuning",
        ],
        "runs": ["Run", "load_run", "record", "recorded_runs"],
    },
)
