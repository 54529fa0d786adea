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
# 6. Misclassified images
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

Ten test images the network is most sure of, and wrong about.
"""

# %% mystnb={"image": {"alt": "Ten small test images in two rows, each under its true class, its predicted class, and the probability of the predicted class."}} tags=["hide-input"]
from cifarcam import figures
from cifarcam.data import CLASSES, cifar10
from cifarcam.records import load_run

test = cifar10("test")
run = load_run("best")
predictions = run.predictions(test)

surest = predictions.misclassified(by_confidence=True)[:10]
figures.gallery(test.images[surest], predictions.captions(surest))

# %% [markdown]
"""
**Figure 6.1.** The ten most confident mistakes. Above each image: its label, then the class the network chose, with its
probability.

After this chapter you can:

- read a confusion matrix and a reliability diagram;
- find the images a network gets wrong, and sort them;
- tell a network's mistake from a label's.
"""

# %% [markdown]
"""
## What you need

The recorded runs of [chapter 4](04-training.ipynb). Their logits for all test images ship with the package, so nothing is computed
twice. A few seconds on two CPU cores, no GPU.
"""

# %% [markdown]
"""
## How many
"""

# %%
wrong = predictions.misclassified()
print(f"{len(wrong)} of {len(predictions.labels)} images are misclassified")
print(f"accuracy: {100 * predictions.accuracy:.2f} %")
print(f"mean cross-entropy: {predictions.loss:.3f} nats")

# %% [markdown]
"""
## Which classes
"""

# %% mystnb={"image": {"alt": "A bar for each class with its accuracy in percent, the worst class on top."}}
figures.class_accuracy(predictions.per_class_accuracy())

# %% [markdown]
"""
**Figure 6.2.** Accuracy of each class, the worst first.
"""

# %% mystnb={"image": {"alt": "A ten by ten table of counts, true classes in rows, predicted classes in columns. Mistakes are coloured by their number; the brightest lie between cat and dog."}}
figures.confusion(predictions.confusion())

# %% [markdown]
"""
**Figure 6.3.** The confusion matrix. Each row is a true class, each column a predicted one; only the mistakes are coloured.

Mistakes are not spread evenly. The pairs that are confused most often, in either direction:
"""

# %%
confusion = predictions.confusion()
both_ways = (confusion + confusion.T).triu(diagonal=1)
order = both_ways.flatten().argsort(descending=True, stable=True)[:6]
for place in order.tolist():
    a, b = divmod(place, len(CLASSES))
    counts = f"{confusion[a, b]} + {confusion[b, a]} = {both_ways[a, b]}"
    print(f"{CLASSES[a]} and {CLASSES[b]}: {counts}")
share = 100 * both_ways.flatten()[order].sum() / len(wrong)
print(f"these six pairs make up {share:.0f} % of all mistakes")

# %% [markdown]
"""
## How sure

