"""Writes the fixtures: artifact directories as users have them, and what scikit-learn answers for each.

Run as `PYTHONHASHSEED=0 python3 generate.py` in this directory, once for each version of scikit-learn (0.22 to 1.7),
each with the joblib of its time. Every version writes the cases of `each_version`; 1.2 also writes those of `options`,
and 1.3, which needs the module lz4 for it, `lz4`. The texts and rows are the project's own: those of the model's and
the training's tests. Hashing is fixed so that sets keep their order from run to run.

expected.json     the probabilities and tags for all of texts.json and then the first rows of labelled.csv
"""
import collections
import csv
import io
import json
import os
import pickle
import platform
import shutil
import warnings

import joblib
import numpy as np
import scipy
import scipy.sparse
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline

TEXTS = "../../../model/testdata/texts.json"
LABELLED = "../../train/testdata/labelled.csv"
ROWS = 4  # of those that are expected
VERSION = tuple(int(n) for n in sklearn.__version__.split(".")[:2])
LOG = "log_loss" if VERSION >= (1, 1) else "log"


def read_inputs():
    with open(TEXTS, encoding="utf-8") as file:
        texts = json.load(file)
    with open(LABELLED, encoding="utf-8", newline="") as file:
        rows = [(row["title"] + " " + row["description"], row["tag"]) for row in csv.DictReader(file)]
    return texts, rows


TEXTS, ROWS_ALL = read_inputs()
TAGS = sorted({tag for _, tag in ROWS_ALL})


def tfidf(analyzer="char_wb", low=2, high=4, max_features=64, **kwargs):
    return TfidfVectorizer(analyzer=analyzer, ngram_range=(low, high), max_features=max_features, **kwargs)


def sgd(**kwargs):
    return SGDClassifier(**{"loss": LOG, "random_state": 0, "max_iter": 30, "tol": None, "alpha": 1e-3, **kwargs})


def plain(protocol):
    """Dumps without joblib: arrays pickled the plain way."""

    def dump(thing, path):
        with open(path, "wb") as file:
            pickle.dump(thing, file, protocol=protocol)

    return dump


def by_joblib(**kwargs):
    return lambda thing, path: joblib.dump(thing, path, **kwargs)


def write(name, data):
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(data + "\n")


def case(
    name,
    vectorizer,
    classifier,
    tags=4,
    names=False,  # classes are strings, and there is no label encoder
    dump=by_joblib(),
    args='{"threshold": 0.4}',
    performance=None,
    change=None,  # called with both fitted objects before the expected numbers are computed
    disguise=None,  # called with both after that: changes what the file looks like, not what it says
    pipeline=None,  # "all": one file with everything; "vectorizer": vectorizer.pkl is a Pipeline
):
    """One directory. The vectorizer is an object, or a list of the steps of a Pipeline."""
    known = TAGS[:tags]
    rows = [row for row in ROWS_ALL if row[1] in known]
    labels = [tag if names else known.index(tag) for _, tag in rows]
    if names == "object":
        labels = np.array(labels, dtype=object)
    steps = vectorizer if isinstance(vectorizer, list) else [vectorizer]
    matrix = [text for text, _ in rows]
    for step in steps:
        matrix = step.fit_transform(matrix)
        if hasattr(step, "stop_words_") and name.find("stop-words") < 0:
            del step.stop_words_  # every n-gram that is not in the vocabulary: nothing needs it
    classifier.fit(matrix, labels)
    if change:
        change(steps, classifier)

    texts = TEXTS + [text for text, _ in rows[:ROWS]]
    matrix = texts
    for step in steps:
        matrix = step.transform(matrix)
    probabilities = classifier.predict_proba(matrix)
    assert np.isfinite(probabilities).all(), name
    if disguise:
        disguise(steps, classifier)

    directory = "%d.%d-%s" % (VERSION + (name,))
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    named = [(type(step).__name__.lower(), step) for step in steps]
    if pipeline == "all":
        dump(Pipeline(named + [("classifier", classifier)]), directory + "/model.pkl")
    else:
        dump(Pipeline(named) if pipeline else steps[0], directory + "/vectorizer.pkl")
        dump(classifier, directory + "/model.pkl")
    if not names:
        encoder = {"class_to_index": {tag: i for i, tag in enumerate(known)}}
        write(directory + "/label_encoder.json", json.dumps(encoder, indent=4))
    if args:
        write(directory + "/args.json", args)
    if performance:
        write(directory + "/performance.json", performance)

    threshold = (json.loads(args) if args else {}).get("threshold")
    answers = []
    for row in probabilities:
        best = int(row.argmax())
        limit = threshold[str(best)] if isinstance(threshold, dict) else threshold
        sure = limit is None or limit != limit or "other" not in known or row[best] > limit
        answers.append(known[best] if sure else "other")
    write(
        directory + "/expected.json",
        json.dumps(
            {
                "versions": {
                    "python": platform.python_version(),
                    "scikit-learn": sklearn.__version__,
                    "joblib": joblib.__version__,
                    "numpy": np.__version__,
                    "scipy": scipy.__version__,
                },
                "rows": ROWS,
                "tags": answers,
                "probabilities": probabilities.tolist(),
            },
            separators=(",", ":"),
        ),
    )
    sizes = {file: os.path.getsize(os.path.join(directory, file)) for file in sorted(os.listdir(directory))}
    print("  %s: %s" % (directory, sizes))


