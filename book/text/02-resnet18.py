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
# 2. ResNet-18
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

Where the network keeps its parameters, and where it spends its arithmetic. They are not the same places.
"""

# %% mystnb={"image": {"alt": "Two bar charts by stage. Parameters grow about fourfold from stage to stage, and layer4 holds most of them. Multiplications are nearly equal in layer1 to layer4."}} tags=["hide-input", "nbval-check-output"]
import torch
from cifarcam import figures
from cifarcam.network import ResNet18, stage_table, stages

torch.manual_seed(0)
net = ResNet18().eval()
table = stage_table(net)
figures.stage_bars(table)

# %% [markdown]
"""
**Figure 2.1.** Parameters (left) and multiplications for one image (right), stage by stage. Most parameters sit in
layer4; the arithmetic is spread almost evenly over layer1 to layer4.

After this chapter you can:

- read the summary table of a network;
- compute the parameters and multiplications of a convolution by hand;
- say what a residual block computes, and check it on a tensor;
- explain what a receptive field is, and how it grows.
"""

# %% [markdown]
"""
## What you need

The images of [chapter 1](01-data.ipynb) in mind. No data set and no GPU; a few seconds on two CPU cores.
"""

# %% [markdown]
"""
## The summary

A convolution slides a small window of weights over the image. What it makes is a feature map: a grid of numbers for each of
its channels. Its stride is how far the window moves each time. Batch normalisation brings the numbers of a channel to a
common scale, and ReLU sets negative ones to 0. What a residual block is comes below.

ResNet-18 was made for photographs of 224 by 224 pixels. For 32 by 32 its beginning is changed: a 3 by 3 convolution that
keeps the size, and no pooling. Then come layer1 to layer4, each of two residual blocks, an average over what is left of the
image, and one linear layer that gives ten logits, one for each class. A logit is a score; softmax turns the ten into
probabilities.
"""

# %% tags=["nbval-check-output"]
from torchsummary import summary

summary(net, (3, 32, 32), device="cpu")

# %% [markdown]
"""
`-1` stands for the batch. The later chapters look at five places of the network:
"""

# %% tags=["nbval-check-output"]
for name, module in stages(net).items():
    print(name, "is", type(module).__name__)

# %% [markdown]
"""
The book calls these five its stages: layer0, the stem (the first convolution and its batch normalisation), and layer1 to
layer4, two blocks each.
"""

# %% [markdown]
"""
## Parameters and multiplications

A convolution of 3 by 3 from `a` to `b` channels has 9·a·b weights. Each weight is used once at each place of the output. So
a stage with twice the channels and half the width and height has four times the weights and the same arithmetic. layer1
does a little more than the others, whose first convolution has half the input channels.
"""

# %% tags=["nbval-check-output"]
table

# %% tags=["nbval-check-output"]
conv = net.layer2[0].conv2
weights = 3 * 3 * 128 * 128
print(
    f"layer2's second convolution: {weights:,} weights, counted {conv.weight.numel():,}"
)
print(f"used at 16 × 16 places: {weights * 16 * 16:,} multiplications")
for column in ("parameters", "multiplications"):
    print(f"the whole network: {table[column].sum():,} {column}")

# %% [markdown]
"""
## The receptive field

