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
# Results
"""

# %% [markdown]
"""
What this book concludes about training, it concludes from the runs on this page. Each is a folder of the package: the
recipe, the history by epoch, the logits of all test images, and where, when and on what it was trained.

## The recorded runs
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
import re

import pandas as pd
from cifarcam.network import ResNet18
from cifarcam.records import (
    Run,
    load_run,
    published_results,
    recorded_benchmarks,
    recorded_runs,
)
from IPython.display import Markdown


def shown(table: pd.DataFrame) -> Markdown:
    """The table with its index, columns of numbers set to the right."""
    numbers = table.map(lambda cell: (str(cell).lstrip("*") or "0")[0].isdigit()).all()
    sides = ["---", *("---:" if right else "---" for right in numbers)]
    lines = [[table.index.name or "", *table], sides, *table.itertuples()]
    rows = ("| " + " | ".join(map(str, line)) + " |" for line in lines)
    return Markdown("\n".join(rows))


def facts(run: Run) -> dict[str, object]:
    about, results = run.provenance, run.provenance["results"]
    weights = ResNet18(run.recipe.width).parameters()
    return {
        "test accuracy": f"**{100 * results['test_accuracy']:.2f} %**",
        "with flip averaging": f"{100 * results['tta_accuracy']:.2f} %",
        "mean test loss (nats)": f"{results['test_loss']:.4f}",
        "epochs": run.recipe.epochs,
        "parameters": f"{sum(weight.numel() for weight in weights):,}",
        "training": f"{about['training_seconds'] / 60:.0f} minutes",
        "hardware": about["hardware"],
        "training precision": about["precision"],
        "seed": run.recipe.seed,
        "date": about["date"],
        "Python": about["versions"]["python"],
        "PyTorch": about["versions"]["torch"],
        "commit": re.sub(r"([0-9a-f]{7})[0-9a-f]{33}", r"`\1`", about["commit"]),
        "command": f"`{about['command']}`",
    }


shown(pd.DataFrame({f"`{name}`": facts(load_run(name)) for name in recorded_runs()}))

# %% [markdown]
"""
- **The test images chose nothing.** Each run trains on all 50,000 training images for a number of epochs that was fixed
  beforehand, and the last epoch is taken as it comes.
- **The numbers are those of the weights as kept**, computed in float32. `best` ships its weights, and `cifarcam evaluate
  best` computes its numbers again. Of every run the logits of the test images are kept.
- **One run of each recipe, one seed.** Another seed gives another number; how far away, we have not
  measured.
- **Flip averaging** shows the network each test image and its mirror image and averages the logits. It is a number of
  its own and compares with no other on this page.
- **Training time** is that of the training steps alone, without the test after each epoch. `best` and `one_cycle`
  shared their machine with other work in some epochs, as the seconds in their histories show, so alone they take less.
  `step_lr` trained in float32, on cores without bfloat16, so its time does not compare with theirs.
- **The commit.** Each run was interrupted and resumed on the way, with other commits between. For `step_lr` the
  table names all that it ran on, for the two earlier runs only the last.

## How `tuned` was chosen

`tuned` is the book's next recipe: the network of `best` with Muon for its filters, a whitened stem and a higher rate for
BatchNorm's biases. Its run is not recorded yet. Each candidate trained on most of the training images, in a narrow
network and for a few epochs, and we judged it on the remaining ones after its final epoch. The test images had no say. The
first row is where the search began, and the others say what they change of it. In brackets, the 95 % interval over images;
the next column gives each seed's accuracy. Some runs were paused for other work; their minutes include the pauses.
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
from cifarcam.records import recorded_tuning


def outcome(row: pd.Series, changed: list[str]) -> dict[str, str]:
    low, high = row["interval"]
    return {
        "candidate": ", ".join(f"`{each}` {row[each]}" for each in changed),
        "validation accuracy": f"{100 * row.validation_accuracy:.2f} % "
        f"({100 * low:.2f} to {100 * high:.2f})",
        "each seed": ", ".join(f"{100 * each:.2f} %" for each in row["accuracies"]),
        "minutes": ", ".join(f"{each:.0f}" for each in row["minutes"]),
    }


def compared(name: str) -> Markdown:
    """The candidates of a search, each by what it changes of the first."""
    candidates, about = recorded_tuning(name)
    fields, start = list(about["chosen"]), candidates.iloc[0]
    rows = [
        outcome(row, [each for each in fields if row[each] != start[each]] or fields)
        for _, row in candidates.iterrows()
    ]
    print(f"{about['trained_on']:,} images to train, {about['held_out']:,} held out")
    print(f"{about['recipe']}, {about['epochs']} epochs")
    print(f"{about['hardware']}, {about['date']}")
    return shown(pd.DataFrame(rows).set_index("candidate"))


compared("tuned")

# %% [markdown]
"""
Where intervals overlap, the order may be chance. The row with SGD changes four settings at once, so it does not isolate
Muon. The two best trained once more, with the network at its full width:
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
compared("tuned_confirmed")