def each_version():
    """What differs between versions: the layout of objects, module names, defaults, protocols."""
    case("sgd", tfidf(), sgd())
    counts = [CountVectorizer(analyzer="char", ngram_range=(1, 3), max_features=64), TfidfTransformer(sublinear_tf=True)]
    case("pipeline-logistic", counts, LogisticRegression(), names=True, pipeline="all")
    huber = sgd(loss="modified_huber", random_state=np.random.RandomState(1))
    case("huber-protocol-2", tfidf("word", 1, 2), huber, dump=by_joblib(protocol=2))
    two = LogisticRegression(multi_class="multinomial") if VERSION < (1, 5) else LogisticRegression()
    case("logistic-two-classes", tfidf(norm="l1"), two, tags=2, names="object", dump=by_joblib(compress=3))
    if VERSION >= (1, 2):
        case("newton-cholesky", tfidf(), LogisticRegression(solver="newton-cholesky"))


def numpy_numbers(steps, _):
    vocabulary = steps[0].vocabulary_
    steps[0].vocabulary_ = {np.str_(ngram): np.int64(column) for ngram, column in vocabulary.items()}


def array_as(dtype, order="C"):
    """A change of type and order of the coefficients and of what is read beside them."""

    def change(_, classifier):
        classifier.coef_ = np.asarray(classifier.coef_, dtype=dtype, order=order)
        classifier.intercept_ = classifier.intercept_.astype(dtype)

    return change


def integers(dtype):
    def change(_, classifier):
        classifier.coef_ = np.round(classifier.coef_).astype(dtype)
        classifier.intercept_ = np.round(classifier.intercept_).astype(dtype)

    return change


def big_endian(steps, classifier):
    array_as(">f8")(steps, classifier)
    classifier.classes_ = classifier.classes_.astype(classifier.classes_.dtype.newbyteorder(">"))
    diagonal = steps[0]._tfidf._idf_diag
    diagonal.data = diagonal.data.astype(">f8")
    diagonal.indices = diagonal.indices.astype(">i4")


def dia(steps, _):
    diagonal = steps[0]._tfidf._idf_diag
    steps[0]._tfidf._idf_diag = scipy.sparse.dia_matrix(diagonal)


def csr_array(steps, _):
    diagonal = steps[0]._tfidf._idf_diag
    steps[0]._tfidf._idf_diag = scipy.sparse.csr_array(diagonal)


def numbered(values):
    def change(_, classifier):
        classifier.classes_ = np.array(values, dtype=object)

    return change


def through_stream(thing, path):
    """What joblib writes to a file that it cannot ask for its place: arrays without padding."""

    class Stream(io.FileIO):
        def tell(self):
            raise io.UnsupportedOperation

    with Stream(path, "w") as file:
        joblib.dump(thing, file)


