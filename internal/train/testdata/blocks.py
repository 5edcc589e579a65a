"""Writes blocks.json: what scikit-learn computes with several blocks, documents and weights.

Run as `python3 blocks.py` in this directory, with scikit-learn 1.2.
"""
import csv
import platform

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import FeatureUnion

from generate import write

ROWS = 30
EPOCHS = 20
TOKENS = r"\b\w[\w\-/+#]*\b"
# Texts of the data, some that have few of its words, and one that has none.
TEXTS = ["A convolutional network for images", "Deploy models with C++ and CI/CD", "transformers", "", "zzz qqq"]


def read_rows():
    with open("labelled.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:ROWS]


def documents(rows, weights, columns):
    """Each row's whole text and, behind it, the text of each column: with labels and weights."""
    made = []
    for row, weight in zip(rows, weights):
        made.append((row["title"] + " " + row["description"], row["tag"], weight))
        made.extend((row[column], row["tag"], weight * share) for column, share in columns)
    return ([part[i] for part in made] for i in range(3))


def vectorizer(block):
    word = {"token_pattern": block["token_pattern"] or r"(?u)\b\w\w+\b"} if block["analyzer"] == "word" else {}
    return TfidfVectorizer(
        analyzer=block["analyzer"],
        ngram_range=(block["ngram_min_range"], block["ngram_max_range"]),
        norm=None if block["norm"] == "none" else block["norm"],
        use_idf=block["use_idf"],
        sublinear_tf=block["sublinear_tf"],
        **word,
    )


def block(analyzer, low, high, weight=1.0, norm="l2", use_idf=True, sublinear_tf=True, token_pattern=""):
    return {
        "analyzer": analyzer, "ngram_min_range": low, "ngram_max_range": high, "token_pattern": token_pattern,
        "sublinear_tf": sublinear_tf, "use_idf": use_idf, "norm": norm, "weight": weight,
    }


def case(name, rows, blocks, weights=None, columns=(), balanced=True, thresholds=(0.3, 0.6, 0.9), tags=None):
    rows = [row for row in rows if not tags or row["tag"] in tags]
    weights = weights[: len(rows)] if weights else [1.0] * len(rows)
    texts, labels, weights_of = documents(rows, weights, columns)
    union = FeatureUnion(
        [(str(i), vectorizer(b)) for i, b in enumerate(blocks)],
        transformer_weights={str(i): b["weight"] for i, b in enumerate(blocks)},
    )
    matrix = union.fit_transform(texts).tocsr()
    matrix.sort_indices()
    classifier = SGDClassifier(
        loss="log_loss", penalty="l2", alpha=1e-4, learning_rate="constant", eta0=0.14688087680118794,
        class_weight="balanced" if balanced else None, max_iter=1, tol=None, shuffle=False, warm_start=True,
    )
    for _ in range(EPOCHS):
        classifier.fit(matrix, labels, sample_weight=weights_of)

    asked = list(TEXTS) + [row["title"] for row in rows[:5]]
    transformed = union.transform(asked)
    scores = classifier.decision_function(transformed)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    sigmoids = 1 / (1 + np.exp(-scores))
    best = classifier.predict(transformed)
    return {
        "name": name,
        "blocks": blocks,
        "balanced": balanced,
        "documents": [{"column": column, "weight": share} for column, share in columns],
        "tags": tags,
        "weights": weights,
        "classes": classifier.classes_.tolist(),
        "features": union.transform(texts[:3]).toarray().tolist() if name == "two blocks" else None,
        "vocabularies": [v.get_feature_names_out().tolist() for _, v in union.transformer_list],
        "coefficients": classifier.coef_.tolist(),
        "intercepts": classifier.intercept_.tolist(),
        "texts": asked,
        "probabilities": classifier.predict_proba(transformed).tolist(),
        "tags_by_sigmoid": [
            {"threshold": t, "tags": [tag if high > t else "other" for tag, high in zip(best, sigmoids.max(axis=1))]}
            for t in thresholds
        ],
    }


def cases(rows):
    chars, words = block("char_wb", 2, 2), block("word", 1, 1, token_pattern=TOKENS)
    columns = (("title", 0.3), ("description", 0.3))
    weights = [(i % 4) * 0.5 for i in range(ROWS)]
    return [
        case("two blocks", rows, [chars, words]),
        case("weighted blocks", rows, [{**chars, "weight": 0.5}, {**words, "weight": 2.0}]),
        case("three blocks", rows, [
            block("word", 1, 2, norm="l1", sublinear_tf=False),
            block("char", 1, 2, weight=0.1, norm="none", use_idf=False),
            block("char_wb", 3, 3, weight=0.7, use_idf=False),
        ], balanced=False),
        case("documents", rows, [chars, words], columns=columns),
        case("weights of rows", rows, [chars], weights=weights),
        case("weights of rows, two classes", rows, [chars], weights=weights, tags=["other", "natural-language-processing"]),
        case("everything", rows, [chars, words], weights=weights, columns=columns),
    ]


def main():
    write("blocks.json", {
        "versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "input": {"epochs": EPOCHS, "rows": ROWS},
        "cases": cases(read_rows()),
    })


if __name__ == "__main__":
    main()
