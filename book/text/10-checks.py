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
# 10. Can you trust a map?
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

One picture, two methods, and two networks: the trained one, and the same network after its last layer was filled with random numbers. Which of the maps has
noticed that the network no longer knows what it is looking at?
"""

# %% mystnb={"image": {"alt": "A grid of four rows and six columns: a photograph of a cat, then its heat maps at layer0 to layer4, by Grad-CAM and LayerCAM, for the trained network and for one whose linear layer is random. Grad-CAM's later maps change between the two networks, LayerCAM's hardly do."}} tags=["hide-input"]
import numpy as np
import pandas as pd
from cifarcam import figures
from cifarcam.data import cifar10
from cifarcam.maps import stage_maps
from cifarcam.network import STAGES
from cifarcam.records import (
    RECORDED_METHODS,
    RECORDED_SLOW,
    load_run,
    recorded_check,
    small_run,
)
from cifarcam.trust import (
    by_stage,
    how_recorded,
    largest_share_inside,
    randomised_in_cascade,
    summary,
)

fast = [name for name in RECORDED_METHODS if name not in RECORDED_SLOW]
test = cifar10("test")
run = load_run("best")
net = run.model()
_, forgetful = next(randomised_in_cascade(net, test.images[-200:]))

one, cat = test.images[:1], int(test.labels[0])
asked = {}
for network, title in ((net, "trained"), (forgetful, "random")):
    for method in ("Grad-CAM", "LayerCAM"):
        asked[f"{title}: {method}"] = stage_maps(network, one, cat, method=method)
figures.method_grid(one[0], asked)

# %% [markdown]
"""
**Figure 10.1.** The first test image and its true class, asked of both networks. Where a map is the same in the trained network and in the one with a random linear
layer, it cannot be about the class.

After this chapter you can:

- tell a map that depends on what the network has learned from one that only looks as if;
- measure where a map lies, whether the network needs what it shows, and how far it moves when the image hardly changes;
- say where a map that knows nothing of the network does as well;
- put a method of your own through every one of these checks.
"""

# %% [markdown]
"""
## What you need

[Chapter 9](09-cheating-networks.ipynb), with its planted mark and its baselines. About two minutes on two CPU cores, no GPU. What is slow was
recorded, with the command that repeats it.
"""

# %% [markdown]
"""
## Do random weights give the same map?

