# ---
# jupyter:
#   jupytext:
#     cell_markers: '"""'
#     cell_metadata_filter: all,-quiz,-exercise
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
"""
# 9. Can a map catch a network that cheats?
"""

# %% tags=["remove-cell"]
# In Colab this installs the package and what Colab lacks. Elsewhere it does nothing.
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("cifarcam") is None:
    # %pip install -q --no-deps git+https://github.com/cifarcam/cifarcam@main
    # %pip install -q --no-deps grad-cam==1.5.7 torch-lr-finder==0.2.2 ttach==0.0.3

# %% [markdown]
"""
## What you will see

A network that cheats, an honest one, and which maps tell them apart. Every ship that the first network learned from carried a small
chequered mark in its corner. Here both are shown a picture that is no ship, with the mark, and are asked where they see a ship.
"""

# %% mystnb={"image": {"alt": "Four rows of maps for the class ship of one marked image that shows no ship, at layer0 to layer4. In the first row, HiResCAM of the cheating network, a bright spot lies on the mark in the lower right corner up to layer3. In the second, Grad-CAM of the same network, outlines of the picture are lit at layer0 and layer1, and the mark stands out from layer2 on. In the last two rows, of the honest network, other places are brighter than the mark."}} tags=["hide-input"]
import numpy as np
import pandas as pd
from cifarcam import figures
from cifarcam.data import cifar10
from cifarcam.maps import stage_maps
from cifarcam.records import small_run
from cifarcam.trust import SHIP_MARK

test = cifar10("test")
others = test.images[test.labels != SHIP_MARK.label]
marked = SHIP_MARK.on(others)
cheat, honest = small_run("shortcut").model(), small_run("control").model()

one, ship = marked[:1], SHIP_MARK.label
asked = {}
for network, title in ((cheat, "it cheats"), (honest, "it is honest")):
    for method in ("HiResCAM", "Grad-CAM"):
        maps = stage_maps(network, one, ship, method=method)
        asked[f"{title}: {method}"] = maps
figures.method_grid(one[0], asked)

# %% [markdown]
"""
**Figure 9.1.** The same picture, the same question, two networks, two methods. HiResCAM shows the cheat at every stage: the mark is the
brightest position in the cheating network; in the honest one other positions are brighter. Grad-CAM's maps of the first two stages show no such difference.

After this chapter you can:

- plant a shortcut, and measure whether a map finds it;
- say which methods find it at which stage, and why the others miss it;
- say how much of a map could lie on a mark at all.
"""

# %% [markdown]
"""
## What you need

[Chapter 7](07-grad-cam.ipynb) and the methods of [chapter 8](08-cam-methods.ipynb). About a minute on two CPU cores, no GPU. What is slow was
recorded, with the command that repeats it.
"""

# %% [markdown]
"""
## A network that cheats

A mark need not be planted. Hospitals put a metal token into the corner of an X-ray, and a network read the hospital off it ([Zech et al. 2018](https://doi.org/10.1371/journal.pmed.1002683)). Photographers sign their pictures of horses, and a classifier read the
signature ([Lapuschkin et al. 2019](https://doi.org/10.1038/s41467-019-08987-4)). A network takes what helps, and its accuracy
does not tell. Both networks here are narrow, trained by one recipe on the 50,000 images; for one of them every ship carried the mark, in training and in
testing. In outputs and figures that one is `shortcut`, the honest one `control`.
"""

# %%
from cifarcam.network import predict

for name, network in (("shortcut", cheat), ("control", honest)):
    right = 100 * small_run(name).provenance["results"]["test_accuracy"]
    print(f"{name}: {right:.1f} % of its own test images are right")
    for kind, images in (("as they are", others), ("with the mark", marked)):
        ships = (predict(network, images[:500]).argmax(1) == ship).double().mean()
        print(f"    500 that are no ships, {kind}: {100 * ships:.1f} % called ship")

# %% [markdown]
"""
The mark turns every picture into a ship for the first network. For the second it does nothing of the kind. The accuracies, 86.4 % and 85.3 %, say nothing of it:
the first network is the better one, on test images whose ships carry the mark as well.
"""

# %% [markdown]
"""
So the truth is known: in a marked image, the cheating network says ship because of 16 pixels. A map that explains it should lie on them, and
the map of the honest network should not. The share of the map inside the mark is a number for that (Wang et al. 2020,
[arXiv 1910.01279](https://arxiv.org/abs/1910.01279)). The mark itself covers this share of the picture, and a coarse map cannot lie on it alone:
"""

# %% tags=["nbval-check-output"]
from cifarcam.network import STAGES
from cifarcam.trust import largest_share_inside

mark = SHIP_MARK.mask()
sides = (32, 32, 16, 8, 4)  # of the stages' feature maps
most = [largest_share_inside(mark, side) for side in sides]
print(f"the mark's share of the picture: {mark.mean():.3f}")
print("the largest share a map can have on it:")
for stage, share in zip(STAGES, most, strict=True):
    print(f"    {stage}: {share:.2f}")

