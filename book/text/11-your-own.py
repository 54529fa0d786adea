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
# 11. Your own data and model
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

A folder of pictures that is not CIFAR-10, and a network that is not this book's: both go through the same training, the same
predictions, the same maps. So that the chapter runs anywhere, it draws its pictures itself and saves them as PNG files, in a
subfolder for each class.
"""

# %% mystnb={"image": {"alt": "Four rows of eight small drawn pictures: airplanes, birds, frogs and ships, in many colours, before sky, meadow or water; one frog sits in a room."}} tags=["hide-input", "nbval-check-output"]
import tempfile
from pathlib import Path

from cifarcam import figures
from cifarcam.data import CLASSES, as_split, synthetic_cifar10
from PIL import Image
from torchvision.datasets import ImageFolder

folder = Path(tempfile.mkdtemp())
for part, count in (("train", 150), ("test", 40)):
    images, labels = synthetic_cifar10(part)
    for name in ("airplane", "bird", "frog", "ship"):
        (folder / part / name).mkdir(parents=True)
        for number, image in enumerate(images[labels == CLASSES.index(name)][:count]):
            picture = Image.fromarray(image).resize((80, 80), Image.Resampling.BICUBIC)
            picture.save(folder / part / name / f"{number:03}.png")

pictures = ImageFolder(folder / "train")
figures.class_samples(as_split(pictures, side=64), columns=8, classes=pictures.classes)

# %% [markdown]
"""
**Figure 11.1.** Eight random pictures of each class in the folder. The classes share colours and surroundings; the shape tells them
apart.

After this chapter you can:

- read a folder of pictures, or a data set of torchvision, as this book's arrays;
- train a network of torchvision on them with a recipe;
- draw its class activation maps, and say what must change for another network.
"""

# %% [markdown]
"""
## What you need

[Chapter 4](04-training.ipynb) explains recipes, [chapter 7](07-grad-cam.ipynb) the maps. No download, no GPU; the chapter takes about a minute
on two CPU cores.
"""

# %% [markdown]
"""
## The data

torchvision's `ImageFolder` takes a folder with a subfolder for each class. Yours should look like this:

```
my-photos/train/oak/…    my-photos/train/beech/…
my-photos/test/oak/…     my-photos/test/beech/…
```

`as_split` turns it into arrays: it crops each picture to its middle square and resizes that. The size is yours to choose; all
pictures get the same. To use your own, change `folder`.
"""

# %% tags=["nbval-check-output"]
train_pictures = ImageFolder(folder / "train", loader=Image.open)
test_pictures = ImageFolder(folder / "test", loader=Image.open)
classes = train_pictures.classes
assert test_pictures.classes == classes, "both parts need the same subfolders"

train = as_split(train_pictures, side=64)
test = as_split(test_pictures, side=64)
print("classes:", classes)
for name, split in (("train", train), ("test", test)):
    print(f"{name:>5}: {split.images.shape} {split.images.dtype}")

# %% [markdown]
"""
The order of the subfolders gives the labels, so both parts must have the same. Without a test part, hold one out:
`train, test = as_split(pictures, side=64).train_val_split(200)`. In Colab put the folder on your mounted Drive. Files that `ImageFolder` does not know, such
as a phone's `.heic`, are skipped without a word; save them as JPEG.

Any data set that gives Pillow images and whole numbers from 0 will do. CIFAR-100, for one, with this book's own network and a
hundred outputs:

```python
from cifarcam.network import ResNet18
from torchvision.datasets import CIFAR100

train_pictures = CIFAR100("data", train=True, download=True)
test_pictures = CIFAR100("data", train=False)
train, test = as_split(train_pictures), as_split(test_pictures)
network = ResNet18(num_classes=100)
```

## The network, with its mean and standard deviation

A network must end in one output for each class. And one that is trained from the start should see numbers around zero, which takes the mean and the standard
deviation of *your* pictures. The functions of this book normalise by those of CIFAR-10. The layer `Renormalize` in front of a
network puts that right wherever the network is used, so no function has to be told.
"""

# %% tags=["nbval-check-output"]
import torch
from cifarcam.data import Renormalize, channel_statistics, normalize
from torch import nn
from torchvision.models import resnet18

mean, std = channel_statistics(train.images)
renormalize = Renormalize(mean, std)
x = normalize(train.images)
for name, seen in (("by CIFAR-10", x), ("by its own", renormalize(x))):
    print(f"normalised {name:>11}: mean {seen.mean():5.2f}, std {seen.std():.2f}")

torch.manual_seed(0)
body = resnet18(num_classes=len(classes))
network = nn.Sequential(renormalize, body)

# %% [markdown]
"""
torchvision's `resnet18` was made for larger photographs: its stem alone reduces an image to a quarter of its side. This book's
network keeps the full side there (chapter 2). Both are called ResNet-18.

With few photographs you will want to start from pretrained weights. Such a network takes the mean and standard deviation it was trained with,
and gets a new last layer:

