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
# 8. One image, every method
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

One image the network gets wrong, and what each method makes of it, stage by stage.
"""

# %% mystnb={"image": {"alt": "A grid with a row for each method, and six columns: a misclassified test image, then its heat maps at layer0 to layer4. Down a column the maps differ, most at the early stages; at layer4 most of them show the same coarse blob."}} tags=["hide-input"]
from cifarcam import figures
from cifarcam.data import cifar10
from cifarcam.maps import stage_maps
from cifarcam.network import pass_counter
from cifarcam.records import RECORDED_METHODS, RECORDED_SLOW, load_run

test = cifar10("test")
run = load_run("best")
net = run.model()
predictions = run.predictions(test)
wrong = predictions.misclassified().numpy()

one = test.images[wrong[:1]]
by_method, passes = {}, {}
for name in RECORDED_METHODS:
    with pass_counter(net) as passes[name]:
        by_method[name] = stage_maps(net, one, method=name)
print(predictions.captions(wrong[:1])[0].replace("\n", " "))
figures.method_grid(one[0], by_method)

# %% [markdown]
"""
**Figure 8.1.** The same image by each method, for the predicted class. In every map yellow is its largest value and dark grey its smallest. Above
it stands the largest value before scaling, in each method's own unit. Compare shapes down a column, and numbers not at all.

After this chapter you can:

- say what each of these methods weighs, and what it costs;
- tell which of them are the same at the last stage, and prove it;
- ask for a map of any class, and see what separates two classes;
- write a method of your own.
"""

# %% [markdown]
"""
## What you need

Grad-CAM, as [chapter 7](07-grad-cam.ipynb) explains it. About a minute on two CPU cores, no GPU.
"""

# %% [markdown]
r"""
## What each method weighs

Let $A^k_{ij}$ be channel $k$ of a stage at place $(i, j)$, $y$ the logit of the class, and $g^k_{ij} = \partial y / \partial A^k_{ij}$ its
gradient. Most methods give each channel a weight $w_k$ and show $\mathrm{relu}(\sum_k w_k A^k)$. They differ in the weight:

