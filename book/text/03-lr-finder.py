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
# 3. The learning-rate finder
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

One curve, recorded, with three marks on it. Each mark is a published rule's answer to the same question: how large may
the learning rate be?
"""

# %% mystnb={"image": {"alt": "Smoothed training loss over the learning rate on a logarithmic axis. The loss falls to a minimum, rises steeply to a peak, falls a second time and rises at the end. The marks of valley and minimum/10 lie on the first descent, that of steepest on the second."}} tags=["hide-input", "nbval-check-output"]
from cifarcam import figures
from cifarcam.records import recorded_range_test

recorded, provenance = recorded_range_test()
figures.range_test(recorded.lr, recorded.loss, recorded.suggestions())

# %% [markdown]
"""
**Figure 3.1.** A recorded range test. The loss falls as the rate grows, breaks upward, and falls a second time before the end.
Valley and minimum/10 lie on the first descent. Steepest lies behind the break.

After this chapter you can:

- run a range test, and put the network back as it was;
- read a learning rate off its curve by three rules;
- say why the rules differ, and what a range test cannot tell.
"""

# %% [markdown]
"""
## What you need

The network of [chapter 2](02-resnet18.ipynb). About half a minute on two CPU cores; no GPU is needed.
"""

# %% [markdown]
"""
## The idea

