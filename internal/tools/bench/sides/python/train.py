"""Trains a model with scikit-learn, by the recipe that `tagifai train` follows: python3 train.py DATA ARGS OUT.

DATA is a CSV file with the columns title, description and tag, or text and tag; ARGS are arguments as in
configs/args-course.json, but for `clean`, which is taken to be false; OUT is the artifact directory to make.
Prints the seconds from the end of the imports to the last file, as JSON.
"""
import collections
import csv
import json
import pathlib
import sys
import time
import warnings

import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss, precision_recall_fscore_support
from sklearn.model_selection import train_test_split


def read(data, args):
    """The texts, the index of the class of each, and the classes."""
    with open(data, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    column = (lambda row: row["title"] + " " + row["description"]) if "title" in rows[0] else (lambda row: row["text"])
    tags = [row["tag"] for row in rows]
    if args["accepted_tags"] is not None:
        tags = [tag if tag in args["accepted_tags"] else "other" for tag in tags]
    frequency = collections.Counter(tags)
    tags = [tag if frequency[tag] >= args["min_freq"] else "other" for tag in tags]
    classes = sorted(set(tags))
    index = {name: i for i, name in enumerate(classes)}
    return [column(row) for row in rows], np.array([index[tag] for tag in tags]), classes


def oversample(labels, rng):
    """The indices of the rows, those of rarer classes repeated until all classes have as many."""
    most = np.bincount(labels).max()
    parts = []
    for label in np.unique(labels):
        of = np.flatnonzero(labels == label)
        parts += [of, rng.choice(of, most - len(of))]
    return np.concatenate(parts)


def main(data, args, out):
    start = time.perf_counter()
    args = json.loads(pathlib.Path(args).read_text(encoding="utf-8"))
    texts, labels, classes = read(data, args)
    rng = np.random.RandomState(args["seed"])
    split = {"test_size": 0.5, "random_state": rng}
    train_texts, rest_texts, train, rest = train_test_split(texts, labels, train_size=0.7, stratify=labels, random_state=rng)
    val_texts, test_texts, val, test = train_test_split(rest_texts, rest, stratify=rest, **split)

    vectorizer = TfidfVectorizer(
        analyzer=args["analyzer"],
        ngram_range=(args["ngram_min_range"], args["ngram_max_range"]),
        lowercase=args["lower"],
        sublinear_tf=args["sublinear_tf"],
    )
    x_train = vectorizer.fit_transform(train_texts)
    x_val, x_test = vectorizer.transform(val_texts), vectorizer.transform(test_texts)
    fit = oversample(train, rng) if args["balance"] == "oversampling" else np.arange(len(train))
    model = SGDClassifier(
        loss="log_loss",
        penalty="l2",
        alpha=args["alpha"],
        max_iter=1,
        learning_rate=args["learning_rate_schedule"],
        eta0=args["learning_rate"],
        power_t=args["power_t"],
        class_weight="balanced" if args["balance"] == "class_weights" else None,
        warm_start=True,
        random_state=rng,
    )
    every = range(len(classes))
    x_fit, y_fit = x_train[fit], train[fit]
    for _ in range(args["num_epochs"]):
        model.fit(x_fit, y_fit)
        log_loss(train, model.predict_proba(x_train), labels=every)
        log_loss(val, model.predict_proba(x_val), labels=every)

    args["threshold"] = float(np.quantile(model.predict_proba(x_val).max(axis=1), 0.25))
    precision, recall, f1, _ = precision_recall_fscore_support(test, model.predict(x_test), average="weighted", zero_division=0)

    out = pathlib.Path(out)
    out.mkdir(parents=True)
    overall = {"precision": precision, "recall": recall, "f1": f1, "num_samples": float(len(test))}
    for name, value in {
        "args": args,
        "label_encoder": {"class_to_index": {name: i for i, name in enumerate(classes)}},
        "performance": {"overall": overall, "class": {}, "slices": {}},
    }.items():
        (out / f"{name}.json").write_text(json.dumps(value, indent=2), encoding="utf-8")
    joblib.dump(vectorizer, out / "vectorizer.pkl")
    joblib.dump(model, out / "model.pkl")
    json.dump({"seconds": time.perf_counter() - start, "ngrams": len(vectorizer.vocabulary_), "f1": f1}, sys.stdout)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # one epoch a fit: SGDClassifier warns each time that it has not converged
    main(*sys.argv[1:])
