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
# 7. Grad-CAM, layer by layer
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
Ten photographs that the network got wrong. When it answered *dog*, where was the evidence, and was it already there one stage earlier? Look at the
rows below before you read on, and decide which of the five columns you would trust.
"""

# %% mystnb={"image": {"alt": "A grid of ten rows. Each row has a misclassified test image, then five heat maps upon it, for layer0 to layer4. Early maps are fine and scattered; the map of layer4 is one or two coarse blobs."}} tags=["hide-input", "picture"]
from cifarcam import figures
from cifarcam.data import CLASSES, cifar10
from cifarcam.maps import stage_maps
from cifarcam.records import load_run

test = cifar10("test")
run = load_run("best")
net = run.model()
predictions = run.predictions(test)

wrong = predictions.misclassified()[:10]
images, labels = test.images[wrong], predictions.labels[wrong].numpy()
predicted = stage_maps(net, images, "predicted")
titles = predictions.captions(wrong)
figures.stage_grid(images, predicted, titles)

# %% [markdown]
"""
**Figure 7.1.** Grad-CAM for the predicted class. Each row: the image with its true and its predicted class, then the
maps of layer0 to layer4. Yellow is the map's largest value, dark grey its smallest; a pale spot may be only the image. Above each
map stands its largest value before scaling. A map that is nowhere positive is marked blank.
"""

# %% [markdown]
"""
## What you will be able to do

After this chapter you can:

- write down Grad-CAM's formula and say what each part means;
- compute maps of five stages in one pass, for any class;
- read magnitudes beside maps, and know what scaling hides;
- check a map against one computed in another way.
"""

# %% [markdown]
"""
## What you need

The mistakes of [chapter 6](06-misclassified.ipynb) and the stages of [chapter 2](02-resnet18.ipynb). Less than half a minute on two CPU
cores, no GPU.
"""

# %% [markdown]
r"""
## The formula

