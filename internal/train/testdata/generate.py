"""Writes fit.json: what scikit-learn computes when it is fitted on labelled.csv.

Run as `python3 generate.py` in this directory, with scikit-learn 1.2.
labelled.csv is written by hand; its text is title + " " + description.
"""
import csv
import json
import platform

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

# What SGDClassifier is given in every case, unless the case says otherwise.
SGD = {
    "loss": "log_loss",
    "penalty": "l2",
    "alpha": 1e-4,
    "learning_rate": "constant",
    "eta0": 0.14688087680118794,
    "power_t": 0.158985493618746,
    "class_weight": None,
}


def read_rows():
    with open("labelled.csv", encoding="utf-8", newline="") as file:
        return [(row["title"] + " " + row["description"], row["tag"]) for row in csv.DictReader(file)]


def vectorizer(analyzer, low, high, norm="l2", use_idf=True, sublinear_tf=False, binary=False):
    """The vectorizer, and its parameters as fit.json names them."""
    options = {
        "analyzer": analyzer,
        "ngram_min": low,
        "ngram_max": high,
        "lowercase": True,
        "norm": norm or "",
        "use_idf": use_idf,
        "sublinear_tf": sublinear_tf,
        "binary": binary,
    }
    fitted = TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=(low, high),
        norm=norm,
        use_idf=use_idf,
        sublinear_tf=sublinear_tf,
        binary=binary,
    )
    return fitted, options


def tfidf_case(name, rows, *args, **kwargs):
    """The vocabulary, the idf and the matrix, as CSR, each row's columns ascending."""
    tfidf, options = vectorizer(*args, **kwargs)
    matrix = tfidf.fit_transform([text for text, _ in rows])
    matrix.sort_indices()
    return {
        "name": name,
        "vectorizer": options,
        "rows": len(rows),
        "vocabulary": tfidf.get_feature_names_out().tolist(),
        "idf": tfidf.idf_.tolist() if options["use_idf"] else None,
        "indptr": matrix.indptr.tolist(),
        "indices": matrix.indices.tolist(),
        "data": matrix.data.tolist(),
    }


def tfidf_cases(rows):
    return [
        tfidf_case("char_wb 2-4 sublinear", rows[:12], "char_wb", 2, 4, sublinear_tf=True),
        tfidf_case("char 2-3", rows[:25], "char", 2, 3),
        tfidf_case("word 1-2", rows[:25], "word", 1, 2),
        tfidf_case("char_wb 1-2 without idf, l1", rows[:25], "char_wb", 1, 2, norm="l1", use_idf=False),
        tfidf_case("char_wb 3-3 binary", rows[:25], "char_wb", 3, 3, binary=True),
        tfidf_case("char 1-1 without norm", rows[:25], "char", 1, 1, norm=None),
    ]


def sgd_case(name, matrix, labels, fits, tags=None, **changes):
    """Coefficients and intercepts after so many calls of fit, one epoch each.

    With tags, only the rows so labelled take part.
    """
    options = {**SGD, **changes}
    if tags:
        chosen = [i for i, label in enumerate(labels) if label in tags]
        matrix, labels = matrix[chosen], [labels[i] for i in chosen]
    classifier = SGDClassifier(
        **options, max_iter=1, tol=None, shuffle=False, warm_start=True, random_state=0
    )
    after = []
    for count in range(1, max(fits) + 1):
        classifier.fit(matrix, labels)
        if count in fits:
            after.append(
                {
                    "fits": count,
                    "coefficients": classifier.coef_.tolist(),
                    "intercepts": classifier.intercept_.tolist(),
                }
            )
    return {
        "name": name,
        **options,
        "classes": classifier.classes_.tolist(),
        "after": after,
    }


def sgd_cases(matrix, labels):
    cases = []
    for rate in ("constant", "optimal", "invscaling"):
        for weight in (None, "balanced"):
            cases.append(
                sgd_case(
                    f"four classes, {rate}, {weight or 'unweighted'}",
                    matrix, labels, (1, 100), learning_rate=rate, class_weight=weight,
                )
            )
    for weight in (None, "balanced"):
        cases.append(
            sgd_case(
                f"two classes, constant, {weight or 'unweighted'}",
                matrix, labels, (1, 100), tags=("mlops", "natural-language-processing"), class_weight=weight,
            )
        )
    # rate * alpha is 5, so that the shrink factor is clipped at 0.
    cases.append(sgd_case("shrunk to nothing", matrix, labels, (1, 3), eta0=50.0, alpha=0.1))
    # A first rate of 1 / (alpha * t0), about 56.
    cases.append(
        sgd_case("tiny alpha", matrix, labels, (1, 100), alpha=1e-7, learning_rate="optimal", class_weight="balanced")
    )
    return cases


def quantile_cases():
    lists = [
        [0.5],
        [0.25, 0.75],
        [3.0, 1.0, 2.0],
        [0.9, 0.1, 0.4, 0.7],
        [0.6, 0.2, 0.2, 0.8, 0.5],
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        [0.93, 0.31, 0.77, 0.12, 0.58, 0.64, 0.49],
        [1 / 3, 2 / 3, 1 / 7, 5 / 7, 1 / 9, 8 / 9, 1 / 11, 10 / 11, 0.5, 0.5, 0.5],
    ]
    return [
        {"values": values, "q": q, "quantile": float(np.quantile(values, q))}
        for values in lists
        for q in (0.25, 0.5, 0.9)
    ]


def write(name, sections):
    """One line per case, so that a change shows which case changed."""
    lines = []
    for key, value in sections.items():
        if isinstance(value, list):
            body = ",\n".join(json.dumps(case, ensure_ascii=False, allow_nan=False) for case in value)
            lines.append(f"{json.dumps(key)}: [\n{body}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    print(f"{name}: {len(text.encode())} bytes, " + ", ".join(f"{len(v)} {k}" for k, v in sections.items()))


def main():
    rows = read_rows()
    sample = rows[:30]
    labels = [tag for _, tag in sample]
    tfidf, options = vectorizer("char_wb", 2, 2)
    matrix = tfidf.fit_transform([text for text, _ in sample])
    matrix.sort_indices()
    write(
        "fit.json",
        {
            "versions": {
                "python": platform.python_version(),
                "scikit-learn": sklearn.__version__,
                "numpy": np.__version__,
            },
            "tfidf": tfidf_cases(rows),
            "sgd_input": {
                "vectorizer": options,
                "rows": len(sample),
                "vocabulary": tfidf.get_feature_names_out().tolist(),
                "labels": labels,
            },
            "sgd": sgd_cases(matrix, labels),
            "quantiles": quantile_cases(),
        },
    )


if __name__ == "__main__":
    main()
