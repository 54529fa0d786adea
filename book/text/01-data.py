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
# 1. Data and augmentations
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

Ten classes of small photographs, and what augmentation does to them before the network looks. The picture comes
first; unfold the cell above it to see its code.
"""

# %% mystnb={"image": {"alt": "Ten rows of ten small colour photographs, one row for each class: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck."}} tags=["hide-input"]
from cifarcam import figures
from cifarcam.data import CLASSES, MEAN, STD, cifar10

train, test = cifar10("train"), cifar10("test")
figures.class_samples(train)

# %% [markdown]
"""
**Figure 1.1.** Ten random training images of each class. At 32 by 32 pixels a cat and a dog can be hard to tell
apart, for you as for the network.

After this chapter you can:

- say what CIFAR-10 holds, and compute the mean and standard deviation that networks are fed with;
- show what each augmentation does to an image, alone and together with the others;
- explain why a data loader's worker processes need seeds of their own.
"""

# %% [markdown]
"""
## What you need

Python and a little NumPy. A GPU is not needed. The chapter runs in less than a minute on two CPU cores, once the data
set is there: the first time, 170 MB are downloaded and kept.
"""

# %% [markdown]
"""
## The images

Both splits are plain arrays. An image is 32 by 32 pixels with three channels, red, green and blue, each a whole number
from 0 to 255. A label is an index into `CLASSES`.
"""

# %%
for name, split in (("train", train), ("test", test)):
    images, labels = split
    print(f"{name:>5}: images {images.shape} {images.dtype}, labels {labels.shape}")
print(f"label {train.labels[0]} means {CLASSES[train.labels[0]]}")

# %% [markdown]
"""
How many images has each class?
"""

# %%
import numpy as np

print("train:", np.bincount(train.labels))
print(" test:", np.bincount(test.labels))

# %% [markdown]
"""
Every class has the same number of images (Krizhevsky 2009, "Learning multiple layers of features from tiny images").
"""

# %% [markdown]
"""
## Mean and standard deviation

A network learns best from numbers around zero. So each channel has the mean of all training pixels taken off and is
divided by their standard deviation. There are only 256 different values, so counting them is enough.
"""

# %%
value = np.arange(256) / 255
for channel, name in enumerate(("red", "green", "blue")):
    share = (
        np.bincount(train.images[..., channel].ravel(), minlength=256)
        / train.images[..., channel].size
    )
    mean = (share * value).sum()
    std = np.sqrt((share * (value - mean) ** 2).sum())
    print(f"{name:>5}: mean {mean:.4f}, std {std:.4f}")
print("in the package: mean", MEAN, "std", STD)

# %% [markdown]
"""
Many programs on the web divide by smaller numbers. Those come from a different sum: the standard deviation
of each image on its own, averaged over the images. That misses how images differ from one another.
"""

# %%
per_image = np.mean([image.std(axis=(0, 1)) for image in train.images], axis=0) / 255
print("mean of the images' own standard deviations:", per_image.round(4))

# %% [markdown]
"""
## Augmentation, one transform at a time

Fifty thousand images are few for a network of eleven million parameters. It could learn them by heart. Augmentation
shows it a slightly different image each time: still a horse, no longer the same numbers.