Let $A^k$ be channel $k$ of a stage's output, and $y^c$ the logit of class $c$. Grad-CAM (Selvaraju et al. 2017,
[arXiv 1610.02391](https://arxiv.org/abs/1610.02391)) sums the channels, weighted by how much each one helps the class:

$$\alpha_k^c = \frac{1}{hw}\sum_{i,j}\frac{\partial y^c}{\partial A^k_{ij}},
\qquad
L^c = \mathrm{relu}\Big(\sum_k \alpha_k^c A^k\Big).$$

The gradient says by how much the logit would grow if the channel were a little more active at a position, so its mean over all positions, the weight $\alpha_k^c$, is how much the channel as a whole
helps. It is the mean gradient over the $h \times w$ positions. The ReLU keeps the evidence for the class and drops the
evidence against it. One forward pass gives all $A^k$ of all stages, one backward pass all gradients.
"""

# %%
import torch
from cifarcam.data import normalize
from cifarcam.network import stages

kept = []
layer3 = stages(net)["layer3"]
handle = layer3.register_forward_hook(lambda module, x, output: kept.append(output))
logits = net(normalize(images[:1]))
handle.remove()

A = kept[0]
(gradient,) = torch.autograd.grad(logits[0, predicted.targets[0]], A)
alpha = gradient.mean(dim=(2, 3))
by_hand = torch.einsum("nk,nkhw->nhw", alpha, A).relu().detach()
print(f"layer3: {A.shape[1]} channels of {A.shape[2]} by {A.shape[3]} positions")
difference = abs(by_hand.max().item() - predicted.raw_maxima[0, 3])
print("raw maximum as stage_maps has it, to 1e-5:", bool(difference < 1e-5))
scaled = by_hand - by_hand.min()
scaled /= scaled.max()
large = torch.nn.functional.interpolate(scaled[None], size=(32, 32), mode="bilinear")
correlation = torch.corrcoef(
    torch.stack([large.flatten(), torch.as_tensor(predicted.maps[0, 3]).flatten()])
)[0, 1]
print(f"enlarged, correlated with the map of stage_maps: {correlation:.3f}")

# %% [markdown]
"""
## What scaling hides

Each map is stretched to the range from 0 to 1 before it is shown. A faint map then looks as strong as a clear one. The raw
maxima tell them apart. They are logits per position, and each stage has its own scale, so compare them within a column.
"""

# %%
import pandas as pd

rows = [title.replace("\n", " ") for title in titles]
raw = pd.DataFrame(predicted.raw_maxima, columns=list(stages(net)), index=rows)
raw.map("{:.2g}".format)

# %% [markdown]
"""
## The same images, for the true class

The same pass with other targets. Where did the network see what the label says? A low maximum means little evidence anywhere.
"""

# %% mystnb={"image": {"alt": "The same ten images with the maps of layer0 to layer4 for their true class. Some of the maps point at other places than those for the predicted class, all with a lower maximum at layer4."}}
true = stage_maps(net, images, labels)
figures.stage_grid(images, true, [CLASSES[label] for label in labels])

# %% [markdown]
"""
**Figure 7.2.** Grad-CAM for the true class of the same ten images.
"""

# %% [markdown]
"""
Side by side for three of them:
"""

# %% mystnb={"image": {"alt": "Three images in pairs of rows. The upper row of each pair has the maps for the predicted class, the lower row those for the true class."}}
three = images[:3]
figures.target_pairs(
    three, stage_maps(net, three, "predicted"), stage_maps(net, three, labels[:3])
)

# %% [markdown]
"""
**Figure 7.3.** Three images, each with its maps for the predicted class (upper row) and the true class (lower row).
"""

# %%
at_layer4 = {"predicted": predicted.raw_maxima[:, 4], "true": true.raw_maxima[:, 4]}
pd.DataFrame(at_layer4, index=rows).round(3)

# %% [markdown]
"""
A larger maximum is not a larger logit: the logit sums all positions, also those with evidence against the class. Over the first
hundred mistakes, how often is the maximum larger for the predicted class than for the true one, stage by stage?
"""

# %%
hundred = predictions.misclassified()[:100]
many, their_labels = test.images[hundred], predictions.labels[hundred].numpy()
for_predicted = stage_maps(net, many, "predicted").raw_maxima
for_true = stage_maps(net, many, their_labels).raw_maxima
for name, count in zip(stages(net), (for_predicted > for_true).sum(0), strict=True):
    print(f"{name}: larger for the predicted class in {count} of {len(many)} images")

# %% [markdown]
"""
## Check the map before you believe it

At layer4 there is a second way to the same map. Behind layer4 come only an average and one linear layer. So the weight of a channel
is known without any gradient: it is the class's weight for that channel in the linear layer, divided by the number of
places. That is the class activation map of Zhou et al. (2016, [arXiv 1512.04150](https://arxiv.org/abs/1512.04150)). The weights
are the same by both ways, so the maps must agree, once they are scaled to the same range.
"""

# %% tags=["nbval-check-output"]
import numpy as np
from cifarcam.maps import cam_maps

analytic = cam_maps(net, images, "predicted")
difference = np.abs(analytic - predicted.maps[:, 4]).max()
print("largest difference below 1e-6:", bool(difference < 1e-6))
for name, targets in (("true classes", labels), ("frog", "frog")):
    pair = (
        cam_maps(net, images, targets),
        stage_maps(net, images, targets).maps[:, 4],
    )
    print(f"the same for {name}: {np.abs(pair[0] - pair[1]).max() < 1e-6}")
mixed = np.abs(analytic - true.maps[:, 4]).max()
print("predicted against true class, below 1e-6:", bool(mixed < 1e-6))

# %% [markdown]
"""
The check holds for other classes too, and fails when the two maps are of different classes. The model itself is left alone:
"""

# %% tags=["nbval-check-output"]
print("in eval mode:", not net.training)
print("gradients left behind:", sum(p.grad is not None for p in net.parameters()))
print("hooks left behind:", sum(len(m._forward_hooks) for m in net.modules()))

# %% [markdown]
"""
And the library? [pytorch-grad-cam](https://github.com/jacobgil/pytorch-grad-cam) gives one map at a time, of one layer or averaged over several. For one layer it must be ours:
"""

# %% tags=["nbval-check-output"]
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

explained = [ClassifierOutputTarget(int(target)) for target in predicted.targets]
with GradCAM(net, [stages(net)["layer3"]]) as grad_cam:
    of_library = grad_cam(normalize(images), explained)
difference = np.abs(of_library - predicted.maps[:, 3]).max()
print("largest difference below 1e-5:", bool(difference < 1e-5))
net.zero_grad(set_to_none=True)  # the library leaves gradients behind

# %% [markdown]
"""
## Reading the rows

- **layer0** and **layer1**: fine maps of single pixels and outlines, and at times of even areas or the edge of the picture.
- **layer2** and **layer3**: patches. Up to layer3 the predicted class has the larger maximum in fewer than half of the images.
- **layer4** is what the decision is made from. It is the only stage where the predicted class has the larger maximum in most images. Its 4 by 4
  places are stretched over 32 by 32 pixels, so its blobs can be off by several pixels.

A map shows where evidence for a class came from. It does not say what the evidence was, nor that the network would have
decided otherwise without it. Some kinds of map barely change when the weights are replaced by random ones; Grad-CAM's did
change (Adebayo et al. 2018, [arXiv 1810.03292](https://arxiv.org/abs/1810.03292)). Do not read a story into a single map.
"""

# %% [markdown]
"""
## A picture of your own

In a terminal, `cifarcam explain photo.jpg` makes one figure of any picture: the probabilities of the ten classes and the
five maps. The middle square of the picture is made as small as a CIFAR-10 image. `--class cat` asks for the maps of another
class. The network knows ten classes and no others, so whatever the picture shows, it gets one of them.
"""

# %% [markdown]
"""
## Try it yourself

So far the choices were ours. The next figure shows one mistake with its maps for both classes. On the site it becomes an
explorer: choose one of 44 mistakes, a stage, a method and a class, and how strongly the map covers the picture. It also has
[a page of its own](explorer.md), with suggestions of what to look at.
"""

# %% mystnb={"image": {"alt": "A misclassified picture of an automobile in two rows. The upper row has its maps for the predicted class truck at layer0 to layer4, the lower row those for the true class automobile."}} tags=["explorer", "hide-input"]
one, its_label = images[:1], labels[:1]
figures.target_pairs(
    one, stage_maps(net, one, "predicted"), stage_maps(net, one, its_label)
)

# %% [markdown]
"""
**Figure 7.4.** A mistake with its Grad-CAM maps, stage by stage, for the predicted and for the true class. In a
notebook, change `images[:1]` and `labels[:1]` together to see another of the ten.
"""

# %% [markdown]
"""
## Exercise 1: guess first

A map is *blank* where nothing adds up to evidence for the class. Take the first hundred mistakes and ask each for its *true* class, the one the network did not choose. Before you run anything:
at layer4, how many of the hundred maps are blank? Write your guess down, then count them, and set `answer` to the count.
"""

# %%
answer = None

# %% tags=["nbval-check-output", "checker"]
from cifarcam.exercises import check_answer

check_answer("blank maps for the true class", answer)

# %% [markdown]
"""
## Exercise 2: another class

Ask every picture where the frog is, also those without one. Compute the maps of the ten images for the class `"frog"` and count how many are blank at layer4. Three of the ten do show a frog. Are theirs among the blank ones?
"""

# %%
answer = None

# %% tags=["nbval-check-output", "checker"]
check_answer("blank maps for frog", answer)

# %% [markdown]
"""
## Exercise 3: write Grad-CAM

Write a function of `activations` and `gradients`, NumPy arrays of shape `(N, channels, h, w)`, that gives Grad-CAM's maps, `(N, h, w)`, neither enlarged nor scaled. Three lines are
enough. Set `answer` to the function; the check runs it on arrays that you do not see here.
"""

# %%
answer = None

# %% tags=["nbval-check-output", "checker"]
check_answer("grad-cam", answer)

# %% [markdown]
"""
## Exercise 4: go further

Take one of the ten images and cover what its map at layer4 shows with the mean colour. Does the prediction change? Cover as many pixels at random, a few times over, and compare. What would you
have to do with more images before you said that the map shows what the network needs? [Chapter 10](10-checks.ipynb) does it.
"""

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** The fifth image (cat, called dog) has at layer4 a maximum of 0.551 for dog and 0.113 for cat. Both maps have the same bright yellow. How is that?

- **A.** The network saw as much of a cat as of a dog.
- **B.** Yellow marks the object, and both maps have found it.
- **C.** 0.551 and 0.113 are the two probabilities, and colour does not show them.
- **D.** Each map is scaled to its own largest value.

<details>
<summary>Answer to question 1</summary>

**D.** Yellow means *the most of this map*, not *much*. How much it is, the raw maximum tells.

- **A.** The raw maxima say the opposite: 0.551 against 0.113.
- **B.** Yellow marks the largest value, wherever it lies. A map knows nothing of objects.
- **C.** They are logits a place. The probability of dog stands in the caption: 0.90.

</details>
"""

# %% [markdown]
"""
**Question 2.** In the first row of the table the raw maximum is 0.0041 at layer0 and 0.32 at layer4. Does layer4 matter more for this decision?

- **A.** The table cannot say, since each stage has a scale of its own.
- **B.** Yes, as many times more as 0.32 is larger than 0.0041.
- **C.** No: layer0 matters more, since its map is finer.
- **D.** Yes, since the map of layer0 is blank.

<details>
<summary>Answer to question 2</summary>

**A.** Activations and gradients of different stages differ in size for many reasons. Compare within a column: the same stage, another image or class.

- **B.** The ratio compares two units. It would be the same mistake as comparing metres with miles.
- **C.** A fine map has many places. That says nothing of their weight in the decision.
- **D.** Blank means nowhere positive. A maximum of 0.0041 is small, but it is positive.

</details>
"""

# %% [markdown]
"""
**Question 3.** Why is there a second way to the map at layer4 which the other stages do not have?

- **A.** With 4 by 4 places the map is small enough to compute by hand.
- **B.** Both maps are scaled from 0 to 1, so they have to agree.
- **C.** Behind layer4 come only an average and one linear layer.
- **D.** The network was trained so that its last maps agree.

<details>
<summary>Answer to question 3</summary>

**C.** So the gradient of a logit is known beforehand: the class's weight for the channel, over the number of places. Behind layer3 comes layer4, whose gradient changes from image to image.

- **A.** The number of places does not matter. The chapter also computes the map of layer3 by hand, but it needs the gradient.
- **B.** Scaling makes them comparable, not equal. The maps of the predicted and the true class are scaled too, and the check prints False for them.
- **D.** The training knows nothing of maps. The agreement follows from how the network is built.

</details>
"""

# %% [markdown]
"""
**Question 4.** Over a hundred mistakes the maximum is larger for the predicted class in 37 to 46 at layer0 to layer3, and in 83 at layer4. What may one say?

- **A.** Up to layer3 the network believes in the true class.
- **B.** Only at layer4 does the predicted class mostly have the larger maximum.
- **C.** At layer4 the class with the larger logit always has the larger maximum.
- **D.** The maps before layer4 are wrong.

<details>
<summary>Answer to question 4</summary>

**B.** This repeats what was counted and adds nothing. That is as far as these numbers go.

- **A.** A maximum is one place of one map, not a belief. The stages behind it still have to do their work.
- **C.** The predicted class has the larger logit in all hundred, and the larger maximum in 83. The logit adds up all places, also those that speak against the class.
- **D.** Nothing here says so. The raw maximum of layer3 agreed with the one computed by hand.

</details>
"""

# %% [markdown]
"""
## Questions to take away

1. Which two tensors does Grad-CAM need, and in which of the two passes does each come about?
2. What does the gradient of a logit with respect to a channel say, and what does its mean say?
3. What does the ReLU remove, and why is that evidence too?
4. Why does one backward pass give the maps of all five stages?
5. What is lost when a map is scaled to its own largest value?
6. What does a blank map mean? What does it not mean?
7. Why can the map of layer4 be computed without a gradient, and that of layer3 not?
8. How large is one position of layer4 on the image, and what follows for what its map can show?
9. What do the raw maxima tell that the colours cannot?
10. Which sentence about a single map would you be willing to sign?
"""

# %% [markdown]
"""
## What we learned

- Grad-CAM weighs a stage's channels by their mean gradient and adds them up.
- One forward and one backward pass give all five stages.
- Scaled maps compare in shape only; the raw maxima tell strong from faint.
- At layer4 the map can be checked without a gradient, and should be.

## Next

Grad-CAM is one of many methods. [Chapter 8](08-cam-methods.ipynb) lays several of them side by side.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it. Why is a map of layer4 never blank for the *predicted* class of these images? The positions of layer4 and the
bias sum to the logit. The largest of ten logits lies above its bias, so the positions sum to something positive, and one of them must be positive. For the true class nothing of the kind holds,
and yet few maps are blank: somewhere in almost every picture there is a little evidence for its label.
"""

# %% tags=["hide-cell"]
answer = stage_maps(net, many, their_labels).blank[:, 4].sum()
print("exercise 1:", answer, "of", len(many))

# %% tags=["hide-cell"]
answer = stage_maps(net, images, "frog").blank[:, 4].sum()
print("exercise 2:", answer)


# %% tags=["hide-cell"]
def grad_cam(activations, gradients):
    weights = gradients.mean((2, 3), keepdims=True)
    return np.maximum((weights * activations).sum(1), 0)


answer = grad_cam
print("exercise 3:", answer(np.ones((1, 2, 4, 4)), np.ones((1, 2, 4, 4))).shape)
