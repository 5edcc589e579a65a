"""Writes metrics.json: what scikit-learn says of some predictions.

Run as `python3 generate.py` in this directory, with scikit-learn 1.2.
"""
import json
import platform
import warnings

import numpy as np
import sklearn
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, precision_recall_fscore_support

BINS = 10


def tags_case(name, truth, predicted):
    """Precision, recall, F1 and support: of every class of either list, sorted, and averaged."""
    classes = sorted(set(truth) | set(predicted))
    per_class = precision_recall_fscore_support(truth, predicted, average=None)
    case = {
        "name": name,
        "true": truth,
        "predicted": predicted,
        "classes": classes,
        "class": dict(zip(("precision", "recall", "f1", "support"), (a.tolist() for a in per_class))),
        "confusion": confusion_matrix(truth, predicted, labels=classes).tolist(),
    }
    for average in ("weighted", "micro"):
        scores = precision_recall_fscore_support(truth, predicted, average=average)
        case[average] = dict(zip(("precision", "recall", "f1"), (float(s) for s in scores)))
    return case


def tags_cases():
    a, b, c, d = "cv", "mlops", "nlp", "other"
    return [
        tags_case("all right", [a, b, c, d], [a, b, c, d]),
        tags_case("all wrong", [a, b, c, d], [b, c, d, a]),
        tags_case("mixed", [a, a, a, b, b, c, c, c, c, d], [a, a, b, b, c, c, c, a, c, d]),
        tags_case("mlops never predicted", [a, b, b, c, d, d], [a, a, c, c, d, c]),
        tags_case("other predicted, never true", [a, a, b, c, c], [a, d, b, c, d]),
        tags_case("one class", [c, c, c], [c, c, c]),
        tags_case("one class, all missed", [c, c, c], [a, a, d]),
    ]


def probabilities_case(name, truth, probabilities):
    """Log loss, Brier score, calibration curve, and the calibration error that follows from it.

    brier_score_loss of 1.2 knows two classes only. Of more, the Brier score is the sum of
    those of each class against the rest. calibration_curve leaves out empty bins, and says
    nothing of how many samples a bin has.
    """
    truth, probabilities = np.array(truth), np.array(probabilities)
    classes = probabilities.shape[1]
    if classes == 2:
        brier = brier_score_loss(truth, probabilities[:, 1])
    else:
        brier = sum(brier_score_loss(truth == k, probabilities[:, k]) for k in range(classes))
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    if right.all() or not right.any():  # calibration_curve wants both; it sees one bin more
        accuracies, confidences = calibration_curve(np.append(right, not right[0]), np.append(confidence, 0.0), n_bins=BINS)
        accuracies, confidences = accuracies[1:], confidences[1:]
    else:
        accuracies, confidences = calibration_curve(right, confidence, n_bins=BINS)
    numbers = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    counts = np.bincount(numbers, minlength=BINS)
    counts = counts[counts > 0]
    return {
        "name": name,
        "true": truth.tolist(),
        "probabilities": probabilities.tolist(),
        "log_loss": float(log_loss(truth, probabilities, labels=list(range(classes)))),
        "brier": float(brier),
        "accuracies": accuracies.tolist(),
        "confidences": confidences.tolist(),
        "counts": counts.tolist(),
        "error": float(np.abs(accuracies - confidences) @ counts / len(truth)),
    }


def probabilities_cases():
    random = np.random.default_rng(7)

    def drawn(classes, samples, concentration):
        probabilities = random.dirichlet(np.full(classes, concentration), samples)
        # Two of three are drawn as they say, the others as they like.
        truth = [random.choice(classes, p=p if random.random() < 2 / 3 else None) for p in probabilities]
        return [int(k) for k in truth], probabilities

    return [
        probabilities_case("plain", [0, 1, 2, 1], [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5], [0.6, 0.3, 0.1]]),
        probabilities_case("certain and right", [0, 1, 2], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        probabilities_case("certain and wrong", [0, 1, 2], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6]]),
        probabilities_case("two classes", [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.5, 0.5]]),
        probabilities_case("on the edges of the bins", [0, 1, 1, 0, 1], [[k / 10, 1 - k / 10] for k in (6, 7, 3, 8, 9)]),
        probabilities_case("drawn, two classes", *drawn(2, 60, 0.7)),
        probabilities_case("drawn, four classes", *drawn(4, 120, 0.5)),
        probabilities_case("drawn, nine classes", *drawn(9, 60, 0.2)),
    ]


def main():
    warnings.simplefilter("ignore", UndefinedMetricWarning)
    sections = {"tags": tags_cases(), "probabilities": probabilities_cases()}
    versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}
    lines = [f'"versions": {json.dumps(versions)}']
    for key, cases in sections.items():
        lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(case, allow_nan=False) for case in cases) + "\n]")
    with open("metrics.json", "w", encoding="utf-8", newline="") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