The transforms come from [albumentations](https://albumentations.ai). Each row of the next figure applies one of them,
again and again, to the same image. Padding and cropping belong together: the image grows a border, then a 32 by 32
window is cut out at a random place.
"""

# %% mystnb={"image": {"alt": "Five rows of seven images of one horse. The first column is the original. Row by row: mirrored; shifted, resized and rotated; cropped at several offsets; with a grey square at several places; all of these combined."}}
from cifarcam.training import STEP_LR, draws, train_transforms

image = train.images[np.flatnonzero(train.labels == CLASSES.index("horse"))[0]]
flip, affine, padding, crop, dropout = train_transforms(STEP_LR)
alone = {
    "flip": draws([flip], image, 6, seed=0),
    "shift, scale, rotate": draws([affine], image, 6, seed=0),
    "pad and crop": draws([padding, crop], image, 6, seed=0),
    "cutout": draws([dropout], image, 6, seed=0),
    "all together": draws(
        [flip, affine, padding, crop, dropout], image, 6, seed=1, certain=False
    ),
}
figures.transforms(image, alone)

# %% [markdown]
"""
**Figure 1.2.** One training image, and six draws of each transform. In the last row every transform happens with
its own probability, as in training. The grey is the data set's mean colour, which becomes zero in the network's numbers.
"""

# %% [markdown]
"""
A recipe's transforms are nothing but albumentations' own, with the recipe's numbers filled in. Here is the OneCycle recipe's augmentation written out in the
library's words, and the check that both give the same six pictures:
"""

# %% tags=["nbval-check-output"]
import albumentations as A
from cifarcam.training import ONE_CYCLE

grey = tuple(round(255 * channel) for channel in MEAN)
pipeline = A.Compose(
    [
        A.HorizontalFlip(p=0.5),
        A.Pad(padding=4, fill=grey),
        A.RandomCrop(32, 32),
        A.CoarseDropout(
            num_holes_range=(1, 1),
            hole_height_range=(16, 16),
            hole_width_range=(16, 16),
            fill=grey,
            p=0.5,
        ),
    ],
    seed=0,
)
written_out = [pipeline(image=image)["image"] for _ in range(6)]
by_recipe = draws(train_transforms(ONE_CYCLE), image, 6, seed=0, certain=False)
print("the same six pictures:", np.array_equal(written_out, by_recipe))

# %% [markdown]
"""
## A batch, as the network sees it

A recipe names its augmentation. The book's own recipe, `BEST`, uses a faster version that works on whole batches: crop,
flip, cutout. What comes out is normalised, in floating point, with the channels first.
"""

# %% mystnb={"image": {"alt": "Sixteen augmented training images in two rows, each under its class name, some mirrored, some shifted, each with one grey square."}}
from cifarcam.training import BEST, Batches

recipe = BEST.replace(
    first_side=32
)  # full-size images; chapter 4 says why BEST starts smaller
X, y = next(Batches(train, recipe).epoch(0))
print(f"X: {tuple(X.shape)}, {X.dtype}, from {X.min():.2f} to {X.max():.2f}")
print(f"y: {tuple(y.shape)}, {y.dtype}")
figures.batch(X[:16], y[:16])

# %% [markdown]
"""
**Figure 1.3.** The first sixteen images of a batch, turned back into colours.

The test split is never augmented. It is normalised, and that is all.
"""

# %% [markdown]
"""
## Why workers need seeds of their own

A data loader can start worker processes that augment images side by side. PyTorch gives each worker a seed of its own for
torch, `random` and NumPy's global generator. albumentations keeps a generator of its own, though, and every worker gets
the same copy of it, anew in every epoch. The next cell gives two workers the same image eight times, four times each, in
two epochs: first as they are, then with `seed_worker`, which seeds each worker's pipeline.
"""

# %% tags=["nbval-ignore-output"]
from cifarcam.data import Split, denormalize
from cifarcam.training import AugmentedImages, seed_worker, train_pipeline
from torch.utils.data import DataLoader

same_image = Split(np.repeat(image[None], 8, axis=0), np.repeat(0, 8))


def draws_of_two_epochs(worker_init_fn):
    images = AugmentedImages(same_image, train_pipeline(STEP_LR, seed=0))
    loader = DataLoader(
        images, batch_size=4, num_workers=2, worker_init_fn=worker_init_fn
    )
    return [[denormalize(X) for X, _ in loader] for epoch in range(2)]


unseeded, seeded = draws_of_two_epochs(None), draws_of_two_epochs(seed_worker)
for name, (first_epoch, second_epoch) in (
    ("no worker seed", unseeded),
    ("worker seed", seeded),
):
    same = np.array_equal(*first_epoch)
    again = np.array_equal(first_epoch, second_epoch)
    print(f"{name}: both workers draw the same images: {same}")
    print(f"{name}: the second epoch repeats the first: {again}")

# %% mystnb={"image": {"alt": "Four rows of images of one horse. The two rows of workers without a seed of their own are identical, the two rows of workers with one differ."}}
rows = {
    "no worker seed, worker 0": unseeded[0][0],
    "no worker seed, worker 1": unseeded[0][1],
    "worker seed, worker 0": seeded[0][0],
    "worker seed, worker 1": seeded[0][1],
}
figures.transforms(image, rows)

# %% [markdown]
"""
**Figure 1.4.** Top: both workers draw the same four images. Bottom: with a seed for each worker they differ. Without it
every worker, in every epoch, repeats the same draws, and nothing warns you.
"""

# %% [markdown]
"""
## Exercise 1: how much a cutout hides

A square of 16 by 16 pixels is cut out of an image of 32 by 32. What share of the image is gone? Put a number from 0 to 1
in place of `None`.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

check(
    answer,
    lambda share: abs(share - 16 * 16 / (32 * 32)) < 0.001,
    hint="divide the area that is gone by the whole area",
)

# %% [markdown]
"""
## Exercise 2: how many crops

An image gets a border of 4 pixels on each side, and a window of its old size is cut out of that. In how many places can
the window lie? And if the window may be mirrored too, how many different pictures are there? Give the second number.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda count: count == 2 * 9 * 9,
    hint="the window's corner has 2 × 4 + 1 places each way; mirrors count too",
)

# %% [markdown]
"""
## Exercise 3: black, normalised

Which number does the network get for the red channel of a black pixel? Use `MEAN` and `STD`.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda red: abs(red - (0 - MEAN[0]) / STD[0]) < 0.01,
    hint="black is 0; take the mean of red off, then divide by its std",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** Many programs divide by 0.202, 0.199 and 0.201, to three digits. This chapter divides by 0.2470, 0.2435 and 0.2616. Why are the first three smaller?

- **A.** They were counted on augmented images, which are more alike.
- **B.** They average the spread inside each image, so differences between images are missing.
- **C.** They were computed on the scale from 0 to 255, the chapter's own on the scale from 0 to 1.
- **D.** They belong to the test images, the others to the training images.

<details>
<summary>Answer to question 1</summary>

**B.** A dark image and a bright one differ in their means. A spread measured inside one image cannot see that. The spread over all pixels sees both, so it is larger.

- **A.** Both cells read `train.images`, to which nothing has been done.
- **C.** Both stand on the scale from 0 to 1: the second cell divides by 255 at its end.
- **D.** Both come from the training images.

</details>
"""

# %% [markdown]
"""
**Question 2.** In the figure of the transforms, the row *flip* has the horse mirrored in all six draws. In the row *all together* two of the six are not mirrored. Why?

- **A.** In those draws two flips followed each other, and mirroring twice gives the original back.
- **B.** Cutout and crop put the horse back as it was.
- **C.** The last row was drawn with another seed than the others.
- **D.** In a row of its own a transform always happens, in the last row by chance.

<details>
<summary>Answer to question 2</summary>

**D.** The first row mirrors every draw, so that the flip can be seen. In the last row, as in training, chance decides anew for each draw.

- **A.** Each draw begins with the original image and goes through the flip once at most.
- **B.** They hide or move a part of the picture. Neither swaps left and right.
- **C.** It was, but a seed only decides which draws are mirrored. In the first row no seed could leave one out.

</details>
"""

# %% [markdown]
"""
**Question 3.** What does the network get where a square was cut out of the image?

- **A.** Nothing: the convolutions leave these pixels out.
- **B.** 0 in each channel.
- **C.** The smallest number of the batch, about −1.99.
- **D.** 0.5 in each channel, a middle grey.

<details>
<summary>Answer to question 3</summary>

**B.** The square holds the data set's mean colour, and normalising takes the mean off. The place is then neither bright nor dark.

- **A.** A convolution multiplies whatever stands in the array. A pixel that is left out does not exist for it.
- **C.** That is the red of a black pixel, as in exercise 3. A black square would look like a dark object.
- **D.** The grey is the mean colour (0.4914, 0.4822, 0.4465), which only looks like a middle grey. And the network sees it after normalisation.

</details>
"""

# %% [markdown]
"""
**Question 4.** You train with albumentations and two workers, and forget the seeds of the workers. What do you notice?

- **A.** Nothing. Both workers repeat the same draws, in every epoch.
- **B.** An error as soon as the second worker starts.
- **C.** Each training image comes twice in an epoch.
- **D.** Nothing, and nothing is wrong: `torch.manual_seed` reaches the workers.

<details>
<summary>Answer to question 4</summary>

**A.** The first two lines printed say that both workers drew the same images, and again in the next epoch. There was no error and no warning. There is only less variety than you think.

- **B.** The chapter did exactly this, and the cell ran through.
- **C.** The cell gave both workers the same image on purpose, to make the draws comparable. In training each worker gets other images. What repeats is what is done to them.
- **D.** It reaches their generators of torch, `random` and NumPy. albumentations keeps a generator of its own, and every worker has the same copy.

</details>
"""

# %% [markdown]
"""
## What we learned

- CIFAR-10 is ten classes of small colour images, in a training and a test split.
- Its mean and standard deviation are counted over all pixels, not image by image.
- Augmentation changes an image's numbers and leaves its class alone.
- Every random choice takes a seed, and every worker needs one of its own.

## Next

[Chapter 2](02-resnet18.ipynb) builds the network that these batches go into.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
answer = 16 * 16 / (32 * 32)
print("exercise 1:", answer)

# %% tags=["hide-cell", "nbval-check-output"]
answer = 2 * (2 * 4 + 1) ** 2
print("exercise 2:", answer)

# %% tags=["hide-cell", "nbval-check-output"]
answer = (0 - MEAN[0]) / STD[0]
print(f"exercise 3: {answer:.3f}")