| method | what it weighs |
| --- | --- |
| Grad-CAM ([arXiv 1610.02391](https://arxiv.org/abs/1610.02391)) | the gradient's mean over the places |
| Grad-CAM++ ([arXiv 1710.11063](https://arxiv.org/abs/1710.11063)) | a weighted sum of the positive gradients, with $g^2 / (2g^2 + g^3 \sum A)$ as the places' weights |
| XGrad-CAM ([arXiv 2008.02312](https://arxiv.org/abs/2008.02312)) | the gradient's mean, each place counted by its share of the activation |
| HiResCAM ([arXiv 2011.08891](https://arxiv.org/abs/2011.08891)) | no channel as a whole: $\sum_k g^k_{ij} A^k_{ij}$ at each place |
| LayerCAM ([paper](https://doi.org/10.1109/TIP.2021.3089943)) | as HiResCAM, with positive gradients only |
| Eigen-CAM ([arXiv 2008.00299](https://arxiv.org/abs/2008.00299)) | no gradient and no class: the first principal component of the channels, the one pattern that accounts for more of their activation than any other |
| Score-CAM ([arXiv 1910.01279](https://arxiv.org/abs/1910.01279)) | the logit of the image seen through the channel as a mask, in a softmax over channels |
| Ablation-CAM ([paper](https://doi.org/10.1109/WACV45572.2020.9093360)) | the share of the logit that is lost without the channel |

All are those of pytorch-grad-cam. `stage_maps(…, method=name)` takes any of them and keeps the five stages apart.

Two warnings. layer0 is taken before its ReLU, so its activations have both signs, and a place's share of them means less there. And a
principal component has no sign of its own: a map and its negative are equally good ones, and left alone, two machines may choose differently. Eigen-CAM's
paper takes the component without centring the channels first, and so do we (pytorch-grad-cam centres them, and leaves the sign to
chance). Then we turn it so that it sums to a positive number. From layer1 on, yellow then marks the places
where the channels are most active together: at layer2 above, the front wheel.
"""

# %% [markdown]
"""
## What each method costs

The cell at the top counted how many images went through the network, forward to the logits and backward from them.
"""

# %% tags=["nbval-check-output"]
import pandas as pd

pd.DataFrame({name: vars(count) for name, count in passes.items()}).T

# %% [markdown]
"""
One forward pass of each count is the package's own: it checks that each stage runs once. Methods of gradients then need one pass each
way, for all five stages at once. The two slow ones run the network again for every channel of every stage, and Ablation-CAM once more
at each stage, for the logit with nothing taken away. How much longer that takes was measured, one image at a time and the methods in
turns:
"""

# %% tags=["nbval-check-output"]
from cifarcam.records import recorded_method_costs

costs, about = recorded_method_costs()
print(f"{about['hardware']}, PyTorch {about['versions']['torch']}, {about['date']}")
print(about["command"])
batches = about["grad_cam_in_batches"]
minutes = f"{batches['minutes']:.0f} minutes"
print(f"Grad-CAM's maps of {batches['images']:,} images, in batches: {minutes}")
costs[["times_grad_cam"]]

# %% [markdown]
"""
Eigen-CAM needs no backward pass and still takes about as long as the methods of gradients, because decomposing the channels of each stage
costs what that saves. In batches Grad-CAM takes 2 minutes for the maps of all test images on these two cores.

## Where methods coincide

Behind layer4 come only an average and one linear layer. So the gradient of a logit is the same at all places of a channel: the class's
weight for that channel, over the number of places. Then a mean of gradients is that number, however its places are
weighted: Grad-CAM and XGrad-CAM agree. And HiResCAM multiplies each place by its own
gradient, where Grad-CAM takes the mean over the places. Here the two are one number: HiResCAM agrees too.
"""

# %% tags=["nbval-check-output"]
import numpy as np

at_layer4 = {name: maps.maps[:, 4] for name, maps in by_method.items()}
at_layer3 = {name: maps.maps[:, 3] for name, maps in by_method.items()}
for name in ("XGrad-CAM", "HiResCAM", "LayerCAM"):
    for stage, maps in (("layer3", at_layer3), ("layer4", at_layer4)):
        same = np.abs(maps[name] - maps["Grad-CAM"]).max() < 1e-5
        print(f"{name:>10} is Grad-CAM at {stage}: {same}")

# %% [markdown]
"""
LayerCAM's map, for one, is what [pytorch-grad-cam](https://github.com/jacobgil/pytorch-grad-cam) gives when we call it ourselves, one layer at a time. Two methods differ from the
library on purpose: Eigen-CAM's channels are not centred here, and Ablation-CAM divides by the size of the logit.
"""

# %% tags=["nbval-check-output"]
from cifarcam.data import normalize
from cifarcam.network import stages
from pytorch_grad_cam import LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

layer_cam_maps = by_method["LayerCAM"]
explained = [ClassifierOutputTarget(int(layer_cam_maps.targets[0]))]
for stage, (name, layer) in enumerate(stages(net).items()):
    with LayerCAM(net, [layer]) as layer_cam:
        of_library = layer_cam(normalize(one), explained)
    difference = np.abs(of_library - layer_cam_maps.maps[:, stage]).max()
    print(f"{name}: largest difference below 1e-5: {bool(difference < 1e-5)}")
net.zero_grad(set_to_none=True)  # the library leaves gradients behind

# %% [markdown]
"""
At layer3 nothing of this holds, because layer4 is still to come. Three rows of a comparison at layer4 would be one method counted three
times. How alike are the maps of other pairs? Spearman's rank correlation asks whether two maps put the pixels in the same order:
1 says entirely, 0 not at all, and −1 in the opposite one. Its mean over fifty mistakes, for the methods of gradients and Eigen-CAM; pairs
with a blank map are left out:
"""

# %% mystnb={"image": {"alt": "A square of six rows and six columns of methods, coloured by how alike their maps at layer4 are, the numbers written in. Grad-CAM, XGrad-CAM and HiResCAM agree entirely; Eigen-CAM agrees with the others least."}}
from cifarcam.trust import rank_correlation

fifty = test.images[wrong[:50]]
fast = [name for name in RECORDED_METHODS if name not in RECORDED_SLOW]
of_fifty = {name: stage_maps(net, fifty, method=name) for name in fast}

maps = [of_fifty[name].maps[:, 4] for name in fast]
pairs = [[np.nanmean(rank_correlation(a, b)) for b in maps] for a in maps]
figures.agreement(np.array(pairs), fast, "mean rank correlation at layer4")

# %% [markdown]
"""
**Figure 8.2.** Agreement of the maps at layer4, over fifty misclassified images. Yellow means that two methods put the pixels in the same
order. Grad-CAM, XGrad-CAM and HiResCAM are one method here. Grad-CAM++ and LayerCAM nearly are another: both leave out what speaks
against the class. Eigen-CAM is least like the others.
"""

# %% [markdown]
"""
And at each stage, with Grad-CAM:
"""


# %%
def alike(first, second):
    return np.nanmean(rank_correlation(first.maps, second.maps), axis=0)


stage_names = by_method["Grad-CAM"].stages
grad_cam = of_fifty["Grad-CAM"]
with_grad_cam = {name: alike(grad_cam, of_fifty[name]) for name in fast}
pd.DataFrame(with_grad_cam, index=stage_names).T.round(2)

# %% [markdown]
"""
From layer1 to layer3 only XGrad-CAM stays near Grad-CAM; at layer0 no method does. Eigen-CAM, which asks for no class,
agrees with Grad-CAM only at layer4.
"""

# %% [markdown]
"""
## The slow methods

Score-CAM and Ablation-CAM ran live on one image above. Their maps of a few more are recorded with the package.
"""

# %% mystnb={"image": {"alt": "Three misclassified images side by side, and below each its map at layer4 by each of the methods. In the second and third column the blobs lie at much the same place; in the first Eigen-CAM's lies lower and further right than Grad-CAM's."}}
from cifarcam.maps import slow_maps, slow_maps_provenance

few = wrong[:3]
of_few = of_fifty | slow_maps(run, test.images[few])
titles = predictions.captions(few)
print("recorded by:", slow_maps_provenance()["command"])
figures.methods_at_stage(test.images[few], of_few, "layer4", titles)

# %% [markdown]
"""
**Figure 8.3.** Three mistakes at layer4 by every method, for the predicted class; Eigen-CAM's are for no class.
"""

# %% [markdown]
"""
## Smoothing

There are two ways to smooth a map. `aug_smooth` averages the maps of six versions of the image: it and its mirror image, each at three
contrasts. `eigen_smooth` takes the first principal component of the weighted channels in place of their sum; for Eigen-CAM, which is one
already, it changes nothing.
"""

# %% mystnb={"image": {"alt": "Four rows of Grad-CAM maps of one image at layer0 to layer4: as it is, with smoothing by augmentation, with smoothing by principal component, with both."}}
smoothed = {
    "as it is": by_method["Grad-CAM"],
    "aug_smooth": stage_maps(net, one, aug_smooth=True),
    "eigen_smooth": stage_maps(net, one, eigen_smooth=True),
    "both": stage_maps(net, one, aug_smooth=True, eigen_smooth=True),
}
figures.method_grid(one[0], smoothed)

# %% [markdown]
"""
**Figure 8.4.** Grad-CAM of one image, plain and smoothed. The component is turned so that it sums to a positive number, so with
`eigen_smooth` evidence against the class may light up as if it were evidence for it, and a map is hardly ever blank, whatever the network says. Below: how alike each is to the plain map.
"""

# %%
with pass_counter(net) as count:
    stage_maps(net, one, aug_smooth=True)
print("passes with aug_smooth:", vars(count))
plain = by_method["Grad-CAM"].maps
for name, maps in smoothed.items():
    close = rank_correlation(maps.maps, plain)[0].round(2)
    print(f"{name:>12}: rank correlation with the plain map {close}")

# %% [markdown]
"""
Smoothing by augmentation keeps the order of the pixels at every stage. `eigen_smooth` does not: at layer0 it nearly turns the order
round (−0.68), at layer1 and layer2 nothing of it is left, and only at layer4 does it look like the plain map (0.78).
"""

# %% [markdown]
"""
## Predicted or true?

A mistake has two maps: one for the predicted class, one for the true class. Up to which stage do they differ at all? The
rank correlation of the two, over the same fifty mistakes:
"""

# %%
their_labels = predictions.labels[wrong[:50]].numpy()
for_true = {}
for name in fast:
    for_true[name] = stage_maps(net, fifty, their_labels, method=name)
two_classes = {name: alike(of_fifty[name], for_true[name]) for name in fast}
pd.DataFrame(two_classes, index=stage_names).T.round(2)

# %% [markdown]
"""
Eigen-CAM gives both classes the same map, since it asks for no class. The maps of Grad-CAM, XGrad-CAM and HiResCAM tend to exclude each other up
to layer3: evidence for the one class tends to be evidence against the other. Only at layer4 do they have something in common. Grad-CAM++ and
LayerCAM, which count positive gradients, give both classes much the same map at most stages. They show where the network finds something
rather than what for.
"""

# %% [markdown]
r"""
At layer4 two classes can be subtracted in the unit of the logits. What place $(i, j)$ adds to the logit of class $c$ is
$\sum_k w^c_k A^k_{ij} / 16$, with the linear layer's weights; the sixteen places and the class's bias add up to the logit. So the difference
between two classes is a map that adds up to the difference of their logits.
"""

# %% mystnb={"image": {"alt": "Five rows of misclassified images. Each has the layer4 map for the predicted class, the one for the true class, and a grid of four by four squares: orange where a position holds evidence for the predicted class rather than the true one, purple where it holds evidence for the true class."}}
from cifarcam.maps import logit_contributions

five, five_labels = test.images[wrong[:5]], their_labels[:5]
for_predicted_class = logit_contributions(net, five, "predicted")
for_true_class = logit_contributions(net, five, five_labels)
difference = for_predicted_class - for_true_class

predicted_maps = stage_maps(net, five)
true_maps = stage_maps(net, five, five_labels)
logits, rows = predicted_maps.logits, np.arange(len(five))
bias, its_class = net.linear.bias.detach().numpy(), predicted_maps.targets
gap = logits[rows, its_class] - logits[rows, five_labels]
summed = difference.sum((1, 2)) + bias[its_class] - bias[five_labels]
largest = np.abs(summed - gap).max()
print("places and biases add up to the logits:", bool(largest < 1e-4))
captions = predictions.captions(wrong[:5])
figures.predicted_minus_true(five, predicted_maps, true_maps, difference, captions)

# %% [markdown]
"""
**Figure 8.5.** Five mistakes: the maps for the two classes, and their difference in logits. Orange places are evidence for the predicted class rather
than the true one, purple ones for the true class. The sum is how far the wrong class was ahead, up to the two classes' biases.
"""

# %%
many = test.images[wrong[:500]]
many_labels = predictions.labels[wrong[:500]].numpy()
for_its_class = logit_contributions(net, many, "predicted")
for_its_label = logit_contributions(net, many, many_labels)
wrong_places = 100 * (for_its_class > for_its_label).mean((1, 2))
print(f"places that favour the wrong class, over {len(many)} mistakes:")
print(f"in the median mistake {np.median(wrong_places):.0f} %")
every_place = 100 * (wrong_places == 100).mean()
few_places = 100 * (wrong_places < 50).mean()
print(f"all of them in {every_place:.0f} % of the mistakes")
print(f"fewer than half in {few_places:.0f} % of the mistakes")

# %% [markdown]
"""
In the median mistake 81 % of the places favour the wrong class, and in 30 % of the mistakes all of them do. A few places that overrule all
others are the rarer case: fewer than half favour the wrong class in 6 % of the mistakes. Each place of layer4 can depend on the whole image
([chapter 2](02-resnet18.ipynb)), and most places say the same wrong thing.
"""

# %% [markdown]
"""
## A method of your own

A method that weighs channels is a function: from activations and gradients of a stage, `(N, channels, h, w)` each, to
weights, `(N, channels)`. Grad-CAM is one line:
"""


# %% tags=["nbval-check-output"]
def mean_gradient(activations, gradients):
    return gradients.mean((2, 3))


own = stage_maps(net, one, method=mean_gradient)
largest = np.abs(own.maps - by_method["Grad-CAM"].maps).max()
print("this is Grad-CAM:", bool(largest < 1e-5))

# %% [markdown]
"""
## Exercise 1: Score-CAM on every test image

How many images would have to go forward through the network for Score-CAM's maps of all 10,000 test images, at all five stages? Leave
the one that finds out the stages' order aside.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

needed = 10_000 * (passes["Score-CAM"].forward - 1)
check(
    answer,
    lambda value: value == needed,
    hint="one image for its activations, and one for each channel of each stage",
)

# %% [markdown]
"""
## Exercise 2: by the largest gradient

Write a method that weighs each channel by its largest gradient, and set `answer` to the function. It gets NumPy arrays.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
random = np.random.default_rng(0)
A, G = random.normal(size=(2, 2, 8, 4, 4))
check(
    answer,
    lambda method: np.allclose(method(A, G), G.max((2, 3))),
    hint="the gradients are (N, channels, h, w); take their maximum over h and w",
    expected="a function",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** At layer4 Grad-CAM, XGrad-CAM and HiResCAM show the same map. Are these three witnesses for what it shows?

- **A.** No: behind layer4 all three compute the same sum.
- **B.** Yes: three methods came to the same map independently.
- **C.** No: they only look the same, because every map is scaled.
- **D.** Yes, but only for the image at the top of the chapter.

<details>
<summary>Answer to question 1</summary>

**A.** The gradient is the same at all places of a channel. Then it does not matter how places are weighted, or whether each place takes its own gradient or the mean. It is one witness, counted three times.

- **B.** They are independent at layer3, where the cell prints False for each. At layer4 the formulas become one.
- **C.** The cell compares them number by number and prints True. LayerCAM is scaled too, and differs.
- **D.** The reason holds for any image, and the agreement was measured over fifty.

</details>
"""

# %% [markdown]
"""
**Question 2.** The maps of Eigen-CAM for the predicted and for the true class have a rank correlation of 1.00 at every stage. What does it mean?

- **A.** It is the most reliable of the six methods.
- **B.** The network finds both classes equally likely, so their maps are the same.
- **C.** It asks for no class, so it cannot explain a choice between two.
- **D.** Its maps are blank, and blank maps agree.

<details>
<summary>Answer to question 2</summary>

**C.** It shows where the channels are most active together. That is the same whatever class one has in mind.

- **A.** A clock that has stopped is steady too. A map that explains a class should change with the class.
- **B.** Probabilities play no part in this map. And in these images the network preferred the wrong class.
- **D.** Pairs with a blank map are left out. The figures show that its maps are not blank.

</details>
"""

# %% [markdown]
"""
**Question 3.** For Grad-CAM the maps of the predicted and the true class have a mean rank correlation of −0.56 at layer2. What does it say?

- **A.** The two maps have nothing to do with each other at this stage.
- **B.** The two maps differ in 56 % of the images.
- **C.** The mistake is made at layer2.
- **D.** Where one map is high, the other tends to be low.

<details>
<summary>Answer to question 3</summary>

**D.** A negative correlation means an opposite order of the pixels. Evidence for the one class tends to be evidence against the other.

- **A.** Then it would lie near 0.
- **B.** It is a mean over images of how alike the orders of the pixels are, not a share of images.
- **C.** The number is much the same from layer0 to layer3, and for images that are all mistakes. It points to no stage.

</details>
"""

# %% [markdown]
"""
**Question 4.** In the median mistake 81 % of the sixteen places of layer4 favour the wrong class. How does a typical mistake come about?

- **A.** One misleading spot outvotes all others.
- **B.** The object covers 81 % of the picture.
- **C.** Most places say the same wrong thing.
- **D.** The network looked at the surroundings.

<details>
<summary>Answer to question 4</summary>

**C.** In 30 % of the mistakes all of them do. Each place of layer4 can depend on the whole image, so they need not be sixteen opinions.

- **A.** That is the rarer case: in 6 % of the mistakes fewer than half of the places favour the wrong class.
- **B.** The places are counted by which class they favour. Nothing here knows where the object is.
- **D.** It may have, but a place that favours a class does not tell what it depends on.

</details>
"""

# %% [markdown]
"""
## What we learned

- Methods differ in what they weigh; at layer4 of this network three of them are the same.
- Methods of gradients cost one pass each way for all stages. Score-CAM and Ablation-CAM cost a pass for every channel.
- Eigen-CAM shows the same map for every class, so it cannot explain a choice between two. Grad-CAM++ and LayerCAM barely can.
- At layer4 the difference of two classes is a map that adds up to the difference of their logits.

## Next

Before layer4 most methods do not agree with Grad-CAM. [Chapter 9](09-cheating-networks.ipynb) asks whether they can catch a
network that cheats, and [chapter 10](10-checks.ipynb) adds random weights, mosaics and pixels taken away.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell"]
channels = [64, 64, 128, 256, 512]
answer = 10_000 * (1 + sum(channels))
print(f"exercise 1: {answer:,}")


# %% tags=["hide-cell"]
def largest_gradient(activations, gradients):
    return gradients.max((2, 3))


answer = largest_gradient
print("exercise 2:", answer.__name__)