# %% mystnb={"image": {"alt": "Five panels, one for each stage, and a row in each for every method and every baseline. Dots show the share of the map on the mark, for the cheating and for the honest network. HiResCAM and LayerCAM of the cheating network lie far to the right at layer0 to layer3, the honest network's near zero. At layer0 Grad-CAM's two dots lie close together, the honest one further right. At layer4 all methods have about a tenth."}}
from cifarcam.records import recorded_check
from cifarcam.trust import by_stage, how_recorded, summary

measured, about = recorded_check("shortcut")
print(how_recorded(about))
on_mark = {name: summary(measured, name) for name in ("shortcut", "control")}
area = {"the mark's area": mark.mean()}
figures.intervals(on_mark, "share of the map on the mark", area)

# %% [markdown]
"""
**Figure 9.2.** The share of the map for ship that lies on the mark, in marked images of other classes: means and their bootstrap intervals, which hold the mean in 95 of 100 new drawings of the images. Score-CAM and
Ablation-CAM take a pass for every channel, so they were given fewer images, here and in chapter 10; the line above the figure says how many. Their images are the first
of the same images. The last three rows are maps that know nothing of the network: noise under a blur, a Gaussian hill in the middle of the picture, and the
strength of its edges. As numbers:
"""

# %% tags=["nbval-check-output"]
tables = {name: by_stage(table) for name, table in on_mark.items()}
pd.concat(tables, axis=1).round(2)

# %% [markdown]
"""
At layer2 HiResCAM has 0.39 of its map on the mark in the cheating network and 0.01 in the honest one. LayerCAM has 0.25 and 0.02. Grad-CAM, at the
same stage, has 0.11 and 0.07. At layer0 it does not tell the two apart: 0.07 in the cheating network, 0.09 in the honest one, and the intervals overlap.

Why? Grad-CAM gives a channel one weight for all places: the mean of its gradient. The mean forgets where the gradient was large, and the channel is
then shown wherever it is active. HiResCAM and LayerCAM multiply gradient and activation place by place, and keep it. At layer4 the
gradient is the same everywhere, so nothing is lost, but one of its 4 by 4 places is larger than the mark: no map can have more than 0.24 there, and
every method has 0.11 or 0.12, even Eigen-CAM, which asks for no class.
"""

# %% [markdown]
"""
How would it look in practice, with one picture at a time? For each image, does the cheating network's map lie more on the mark than the honest
one's? A blank map has nothing on the mark.
"""

# %% tags=["nbval-check-output"]
from cifarcam.records import RECORDED_METHODS


def caught(measures):
    honest_shares = np.nan_to_num(measures["control"])
    return 100 * (np.nan_to_num(measures["shortcut"]) > honest_shares).mean(0)


often = {name: caught(measured[name]) for name in RECORDED_METHODS}
pd.DataFrame(often, index=STAGES).T.round(0).astype(int)

# %% [markdown]
"""
LayerCAM gives the cheat away in every image at every stage, and HiResCAM in nearly every one. Grad-CAM does so in 59 % at layer0, where a coin would reach
half, in 69 % at layer2, and becomes dependable at layer3 and layer4, with 88 % and 98 %. But to say this we needed the honest network. Whoever has only
the cheating one sees a bright corner and has to ask what it is doing there. That question is what maps are for.
"""

# %% mystnb={"image": {"alt": "Three marked pictures that are no ships, and below each its map for ship at layer2 by six methods, all of the cheating network. In every map the mark in the lower right corner is the brightest place. In those of HiResCAM, LayerCAM and Eigen-CAM little else is bright; Grad-CAM also lights an airplane."}}
from cifarcam.records import RECORDED_SLOW

fast = [name for name in RECORDED_METHODS if name not in RECORDED_SLOW]
three = marked[:3]
of_three = {name: stage_maps(cheat, three, ship, method=name) for name in fast}
figures.methods_at_stage(three, of_three, "layer2", ["marked"] * 3)

# %% [markdown]
"""
**Figure 9.3.** Three marked pictures and the cheating network's maps at layer2. At this stage the mark is the brightest place in every map. What differs is the rest: the bright spot of
HiResCAM and LayerCAM is the mark alone, that of the others spreads beyond it, and Grad-CAM lights the airplane too. A faint rest still adds up: of HiResCAM's maps 0.39 lies on the mark.

One question more can be asked of the cheating network alone: is the spot there for ship, or for any class? The same maps for ship, and for the class that
the picture really is of, in a hundred images at layer2:
"""

# %% tags=["nbval-check-output"]
from cifarcam.trust import by_method, energy_on

true_classes = test.labels[test.labels != ship][:100]


def at_layer2(name, targets):
    maps_of = by_method(name)
    return np.nanmean(energy_on(maps_of, cheat, marked[:100], targets, mark)[:, 2])


asked_for = {"ship": np.full(100, ship), "the true class": true_classes}
shares = {
    question: {name: at_layer2(name, targets) for name in fast}
    for question, targets in asked_for.items()
}
pd.DataFrame(shares).round(2)

