"""Measures how long Python takes to load a model of many n-grams, and how much memory.

Run as `python big.py --data LABELLED.csv DIR`. Unless DIR has them, it makes four files with the same Pipeline of
100,000 n-grams; then each is loaded ROUNDS times, in a process of its own. The seconds are those of the call alone, the
memory what the process grew by at its peak during it: neither has the imports in it.

    model.pkl, model.skops               the indices of the n-grams are Python's integers, as a vectorizer without
                                         max_features has them
    model-numpy.pkl, model-numpy.skops   they are numpy's, as one with max_features has them: skops writes each as a
                                         file of its own
"""
import argparse
import csv
import json
import statistics
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

NGRAMS = 100_000
ROUNDS = 3

LOAD = """
import json, sys, time
import joblib, skops.io, sklearn.pipeline, sklearn.linear_model, sklearn.feature_extraction.text
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
path = sys.argv[1]
before, start = peak(), time.perf_counter()
if path.endswith(".skops"):
    pipeline = skops.io.load(path)
else:
    pipeline = joblib.load(path)
seconds = time.perf_counter() - start
grown = peak() - before
assert len(pipeline.steps[0][1].vocabulary_) == %d
print(json.dumps({"seconds": seconds, "MiB": grown, "all MiB": peak()}))
""" % NGRAMS


def make(data, out):
    import joblib
    import numpy as np
    import skops.io
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    with open(data, encoding="utf-8", newline="") as file:
        rows = [(row["title"] + " " + row["description"], row["tag"]) for row in csv.DictReader(file)]
    pipeline = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(2, 7), max_features=NGRAMS),
        SGDClassifier(loss="log_loss", random_state=0),
    ).fit([text for text, _ in rows], np.array([tag for _, tag in rows]))
    vectorizer = pipeline.steps[0][1]
    found = len(vectorizer.vocabulary_)
    if found < NGRAMS:
        sys.exit("%s has %d n-grams of 2 to 7 characters, and %d are needed: name a larger file" % (data, found, NGRAMS))
    joblib.dump(pipeline, out / "model-numpy.pkl")
    # skops asks for the list of names before it writes one: of 100,000 that takes an hour.
    zipfile.ZipFile.namelist = lambda file: file.NameToInfo.keys()
    skops.io.dump(pipeline, out / "model-numpy.skops")
    vectorizer.vocabulary_ = {term: int(index) for term, index in vectorizer.vocabulary_.items()}
    joblib.dump(pipeline, out / "model.pkl")
    skops.io.dump(pipeline, out / "model.skops")
    texts = [text for text, _ in rows[:20]]
    expected = {"texts": texts, "tags": pipeline.predict(texts).tolist(), "probabilities": pipeline.predict_proba(texts).tolist()}
    (out / "expected.json").write_text(json.dumps(expected))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="CSV file with title, description and tag")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    options.out.mkdir(parents=True, exist_ok=True)
    files = [options.out / name for name in ("model.pkl", "model.skops", "model-numpy.pkl", "model-numpy.skops")]
    if not all(file.exists() for file in files):
        make(options.data, options.out)
    print("| file | MB | seconds to load | memory grown by, MiB | of the process, MiB |\n|---|---|---|---|---|")
    for file in files:
        runs = [
            json.loads(subprocess.run([sys.executable, "-c", LOAD, str(file)], stdout=subprocess.PIPE, check=True).stdout)
            for _ in range(ROUNDS)
        ]
        median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print("| %s | %.1f | %.3f | %.0f | %.0f |" % (
            file.name, file.stat().st_size / 1e6, median["seconds"], median["MiB"], median["all MiB"]))


if __name__ == "__main__":
    main()