A network gives a probability with each answer: that of the predicted class is its confidence. Is it right as often as it says? The reliability diagram sorts the images by
the probability of the predicted class and compares it with the accuracy (Guo et al. 2017,
[arXiv 1706.04599](https://arxiv.org/abs/1706.04599)).
"""

# %% mystnb={"image": {"alt": "Accuracy over confidence as a line with points, beside the diagonal, above bars that count the images in each bin of confidence. Most images lie in the bins of high confidence."}}
figures.reliability(predictions.calibration())

# %% [markdown]
"""
**Figure 6.4.** Top: accuracy in each bin of confidence; the dashed diagonal is perfect calibration. Bottom: how many images
each bin holds, on a logarithmic axis.
"""

# %%
print(f"mean confidence {predictions.confidence.mean():.3f}")
print(f"accuracy {predictions.accuracy:.3f}")
print(f"expected calibration error {predictions.calibration_error():.3f}")
above = predictions.confidence.mean() > predictions.accuracy
print("on the whole the network is", "too sure" if above else "not sure enough")

# %% [markdown]
"""
The recipe trains with label smoothing, towards a target that is never quite certain. That pulls down the probability of the
predicted class, so a network can end up less sure than it has a right to be (Müller et al. 2019,
[arXiv 1906.02629](https://arxiv.org/abs/1906.02629)).
"""

# %% [markdown]
"""
## Twenty mistakes, as they come

Not the worst ones, simply the first twenty of the test split.
"""

# %% mystnb={"image": {"alt": "Twenty small test images in four rows, each under its true class, its predicted class, and the probability of the predicted class."}}
first = predictions.misclassified()[:20]
figures.gallery(test.images[first], predictions.captions(first))

# %% [markdown]
"""
**Figure 6.5.** The first twenty misclassified test images.

Go through them one by one. Four kinds of mistake to look for:

1. **Look-alikes.** Cats and dogs, automobiles and trucks, airplanes and ships: classes that share shape or surroundings.
2. **Odd views.** A plane from below, a bird close up, a part of an animal that fills the frame.
3. **The wrong surroundings.** Something dark on blue, something brown on green: the ground is typical of another class.
4. **Wrong labels.** The network is right and the label is not, or the image belongs to neither class. Northcutt et al.
   (2021, [arXiv 2103.14749](https://arxiv.org/abs/2103.14749)) let an algorithm pick suspects in CIFAR-10's test split and people look at
   them; some labels did not hold.

Look for the fourth kind among confident mistakes too: a network that knows better looks like one that is badly
mistaken. Most labels of the ten above hold. Another confident mistake, to judge for yourself:
"""

# %% mystnb={"image": {"alt": "One small test image under its label and the class that the network took it for."}}
suspect = min(2405, len(test.labels) - 1)  # the stand-in has fewer images
print("test image", suspect)
figures.gallery(test.images[[suspect]], predictions.captions([suspect]), columns=1)

# %% [markdown]
"""
**Figure 6.6.** A suspect. Above it, its label and the class the network predicts. Look at it before you read on: what would you call it?
"""

# %% [markdown]
"""
## Close calls

When the prediction is wrong, how far down was the true class?
"""

# %%
ranks = (
    predictions.logits > predictions.logits.gather(1, predictions.labels[:, None])
).sum(1)
for rank, name in ((1, "second"), (2, "third")):
    share = 100 * (ranks[wrong] == rank).double().mean()
    print(f"true class {name}: {share:.0f} % of the mistakes")
top_two = 100 * (ranks <= 1).double().mean()
print(f"true class among the first two: {top_two:.2f} % of all images")

# %% [markdown]
"""
## Three runs, three sets of mistakes

The runs `step_lr` and `one_cycle` of [chapter 4](04-training.ipynb) trained the same network by other recipes. They keep only their logits of CIFAR-10's test images, so on
other images this part looks at `best` alone. How many images does each run get wrong, and how many do all three?
"""

# %%
import pandas as pd

runs = {name: load_run(name) for name in ("step_lr", "one_cycle")}
runs[run.recipe.name] = run
answers = {
    name: run.predictions(test) for name, run in runs.items() if run.can_predict(test)
}
mistakes = pd.DataFrame({name: ~a.correct.numpy() for name, a in answers.items()})
shared = mistakes.all(axis=1)
for name, wrong_ones in mistakes.items():
    print(f"{name} is wrong about {wrong_ones.sum()} images")
print(f"every run is wrong about {shared.sum()} of them")

# %%
named = pd.DataFrame({name: a.predicted.numpy() for name, a in answers.items()})
alike = shared & (named.nunique(axis=1) == 1)
if len(answers) > 1:
    by_class = mistakes.groupby(test.labels)
    expected = (by_class.size() * by_class.mean().prod(axis=1)).sum()
    print(f"by chance, class by class, they would share {expected:.0f}")
    print(f"they give the same wrong class to {100 * alike.sum() / shared.sum():.0f} %")
else:
    print("one run alone has nothing to share")

# %% [markdown]
"""
The three recipes find the same images hard, far more often than chance would have it, and mostly give them the same wrong class. They share
more than the images: the network, the optimizer and most of the augmentation. Which of these is the cause, this cannot tell. Ten of
the images:
"""

# %% mystnb={"image": {"alt": "Ten small test images in two rows, each under its label, the class that every run took it for, and the probability that the run best gives that class."}}
hard = mistakes.index[alike][:10]
figures.gallery(test.images[hard], predictions.captions(hard))

# %% [markdown]
"""
**Figure 6.7.** The first ten images that every run gets wrong in the same way. The probability is that of `best`.
"""

# %% [markdown]
"""
## Exercise 1: the class named too often

Which class is most often given to images of another class? Answer with its name.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

false_alarms = confusion.sum(0) - confusion.diagonal()
check(
    answer,
    lambda name: name.strip().lower() == CLASSES[false_alarms.argmax()],
    hint="sum the columns without the diagonal",
    expected="a string",
)

# %% [markdown]
"""
## Exercise 2: declining to answer

Say the network may decline to answer when its confidence is below seven in ten. What is its
accuracy on the images it does answer?
Give a share from 0 to 1.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
sure = predictions.confidence >= 0.7
right = predictions.correct[sure].double().mean().item()
check(
    answer,
    lambda share: abs(share - right) < 0.002,
    hint="take the mean of predictions.correct over the sure images",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** The mean confidence is 0.864, the accuracy 0.935, the calibration error 0.071. What does that say of the network?

- **A.** On the whole it is too sure of itself.
- **B.** It is wrong about 7.1 % of the images.
- **C.** On the whole it is right more often than it claims.
- **D.** Nothing, since confidence and accuracy cannot be compared.

<details>
<summary>Answer to question 1</summary>

**C.** It claims to be right in 86.4 % of the cases and is right in 93.5 %. Label smoothing in training is a likely reason.

- **A.** Then the mean confidence would lie above the accuracy.
- **B.** It is wrong about 653 of 10,000. The calibration error is the distance between confidence and accuracy, averaged over the bins.
- **D.** Both are shares from 0 to 1. That is why the diagram has a diagonal.

</details>
"""

# %% [markdown]
"""
**Question 2.** The list has the line `cat and dog: 80 + 52 = 132`. Which sentence says the same?

- **A.** 80 dogs were misclassified as cats, and 52 cats as dogs.
- **B.** 132 cats and dogs were named rightly.
- **C.** 132 cats were given a wrong class.
- **D.** 80 cats were misclassified as dogs, and 52 dogs as cats.

<details>
<summary>Answer to question 2</summary>

**D.** In `confusion[a, b]` the row is the true class. The first number is the row cat, column dog; the second is the row dog, column cat.

- **A.** This reads the columns as true classes. Rows are true, columns predicted.
- **B.** Right answers stand on the diagonal. The list leaves it out.
- **C.** The 132 come from both classes, and they count only cats predicted as dogs and dogs predicted as cats. Some cats were also predicted to be birds, deer and others.

</details>
"""

# %% [markdown]
"""
**Question 3.** Three runs share 375 mistakes, while by chance, class by class, they would share 12. What does this show?

- **A.** Some images are hard for all three, and the cause is left open.
- **B.** The labels of the 375 images are wrong.
- **C.** The later runs learned their mistakes from the first.
- **D.** The three recipes are equally good.

<details>
<summary>Answer to question 3</summary>

**A.** They share images, network, optimizer and most of the augmentation. Any of these can make the same images hard.

- **B.** Some may be. But networks that agree have not looked at the picture for you, and most labels of the ten surest mistakes hold.
- **C.** They trained apart, from the same data. None saw the answers of another.
- **D.** They are wrong about 907, 909 and 653 images.

</details>
"""

# %% [markdown]
"""
**Question 4.** The network contradicts the label of a test image, with high confidence. What is the best next step?

- **A.** Count it among the worst mistakes, since the confidence is so high.
- **B.** Look at the image: it may be the label that is wrong.
- **C.** Take the image out of the test set.
- **D.** Train with more label smoothing, so that the confidence falls.

<details>
<summary>Answer to question 4</summary>

**B.** A network that knows better and one that is badly mistaken give the same numbers. Only the picture tells them apart.

- **A.** That is true only if the label holds, which is not known yet.
- **C.** Then the network would choose its own test, and its accuracy would rise for that reason alone.
- **D.** That lowers the confidence of right answers too, and this network is not sure enough already. It says nothing about this image.

</details>
"""

# %% [markdown]
"""
## What we learned

- Nearly half of the mistakes lie in six of the 45 pairs of classes, cats and dogs first.
- A confidence is a claim that can be checked.
- A confident mistake may be the label's, so look before you blame the network.

## Next

[Chapter 7](07-grad-cam.ipynb) asks where in these images the network looked.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell"]
answer = CLASSES[(confusion.sum(0) - confusion.diagonal()).argmax()]
print("exercise 1:", answer)

# %% tags=["hide-cell"]
answer = predictions.correct[predictions.confidence >= 0.7].double().mean().item()
print(f"exercise 2: {answer:.4f}")