Start with a rate far too small, and let it grow by the same factor at each step. At first nothing happens. Then the loss
falls. In the end each step overshoots, and the loss rises again. One short run shows the whole range (Smith 2017,
[arXiv 1506.01186](https://arxiv.org/abs/1506.01186), who let the rate grow in a straight line; growth by a factor came later). Where the recorded curve comes from:
"""

# %% tags=["nbval-check-output"]
recipe = provenance["recipe"]
for name in ("width", "batch_size", "momentum", "lr"):
    print(f"{name:>13}: {recipe[name]}")
print(f"{'rates':>13}: {recorded.lr[0]:.4g} to {recorded.lr[-1]:.4g}")
print(f"{'steps':>13}: {len(recorded.lr)}, stopped early: {recorded.diverged}")
for name in ("hardware", "precision", "date", "command"):
    print(f"{name:>13}: {provenance[name]}")
print(f"{'PyTorch':>13}: {provenance['versions']['torch']}")

# %% [markdown]
"""
## A live one

The same code on a narrow network and a few thousand images. It is rough, but it is yours.
"""

# %% mystnb={"image": {"alt": "The same kind of curve for a narrow network on few images: a descent to a lowest loss, then a rise. The marks of valley and minimum/10 lie on the descent."}} tags=["nbval-ignore-output"]
import torch
from cifarcam.data import cifar10
from cifarcam.network import ResNet18
from cifarcam.training import (
    BEST,
    ONE_CYCLE,
    STEP_LR,
    Batches,
    make_optimizer,
    range_test,
)

train = cifar10("train")
quick = ONE_CYCLE.quick()
torch.manual_seed(0)
net = ResNet18(width=quick.width)
optimizer = make_optimizer(net, quick)
before = {name: value.clone() for name, value in net.state_dict().items()}

live = range_test(net, optimizer, Batches(train, quick), steps=100)
figures.range_test(live.lr, live.loss, live.suggestions())

# %% [markdown]
"""
**Figure 3.2.** A live range test of a narrow network. With smaller batches and fewer steps the curve is noisier,
and the rules may disagree even more. Where a mark is missing, it lies above the frame; the legend has its rate.
"""

# %% [markdown]
"""
Under the hood runs [torch-lr-finder](https://github.com/davidtvs/pytorch-lr-finder). Called directly, it takes a loader and a loss. Given the very batches of the live
test above, it must draw the very same curve:
"""

# %% tags=["nbval-ignore-output"]
import numpy as np
from torch.utils.data import DataLoader
from torch_lr_finder import LRFinder

batches = Batches(train, quick)
first_epochs = [batch for epoch in range(4) for batch in batches.epoch(epoch)]
loader = DataLoader(first_epochs, batch_size=None)
finder = LRFinder(net, optimizer, torch.nn.CrossEntropyLoss(), device="cpu")
finder.range_test(loader, start_lr=1e-4, end_lr=10, num_iter=100)
loss = np.array(finder.history["loss"])
finder.reset()
same = np.allclose(loss[: len(live.loss)], live.loss, rtol=1e-3)
print(f"the same {len(live.loss)} losses: {same}")

# %% [markdown]
"""
A range test ruins the weights it runs on. So they are put back, and the optimizer's momentum with them, the part of past
steps that it adds to each new one:
"""

# %% tags=["nbval-check-output"]
same = all(torch.equal(before[name], value) for name, value in net.state_dict().items())
print("every weight as before:", same)
print("learning rate as before:", optimizer.param_groups[0]["lr"] == quick.lr)
print("momentum buffers:", len(optimizer.state))

# %% [markdown]
"""
## Three rules

- **Steepest**: the rate at which the loss falls fastest. It looks at the difference of neighbouring points, so on a noisy
  curve it follows the noise, and on a curve with two descents it takes the steeper one.
- **Minimum/10**: a tenth of the rate with the smallest loss. It looks at one point. On a curve with a flat bottom that
  point can lie anywhere along it.
- **Valley** (fastai's default): find the longest chain of ever smaller losses, skipping points that rise. From its end,
  go back half as many points as the chain has, rounded as fastai does. Skipped points push the answer to the right.

The same rules on the two curves:
"""

# %% tags=["nbval-check-output"]
lowest = recorded.lr[recorded.loss.argmin()]
print(f"{'lowest loss':>11}: at {lowest:.3g}")
for name, rate in recorded.suggestions().items():
    print(f"{name:>11}: {rate:.3g}")
print("the rates of chapter 4's recipes:")
for each in (STEP_LR, ONE_CYCLE, BEST):
    print(
        f"{each.name:>11}: {each.lr}, schedule {each.schedule}, batch {each.batch_size}"
    )

# %% tags=["nbval-ignore-output"]
for name, rate in live.suggestions().items():
    print(f"{name:>11}: {rate:.3g}")

# %% [markdown]
"""
None of these is the truth, and they can be a factor of a hundred apart. On the recorded curve steepest takes the second descent, which
begins after the training has broken. So look at the curve before you believe a rule. They tell where to start looking. A common
habit, which this chapter does not test: take a rate from the upper end of the first descent for the peak of a schedule (a rate that changes over the run), and a smaller one for a rate that is held. The peak rate in the recipe above, 0.0479, is that of the published OneCycle
run. It lies just before the lowest loss of the recorded curve. The rate of the StepLR
write-up, 0.01, is held for most of its run. It lies between minimum/10 and the lowest loss; its batch is an eighth as large.

What a range test cannot tell is which rate ends best. The run `best` of [chapter 4](04-training.ipynb) peaks at 0.2, where this curve
has already broken; its batch is smaller, its warm-up, the rise to the
peak, is longer, and other fields of its recipe differ too.
"""

# %% [markdown]
"""
## How steady is each rule

Leave out points at either end of the recorded curve, up to 80 of its 200, and ask again.
"""

# %% tags=["nbval-check-output"]
from cifarcam.training import RangeTest

for start, end in ((0, 0), (10, 0), (20, 0), (20, 20), (0, 80)):
    part = slice(start, len(recorded.lr) - end)
    shorter = RangeTest(recorded.lr[part], recorded.loss[part], recorded.diverged)
    rates = [f"{name} {rate:.3g}" for name, rate in shorter.suggestions().items()]
    print(f"without the first {start} and last {end} points: {', '.join(rates)}")

# %% [markdown]
"""
Compare the rows. Valley moves with the start, because its chain of falling losses begins where the curve does. Steepest stands
still until the second descent is cut off, then it jumps. Minimum/10 does not move, since no cut took the lowest point away. A rule whose
answer jumps when the ends of the curve are cut off has told you about the test, not about the network.
"""

# %% [markdown]
"""
## Exercise 1: how fast the rate grows

A range test goes from 0.0001 to 10 in 200 steps, multiplying by the same factor between one step and the next. What is
the factor? Give four digits after the point.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

check(
    answer,
    lambda factor: abs(factor - (10 / 1e-4) ** (1 / 199)) < 0.0001,
    hint="between 200 rates lie 199 equal factors, which make 100,000 together",
)

# %% [markdown]
"""
## Exercise 2: minimum/10 by hand

Compute the rule minimum/10 for the recorded curve from `recorded.lr` and `recorded.loss`, without calling it.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda rate: abs(rate / recorded.minimum_tenth() - 1) < 0.01,
    hint="where is recorded.loss smallest, and which rate stands there?",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** On the recorded curve steepest says 0.494 and valley says 0.00255. Where does so large a difference come from?

- **A.** Valley divides its answer by ten to be safe.
- **B.** Steepest followed the noise of single points on the first descent.
- **C.** The two rules were measured on different networks.
- **D.** Steepest stands behind the break, valley on the first descent.

<details>
<summary>Answer to question 1</summary>

**D.** The picture shows both marks. Steepest takes the steepest piece anywhere on the curve, even where training has already broken.

- **A.** That is minimum/10. Valley goes back half of a chain of falling losses.
- **B.** It can do that on a noisy curve, but its mark lies to the right of the peak, not on the first descent.
- **C.** All three rules read the same curve. Nothing was trained between them.

</details>
"""

# %% [markdown]
"""
**Question 2.** Without the last 80 points steepest jumps from 0.494 to 0.00341, while minimum/10 stands still. What follows?

- **A.** minimum/10 gives the right rate for this network.
- **B.** The first answer of steepest depended on how far the test went on.
- **C.** The network changed between the two rows.
- **D.** The right rate lies between the two answers of steepest, at about their middle.

<details>
<summary>Answer to question 2</summary>

**B.** The curve is the same up to the cut. Only the second descent is missing, and with it the answer. So 0.494 told about the test's end, not about the network.

- **A.** No cut took the lowest point away, so this rule had no reason to move. Standing still is not being right.
- **C.** No network ran: the same recorded points were cut.
- **D.** Neither of them was tried in a training run, so nothing is known about what lies between.

</details>
"""

# %% [markdown]
"""
**Question 3.** After the live test the chapter prints `momentum buffers: 0`. What would happen if some had been left?

- **A.** The first steps of training would carry on the test's last ones.
- **B.** The optimizer would refuse to train.
- **C.** The weights would not be those from before the test.
- **D.** The learning rate would stay where the test had left it, far above the recipe's.

<details>
<summary>Answer to question 3</summary>

**A.** Momentum adds a part of the past steps to each new one. With nothing left of them, training begins as if there had been no test.

- **B.** It would train, without a word. That is why the chapter looks.
- **C.** They are kept and put back on their own; the first line printed compares them.
- **D.** The rate stands elsewhere in the optimizer; the second line printed compares it.

</details>
"""

# %% [markdown]
"""
**Question 4.** The run `best` peaks at a rate of 0.2, where the recorded curve has already broken. What follows?

- **A.** `best` would have ended better with a smaller rate.
- **B.** The range test was faulty.
- **C.** Steepest is the rule to trust, since it alone suggests so high a rate.
- **D.** A rate can break a range test and still serve in a run.

<details>
<summary>Answer to question 4</summary>

**D.** The test raises the rate within 200 steps from fresh weights. `best` has a longer warm-up, a smaller batch and other settings than the network of the test. Which rate ends best, a range test does not tell.

- **A.** Maybe, but nobody has trained it so. The curve alone does not show it.
- **B.** It shows what it measures: where the loss rises as the rate grows from step to step.
- **C.** Its rate belongs to the second descent. Where the curve ends before that, the same rule says 0.00341.

</details>
"""

# %% [markdown]
"""
## What we learned

- A range test shows in one short run at which rates the loss falls and at which it breaks, for one batch size and optimizer.
- Its suggestions differ because each rule looks at another part of the curve.
- Model and optimizer must be put back exactly, or the training starts from a ruin.

## Next

[Chapter 4](04-training.ipynb) trains, with two ways to change the rate over time.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
answer = (10 / 1e-4) ** (1 / 199)
print(f"exercise 1: {answer:.4f}")

# %% tags=["hide-cell", "nbval-check-output"]
answer = recorded.lr[recorded.loss.argmin()] / 10
print(f"exercise 2: {answer:.3g}")