def options():
    """Every option that is supported, in scikit-learn 1.2."""
    # Of the vectorizer.
    case("char", tfidf("char", 1, 3), sgd())
    case("char-long", tfidf("char", 4, 7), sgd())
    case("char-wb-short-words", tfidf("char_wb", 4, 6), sgd())
    case("char-wb-single-space", tfidf("char_wb", 1, 2), sgd())
    case("word", tfidf("word", 1, 2), sgd())
    case("word-two", tfidf("word", 2, 3), sgd())
    case("norm-l1", tfidf("char", 2, 3, norm="l1"), sgd())
    case("norm-none", tfidf("word", 1, 1, norm=None), sgd(alpha=0.01))
    case("no-idf", tfidf(use_idf=False), sgd())
    case("no-idf-norm-none", tfidf("char", 1, 2, use_idf=False, norm=None), sgd(alpha=0.1))
    case("no-smoothing", tfidf(smooth_idf=False), sgd())
    case("sublinear", tfidf("char", 1, 3, sublinear_tf=True), sgd())
    case("binary", tfidf("char", 1, 3, binary=True), sgd())
    case("case-kept", tfidf(lowercase=False), sgd())
    case("type-float", tfidf(dtype=float), sgd())
    picked = {"to": 0, " im": 1, "深": 2, "ing": 3, "ς": 4, "😀": 5, "i̇": 6, "te": 7}
    case("vocabulary-given", tfidf(vocabulary=picked, max_features=None), sgd())
    case("stop-words-seen", tfidf("word", 1, 1), sgd())
    case("stop-words-of-no-use", tfidf("char", 2, 2, stop_words=["the", "a"]), sgd())
    case("numpy-vocabulary", tfidf(), sgd(), change=numpy_numbers)
    case("numpy-vocabulary-protocol-2", tfidf(), sgd(), change=numpy_numbers, dump=by_joblib(protocol=2))
    case("dia", tfidf(), sgd(), change=dia)
    case("csr-array", tfidf(), sgd(), disguise=csr_array)

    # Of the classifier.
    case("huber", tfidf(), sgd(loss="modified_huber"))
    case("huber-two-classes", tfidf(), sgd(loss="modified_huber"), tags=2)
    case("three-classes", tfidf(), sgd(), tags=3)
    case("two-classes", tfidf(), sgd(), tags=2)
    case("average", tfidf(), sgd(average=True))
    case("no-intercept", tfidf(), sgd(fit_intercept=False))
    weights = collections.OrderedDict((k, 1.0 + k) for k in range(4))
    case("elastic-net-weights", tfidf(), sgd(penalty="elasticnet", class_weight=weights))
    random = np.random.RandomState(2)
    case("early-stopping", tfidf(), sgd(early_stopping=True, random_state=random))
    case("logistic-ovr", tfidf(), LogisticRegression(multi_class="ovr"))
    case("logistic-multinomial", tfidf(norm=None), LogisticRegression(multi_class="multinomial"))
    case("logistic-auto", tfidf(), LogisticRegression(C=100.0), tags=3)
    case("logistic-auto-two-classes", tfidf(), LogisticRegression(), tags=2)
    case("logistic-multinomial-two", tfidf(), LogisticRegression(multi_class="multinomial", C=50.0), tags=2)
    case("logistic-liblinear", tfidf(), LogisticRegression(solver="liblinear", fit_intercept=False))

    # Of the file.
    for protocol in (2, 3, 4, 5):
        case("protocol-%d" % protocol, tfidf(), sgd(), dump=by_joblib(protocol=protocol))
        case("plain-protocol-%d" % protocol, tfidf(), sgd(), dump=plain(protocol), names="object")
    for method in ("zlib", "gzip", "bz2", "xz", "lzma"):
        case(method, tfidf(), sgd(), dump=by_joblib(compress=(method, 3)))
    case("no-alignment", tfidf(), sgd(), dump=through_stream)
    case("f4", tfidf(), sgd(), change=array_as("<f4"))
    case("f4-fortran", tfidf(), sgd(), change=array_as("<f4", "F"))
    case("fortran", tfidf(), sgd(), change=array_as("<f8", "F"))
    case("fortran-plain", tfidf(), sgd(), change=array_as("<f8", "F"), dump=plain(5))
    case("fortran-plain-protocol-2", tfidf(), sgd(), change=array_as("<f8", "F"), dump=plain(2))
    case("i4", tfidf(), sgd(), change=integers("<i4"))
    case("i8", tfidf(), sgd(), change=integers("<i8"))
    case("big-endian", tfidf(), sgd(), names=True, disguise=big_endian)
    case("big-endian-plain", tfidf(), sgd(), disguise=big_endian, dump=plain(4))

    # Of the directory.
    case("names", tfidf(), sgd(), names=True)
    case("names-as-objects", tfidf(), sgd(), names="object")
    case("names-as-objects-protocol-2", tfidf(), sgd(), names="object", dump=by_joblib(protocol=2))
    case("numbers-as-objects", tfidf(), sgd(), disguise=numbered(range(4)))
    counts = CountVectorizer(analyzer="word", max_features=64)
    case("pipeline-sgd", [tfidf()], sgd(), pipeline="all")
    case("pipeline-counts", [counts], sgd(alpha=0.1), pipeline="all")
    chars = CountVectorizer(analyzer="char", ngram_range=(2, 3), binary=True, max_features=64)
    case("pipeline-of-two", [chars, TfidfTransformer(norm="l1")], sgd(), pipeline="vectorizer")
    case("no-args", tfidf(), sgd(), args=None)
    thresholds = {str(k): 0.3 + k / 10 for k in range(4)}
    case("threshold-by-class", tfidf(), sgd(), args=json.dumps({"alpha": float("nan"), "threshold": thresholds}, indent=2))
    nan = json.dumps({"overall": {"f1": float("nan")}, "class": {"NaN": {"precision": float("-inf"), "x\"": float("inf")}}})
    case("not-a-number", tfidf(), sgd(), args='{"threshold": null, "power_t": NaN}', performance=nan)


def main():
    warnings.simplefilter("ignore")
    print("scikit-learn", sklearn.__version__, "joblib", joblib.__version__, "numpy", np.__version__)
    each_version()
    if VERSION == (1, 2):
        options()
    if VERSION == (1, 3):
        case("lz4", tfidf(), sgd(), dump=by_joblib(compress=("lz4", 3)))


if __name__ == "__main__":
    main()