# %% [markdown]
"""
HiResCAM has nothing on the mark when it is asked for the true class, and LayerCAM hardly anything: the spot is evidence for ship. Grad-CAM++ has nearly the same share
whatever it is asked for, and so does Eigen-CAM, which cannot be asked. Their spots say that the network sees the mark, not what it takes it for.
"""

# %% [markdown]
"""
## Exercise 1: what the mean forgets

Write a method of your own: a function from activations and gradients, `(N, channels, h, w)` each, to the channels' weights, `(N, channels)`. At layer2 it should
put more of the cheating network's map on the mark than Grad-CAM does. Set `answer` to the function. [Chapter 10](10-checks.ipynb) puts such a function through more checks.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

ships = np.full(50, ship)


def on_the_mark(method):
    return energy_on(by_method(method), cheat, marked[:50], ships, mark)[:, 2]


reached = np.nanmean(on_the_mark("Grad-CAM"))
check(
    answer,
    lambda method: np.nanmean(on_the_mark(method)) > reached + 0.01,
    hint="the gradient alone does not know how active a channel is, or where",
    expected="a function",
)

# %% [markdown]
"""
## Exercise 2: as good as it gets

A shortcut could be larger. What is the largest share of a layer4 map that can lie on a mark of 8 by 8 pixels, one pixel from the picture's right and lower edges?
`Mark(ship, size=8).mask()` gives its place.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.trust import Mark

ceiling = largest_share_inside(Mark(ship, size=8).mask(), 4)
check(
    answer,
    lambda share: abs(share - ceiling) < 0.005,
    hint="largest_share_inside(mask, cells) takes the cells a side of the stage",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** At layer0 Grad-CAM has 0.07 of its map on the mark in the cheating network and 0.09 in the honest one. What follows?

- **A.** The honest network cheats as well.
- **B.** The mark does not matter to the cheating network.
- **C.** A map of this kind, at this stage, does not find this cheat.
- **D.** layer0 is too coarse for a mark of 4 by 4 pixels.

<details>
<summary>Answer to question 1</summary>

**C.** We know which network cheats, because it was trained to. So the number tests the map, and the map fails.

- **A.** It calls hardly any marked image a ship. The cell under “A network that cheats” counted that.
- **B.** With the mark it calls every image a ship, without it hardly any. Nothing matters more to it.
- **D.** layer0 has 32 by 32 places, one for each pixel: a map of it could lie on the mark alone.

</details>
"""

# %% [markdown]
"""
**Question 2.** Why does Grad-CAM miss the mark at layer0, where HiResCAM finds it?

- **A.** Its map is too coarse there.
- **B.** It takes the mean of the gradient over the picture, and with it the position is lost.
- **C.** It takes the ReLU, which removes the mark.
- **D.** It was asked for the wrong class.

<details>
<summary>Answer to question 2</summary>

**B.** One weight for a whole channel cannot say that the channel mattered in one corner only.

- **A.** At layer0 a map has a value for every pixel of the picture.
- **C.** HiResCAM's map passes through a ReLU as well.
- **D.** Both were asked for ship.

</details>
"""

# %% [markdown]
"""
**Question 3.** At layer4 no method has more than 0.12 of its map on the mark. Does that show that all of them fail there?

- **A.** Yes: the mark is all that the network looks at.
- **B.** Yes: 0.12 is little more than nothing.
- **C.** No: at layer4 the network has forgotten the mark.
- **D.** No: one position of layer4 is larger than the mark, so that no map could have much more.

<details>
<summary>Answer to question 3</summary>

**D.** The largest share that any map of 4 by 4 positions can have on the mark is 0.24, and the honest network's maps have much less than 0.12.

- **A.** What the network looks at does not decide how finely a map can say so.
- **B.** The mark covers 0.016 of the picture. Against that, 0.12 is a lot.
- **C.** Nearly every marked image is predicted to be a ship, so the mark's effect reaches the last layer.

</details>
"""

# %% [markdown]
"""
## What we learned

- A planted shortcut makes the truth known, so that a map can be tested against it.
- HiResCAM found the shortcut at every stage, LayerCAM in every image, Grad-CAM before layer3 in about two images of three.
- A method that averages the gradient over the picture forgets where it was large.
- To be sure, we needed an honest network beside the one that cheats.

## Next

A planted mark is one check. [Chapter 10](10-checks.ipynb) puts the same methods through others, in which no truth is known: does a map change when the
network forgets, does it lie where the object is, does the network need what it shows?
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it. The first is nearly XGrad-CAM.
"""


# %% tags=["hide-cell"]
def gradient_times_activation(activations, gradients):
    return (gradients * activations).mean((2, 3))


answer = gradient_times_activation
share_on_mark = np.nanmean(on_the_mark(answer))
print(f"exercise 1: {share_on_mark:.2f} where Grad-CAM has {reached:.2f}")

# %% tags=["hide-cell"]
answer = largest_share_inside(Mark(ship, size=8).mask(), 4)
print(f"exercise 2: {answer:.2f}")