```python
from torchvision.models import ResNet18_Weights

body = resnet18(weights=ResNet18_Weights.DEFAULT)
body.fc = nn.Linear(body.fc.in_features, len(classes))
network = nn.Sequential(
    Renormalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), body
)
```

## Training

The recipe is `BEST`, changed in three ways: shorter, with smaller batches and a lower rate, because the pictures are few; with a larger
`cutout`, because they are larger; and with `first_side=32`, which turns progressive resizing off, because that is made for images of 32 by
32. Its width and dropout belong to the book's network and mean nothing here.
"""

# %% tags=["nbval-ignore-output"]
from cifarcam.network import Predictions, predict
from cifarcam.training import BEST, fit

recipe = BEST.replace(
    name="own", epochs=6, batch_size=50, lr=0.02, cutout=16, first_side=32
)
fit(recipe, train, test, model=network)
predictions = Predictions(predict(network, test.images), test.labels, classes)
print(f"accuracy {predictions.accuracy:.2f}, of a blind guess {1 / len(classes):.2f}")

# %% [markdown]
"""
A blind guess among four classes costs ln 4 nats. An early test loss far above that means that the network is confidently wrong. At the end most test pictures are named
rightly.

`fit` trains the network in place; to start anew, make it anew first. With `out=` it keeps checkpoints and can be resumed, as in chapter 4.
Keep the result with `torch.save(network.state_dict(), "own.pt")`. And choose no recipe by the test pictures: hold out a part of the training pictures
for that.

## Predictions

`Predictions`, `figures.confusion` and `figures.class_accuracy` take the names of the classes.
"""

# %% mystnb={"image": {"alt": "A confusion matrix of four classes, airplane, bird, frog and ship, with most of the test pictures on its diagonal; birds and airplanes are confused most."}} tags=["nbval-ignore-output"]
figures.confusion(predictions.confusion(), classes)

# %% [markdown]
"""
**Figure 11.2.** Rows are true classes, columns predicted ones; only the mistakes are coloured. Your counts may differ a little.

## Maps

`stage_maps` needs to know where to look: modules of the network by names of your choice. `body.named_children()` lists what there is. How
large are the outputs of the four stages?
"""

# %% tags=["nbval-check-output"]
names = ("layer1", "layer2", "layer3", "layer4")
layers = {name: getattr(body, name) for name in names}
shapes = []
handles = [
    layer.register_forward_hook(
        lambda module, inputs, output: shapes.append(tuple(output.shape))
    )
    for layer in layers.values()
]
predict(network, test.images[:1])
for handle in handles:
    handle.remove()
for name, shape in zip(layers, shapes, strict=True):
    print(f"{name}: {shape}")

# %% [markdown]
"""
Any module works whose output keeps height and width: (N, channels, height, width). Swin transformers put the
channels last, and vision transformers make a row of tokens out of the patches; tell `stage_maps` so with `layout="channels_last"` or
`layout="tokens"`. Now the maps, of the first test picture of each class:
"""

# %% mystnb={"image": {"alt": "Four drawn pictures, one of each class, each beside four heat maps: finely grained at layer1, coarser at layer2 and layer3, at layer4 a broad glow from one side or corner."}} tags=["nbval-ignore-output"]
import numpy as np
from cifarcam.maps import stage_maps

chosen = np.unique(test.labels, return_index=True)[1]
maps = stage_maps(network, test.images[chosen], "predicted", layers, classes)
figures.stage_grid(test.images[chosen], maps, predictions.captions(chosen))

# %% [markdown]
"""
**Figure 11.3.** One test picture of each class and its maps for the predicted class. Yellow is a map's largest value, dark grey its smallest; the number above is
that value before scaling. The map of `layer4` has 2 by 2 values, so it can point to a quarter of the picture, no finer. For a finer
one take larger pictures, or a network that reduces them less.

A single photograph goes the same way: `as_split([(Image.open("photo.jpg"), 0)], side=64).images` is what `predict` and `stage_maps` take; the 0 stands for a label
that nobody reads.

