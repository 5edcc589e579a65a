"""Scores every line of a file in one call: python3 batch.py ARTIFACT FILE. Prints the seconds as JSON.

load: the two pickles; score: reading the file, one transform and one predict_proba for all lines.
"""
import json
import pathlib
import sys
import time

import joblib
import sklearn.feature_extraction.text  # else the first joblib.load would pay for them
import sklearn.linear_model


def main(artifact, lines):
    start = time.perf_counter()
    artifact = pathlib.Path(artifact)
    vectorizer, model = joblib.load(artifact / "vectorizer.pkl"), joblib.load(artifact / "model.pkl")
    loaded = time.perf_counter()
    with open(lines, encoding="utf-8") as file:
        texts = file.read().splitlines()
    probabilities = model.predict_proba(vectorizer.transform(texts))
    scored = time.perf_counter()
    json.dump({"load": loaded - start, "score": scored - loaded, "lines": len(probabilities)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
