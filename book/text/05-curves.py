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
# 5. Curves
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

Loss and accuracy over the run `best`, on the images it trained on and on those it never saw.
"""

# %% mystnb={"image": {"alt": "Two panels over 20 epochs. Loss falls and accuracy rises on training and test images, with ups and downs on the test images in the first two thirds and a smooth end."}} tags=["hide-input", "nbval-check-output"]
from cifarcam import figures
from cifarcam.records import load_run

run = load_run("best")
history = run.history
figures.curves(history)

# %% [markdown]
"""
**Figure 5.1.** Mean cross-entropy (left) and accuracy (right) after each epoch. Training curves are measured on augmented
images while the weights still move; test curves on plain images after the epoch.

After this chapter you can:

- read a pair of training and test curves;
- say where the gap between them comes from;
- say what a run shows of its learning-rate schedule, and what it cannot show.
"""

# %% [markdown]
"""
## What you need

The logs of [chapter 4](04-training.ipynb). No data set, no GPU, a few seconds.
"""

# %% [markdown]
"""
## The two losses measure two things

Both losses are cross-entropies, with the natural logarithm, so they are counted in nats. The training loss is measured on
augmented images, in mid-epoch. The test loss is measured on plain images,
after the epoch. Augmented images are harder, which puts the training curve at a disadvantage. As long as the images are reduced,
another thing works the other way: the network trains on reduced images (chapter 4) and is tested on full ones, which
it has not yet seen at that size.
"""

# %% tags=["nbval-check-output"]
gap = history["train_accuracy"] - history["test_accuracy"]
above = history.loc[gap < 0, "epoch"].tolist()
print("epochs in which the test images were the easier ones:", above or "none")
print(f"gap after the last epoch: {100 * gap.iloc[-1]:.2f} points")

# %% [markdown]
"""
## Where the gap lies

