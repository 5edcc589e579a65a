"""Loads an artifact directory and scores one text a call: python3 single.py ARTIFACT FILE SECONDS.

FILE has a text a line. Prints as JSON the median seconds of a load, of all its files, and of a call.
"""
import json
import pathlib
import statistics
import sys
import time

import joblib
import sklearn.feature_extraction.text  # else the first joblib.load would pay for them
import sklearn.linear_model


def load(artifact):
    for file in artifact.glob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))
    return joblib.load(artifact / "vectorizer.pkl"), joblib.load(artifact / "model.pkl")


def times(function, values, seconds):
    """The seconds of each call, for that long in all, the first left out."""
    end, taken = time.perf_counter() + seconds, []
    while time.perf_counter() < end or len(taken) < 3:
        for value in values:
            start = time.perf_counter()
            function(value)
            taken.append(time.perf_counter() - start)
    return taken[1:]


def main(artifact, lines, seconds):
    artifact = pathlib.Path(artifact)
    vectorizer, model = load(artifact)
    texts = pathlib.Path(lines).read_text(encoding="utf-8").splitlines()
    loads = times(load, [artifact], float(seconds))
    calls = times(lambda text: model.predict_proba(vectorizer.transform([text])), texts, float(seconds))
    json.dump({"load": statistics.median(loads), "call": statistics.median(calls), "calls": len(calls)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
