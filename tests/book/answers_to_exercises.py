"""Answers that a learner might give to the exercises: right ones in another form than the solution's, and wrong ones.

Each is Python that can follow the chapter's last cell.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answers:
    right: tuple[str, ...]
    wrong: tuple[str, ...]


# Wrong for every exercise, most of them by their type.
WRONG_EVERYWHERE = (
    "'no idea'",
    "-12345.678",
    "[1, 2, 3]",
    "{}",
    "lambda *arguments: 1 / 0",
    "__import__('numpy').zeros((2, 2))",
)

# By the chapter's number and the exercise's.
ANSWERS = {
    ("01", 1): Answers(right=("1 / 4", "np.float32(0.25)"), wrong=("16 / 32", "4", "25")),
    ("01", 2): Answers(right=("162.0", "np.array([162])"), wrong=("81", "2 * 8 * 8", "2 * 5 * 5")),
    ("01", 3): Answers(right=("-1.99", "np.float32(-1.9895)"), wrong=("0", "-MEAN[0]", "MEAN[0] / STD[0]")),
    ("02", 1): Answers(right=("294912.0",), wrong=("128 * 256", "9 * 256 * 256", "'294,912'")),
    ("02", 2): Answers(right=("5.0", "torch.tensor(5)"), wrong=("3", "6", "9")),
    ("02", 3): Answers(right=("4.0",), wrong=("2", "8", "64 * 64")),
    ("03", 1): Answers(right=("1.0596",), wrong=("(10 / 1e-4) ** (1 / 200)", "10 / 1e-4 / 199", "1.1")),
    ("03", 2): Answers(
        right=("0.00548", "recorded.lr[recorded.loss.argmin()].item() / 10"),
        wrong=("recorded.lr[recorded.loss.argmin()]", "recorded.loss.min() / 10", "recorded.loss.argmin()"),
    ),
    ("04", 1): Answers(right=("20 * -(-50_000 // 512)", "1960.0"), wrong=("20 * 97", "20 * 50_000 / 512", "98")),
    ("04", 2): Answers(
        right=("STEP_LR.replace(step_epochs=5, gamma=0.33)",),
        wrong=(
            "STEP_LR",
            "STEP_LR.replace(step_epochs=3, gamma=1 / 5)",
            "STEP_LR.replace(step_epochs=5, lr=0.01 / 3)",
            "BEST.replace(step_epochs=5, gamma=1 / 3)",
            "{'step_epochs': 5, 'gamma': 1 / 3}",
        ),
    ),
    ("05", 1): Answers(right=("2.0", "gains.idxmax()"), wrong=("1", "20", "gains.max()")),
    ("05", 2): Answers(right=("13.0",), wrong=("1", "12", "14", "lr.max() / 2")),
    ("06", 1): Answers(
        right=("' Dog'", "__import__('numpy').str_('dog')"),
        wrong=("'cat'", "CLASSES.index('dog')", "false_alarms.argmax()"),
    ),
    ("06", 2): Answers(
        right=("0.973", "predictions.correct[predictions.confidence >= 0.7].double().mean()"),
        wrong=("97.3", "predictions.accuracy", "(predictions.confidence >= 0.7).double().mean()"),
    ),
    ("07", 1): Answers(
        right=("float(stage_maps(net, many, their_labels).blank[:, 4].sum())",),
        wrong=("100", "stage_maps(net, many, their_labels).blank[:, 0].sum() + 50", "predicted.blank[:, 4]"),
    ),
    ("07", 2): Answers(
        right=("float(stage_maps(net, images, 6).blank[:, 4].sum())",),
        wrong=("0", "10", "stage_maps(net, images, 'frog').blank[:, 4]"),
    ),
    ("07", 3): Answers(
        right=("lambda A, G: (G.mean((2, 3))[:, :, None, None] * A).sum(1).clip(0)",),
        wrong=(
            "lambda A, G: (G.mean((2, 3))[:, :, None, None] * A).sum(1)",
            "lambda A, G: (G * A).sum(1).clip(0)",
            "lambda A, G: G.mean((2, 3))",
            "lambda A: A",
            "'Grad-CAM'",
        ),
    ),
    ("08", 1): Answers(right=("10_250_000.0",), wrong=("1025", "10_000 * 1024", "10_000 * 1026")),
    ("08", 2): Answers(
        right=(
            "lambda activations, gradients: np.max(gradients, axis=(2, 3))",
            "lambda activations, gradients: gradients.max(-1).max(-1)",
        ),
        wrong=(
            "mean_gradient",
            "lambda activations, gradients: activations.max((2, 3))",
            "lambda activations, gradients: np.abs(gradients).max((2, 3))",
            "lambda activations, gradients: gradients.max()",
            "lambda gradients: gradients.max((2, 3))",
            "G.max((2, 3))",
        ),
    ),
    ("09", 1): Answers(
        right=("lambda A, G: (G * A).sum((2, 3))", "lambda A, G: G"),  # the second, a weight a position, is HiResCAM
        wrong=("lambda A, G: G.mean((2, 3))", "lambda A, G: G.abs().mean((2, 3))", "'Grad-CAM'"),
    ),
    ("09", 2): Answers(right=("0.65", "np.float32(0.6475)"), wrong=("largest_share_inside(mark, 4)", "64 / 1024", "1")),
    ("10", 1): Answers(
        right=("np.nanmean(abs(similar['Grad-CAM']['rank correlation'][0, :, 4]))",),
        wrong=("np.nanmean(similar['Grad-CAM']['rank correlation'][0, :, 4])", "0", "1"),
    ),
    ("10", 2): Answers(
        right=("ahead_of('centre Gaussian', needed, 'ROAD').loc[('HiResCAM', 'layer3'), 'mean']",),
        wrong=("ahead_of('centre Gaussian', needed, 'ROAD')['mean']['Grad-CAM', 'layer4']", "0", "1"),
    ),
    ("11", 1): Answers(right=("320.0", "300"), wrong=("10", "32", "288", "640")),
    ("11", 2): Answers(
        right=("{name: convnext.features[name] for name in (1, 3, 5, 7)}",),
        wrong=(
            "layers",
            "{'last': convnext.features[7]}",
            "{f'stage {n}': convnext.features[n] for n in (7, 5, 3, 1)}",
            "dict(convnext.features.named_children())",
            "[convnext.features[n] for n in (1, 3, 5, 7)]",
        ),
    ),
}
