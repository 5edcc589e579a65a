"""Writes vectors.txt and vectors.json: vectors of words that join a TfidfVectorizer, by numpy.

Run as `python3 vectors.py` in this directory, with scikit-learn 1.2 or newer. The vocabulary
is that of the texts and of the vectors, the vectors are centred and divided by their length,
and SGDClassifier is fitted on the n-grams beside the sums of the vectors of each text.
"""
import csv
import json

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

ROWS, EPOCHS, DIMENSIONS, WEIGHT, BLOCK_WEIGHT = 20, 7, 6, 0.75, 0.5
UNSEEN = ["zebra", "giraffe", "okapi"]  # words that no text has
TEXTS = ["A zebra and a giraffe in a model of images", "okapi okapi okapi", "nothing that is known: qqq", "learning to train text models"]

with open("labelled.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))[:ROWS]
texts = [row["title"] + " " + row["description"] for row in rows]
tags = [row["tag"] for row in rows]

own = sorted(TfidfVectorizer().fit(texts).vocabulary_)
words = own[::2] + UNSEEN  # half of the words have a vector
vectors = np.round(np.random.default_rng(3).normal(size=(len(words), DIMENSIONS)), 3)
with open("vectors.txt", "w", encoding="utf-8") as file:
    for word, vector in zip(words, vectors):
        print(word, *vector, file=file)
vectors = vectors - vectors.mean(0)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

char = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 2), sublinear_tf=True).fit(texts)
word = TfidfVectorizer(vocabulary=sorted({*own, *words}), sublinear_tf=True).fit(texts)
table = np.zeros((len(word.vocabulary_), DIMENSIONS))
for w, vector in zip(words, vectors):
    table[word.vocabulary_[w]] = vector


def matrix(texts):
    x = BLOCK_WEIGHT * word.transform(texts)
    return hstack([char.transform(texts), x, csr_matrix(WEIGHT * (x @ table))]).tocsr()


sgd = SGDClassifier(loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=0.14688087680118794,
                    class_weight="balanced", max_iter=1, tol=None, shuffle=False, warm_start=True, random_state=0)
for _ in range(EPOCHS):
    sgd.fit(matrix(texts), tags)
with open("vectors.json", "w", encoding="utf-8") as file:
    json.dump({"rows": ROWS, "epochs": EPOCHS, "vector_weight": WEIGHT, "block_weight": BLOCK_WEIGHT, "texts": TEXTS,
               "vocabulary": len(word.vocabulary_), "scores": sgd.decision_function(matrix(TEXTS)).tolist()}, file, indent=1)
    file.write("\n")