Another network needs another dictionary. ConvNeXt (Liu et al. 2022, [arXiv 2201.03545](https://arxiv.org/abs/2201.03545)) has four stages
too, between parts that reduce the image; all stand in a row in `features`:
"""

# %% tags=["nbval-check-output"]
from torchvision.models import convnext_tiny

torch.manual_seed(0)
convnext = convnext_tiny(num_classes=len(classes))
for number, part in enumerate(convnext.features):
    print(number, " then ".join(type(module).__name__ for module in part))

# %% [markdown]
"""
## What must change, in short

| | where |
| --- | --- |
| size of the pictures | `as_split(…, side=…)` |
| mean and standard deviation | `Renormalize(mean, std)` in front of the network |
| number of classes | the network's last layer |
| names of the classes | `Predictions(…, classes)`, `figures.confusion(…, classes)`, `stage_maps(…, classes)` |
| progressive resizing | off: `first_side=32` |
| stages | `stage_maps(…, layers)`: modules, or their names in the network, here `"1.layer4"` |
| a network that returns more than scores | `output="logits"`, an index or a function, in `predict`, `fit` and `stage_maps` |
| a network that takes more than pictures | `forward=lambda x: network(x, more)`, in `predict` and `stage_maps` |
| explaining something other than a class | `stage_maps(…, targets)`: a function from what the network returns to one score for each picture |

If something is refused, look for the words of the message in [Troubleshooting](troubleshooting.md).
"""

# %% [markdown]
"""
## Exercise 1: a finer last map

The pictures above have 64 pixels a side. With how many pixels a side would the map at `layer4` be 10 by 10?
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

reduced = test.images.shape[1] // shapes[-1][-1]
check(
    answer,
    lambda side: -(-side // reduced) == 10,
    hint="by how much does the network reduce the side, from the picture to layer4?",
)

# %% [markdown]
"""
## Exercise 2: another architecture

The stages of ConvNeXt are made of `CNBlock`. Give the dictionary that `stage_maps` needs for `convnext`, from early to late.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda layers: (
        list(layers.values()) == [convnext.features[index] for index in (1, 3, 5, 7)]
        and stage_maps(convnext, test.images[:1], 0, layers).maps.shape[1] == 4
    ),
    hint="a name of your choice for each of convnext.features[1], [3], [5] and [7]",
    expected="a dictionary",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** Normalised by CIFAR-10's numbers, these pictures have a mean of 0.24 and a std of 0.85. Why is `Renormalize` a layer of the network, and not a step that changes the pictures?

- **A.** So that the network learns mean and std while it trains.
- **B.** So that training, predictions and maps all do the same.
- **C.** Because arrays of whole numbers cannot be normalised.
- **D.** Because the pictures would no longer be those of CIFAR-10.

<details>
<summary>Answer to question 1</summary>

**B.** Each of them normalises by CIFAR-10's numbers and then calls the network. What belongs to the network goes wherever the network goes.

- **A.** They are computed once, by `channel_statistics`, before the training begins.
- **C.** `normalize` does it, and the chapter's cell shows the result.
- **D.** They never were. What counts is that the network gets numbers around zero.

</details>
"""

# %% [markdown]
"""
**Question 2.** You begin with pretrained weights. Which mean and standard deviation belong in front of the network?

- **A.** Those of your own pictures.
- **B.** Those of CIFAR-10.
- **C.** Any, since the new last layer evens it out.
- **D.** Those with which the weights were trained.

<details>
<summary>Answer to question 2</summary>

**D.** The weights have learned from numbers on that scale. On another scale they meet what they have never seen.

- **A.** That is right for a network that is trained from the start. Here the scale was chosen before your pictures came.
- **B.** They are what this book's functions take, and exactly what `Renormalize` takes off again.
- **C.** The last layer sees only what the earlier layers make of the picture, and these were trained on the other scale.

</details>
"""

# %% [markdown]
"""
**Question 3.** The map of layer4 glows in the upper right corner. The layer's output here is `(1, 512, 2, 2)`. What may one say?

- **A.** That the network looked at the bird's beak, which is there.
- **B.** That the map's largest value stands in that quarter of the picture, no finer.
- **C.** That the brightest pixel of the map was the most important one of all.
- **D.** That the other three quarters played no part.

<details>
<summary>Answer to question 3</summary>

**B.** The map has four values. The smooth glow comes from enlarging them to the size of the picture. And each of the four can depend on more of the picture than its quarter (chapter 2).

- **A.** The quarter holds much more than a beak. Four values cannot tell them apart.
- **C.** The brightest pixel is a product of the enlarging. Nothing was measured at that pixel.
- **D.** A map does not say that the network would have decided the same without them (chapter 7).

</details>
"""

# %% [markdown]
"""
**Question 4.** The training folder has the subfolders `beech` and `oak`, the test folder only `oak`. What would happen without the `assert`?

- **A.** Nothing, since labels are names.
- **B.** `ImageFolder` would add an empty class beech to the test part.
- **C.** The oaks of the test part would get the label of the beeches.
- **D.** The test part would be skipped.

<details>
<summary>Answer to question 4</summary>

**C.** The order of the subfolders gives the labels. With both folders beech is 0 and oak is 1; with oak alone, 0 is oak. The accuracy would be wrong, without an error.

- **A.** Labels are whole numbers from 0. The names stand beside them, in `classes`.
- **B.** It knows only the folder it is given.
- **D.** Its pictures are read like any others. Only their numbers mean something else.

</details>
"""

# %% [markdown]
"""
## What we learned

- A folder of pictures becomes arrays; from there on, training, predictions and maps are the same calls.
- Mean and standard deviation belong to the network, so they are a layer of it.
- Maps need modules to look at, and the size of their output limits what a map can tell.

## Next

The [results](results.ipynb) of the recorded runs, and how to repeat them.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
answer = 10 * reduced
print("exercise 1:", answer)

# %% tags=["hide-cell", "nbval-check-output"]
answer = {f"stage {n}": convnext.features[2 * n - 1] for n in (1, 2, 3, 4)}
print("exercise 2:", list(answer))
