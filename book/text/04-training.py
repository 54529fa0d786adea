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
# 4. Training: StepLR and OneCycle
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

Three ways to change the learning rate over a run. The first two follow two published write-ups of this exercise, the
third is the book's own.
"""

# %% mystnb={"image": {"alt": "Three panels of the learning rate over 20 epochs. step_lr: constant for three quarters of the run, then a tenth. one_cycle: a straight rise over a quarter of the run, then a straight fall to zero. best: the same shape with an earlier and higher peak."}} tags=["hide-input", "nbval-check-output"]
from cifarcam import figures
from cifarcam.training import BEST, ONE_CYCLE, STEP_LR, learning_rates

rates = {
    recipe.name: learning_rates(recipe, images=50_000)
    for recipe in (STEP_LR, ONE_CYCLE, BEST)
}
figures.schedules(rates, epochs=20)

# %% [markdown]
"""
**Figure 4.1.** The learning rate at every step. StepLR holds the rate and drops it to a tenth after epoch 15. OneCycle (Smith and Topin 2018,
[arXiv 1708.07120](https://arxiv.org/abs/1708.07120)) rises to a peak and falls to nearly zero, here in straight lines. The three
vertical scales differ.

After this chapter you can:

- read and change a recipe, which holds every number of a run;
- train with either schedule and follow the log;
- stop a run and resume it without changing its result;
- put a run of your own in place of the recorded one.
"""

# %% [markdown]
"""
## What you need

[Chapter 3](03-lr-finder.ipynb) explains how a rate is read off a range test. The chapter trains a few narrow networks on a part of the
data, in one to two minutes on two CPU cores. The recorded runs took longer; their logs are below.
"""

# %% [markdown]
"""
## A recipe

Optimizer, rate, schedule, augmentation, seed: a run is the sum of many choices, and a result means little without them.
So they stand together in one object that cannot be changed, only copied. A field that a recipe does not use keeps its
default; `help(BEST)` explains each. An epoch is one pass over the training images.
"""

# %% tags=["nbval-check-output"]
from dataclasses import asdict

import pandas as pd

recipes = pd.DataFrame(
    {recipe.name: asdict(recipe) for recipe in (STEP_LR, ONE_CYCLE, BEST)}
)
recipes.drop("name")

# %% [markdown]
"""
Besides its faster augmentation, `BEST` has a trick to save time: progressive resizing. It begins with reduced images, which cost less arithmetic, and
ends with full ones. The side of its training images in each of its 20 epochs, in pixels:
"""

# %% tags=["nbval-check-output"]
print([BEST.side(epoch) for epoch in range(BEST.epochs)])
cost = sum(BEST.side(epoch) ** 2 for epoch in range(BEST.epochs)) / (
    BEST.epochs * 32**2
)
print(f"pixels compared with full images throughout: {100 * cost:.0f} %")

# %% [markdown]
"""
The write-ups did not publish everything. Momentum, the amounts of augmentation, and OneCycle's augmentation and weight decay are our
assumptions. The batch sizes, the rates and the shape of OneCycle are theirs. When StepLR drops, and by which factor, was chosen. Three
candidates trained on 45,000 of the training images, in a network a quarter as wide, and were judged on the other 5,000 after their last epoch. The test images
had no say:
"""

# %% tags=["nbval-check-output"]
from cifarcam.records import recorded_tuning

candidates, about = recorded_tuning("step_lr")
kept, held_out = about["trained_on"], about["held_out"]
print(f"{about['recipe']}: {kept:,} to train, {held_out:,} held out")
print(f"{about['hardware']}, PyTorch {about['versions']['torch']}, {about['date']}")
candidates

# %% [markdown]
"""
The second did best, so `STEP_LR` drops its rate to a tenth after 15 epochs. A value that makes no sense is refused at once:
"""

# %% tags=["nbval-check-output"]
from cifarcam.errors import CifarcamError

try:
    BEST.replace(momentum=1.5)
except CifarcamError as error:
    print(error)

# %% [markdown]
"""
## StepLR, live

`quick()` copies the recipe and shrinks it: a network a quarter as wide, few images, few epochs, batches of at most 64. The test
uses the first thousand images. The log has the learning rate, then the test loss and accuracy; while it runs, each
epoch has a bar with loss, batch and accuracy, which these pages leave out. The numbers are modest. The point is to
watch the machinery.
"""

# %% tags=["nbval-ignore-output"]
from cifarcam.data import cifar10
from cifarcam.training import fit

train, first_thousand = cifar10("train"), cifar10("test").first(1_000)
step_lr = fit(STEP_LR.quick(), train, first_thousand)

# %% [markdown]
"""
## OneCycle, live
"""

# %% tags=["nbval-ignore-output"]
one_cycle = fit(ONE_CYCLE.quick(), train, first_thousand)

# %% [markdown]
"""
Two runs this short do not tell which schedule is better. They show the log of each: the rate at the start of an epoch
stays or drops with StepLR, and rises and falls with OneCycle. A blind guess
among ten classes costs 2.3 nats. A test loss far above that, as after the first epoch of OneCycle, means that the network is
confidently wrong.
"""

# %% [markdown]
"""
## Stop and resume

A run with a folder writes a checkpoint after each epoch: weights, optimizer state and log. All randomness follows from the recipe's seed and the number of
the epoch, so a resumed run ends with the same weights as one that was never stopped. The next cell stops a run after its
first epoch, resumes it, and compares.
"""

# %% tags=["nbval-ignore-output"]
import tempfile

import torch

tiny = ONE_CYCLE.quick().replace(name="tiny", width=16, epochs=2, train_images=512)
print("-- never stopped")
whole = fit(tiny, train, first_thousand)

with tempfile.TemporaryDirectory() as folder:
    print("-- stopped after one epoch")
    fit(tiny, train, first_thousand, out=folder, stop_after=1)
    print("-- resumed")
    resumed = fit(tiny, train, first_thousand, out=folder, resume=True)

# %% tags=["nbval-check-output"]
pairs = zip(
    whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True
)
print("all weights the same, bit for bit:", all(torch.equal(a, b) for a, b in pairs))

# %% [markdown]
"""
## The recorded runs

Every conclusion of the next chapters rests on these runs: 20 epochs over all training images, shipped with the package.
First the log of `STEP_LR`, the first write-up's recipe with what we assumed and chose:
"""

# %% tags=["nbval-check-output"]
from cifarcam.records import load_run

runs = {name: load_run(name) for name in ("step_lr", "one_cycle", "best")}
runs["step_lr"].history.round(4)

# %% [markdown]
"""
Next the log of `ONE_CYCLE`, the second write-up's recipe:
"""

# %% tags=["nbval-check-output"]
runs["one_cycle"].history.round(4)

# %% [markdown]
"""
And here is our own recipe, `BEST`:
"""

# %% tags=["nbval-check-output"]
runs["best"].history.round(4)

# %% [markdown]
"""
The results, and for `best` their full provenance:
"""

# %% tags=["nbval-check-output"]
pd.DataFrame({name: run.provenance["results"] for name, run in runs.items()})

# %% tags=["nbval-check-output"]
for name, value in runs["best"].provenance.items():
    if name != "checksums":  # of the record's files, which load_run compares
        print(f"{name:>16}: {value}")

# %% [markdown]
"""
We measure the final results with the weights we ship, which are rounded to 16 bits and run in 32. `flip_average_accuracy` averages
the logits of an image and its mirror image; it is given beside the result, never as the result. The test images chose
nothing: the last epoch is taken as it comes. The logs were measured during training, before that rounding, those of `one_cycle` and `best` in
bfloat16. So the last line of `best` says 93.43 %, its result 93.47 %. `step_lr` trained in float32. For the other two
the machine had other work to do in some epochs, as the seconds show.
"""

# %% [markdown]
"""
## A run of your own

On a GPU, train in full with one line in a terminal, or in a cell with a `!` before it:

```
cifarcam train best --out FOLDER
```

Give a full path. In Colab take a folder of your mounted Drive, since every chapter there has a disk of its own. Then write
`load_run("FOLDER")` wherever a chapter loads the recorded run. Everything after it follows your network. The same command with
`--resume` goes on from the last whole epoch.
"""

# %% [markdown]
"""
## Exercise 1: steps of a run

How many optimizer steps does `ONE_CYCLE` take over 50,000 images? Its epochs and batch are in the table above. The last
batch of an epoch may be smaller.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

check(
    answer,
    lambda steps: steps == len(rates["one_cycle"]),
    hint="round the batches of an epoch up, then count epochs",
)

# %% [markdown]
"""
## Exercise 2: a recipe of your own

Make a copy of `STEP_LR` that drops the rate every 5 epochs to a third.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda mine: (
        abs(mine.gamma - 1 / 3) < 0.01
        and mine == STEP_LR.replace(name=mine.name, step_epochs=5, gamma=mine.gamma)
    ),
    hint="STEP_LR.replace(…) takes the fields of the table; two make the steps",
    expected="a recipe",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** The three candidates for StepLR were judged on 5,000 held-out training images. Why not on the 10,000 test images?

- **A.** Images that chose a recipe cannot judge it fairly.
- **B.** The test images are easier than the training images.
- **C.** Ten thousand images would have taken too long.
- **D.** The test images have no labels.

<details>
<summary>Answer to question 1</summary>

**A.** The winner of a comparison is in part the luckiest on the images that decided. Its accuracy on the same images comes out too high. So the test images must have no say.

- **B.** The held-out images were not trained on either, and nothing says which of the two are easier.
- **C.** Each candidate trained for 20 epochs on 45,000 images. One more look at 10,000 hardly counts.
- **D.** They have; every log here gives the accuracy on them.

</details>
"""

# %% [markdown]
"""
**Question 2.** In the log of `one_cycle` the test accuracy rises from 44.85 % in epoch 1 to 51.72 % in epoch 3. The test loss rises too, from 1.5207 to 2.0555. How can that be?

- **A.** It cannot be: one of the two columns is wrong.
- **B.** The test images of epoch 3 were augmented more strongly.
- **C.** More images are right, but some true classes get much less probability.
- **D.** The loss is multiplied by the learning rate, which had risen a good deal by then.

<details>
<summary>Answer to question 2</summary>

**C.** Accuracy asks only whether the true class comes first. The loss asks how much probability it gets, and a few confident mistakes cost more than many narrow ones.

- **A.** They count different things, so they may part. `best` does the same from epoch 7 to epoch 8.
- **B.** Test images are never augmented (chapter 1).
- **D.** The rate decides how far weights move. The loss is computed from logits and labels alone.

</details>
"""

# %% [markdown]
"""
**Question 3.** A run is stopped after its first epoch and resumed. Why does it end with the same weights, bit for bit?

- **A.** The checkpoint holds the augmented images of the epochs to come.
- **B.** The file has all that was learned, and chance follows from seed and epoch.
- **C.** Two runs with the same seed always end with the same weights, stopped or not.
- **D.** The network is so small that differences are lost in rounding.

<details>
<summary>Answer to question 3</summary>

**B.** Weights and optimizer state come back from the file. The order of the images and their augmentation depend on the seed and the number of the epoch, not on what ran before.

- **A.** It holds weights, optimizer state and log. The images are augmented again when their epoch comes.
- **C.** A seed says where a generator begins. In a resumed run an ordinary one would begin again, in place of going on. So here each epoch has a start of its own.
- **D.** The cell compares all weights bit for bit. A difference in rounding would show.

</details>
"""

# %% [markdown]
"""
**Question 4.** Three accuracies of `best` stand in this chapter: 93.43 %, 93.47 % and 93.75 %. Which of them is its result?

- **A.** 93.75 %, since it is the highest.
- **B.** 93.43 %, since the run itself wrote it.
- **C.** 93.47 %, measured with the weights that ship with the book.
- **D.** The mean of the three.

<details>
<summary>Answer to question 4</summary>

**C.** It belongs to the file that ships with the book: weights rounded to 16 bits, run in 32, on plain test images. A reader can compute it again.

- **A.** It averages the logits of each image and its mirror image, so it is another way to test. Taking the highest of several numbers would let the test images choose.
- **B.** It was measured during training in bfloat16, with fewer bits than the result.
- **D.** They measure different things. A mean of them would be a result of nothing.

</details>
"""

# %% [markdown]
"""
## What we learned

- A recipe holds every number of a run, and names it.
- StepLR drops the rate at fixed epochs; OneCycle raises and lowers it in one sweep.
- A resumed run can be exactly the run it would have been.

## Next

[Chapter 5](05-curves.ipynb) reads the curves of the recorded runs.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
import math

answer = 20 * math.ceil(50_000 / 512)
print(f"exercise 1: {answer:,}")

# %% tags=["hide-cell", "nbval-check-output"]
answer = STEP_LR.replace(name="mine", step_epochs=5, gamma=1 / 3)
print("exercise 2:", answer.step_epochs, round(answer.gamma, 3))