# %% [markdown]
"""
The better of these two is what `tuned` is now. With one seed each and intervals that overlap, that is a choice, not a
proof.

## What others report
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
published = published_results().set_index("source")
published["test accuracy"] = published.pop("test_accuracy") + " %"
links = {name: f"[{name}]({url})" for name, url in published.pop("url").items() if url}
shown(published.rename(index=links))

# %% [markdown]
"""
The two write-ups are reports of students on the exercise that this book grew from: ResNet-18, 20 epochs, then class
activation maps of what it gets wrong. The others train longer, or another network. All accuracies are theirs, on the
same 10,000 test images.

## Speed

Ratios of two ways to do the same work, timed in turns in one process. `make benchmarks` times them again.
"""


# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
def rate(measured: dict, name: str) -> str:
    value = measured["rates"][name]
    return f"{value:,.0f} ({name})" if value >= 10 else f"{value:.3g} ({name})"


def timed(measured: dict) -> list[dict[str, str]]:
    """A row for each way that ours is compared with."""
    told = {"what": measured["claim"], "ours": rate(measured, measured["ours"])}
    when = {"on": measured["hardware"], "date": measured["date"]}
    return [
        told
        | {
            "instead": rate(measured, other),
            "ratio": f"**{ratio:.{2 if ratio < 2 else 1}f}**",
        }
        | when
        for other, ratio in measured["ratios"].items()
    ]


speed = pd.DataFrame([row for each in recorded_benchmarks() for row in timed(each)])
shown(speed.set_index("what"))

# %% [markdown]
"""
- **Training.** The plain loop is the usual tutorial's: a `DataLoader` with torchvision's transforms, float32, the same
  network, the same batch of 128. *Tuned*, it trains in bfloat16 and stores images in the channels-last layout, with all
  channels of a pixel side by side. Anyone can add both in a few lines, and they account for most of what our step gains.
  The ratio that is left varied from round to round, so do not count on it. We have not measured a CPU without bfloat16;
  expect a smaller gain there.
- **Maps.** A call for each layer is what the library's documentation shows. Freezing the weights saves their gradients.
  A single call for all layers needs a small subclass of the library's Grad-CAM. Ours is no faster than that.
- **Augmentation.** *Normalised by batch* leaves normalisation to one operation on the whole batch.
- A GPU was not at hand; `python -m benchmarks.whole_run` times whole runs on one.

## Where a training step's time goes

The parts of one step of `tuned`, and what each would take if nothing but its arithmetic cost time, at the rate of a large
matrix product, or nothing but its traffic with memory, at the rate of a large copy. Both rates were measured in the same run.
The profiler was on, and the recipe and the batch differ from the table above, so the two do not compare.
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
from cifarcam.records import recorded_step_profile

parts, about = recorded_step_profile()
print(f"{about['batch_size']} images in {about['precision']}")
print(f"{about['hardware']}, {about['date']}")
floors = parts.map(
    lambda seconds: "" if pd.isna(seconds) or not seconds else f"{seconds:.2f}"
)
names = {"seconds": "measured", "arithmetic_floor": "by arithmetic"}
names["memory_floor"] = "by memory"
floors = floors.rename(columns=names).add_suffix(" (s)")
shown(floors.rename_axis("part"))

# %% [markdown]
"""
The convolutions of layer4 are far from what their arithmetic asks; those of layer1 to layer3 are about as fast as the matrix
product. Where a part is even a little faster, remember that the product's rate is a measurement too.

## Several processes

`torchrun` trains one network with several processes. Here each has one thread and 128 images a step, and both share one
machine:
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
from cifarcam.records import recorded_scaling

scaling = recorded_scaling()
model, reduced = scaling["model"], scaling["all_reduce"]
print(f"{scaling['hardware']}, {scaling['date']}")
megabytes, seconds = reduced["megabytes"][-1], reduced["seconds"][-1]
print(f"all-reduce of {megabytes} MB: {1000 * seconds:.0f} ms")
rates = {name: f"{rate:.0f}" for name, rate in scaling["rates"].items()}
rates["two, by the model"] = f"{model['two_processes_images_a_second']:.0f}"
shown(pd.DataFrame({"images a second": rates}).rename_axis("processes"))

# %% [markdown]
"""
The model adds the time of passing the gradients round in a ring to the time of a step alone. It expects almost no loss, and
misses most of the loss we measured. Sharing one machine is a likely reason. So read the next table as an optimistic guess:
it is **calculated, not measured**, for a step time and links that we assumed. Each GPU keeps a batch of its own, however
many there are, so the batch of all together grows with them.
"""

# %% mystnb={"markdown_format": "gfm"} tags=["hide-input", "nbval-check-output"]
given = scaling["calculated_for"]
print(f"a step alone: {1000 * given['step_seconds']:.0f} ms")
print(f"between GPUs: {given['megabytes_a_second']:,} MB/s")
print(f"a message: {1e6 * given['latency_seconds']:.0f} µs")
efficiency = {
    count: f"{100 * share:.0f} %"
    for count, share in scaling["calculated_efficiency"].items()
}
shown(pd.DataFrame({"efficiency, calculated": efficiency}).rename_axis("GPUs"))

# %% [markdown]
"""
## Repeat it

A command trains a recipe and records the run; on the CPU the same command gives the same weights on the same machine.

```bash
cifarcam train best --out runs/mine
cifarcam evaluate runs/mine
```

`load_run("runs/mine")` then takes the place of the recorded run in any chapter.
"""
