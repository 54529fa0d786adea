"""The recorded checks of maps: of the networks that ship, complete, and the same when they are made again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cifarcam.errors import CifarcamError
from cifarcam.methods import METHODS, SLOW
from cifarcam.resnet import STAGES
from cifarcam.runs import Run, load_run
from cifarcam.split import Split
from cifarcam.trust.bootstrap import bootstrap_interval
from cifarcam.trust.catalogue import CHECKS
from cifarcam.trust.checks import BASELINES, by_method
from cifarcam.trust.recorded import SCORES, recorded_check, scorecard, small_run

ROUNDING = 0.02  # of 16 bits, and of other hardware, where pixels of nearly equal value may change places


def shipped(name: str) -> Run:
    return load_run(name) if name == "best" else small_run(name)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_of_the_networks_that_ship_and_of_a_commit(name: str) -> None:
    _, about = recorded_check(name)
    assert set(about["explainers"]) == {*METHODS, *BASELINES}
    for how in about["explainers"].values():
        assert how["weights"] == {network: shipped(network).weights_checksum() for network in how["weights"]}
        assert how["command"] == f"python -m tools.record_trust {name}"
        assert len(how["commit"]) == 40 and {"hardware", "torch", "date", "grad-cam"} <= set(how)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_has_as_many_images_as_the_catalogue_says(name: str) -> None:
    measured, about = recorded_check(name)
    for explainer, measures in measured.items():
        expected = CHECKS[name].images_if_slow if explainer in SLOW else CHECKS[name].images
        assert about["explainers"][explainer]["images"] == expected
        assert {values.shape[-2] for values in measures.values()} == {expected}


@pytest.mark.needs_cifar10
@pytest.mark.slow
@pytest.mark.parametrize("method", ["Grad-CAM", "HiResCAM"])
@pytest.mark.parametrize("name", CHECKS)
def test_the_first_images_of_a_check_come_out_again(name: str, method: str, real_test: Split) -> None:
    with torch.backends.mkldnn.flags(enabled=True):  # as it was recorded
        measures = CHECKS[name].measure(by_method(method), CHECKS[name].subject(real_test), 3)
    recorded = recorded_check(name)[0][method]
    assert set(measures) == set(recorded)
    for measure, values in measures.items():
        np.testing.assert_allclose(values, recorded[measure][..., :3, :], atol=ROUNDING, err_msg=measure)


def test_a_scorecard_has_each_check_at_one_stage() -> None:
    card = scorecard("layer3")
    assert list(card.index) == [*METHODS, *BASELINES] and list(card) == list(SCORES)
    values = recorded_check("shortcut")[0]["HiResCAM"]["shortcut"][:, STAGES.index("layer3")]
    low, high = bootstrap_interval(values)
    assert card.loc["HiResCAM", "on the mark"] == f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"
    everything_random = recorded_check("cascade")[0]["Grad-CAM++"]["rank correlation"][-1, :, 3]
    assert card.loc["Grad-CAM++", "random weights"].startswith(f"{np.nanmean(everything_random):.2f} [")
    with pytest.raises(CifarcamError, match="no stage 'layer9'; the stages are layer0"):
        scorecard("layer9")