If a map shows what a network has learned, it must change when that is lost. As a sanity check Adebayo et al. (2018,
[arXiv 1810.03292](https://arxiv.org/abs/1810.03292)) replace the weights by random ones, from the last part to the first, which they call cascading randomisation, and
compare the maps before and after. The network is `best`, the class the true one. The statistics of BatchNorm in the random parts are taken anew, so that
activations keep their scale. At every step we take the rank correlation with the map of the trained network: 1 for the same order of pixels, 0 for none.
"""

# %% mystnb={"image": {"alt": "Nine panels, one for each method and one for edges. Lines for five stages start at 1 and show how alike the maps stay as the linear layer and then layer4 to layer0 become random. Those of Grad-CAM, XGrad-CAM and Ablation-CAM fall to about 0 at the first step, those of HiResCAM below 0.3. Those of Grad-CAM++, LayerCAM and Score-CAM fall slowly. Eigen-CAM stays at 1 until the stage itself is random. Edges stay at 1."}}
from cifarcam.trust import CASCADE

similar, about = recorded_check("cascade")
print(how_recorded(about))


def means(measure):
    shape = len(CASCADE), len(STAGES)
    return {
        name: np.broadcast_to(np.nanmean(similar[name][measure], axis=1), shape)
        for name in (*RECORDED_METHODS, "edges")
    }


correlation = means("rank correlation")
label = "mean rank correlation with the trained network's map"
figures.cascade(correlation, CASCADE, STAGES, label)

# %% [markdown]
"""
**Figure 10.2.** From left to right one part more of the network is random. A line for each stage's map, light for layer0 and dark for layer4. Edges of the image,
which know nothing of the network, stay as they are. As numbers, at the first step and at the last:
"""


# %% tags=["nbval-check-output"]
def at(step, of_methods):
    rows = {name: values[step] for name, values in of_methods.items()}
    return pd.DataFrame(rows, index=STAGES).T.round(2)


steps = {"linear layer random": 0, "all random": -1}
pd.concat({name: at(step, correlation) for name, step in steps.items()}, axis=1)

# %% [markdown]
"""
With nothing but the linear layer made random, the maps of Grad-CAM and XGrad-CAM have hardly anything in common with those before; HiResCAM keeps 0.21 at
most. They depend on the class's weights, as an explanation must. Grad-CAM++ and LayerCAM do so much less: at layer4 they keep 0.90 and
0.91 of their order with a random linear layer. With every weight random LayerCAM still keeps 0.64 at layer3, and at layer4 it keeps 0.57 and Grad-CAM++ 0.56.
Both take positive gradients only, whatever the class, so what they show is mostly where the channels are active. Eigen-CAM takes no gradient, so the
linear layer means nothing to it, and with every weight random its maps still keep 0.65 of their order at layer4 and 0.57 at layer0, but 0.19 at most between.

Of the slow methods, on five images, Ablation-CAM goes the way of Grad-CAM and Score-CAM that of LayerCAM: 0.05 and 0.78 at layer4 with a random linear layer.

Here, high similarity is a failure. Edges keep all of theirs, because they never asked the network.

Another measure of likeness is structural similarity (SSIM, Wang et al. 2004). It compares the maps window by window, and is 1 for equal maps:
"""

# %% mystnb={"image": {"alt": "Six panels, one for each fast method, with the same lines by structural similarity. Those of Grad-CAM, XGrad-CAM and HiResCAM drop below 0.3 at the first step, those of Grad-CAM++ and LayerCAM fall slowly, and Eigen-CAM stays at 1 until the stage itself is random."}} tags=["nbval-check-output"]
structural = means("ssim")
print(at(0, structural))
label = "mean SSIM with the trained network's map"
figures.cascade({name: structural[name] for name in fast}, CASCADE, STAGES, label)

# %% [markdown]
"""
**Figure 10.3.** The same by SSIM, for the methods of gradients and activations. The table above draws the same line between the two kinds, for the slow methods too: with a random linear layer, from layer1 on, Grad-CAM, XGrad-CAM, HiResCAM and
Ablation-CAM keep 0.22 at most, and Grad-CAM++, LayerCAM and Score-CAM 0.45 at least.
"""

# %% [markdown]
"""
## Does a network that has only memorised its images give the same map?

Random weights are an extreme. A network that was trained under shuffled labels has learned something: five thousand images by heart. It can know
nothing of what makes a ship a ship. Compare three narrow networks: `unshuffled` learned the same five thousand images under their true labels, `shuffled`
under shuffled ones, and `control` learned from all images, by another recipe. How alike are the maps of the last two to those of the first, for the true
class of test images?
"""

# %% mystnb={"image": {"alt": "Five panels, one for each stage, with dots for the networks shuffled and control in eleven rows. At layer4 the two dots of Grad-CAM, XGrad-CAM and HiResCAM lie apart, the network control further right; those of Grad-CAM++ and LayerCAM lie upon each other, and of Eigen-CAM's the one of the network shuffled lies further right. The intervals of Score-CAM and Ablation-CAM are wide. At the earlier stages most dots of a row lie close together."}}
alike, about = recorded_check("labels")
print(how_recorded(about))
for name in ("unshuffled", "shuffled", "control"):
    last = small_run(name).history.iloc[-1]
    learned, right = 100 * last["train_accuracy"], 100 * last["test_accuracy"]
    print(f"{name}: {learned:.1f} % of training, {right:.1f} % of test images right")
with_unshuffled = {name: summary(alike, name) for name in ("shuffled", "control")}
label = "rank correlation with the map of the network unshuffled"
figures.intervals(with_unshuffled, label)

# %% [markdown]
"""
**Figure 10.4.** Maps of two networks, compared with those of a third. A method whose two dots lie apart tells a network that learned from one that
has memorised its images.
"""

# %% tags=["nbval-check-output"]
tables = {name: by_stage(table) for name, table in with_unshuffled.items()}
pd.concat(tables, axis=1).round(2)

# %% [markdown]
"""
At layer4, the maps of Grad-CAM, XGrad-CAM and HiResCAM agree with those of another network that learned (0.48), and hardly with those of the one that
memorised its images (0.11). That is as it should be. LayerCAM agrees with the one as with the other, 0.55 and 0.54; so does Grad-CAM++. They show much the same
places whether the network has learned what a ship is or not. Eigen-CAM agrees even more with the network of shuffled labels there, 0.76 against 0.61. Of the slow methods, on few images, Score-CAM goes with Grad-CAM here, with 0.38 and 0.15;
Ablation-CAM, with 0.47 and 0.36, cannot be placed. At the earlier stages Grad-CAM's maps agree with neither network's, so there the check cannot judge it: each network has channels
of its own. Eigen-CAM at layer2 agrees more with the network that learned, 0.25 against 0.15.

In [chapter 9](09-cheating-networks.ipynb) LayerCAM found the mark in every image, and at layer2 it told ship from the true class there. It fails here all the same: a method that
passes one check has not passed the others.
"""

# %% [markdown]
"""
## Does the map lie where the thing is?

That is a question of localisation. Where the network looks is not known in general, but it can be arranged. Put four test images of different classes, all of which the
network gets right, into one picture of 64 by 64 pixels, and ask for one class: the map should lie in its own quadrant (the grid pointing game of Böhle
et al. 2021, [arXiv 2104.00032](https://arxiv.org/abs/2104.00032)). The network is `best` again, and of every map only what lies above
its smallest value counts.
"""

# %% mystnb={"image": {"alt": "Four rows of maps of one mosaic of four images at layer0 to layer4: Grad-CAM and LayerCAM, each asked for the class of the top left and of the bottom right quadrant. At layer4 Grad-CAM's map lies in the quadrant of the class asked for. LayerCAM's lies there too, but lights other quadrants as well."}}
from cifarcam.data import CLASSES
from cifarcam.trust import mosaics

right = run.predictions(test).correct.numpy()
board = mosaics(test.images[right], test.labels[right], 1)
places = ("top left", "top right", "bottom left", "bottom right")
of_board = {}
for method in ("Grad-CAM", "LayerCAM"):
    for quadrant in (0, 3):
        label = int(board.labels[0, quadrant])
        maps = stage_maps(net, board.images, label, method=method)
        of_board[f"{method}: {places[quadrant]}"] = maps
print("the quadrants:", ", ".join(CLASSES[label] for label in board.labels[0]))
figures.method_grid(board.images[0], of_board)

# %% [markdown]
"""
**Figure 10.5.** One mosaic, two questions, two methods. At layer4 the maps lie in the quadrant of the class that was asked for; before it, much of most
maps lies in others. Over many mosaics:
"""

# %% mystnb={"image": {"alt": "Five panels, one for each stage, with a dot for each method and each baseline, and a dashed line at a quarter. At layer4 Grad-CAM, XGrad-CAM, HiResCAM and Ablation-CAM lie far to the right of it, Grad-CAM++ and LayerCAM less far, Score-CAM and Eigen-CAM near it. At layer0 and layer1 all methods lie close to the line."}}
pointed, about = recorded_check("pointing")
print(how_recorded(about, "mosaics"))
inside = summary(pointed, "inside")
label = "share of the map in its own quadrant"
figures.intervals({"mean": inside}, label, {"knows nothing": 0.25})

# %% [markdown]
"""
**Figure 10.6.** The share of a class's map that lies in its own quadrant, by method and stage. As numbers:
"""

# %% tags=["nbval-check-output"]
by_stage(inside).round(2)

# %% [markdown]
"""
A map that knows nothing has a quarter of itself in each quadrant. At layer4 Grad-CAM, XGrad-CAM and HiResCAM, which are one method there, have 0.88 in the right
one, and Ablation-CAM 0.82. Grad-CAM++ has 0.56 and LayerCAM 0.50: what they light beside it belongs to other classes. Eigen-CAM, which
asks for no class, has no more than a map that knows nothing, and Score-CAM, with 0.36, not much more. Up to layer2 no method has more than 0.39: the early
stages find the things of all four classes, and none of these methods tells them apart well.
"""

# %% [markdown]
"""
Where CIFAR-10 cannot be had, this book uses a stand-in: drawn scenes of its ten classes. Of these it is known which pixels are the object. A narrow network was trained on it; how much of its map lies on the object?
"""

# %% mystnb={"image": {"alt": "Three drawn scenes with a simple object each, and their HiResCAM maps at layer0 to layer4. At layer0 and layer1 scattered pixels of the object and of the ground are lit, at layer2 and layer3 blobs on and around the object, at layer4 one broad patch that lies mostly below it."}}
from cifarcam.data import synthetic_cifar10, synthetic_masks
from cifarcam.trust import CHECKS

synthetic_net = small_run("synthetic").model()
pictures, masks = synthetic_cifar10("test"), synthetic_masks("test")
right = 100 * small_run("synthetic").provenance["results"]["test_accuracy"]
print(f"{right:.1f} % of the drawn test pictures are right")
some = pictures.images[:3]
titles = [CLASSES[label] for label in pictures.labels[:3]]
figures.stage_grid(some, stage_maps(synthetic_net, some, method="HiResCAM"), titles)

# %% [markdown]
"""
**Figure 10.7.** Three drawn pictures and their HiResCAM maps. At layer4 one broad patch lies mostly below the object. In many pictures:
"""

# %% mystnb={"image": {"alt": "Five panels, one for each stage, with a dot for each method and baseline and a dashed line at the object's share of the picture. Most methods lie to the right of the line. The baseline of edges and the Gaussian in the centre lie as far right as most methods, or further."}}
on_object, about = recorded_check("synthetic")
print(how_recorded(about, "pictures"))
share = summary(on_object, "synthetic")
objects = masks[: CHECKS["synthetic"].images]
print(f"the object's share of the picture: {objects.mean():.2f}")
most = np.mean([largest_share_inside(mask, 4) for mask in objects])
print(f"the largest share a map of layer4 can have on it: {most:.2f}")
print(by_stage(share).round(2))
label = "share of the map on the object"
figures.intervals({"mean": share}, label, {"the object's area": objects.mean()})

# %% [markdown]
"""
**Figure 10.8.** Drawn pictures: the share of the map that lies on the object.

The object covers 0.16 of the picture, and most maps have more than that on it. But look at the last rows: a Gaussian in the centre has 0.33 and plain edges
have 0.36, and most methods at most stages do not reach them. Objects lie near the middle and have edges. So a map on the object
proves little, unless it does better than maps that know nothing of the network. No method is clearly above both at any stage. Eigen-CAM at layer2, with 0.36, matches the edges, and it asks for no
class. At layer4 no method reaches even the hill in the centre, though more than half of a map could lie on the object there. Nor must it: a network may well
look at the surroundings.
"""

# %% [markdown]
"""
## Does the network need what the map shows?

That is a question of faithfulness. A map claims that some places matter. Take them away and ask again. In *deletion* pixels are replaced by the mean colour, the most relevant first: the
probability of the class should fall fast. In *insertion* they are put into a blurred image, and it should rise fast (both by Petsiuk et al. 2018,
[arXiv 1806.07421](https://arxiv.org/abs/1806.07421)). ROAD fills removed pixels in from their neighbours, so that the shape of the hole gives less away (Rong et al. 2022,
[arXiv 2202.00449](https://arxiv.org/abs/2202.00449); here without the noise that they add). With the most relevant pixels removed first the probability should fall
fast, with the least relevant first slowly. Twenty images, live, beside maps that know nothing of the network:
"""

# %% mystnb={"image": {"alt": "Four panels of curves of the mean probability of the true class, each with a band, for Grad-CAM at layer4, blurred noise, a Gaussian in the centre and edges. In deletion and in ROAD with the most relevant pixels first all fall, Grad-CAM and the Gaussian first. In insertion all rise, these two first. In ROAD with the least relevant first these two stay high the longest."}}
from functools import partial

from cifarcam.trust import BASELINES, SHARES, by_method, deletion, insertion, road

rightly = run.predictions(test).correct.numpy()
twenty, their_labels = test.images[rightly][:20], test.labels[rightly][:20]
explainers = {"Grad-CAM at layer4": by_method("Grad-CAM")} | BASELINES
ways = {
    "deletion": deletion,
    "insertion": insertion,
    "ROAD, most relevant first": partial(road, most_relevant_first=True),
    "ROAD, least relevant first": partial(road, most_relevant_first=False),
}
panels = {title: {} for title in ways}
for name, explainer in explainers.items():
    last = explainer(net, twenty, their_labels)[:, -1]
    for title, way in ways.items():
        panels[title][name] = way(net, twenty, last, their_labels)
pixels = dict.fromkeys(ways, "pixels taken away") | {"insertion": "pixels put in"}
figures.removal_curves(panels, SHARES, pixels)

# %% [markdown]
"""
**Figure 10.9.** Deletion, insertion and ROAD. Each band is the 95 % interval of the mean over twenty images. A good map falls fast in the panels on the left and
stays or gets high in those on the right.

Recorded for more images, as areas under such curves. For deletion less is better, for insertion more:
"""

# %% tags=["nbval-check-output"]
needed, about = recorded_check("faithfulness")
print(how_recorded(about))
few = about["explainers"]["Score-CAM"]["images"]
for name in ("Grad-CAM", "Score-CAM", "centre Gaussian"):
    same = {each: values[:few, -1].mean() for each, values in needed[name].items()}
    shown = ", ".join(f"{each} {mean:.2f}" for each, mean in same.items())
    print(f"{name} at layer4, the same {few} images: {shown}")
areas = {name: by_stage(summary(needed, name)) for name in ("deletion", "insertion")}
pd.concat(areas, axis=1).round(2)

# %% mystnb={"image": {"alt": "Five panels, one for each stage, with a dot and its interval for each method and baseline, and a dashed line at zero. At layer4 the methods lie to the right of the line. The Gaussian in the centre lies to the right as well."}}
by_road = summary(needed, "ROAD")
print(by_stage(by_road).round(2))
label = "ROAD: area of least relevant first less that of most relevant first"
figures.intervals({"mean": by_road}, label, {"knows nothing": 0})

# %% [markdown]
"""
**Figure 10.10.** ROAD, as the gap between its two curves: more is better.

The hill in the middle does well everywhere. How far is each method ahead of it? Image by image, because what makes an image easy for the one makes it easy for
the other. Means, and their 95 % intervals at layer4:
"""

# %% tags=["nbval-check-output"]
from cifarcam.trust import ahead_of, with_intervals

measures = ("deletion", "insertion", "ROAD")
ahead = {each: ahead_of("centre Gaussian", needed, each) for each in measures}
at_layer4 = {each: ahead[each].xs("layer4", level="stage") for each in measures}
print(pd.DataFrame({each: with_intervals(at_layer4[each]) for each in measures}))
pd.concat({each: by_stage(ahead[each]) for each in measures[1:]}, axis=1).round(2)

# %% [markdown]
"""
At layer4 a map earns little more than a hill in the middle of the picture, which knows nothing of the network. By deletion Grad-CAM is 0.02 above the hill,
where less is better, and by insertion 0.02 above it, where more is: both intervals begin at about 0. Only under ROAD is it clearly ahead, by 0.06. So most of what a map
earns there is earned by a smooth hill where things are photographed. What Grad-CAM knows beyond that is the difference. Score-CAM's higher numbers
are those of its few images: on the same ones Grad-CAM has 0.77 by insertion, the hill 0.79 and Score-CAM 0.80.

Before layer4 the hill is ahead of every method but Score-CAM in insertion and ROAD: of Grad-CAM at layer3 by 0.19 and by 0.25. Score-CAM, on its ten images, is a little ahead of
the hill at layer3, and at layer2 by ROAD; at layer0 and layer1 the hill is ahead of every method in both. Edges, too, beat
Grad-CAM there: 0.13 by ROAD, where Grad-CAM has 0.05 at most before layer4.

Deletion tells another story there. LayerCAM at layer1 (0.22) and HiResCAM at layer0 (0.25) look best of all. By insertion they
have 0.51 and 0.37, and noise under a blur has 0.52. They find scattered pixels whose loss confuses the network, and from which alone it could not decide.
A study of CIFAR-10 found that a check related to ROAD rewards a map for being blurred, and saw it in ROAD too
([arXiv 2304.13836](https://arxiv.org/abs/2304.13836)). Blurred noise earns nothing here, −0.02, but a smooth hill in the right place earns most of what there is.
"""

# %% [markdown]
"""
## Does the map stay when the image hardly changes?

Mirror the image, shift it by one pixel or by four, add a noise of four grey levels in 256: a person sees the same thing, and `best` learned from mirrored
and shifted images. The map should move with the image. Its rank correlation with the map of the image as it was:
"""

# %% mystnb={"image": {"alt": "Five panels, one for each stage, with four dots in each row: mirrored, shifted by one pixel, shifted by four, noisy. At layer4 all methods lie near 1. At layer0 to layer3 they lie between 0 and 1, mirrored the furthest left for most methods, shifted by one pixel the furthest right. The baselines of edges and of the centre lie near 1."}}
robust, about = recorded_check("robustness")
print(how_recorded(about))
names = ("mirrored", "shifted", "shifted far", "noisy")
changes = {name: summary(robust, name) for name in names}
figures.intervals(changes, "rank correlation with the map before the change")

# %% [markdown]
"""
**Figure 10.11.** How alike a map stays under four small changes of the image. As numbers:
"""

# %% tags=["nbval-check-output"]
lost = np.isnan(robust["Grad-CAM"]["mirrored"]).mean(0)
print(f"pairs with a blank map, left out: {lost[3]:.2f} of Grad-CAM's at layer3")
tables = {name: by_stage(table) for name, table in changes.items()}
print("at layer4:")
print(pd.DataFrame({name: table["layer4"] for name, table in tables.items()}).round(2))
pd.concat({name: tables[name] for name in ("mirrored", "shifted far")}, axis=1).round(2)

# %% [markdown]
"""
At layer4 every method keeps 0.91 or more through all changes. What is that worth? A hill that stays where it is, whatever the image does, keeps 0.84 of its
order against an image shifted by four pixels. Grad-CAM before layer4 keeps 0.65 at most: less than a map that ignores the image. A mirror image changes most
methods' early maps even more: Grad-CAM keeps 0.38 at layer0, HiResCAM 0.23 at layer1. A spot in an early map is a statement about this picture in this
position, pixel for pixel.

Grad-CAM++, which failed the checks above, moves less than Grad-CAM before layer4 under every change, and edges hardly move at all. Eigen-CAM, which
asks for no class, keeps 0.80 or more at every stage when the image is mirrored. Robustness is worth something
only in a map that has passed the other checks.
"""

# %% [markdown]
"""
## All checks side by side

Each entry is a mean with its 95 % bootstrap interval over the images; `n` is their number where it is under 30, and such intervals are too narrow. ↑ more is
better, ↓ less is better. The first column is the share on the mark of [chapter 9](09-cheating-networks.ipynb), in the cheating network less that in the honest one. `random linear layer` is the rank
correlation that is left after the first step of the cascade. `labels` is how much more alike a map is to that of a network with true labels than to
that of one with shuffled labels. A blank map has nothing on the mark, counts as a random order in deletion, insertion and ROAD, and is left out elsewhere.
What the intervals do not hold is the chance in training: there is one network of each kind. At layer4:
"""

# %% tags=["nbval-check-output"]
from cifarcam.trust import scorecard

scorecard("layer4")

# %% [markdown]
"""
And at layer2, where chapter 9 found the shortcut best:
"""

# %% tags=["nbval-check-output"]
scorecard("layer2")

# %% [markdown]
"""
## A method of your own, through every check

Every check takes any function from activations and gradients to weights. Here is one that counts positive gradients only, with ten images or mosaics, and
beside it what was recorded for Grad-CAM on the same ones. Of the cascade it shows the first step, the random linear layer:
"""

# %% tags=["nbval-ignore-output"]
from cifarcam.trust import beside, through_every_check


def positive_gradients(activations, gradients):
    return np.maximum(gradients, 0).mean((2, 3))


found = through_every_check(by_method(positive_gradients), test, 10)
beside("Grad-CAM", found)[["layer2", "layer4"]].round(2)

# %% [markdown]
"""
It behaves as Grad-CAM++ and LayerCAM do: its maps hold still, and keep most of their order when the linear layer is random. Leaving the negative gradients out is
enough for that.
"""

# %% [markdown]
"""
## What to do with all this

- **Ask at layer4 first, with Grad-CAM.** It is the stage the decision is made from: its maps lie in the right quadrant, depend on the class's weights and on what was
  learned, and hold still. It cannot show anything smaller than one of its places, and on drawn pictures it lay on the object less than edges did.
- **For something small, ask HiResCAM at layer2 or layer3**, and compare with a second class or a second network before believing what is seen. It found
  the mark of chapter 9; its map also changes when the image hardly does, and in the mosaics it hardly told whose quadrant it was in.
- **Do not take Grad-CAM++ or LayerCAM as an answer to "why this class".** At layer4 their maps change little when the class's weights are
  random, and agree as well with those of a network that learned shuffled labels as with those of one that learned true ones. LayerCAM did tell ship from the true class on the mark; Grad-CAM++ did not.
- **Do not read Grad-CAM before layer4.** The mean over places has lost where its weight came from, and a hill in the middle of the picture does better
  in insertion and by ROAD.
- **Lay a baseline beside every number, image by image.** Where a hill in the middle does as well, as it does in deletion and insertion, the number says nothing of the network.
- **One map is an anecdote.** The intervals above are of means over many images; a single map may be the exception.
"""

# %% [markdown]
"""
## Exercise 1: signs that cancel

A rank correlation of −0.5 is as far from 0 as one of 0.5, but in a mean the two cancel. Take Grad-CAM at layer4 after the first step of the cascade, the random
linear layer, and give the mean of the *sizes* of the rank correlations over the images. The numbers are in `similar["Grad-CAM"]["rank correlation"]`: part made
random, image, stage.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

sizes = np.nanmean(np.abs(similar["Grad-CAM"]["rank correlation"][0, :, 4]))
check(
    answer,
    lambda mean: abs(mean - sizes) < 0.005,
    hint="take the absolute values before the mean, and leave NaN out",
)

# %% [markdown]
"""
## Exercise 2: ahead of the hill

By how much is HiResCAM ahead of the hill in the middle of the picture by ROAD at layer3? `ahead_of` gives a row for each explainer and stage, with the mean of
the differences image by image. Set `answer` to that mean; it is negative where the hill is ahead.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
lead = ahead_of("centre Gaussian", needed, "ROAD")["mean"]["HiResCAM", "layer3"]
check(
    answer,
    lambda gap: abs(gap - lead) < 0.005,
    hint='ahead_of("centre Gaussian", needed, "ROAD") has the column "mean"',
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** A method's maps keep a rank correlation of 0.9 when the linear layer is made random. Is that good?

- **A.** No: the map does not depend on what was asked, so it cannot answer it.
- **B.** Yes: the method is robust.
- **C.** Yes: the linear layer knows nothing of places.
- **D.** No: the network must have been trained badly.

<details>
<summary>Answer to question 1</summary>

**A.** The linear layer alone knows which channels speak for which class. A map that survives its loss was not about the class.

- **B.** Robustness means that the map stays when the *image* hardly changes. Here the network lost what it had learned.
- **C.** It holds the classes' weights of the channels, and with them what is asked for. The class is the question.
- **D.** Nothing was trained anew. The same trained network gives 0.10 with Grad-CAM at layer4.

</details>
"""

# %% [markdown]
"""
**Question 2.** On the drawn pictures, a method has 0.31 of its map on the object, which covers 0.16 of the picture. What else must be known before it is praised?

- **A.** How large the raw maxima are.
- **B.** How many classes there are.
- **C.** Whether the picture is in colour.
- **D.** What a map without a network has there.

<details>
<summary>Answer to question 2</summary>

**D.** A hill in the middle of the picture has 0.33 on the object, and edges 0.36. More than the object's area may still be less than a map gets that has learned nothing.

- **A.** The share is of each map's own sum; how strong the map was as a whole does not enter.
- **B.** The share of a map inside a mask has nothing to do with the number of classes.
- **C.** The mask is a matter of places. Colour changes what the network sees, not what is counted.

</details>
"""

# %% [markdown]
"""
**Question 3.** What part does the stage play in the mosaics?

- **A.** None: a method is right or wrong at every stage.
- **B.** The later the stage, the more of Grad-CAM's map lay in the right quadrant.
- **C.** The finer the map, the better it pointed.
- **D.** Only at layer0 did the maps differ from a quarter.

<details>
<summary>Answer to question 3</summary>

**B.** From 0.26 at layer0 to 0.88 at layer4. What tells classes apart is put together on the way.

- **A.** Grad-CAM itself goes from hardly better than knowing nothing to 0.88.
- **C.** For Grad-CAM the finest map, layer0, is the worst. Sixteen places to a quadrant were enough.
- **D.** It is the other way round: at layer0 Grad-CAM's maps are nearest to a quarter.

</details>
"""

# %% [markdown]
"""
## What we learned

- At layer4, maps of Grad-CAM++ and LayerCAM barely notice that the class's weights are random, or that the labels were. Those of Grad-CAM and HiResCAM do.
- At layer4 Grad-CAM points to the right quadrant; the early stages hardly tell classes apart.
- Maps that know nothing of the network pass some checks, and beat most methods in others. Every check needs them beside it.
- A method that passes one check has not passed the others.

## Next

The checks need nothing of CIFAR-10, and only the cascade needs a ResNet-18. [Chapter 11](11-your-own.ipynb) takes maps to your own pictures and your own network; take the checks along.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell"]
correlations = similar["Grad-CAM"]["rank correlation"][0, :, 4]
answer = np.nanmean(np.abs(correlations))
print(
    f"exercise 1: {answer:.2f}, where the signed mean is {np.nanmean(correlations):.2f}"
)

# %% tags=["hide-cell"]
answer = ahead_of("centre Gaussian", needed, "ROAD")["mean"]["HiResCAM", "layer3"]
print(f"exercise 2: {answer:.2f}")