The gap, training accuracy minus test accuracy, averaged over the epochs that trained on images of the same size:
"""

# %% tags=["nbval-check-output"]
sides = history["epoch"].map(lambda epoch: run.recipe.side(epoch - 1))
for side in sides.unique():
    epochs = history.loc[sides == side, "epoch"]
    mean = 100 * gap[sides == side].mean()
    span = f"epochs {epochs.min():>2} to {epochs.max():>2}, {side} pixels"
    print(f"{span}: training minus test {mean:5.2f} points")
full = sides.idxmax()  # the first epoch on full images
if full > 0:
    print(f"last epoch on reduced images {100 * gap[full - 1]:.2f} points")
    print(f"first epoch on full ones {100 * gap[full]:.2f} points")

# %% [markdown]
"""
On reduced images the test accuracy lags behind. Part of that may be size: the network is tested at a size it does not know
(Touvron et al. 2019, [arXiv 1906.06423](https://arxiv.org/abs/1906.06423), call it the train-test resolution discrepancy). The high rate
of those epochs plays a part too.

What remains at the end has at least three sources. Overfitting puts the training images ahead. Augmentation, and measuring while the
weights still improve, put the test images ahead. The printed gap is the sum of all. So a small or negative one does not prove that
there is no overfitting.
"""

# %% [markdown]
"""
## What the schedule did

Test accuracy does not rise evenly. It falls in some epochs while the rate is high or middling, and rises in each epoch at
the end, when the rate is low. One run does not prove that the rate is the reason: the size of the images changes too.
"""

# %% tags=["nbval-check-output"]
accuracy = 100 * history.set_index("epoch")["test_accuracy"]
change = accuracy.diff()
print(f"highest rate at the start of epoch {history.set_index('epoch')['lr'].idxmax()}")
print(f"largest drop: {-change.min():.2f} points, in epoch {change.idxmin()}")
print(
    f"gain over the last 5 epochs: {accuracy.iloc[-1] - accuracy.iloc[-6]:.2f} points"
)

# %% [markdown]
"""
## One drop

The run `step_lr` holds its rate for 15 epochs, then drops it to a tenth. All its images are of full size, so the rate is the only
thing that changes there:
"""

# %% mystnb={"image": {"alt": "Two panels over 20 epochs of the run step_lr. Up to epoch 15 the loss falls and the accuracy rises, ever more slowly, unevenly on the test images. In epoch 16 all curves take a step for the better, and soon after it they are nearly flat. In every epoch the test images have the lower loss and the higher accuracy."}} tags=["nbval-check-output"]
step_lr = load_run("step_lr")
step_lr_log = step_lr.history.set_index("epoch")
step_lr_accuracy = 100 * step_lr_log["test_accuracy"]
low = step_lr_log["lr"].diff().idxmin()
print(f"first epoch at the lower rate: {low}")
for start, end in ((max(low - 6, 1), low - 1), (low - 1, low), (low, len(step_lr_log))):
    gain = step_lr_accuracy[end] - step_lr_accuracy[start]
    print(f"gain from epoch {start} to epoch {end}: {gain:.2f} points")
step_lr_gap = 100 * step_lr_log["train_accuracy"] - step_lr_accuracy
print(f"training minus test: {step_lr_gap.min():.1f} to {step_lr_gap.max():.1f} points")
figures.curves(step_lr.history)

# %% [markdown]
"""
**Figure 5.2.** Loss and accuracy of `step_lr`. In epoch 16, the first at the lower rate, all four curves take a step. Soon after it they are nearly flat.
"""

# %% [markdown]
"""
The first epoch at the lower rate gains three times what the five before it gained together. A common reading: at a high rate each step
overshoots, and a lower one lets the weights settle. When to drop it, one run does not tell; the held-out images of chapter 4 chose that.

The test images are the easier ones in every epoch. Besides what `one_cycle` does to its training images, `step_lr` shifts, scales
and rotates them ([chapter 1](01-data.ipynb)). That may be why.
"""

# %% [markdown]
"""
## Beside the published log

One of the write-ups published its log: OneCycle, batch 512, 20 epochs. We trained its recipe too, with our own guess at what it
does not tell. First the curves of our run of it, `one_cycle`:
"""

# %% mystnb={"image": {"alt": "Two panels over 20 epochs of the run one_cycle. Training and test curves part in the first epochs, most in epoch 3, where the test loss jumps up. From epoch 14 on the two lie nearly upon each other."}} tags=["nbval-check-output"]
one_cycle = load_run("one_cycle")
one_cycle_log = one_cycle.history.set_index("epoch")
one_cycle_gap = 100 * (one_cycle_log["train_accuracy"] - one_cycle_log["test_accuracy"])
print("training minus test, in points:", one_cycle_gap.round(1).tolist())
figures.curves(one_cycle.history)

# %% [markdown]
"""
**Figure 5.3.** Loss and accuracy of `one_cycle`. All its images are of full size. After the first epochs its training and test curves are close. In the last
ones more of the test images are right, and their loss is still the higher one by a little.
"""

# %% [markdown]
"""
Now the published log, the same recipe here, `step_lr` and `best`:
"""

# %% mystnb={"image": {"alt": "Test accuracy over 20 epochs of the published log and of the runs one_cycle, step_lr and best, above the learning rate of each relative to its peak. The published log falls far in epoch 6, at its peak rate; one_cycle falls less, in epoch 3; the rates of these two are one line. step_lr leads in the first ten epochs and takes a step up in epoch 16, where its rate drops. These three end at the same accuracy. The run best is the lowest in most epochs and ahead of all at the end."}} tags=["nbval-check-output"]
from cifarcam.records import published_one_cycle

logs = {
    "published": published_one_cycle().set_index("epoch"),
    "one_cycle": one_cycle_log,
    "step_lr": step_lr_log,
    run.recipe.name: history.set_index("epoch"),
}
accuracies = {name: log["test_accuracy"] for name, log in logs.items()}
relative_rates = {name: log["lr"] / log["lr"].max() for name, log in logs.items()}
figures.overlaid_curves(accuracies, relative_rates)

# %% [markdown]
"""
<div>
<link rel="stylesheet" href="../curves/curves.css">
<training-curves></training-curves>
<script src="../curves/data.js"></script>
<script src="../curves/curves.js"></script>
</div>
"""

# %% [markdown]
"""
**Figure 5.4.** Test accuracy, and learning rate relative to its peak, for the published run, the same recipe here, `step_lr` and `best`. The rates
of the first two lie upon each other. `step_lr` leads in the first ten epochs, takes a step up where its rate drops, and ends where these two
end. `best` is the lowest in most epochs and ahead in the last three.
"""

# %% tags=["nbval-check-output"]
for name, values in accuracies.items():
    fifth, last = 100 * values.iloc[4], 100 * values.iloc[-1]
    drop = -100 * values.diff()
    print(
        f"{name:>10}: {fifth:.2f} % after the fifth epoch, {last:.2f} % after the last;"
    )
    print(f"{'':>12}largest drop {drop.max():.2f} points, in epoch {drop.idxmax()};")
    print(f"{'':>12}peak rate first in epoch {logs[name]['lr'].idxmax()}")

# %% [markdown]
"""
With our guesses the recipe ends within a tenth of a point of the published run. The way there differs, so that does not show that the guesses
are right. `step_lr` ends as near, though it is more than nine points ahead of `one_cycle` after the fifth epoch. Which of these two schedules is
better, two runs cannot tell: their batches and their augmentation differ too. The write-up that `step_lr` follows ends lower ([results](results.ipynb)).

The published run's largest drop comes in the epoch of its peak rate, that of `one_cycle` before its peak, that of `best` after. `step_lr`, whose
peak rate is the lowest of our three, has the smallest. At the end, when the rate is low, none jumps any more.

A run's last line differs a little from its result in chapter 4. The log is measured during training, before the weights are rounded to
the 16 bits that are kept, and that of `one_cycle` and `best` in fewer bits too.
"""

# %% [markdown]
"""
## Exercise 1: the epoch of the largest gain

In which epoch did the test accuracy of `best` gain most over the epoch before? Epochs count from 1.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

gains = history.set_index("epoch")["test_accuracy"].diff()
check(
    answer,
    lambda epoch: epoch == gains.idxmax(),
    hint="diff() gives the change from row to row, and the first row is epoch 1",
)

# %% [markdown]
"""
## Exercise 2: half the peak

After its peak, the rate of `best` falls. Which is the first epoch that starts with less than half of the highest rate in
the log?
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
lr = history.set_index("epoch")["lr"]
falling = lr.loc[lr.idxmax() :]
half = (falling < lr.max() / 2).idxmax()
check(
    answer,
    lambda epoch: epoch == half,
    hint="look only at the epochs after the one with the highest rate",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** After the last epoch the training accuracy of `best` is 1.32 points above the test accuracy. Is that how much it overfits?

- **A.** Yes: the gap is the overfitting.
- **B.** No: other effects push the other way, and only the sum is seen.
- **C.** No: the network was still trained on reduced images.
- **D.** Yes, since at a low rate the weights stand still and nothing else makes a gap.

<details>
<summary>Answer to question 1</summary>

**B.** Augmentation, and measuring while the weights still improve, put the training accuracy at a disadvantage. So overfitting may be larger than the gap.

- **A.** It would be if both were measured on plain images and at the same moment. They are not.
- **C.** From epoch 15 on the images have all 32 pixels, as in the test.
- **D.** The images still differ: those of training are augmented at any rate.

</details>
"""

# %% [markdown]
"""
**Question 2.** In the last four epochs of `one_cycle` the test accuracy is above the training accuracy. What explains that?

- **A.** Training accuracy is taken on augmented images, in mid-epoch.
- **B.** The network overfits.
- **C.** The network trained on reduced images and was tested on full ones.
- **D.** Some test images were among those it trained on.

<details>
<summary>Answer to question 2</summary>

**A.** Both put the training images behind. Where the network hardly overfits, the sum can fall below zero.

- **B.** Overfitting puts the training images ahead, not behind.
- **C.** That is `best`, and it puts the test images behind. All images of `one_cycle` are of full size.
- **D.** Nothing here points to that, and nothing like it is needed: two known effects go in this direction.

</details>
"""

# %% [markdown]
"""
**Question 3.** The gap of `best` is 12.77 points at 20 pixels and 1.32 points at full size. Is the size the cause?

- **A.** Yes, since the gap shrinks with each step in size and never grows.
- **B.** No: a network does not notice the size of its images.
- **C.** No: the gap is overfitting, which fades.
- **D.** It may be a part, but the rate changes in the same epochs.

<details>
<summary>Answer to question 3</summary>

**D.** Two things changed together, in one run. To tell them apart takes a second run in which only one of them changes.

- **A.** From epoch 5 on the rate falls with each of these steps too. The same numbers would speak for the rate.
- **B.** It was tested at a size it had not yet seen. The paper named above is about just this.
- **C.** In the first epochs the network has seen each image only a few times. That is no time for the most overfitting.

</details>
"""

# %% [markdown]
"""
**Question 4.** Our `one_cycle` ends at 90.93 %, the published log at 90.89 %. What does this show?

- **A.** That our guesses lead to about the same end, by another way.
- **B.** That our guesses at the unpublished settings are right.
- **C.** That our settings are a little better.
- **D.** That the published run has been repeated exactly.

<details>
<summary>Answer to question 4</summary>

**A.** After the fifth epoch the two were at 68.33 % and 61.19 %, and their largest drops lie in different epochs. Only the ends agree.

- **B.** Several settings can end at the same accuracy. The ways differ, so at least one guess may be wrong.
- **C.** One run of each cannot tell so small a difference from chance.
- **D.** Then the curves would lie upon each other from the start, as the two rates do.

</details>
"""

# %% [markdown]
"""
## What we learned

- Training and test curves differ in the images and in the moment they are measured.
- A gap can come from the images, from their size, and from the moment of measurement, before it comes from overfitting.
- In `step_lr` the rate drops once, and loss and accuracy take a step with it, on training and test images alike.
- The test accuracy of `best` falls in two epochs of the first two thirds, and rises in every epoch at the end, when the rate is low.

## Next

[Chapter 6](06-misclassified.ipynb) looks at the images the network still gets wrong.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
answer = history.set_index("epoch")["test_accuracy"].diff().idxmax()
print("exercise 1: epoch", answer)

# %% tags=["hide-cell", "nbval-check-output"]
answer = next(epoch for epoch in falling.index if falling[epoch] < lr.max() / 2)
print("exercise 2: epoch", answer)