One value of a feature map depends on a square of the input: its receptive field. A 3 by 3 convolution widens it by two
steps, and each stride of two doubles the length of a step.
"""

# %% tags=["nbval-check-output"]
table[["side", "receptive_field"]].dropna()

# %% [markdown]
"""
A value of layer1 knows a patch a third as wide as the image. At layer3 the field is wider than the image, so a value in the
middle can depend on all of it. At layer4 every value can. What a value depends on most is the middle of its field (Luo
et al. 2016, [arXiv 1701.04128](https://arxiv.org/abs/1701.04128)). This is why the maps of chapter 7 can point at places at all. And
those of the late stages are coarse, because layer4 has only 4 by 4 places.
"""

# %% [markdown]
r"""
## A residual block, by hand

A block has two ways through. The long one is two convolutions, each with batch normalisation. The short one passes the
input on unchanged. Both are added:

$$\mathrm{out} = \mathrm{relu}\big(F(x) + x\big), \qquad
F(x) = \mathrm{bn}_2\big(w_2 * \mathrm{relu}(\mathrm{bn}_1(w_1 * x))\big).$$

The convolutions need only learn what to add. If they add nothing, the block does no harm. That makes deep networks easier
to train (He et al. 2016, [arXiv 1512.03385](https://arxiv.org/abs/1512.03385)). The next cell gives a block's batch normalisations
statistics and scales of their own, computes the block step by step, and compares.
"""

# %% tags=["nbval-check-output"]
from torch.nn.functional import conv2d, relu


def batch_norm(x, bn):
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    return (
        scale[:, None, None] * (x - bn.running_mean[:, None, None])
        + bn.bias[:, None, None]
    )


block = ResNet18().eval().layer1[0]
generator = torch.Generator().manual_seed(0)
for bn in (block.bn1, block.bn2):
    for values in (bn.running_mean, bn.bias.data):
        values.normal_(generator=generator)
    for values in (bn.running_var, bn.weight.data):
        values.uniform_(0.5, 2, generator=generator)

x = torch.randn(1, 64, 8, 8, generator=generator)
with torch.no_grad():
    inner = relu(batch_norm(conv2d(x, block.conv1.weight, padding=1), block.bn1))
    residual = batch_norm(conv2d(inner, block.conv2.weight, padding=1), block.bn2)
    by_hand = relu(residual + x)
    from_the_block = block(x)
close = torch.allclose(by_hand, from_the_block, atol=1e-4)
print("by hand and by the block, equal to 1e-4:", close)

# %% [markdown]
"""
Where a stage halves the size, input and residual no longer have the same shape. There the short way is a 1 by 1
convolution of stride 2, in the summary the third convolution of such a block.
"""

# %% [markdown]
"""
## Exercise 1: weights of a convolution

How many weights has the first convolution of layer3, from 128 to 256 channels, 3 by 3, without bias?
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
from cifarcam.exercises import check

check(
    answer,
    lambda count: count == net.layer3[0].conv1.weight.numel(),
    hint="9 × channels in × channels out",
)

# %% [markdown]
"""
## Exercise 2: a receptive field

Two 3 by 3 convolutions of stride 1 follow each other. How wide is the receptive field of one value of the second?
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
check(
    answer,
    lambda width: width == 5,
    hint="the first sees 3 pixels; the second sees 3 values of the first",
)

# %% [markdown]
"""
## Exercise 3: a larger image

The network takes images of 64 by 64 pixels too. How many times as many multiplications does it need for one? Answer to
the nearest whole number.
"""

# %%
answer = None

# %% tags=["hide-input", "nbval-check-output"]
larger = (
    stage_table(net, side=64)["multiplications"].sum() / table["multiplications"].sum()
)
check(
    answer,
    lambda times: times == round(larger),
    hint="every weight of a convolution is used once at each place",
)

# %% [markdown]
"""
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""

# %% [markdown]
"""
**Question 1.** From layer2 to layer3 the parameters grow from 525,568 to 2,099,712, while the multiplications stay at 134,217,728. Why?

- **A.** layer3 has more blocks, and each of them runs less often.
- **B.** The new parameters belong to batch normalisation, which multiplies nothing.
- **C.** It has four times the weights, each used at a quarter of the places.
- **D.** The table counts the multiplications of a single channel.

<details>
<summary>Answer to question 1</summary>

**C.** A convolution from `a` to `b` channels has 9·a·b weights. Twice `a` and twice `b` make four times as many. Half the width and half the height leave a quarter of the places.

- **A.** Every stage has two blocks, as the summary shows, and each runs once an image.
- **B.** A batch normalisation of layer3 has 512 parameters, a convolution there up to 589,824.
- **D.** It counts every weight at every place, in all channels; the cell below the table does so by hand for one convolution.

</details>
"""

# %% [markdown]
"""
**Question 2.** You want this network to need much less arithmetic for an image. Where is most to be saved?

- **A.** Anywhere in layer1 to layer4: they do about the same amount.
- **B.** In layer4, because most of the parameters are there.
- **C.** In layer0, because it works on the image at its full size.
- **D.** In the linear layer, because it connects everything with everything.

<details>
<summary>Answer to question 2</summary>

**A.** The right half of the picture has four bars of nearly the same length. Each stage has about a quarter of the 555,422,720 multiplications.

- **B.** It holds 8,393,728 of the 11,173,962 parameters, and does 134,217,728 multiplications, as layer2 and layer3 do. Parameters are what is stored, not what is computed.
- **C.** At full size, but from three channels only: 1,769,472 multiplications. layer1 works at full size too, from 64 channels.
- **D.** It has one place only, so each of its weights is used once: 5,120 multiplications.

</details>
"""

# %% [markdown]
r"""
**Question 3.** Say the second batch normalisation of a block gives 0 everywhere, and the block's input $x$ is nowhere negative. What comes out?

- **A.** 0 everywhere.
- **B.** $2x$, because both ways bring $x$.
- **C.** $x$, as it came in.
- **D.** $x$ with its mean taken off, divided by its standard deviation.

<details>
<summary>Answer to question 3</summary>

**C.** Then $F(x) = 0$, and $\mathrm{relu}(0 + x) = x$ where nothing is negative. This is what is meant by a block that does no harm when it adds nothing.

- **A.** That is what the long way gives. The short way still brings $x$.
- **B.** Only the short way brings $x$. The long way brings $F(x)$, which is 0 here.
- **D.** Batch normalisation stands on the long way. The short way passes $x$ on unchanged.

</details>
"""

# %% [markdown]
"""
**Question 4.** The receptive field of layer3 is 53 pixels wide, the image only 32. What does that mean?

- **A.** The table is wrong, since no field can be wider than the image.
- **B.** Every value of layer3 depends on all pixels to the same degree.
- **C.** A map of layer3 has 53 by 53 places.
- **D.** A value in the middle of layer3 can depend on every pixel.

<details>
<summary>Answer to question 4</summary>

**D.** Its field covers the image on all sides. What reaches beyond the edge lies on the padding and tells nothing.

- **A.** The field follows from kernels and strides alone, whatever the size of the image. At layer4 it is wider still.
- **B.** It depends most on the middle of its field. That is why maps can point at places at all.
- **C.** It has 8 by 8, the column *side*. The field is counted in pixels of the input.

</details>
"""

# %% [markdown]
"""
## What we learned

- layer4 holds most parameters, but layer1 to layer4 do about the same arithmetic.
- A residual block adds to its input instead of replacing it.
- layer4 can see the whole image, in few and coarse places.

## Next

[Chapter 3](03-lr-finder.ipynb) looks for the learning rate to train it with.
"""

# %% [markdown]
"""
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""

# %% tags=["hide-cell", "nbval-check-output"]
answer = 3 * 3 * 128 * 256
print(f"exercise 1: {answer:,}")

# %% tags=["hide-cell", "nbval-check-output"]
answer = 3 + (3 - 1)
print("exercise 2:", answer)

# %% tags=["hide-cell", "nbval-check-output"]
answer = 4  # four times as many places; only the small linear layer stays as it is
print(f"exercise 3: {answer}, exactly {larger:.4f}")
