"""Makes text models as users of scikit-learn have them, and what scikit-learn answers for each.

Run as `python pipelines.py --texts TEXTS.json --data LABELLED.csv OUT`, once for each version of scikit-learn. Every
pipeline has a directory of its own below OUT:

    expected.json    the texts, and the answers of scikit-learn to them
    anything else    the fitted model: a file, or a directory as users, joblib or MLflow leave it

Where a pipeline has several, each holds the same model. A pipeline that this version of scikit-learn lacks is skipped,
which is said.
"""
import argparse
import collections
import csv
import importlib.util
import json
import pickle
import platform
import re
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest, SelectPercentile, VarianceThreshold, chi2
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    PassiveAggressiveClassifier,
    Perceptron,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, MaxAbsScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, LinearSVC

VERSION = tuple(int(n) for n in sklearn.__version__.split(".")[:2])
FLOAT64 = 1e-12  # the largest difference that is allowed
FLOAT32 = 1e-5  # the same where scikit-learn itself reckons in float32

# What newer versions call otherwise.
LOG = "log_loss" if VERSION >= (1, 1) else "log"
SQUARED = "squared_error" if VERSION >= (1, 0) else "squared_loss"


# ---- the table


class Case:
    """A pipeline of the table.

    build   makes the pipeline, not fitted; or, if it takes arguments, fits it to the texts and labels given
    since   the version that has it first
    before  the version that has it no more
    needs   modules that it takes
    labels  makes labels of tags
    tags    how many tags there are
    input   makes what the pipeline takes of a list of texts
    save    writes the fitted model into a directory; a list: each of them does
    refused what a refusal has to name, if the pipeline is no linear text model
    """

    def __init__(
        self, name, build, since=None, before=None, needs=(), labels=None, tags=4, input=list, save=None,
        tolerance=FLOAT64, refused=None,
    ):
        self.name, self.build, self.since, self.before, self.needs = name, build, since, before, needs
        self.labels, self.tags, self.input, self.save = labels or names, tags, input, save or [joblib_directory, skops_file]
        self.tolerance, self.refused = tolerance, refused

    def missing(self):
        """Why this Python cannot make the pipeline, or None."""
        if self.since and VERSION < self.since:
            return "came with scikit-learn %d.%d" % self.since
        if self.before and VERSION >= self.before:
            return "left with scikit-learn %d.%d" % self.before
        for module in self.needs:
            if not has(module):
                return "there is no module " + module
        return None


def has(module):
    return importlib.util.find_spec(module) is not None


def tfidf(**options):
    return TfidfVectorizer(**dict(analyzer="char_wb", ngram_range=(2, 4), max_features=400, **options))


def word(**options):
    return TfidfVectorizer(**options)


def sgd(loss=LOG, **options):
    return SGDClassifier(**dict(dict(loss=loss, random_state=0, max_iter=40, tol=None, alpha=1e-3), **options))


def logistic(**options):
    return LogisticRegression(**dict(dict(max_iter=300, random_state=0), **options))


def svc(**options):
    return LinearSVC(random_state=0, **options)


def words_and_chars(**options):
    return FeatureUnion([("word", word(ngram_range=(1, 2))), ("char", tfidf())], **options)


def vectorizers():
    def case(name, vectorizer, **options):
        return Case("vectorizer " + name, lambda: make_pipeline(vectorizer, sgd()), **options)

    yield case("tfidf char_wb", tfidf())
    yield case("tfidf char", TfidfVectorizer(analyzer="char", ngram_range=(1, 5), max_features=600))
    yield case("tfidf word", word())
    yield case("tfidf word 1-3", word(ngram_range=(1, 3), sublinear_tf=True))
    yield case("tfidf case kept, binary, l1", word(lowercase=False, binary=True, norm="l1"))
    yield case("tfidf without norm and idf", tfidf(norm=None, use_idf=False))
    yield case("tfidf not smoothed", word(smooth_idf=False))
    yield case("count word", CountVectorizer())
    yield case("count char_wb", CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_features=300))
    yield case("stop words english", word(stop_words="english", ngram_range=(1, 2)))
    yield case("stop words a list", word(stop_words=["the", "of", "with", "and", "a"], ngram_range=(1, 2)))
    yield case("strip_accents ascii", word(strip_accents="ascii"))
    yield case("strip_accents unicode", word(strip_accents="unicode"))
    yield case("strip_accents unicode char_wb", tfidf(strip_accents="unicode"))
    yield case("strip_accents ascii char", TfidfVectorizer(analyzer="char", ngram_range=(1, 3), strip_accents="ascii"))
    yield case("dtype float32", tfidf(dtype=np.float32), tolerance=FLOAT32)
    yield case("count dtype float32", CountVectorizer(dtype=np.float32), tolerance=FLOAT32)
    yield case("token_pattern words of one letter", word(token_pattern=r"(?u)\b\w+\b"))
    yield case("token_pattern not space", word(token_pattern=r"\S+"))
    yield case("token_pattern letters", word(token_pattern=r"[a-zA-Z]+", ngram_range=(1, 2)))
    yield case("token_pattern three or more", word(token_pattern=r"(?u)\b\w{3,}\b"))
    yield case("token_pattern with a group", word(token_pattern=r"(?u)\b([a-z]+)ing\b"))
    yield case("token_pattern with a hyphen", word(token_pattern=r"\w+(?:-\w+)*"))
    yield case("min_df max_df", word(min_df=2, max_df=0.4))
    yield case("max_features", word(max_features=50, stop_words="english"))
    yield case("vocabulary a list", word(vocabulary=["learning", "images", "text", "model", "data", "language"]))
    yield case("vocabulary a dict, count", CountVectorizer(vocabulary={"model": 1, "images": 0, "text": 2, "data": 3}))


def unions():
    def case(name, union, **options):
        return Case(name, lambda: make_pipeline(union, logistic()), **options)

    yield case("union word and char", words_and_chars())
    yield case("union weighted", words_and_chars(transformer_weights={"word": 0.7, "char": 1.6}))
    yield case(
        "union of three",
        FeatureUnion([
            ("letters", CountVectorizer(analyzer="char", ngram_range=(1, 2), max_features=100)),
            ("words", word(stop_words="english")),
            ("endings", tfidf(sublinear_tf=True)),
        ]),
    )
    yield case("union with a dropped one", FeatureUnion([("word", word()), ("char", "drop")]))
    yield case(
        "union of pipelines",
        FeatureUnion([
            ("word", make_pipeline(CountVectorizer(), TfidfTransformer(sublinear_tf=True))),
            ("char", make_pipeline(tfidf(), SelectKBest(chi2, k=120))),
        ]),
    )
    column = [("words", word(), 0), ("chars", tfidf(), 0)]
    yield case("column transformer", ColumnTransformer([("text", tfidf(), 0)]), input=columns)
    yield case("column transformer, named column", ColumnTransformer([("text", word(), "text")]), input=frame, needs=["pandas"])
    yield case("column transformer twice, weighted", ColumnTransformer(column, transformer_weights={"chars": 2}), input=columns)


def between():
    def case(name, *steps, **options):
        return Case("between " + name, lambda: make_pipeline(*steps), **options)

    yield case("TfidfTransformer", CountVectorizer(), TfidfTransformer(), sgd())
    yield case("TfidfTransformer sublinear", CountVectorizer(), TfidfTransformer(sublinear_tf=True, norm="l1"), svc())
    yield case("SelectKBest", tfidf(), SelectKBest(chi2, k=150), sgd())
    yield case("SelectKBest before TfidfTransformer", CountVectorizer(), SelectKBest(chi2, k=150), TfidfTransformer(), sgd())
    yield case("SelectKBest f_classif", word(), SelectKBest(k=60), logistic())
    yield case("SelectPercentile", tfidf(), SelectPercentile(chi2, percentile=30), logistic())
    yield case("SelectFromModel", tfidf(), SelectFromModel(LinearSVC(penalty="l1", dual=False, C=5, random_state=0)), sgd())
    yield case("VarianceThreshold", tfidf(), VarianceThreshold(1e-3), logistic())
    yield case("MaxAbsScaler", tfidf(), MaxAbsScaler(), logistic())
    yield case("StandardScaler", word(), StandardScaler(with_mean=False), sgd())
    yield case("Normalizer", tfidf(norm=None), Normalizer(), sgd())
    yield case("Normalizer after SelectKBest", tfidf(), SelectKBest(chi2, k=150), Normalizer(norm="l1"), logistic())
    yield case("MaxAbsScaler and Normalizer", CountVectorizer(), MaxAbsScaler(), Normalizer(), logistic())
    yield case("Normalizer after a union", words_and_chars(), Normalizer(), logistic())
    yield case("TruncatedSVD", tfidf(), TruncatedSVD(n_components=20, random_state=0), logistic())
    yield case("TruncatedSVD after a union", words_and_chars(), TruncatedSVD(n_components=20, random_state=0), svc())
    yield case("passthrough", tfidf(), "passthrough", logistic())
    yield case("a pipeline in a pipeline", make_pipeline(CountVectorizer(), make_pipeline(TfidfTransformer())), sgd())


def classifiers():
    def case(name, classifier, vectorizer=None, **options):
        return Case(name, lambda: make_pipeline(vectorizer or tfidf(), classifier()), **options)

    for loss in (
        "hinge", "modified_huber", "squared_hinge", "perceptron", "huber", "epsilon_insensitive",
        "squared_epsilon_insensitive",
    ):
        yield case("SGD " + loss, lambda loss=loss: sgd(loss))
    yield case("SGD squared_error", lambda: sgd(SQUARED, alpha=0.01, eta0=0.01, learning_rate="constant"))
    yield case("SGD log average", lambda: sgd(average=True))
    for loss in ("hinge", "log", "modified_huber"):
        yield case("SGD %s, two classes" % loss, lambda loss=loss: sgd(LOG if loss == "log" else loss), tags=2)

    yield case("LogisticRegression", logistic)
    yield case("LogisticRegression, two classes", logistic, tags=2)
    yield case("LogisticRegression multinomial", lambda: logistic(multi_class="multinomial"), before=(1, 8))
    yield case("LogisticRegression multinomial, two classes", lambda: logistic(multi_class="multinomial"), before=(1, 8), tags=2)
    yield case("LogisticRegression ovr", lambda: logistic(multi_class="ovr"), before=(1, 8))
    yield case("LogisticRegression liblinear", lambda: logistic(solver="liblinear", multi_class="ovr"), before=(1, 8))
    yield case("LogisticRegression liblinear, two classes", lambda: logistic(solver="liblinear", C=10), tags=2)
    yield case("LogisticRegression saga", lambda: logistic(solver="saga", fit_intercept=False))
    yield case("LogisticRegressionCV", lambda: LogisticRegressionCV(Cs=3, cv=3, max_iter=300, random_state=0))
    yield case("LogisticRegressionCV, two classes", lambda: LogisticRegressionCV(Cs=3, cv=3, max_iter=300), tags=2)
    yield case("LinearSVC", svc)
    yield case("LinearSVC, two classes", svc, tags=2)
    yield case("LinearSVC crammer_singer", lambda: svc(multi_class="crammer_singer"))
    yield case("RidgeClassifier", RidgeClassifier)
    yield case("RidgeClassifier, two classes", lambda: RidgeClassifier(alpha=0.5), tags=2)
    yield case("RidgeClassifierCV", lambda: RidgeClassifierCV(alphas=[0.1, 1, 10]))
    yield case("Perceptron", lambda: Perceptron(random_state=0))
    yield case("PassiveAggressive", lambda: PassiveAggressiveClassifier(random_state=0))
    yield case("SGD pa1", lambda: SGDClassifier(loss="hinge", penalty=None, learning_rate="pa1", eta0=1.0, random_state=0), since=(1, 8))
    yield case("MultinomialNB", lambda: MultinomialNB(alpha=0.1), CountVectorizer())
    yield case("MultinomialNB of tfidf, two classes", MultinomialNB, tags=2)
    yield case("ComplementNB", ComplementNB)
    yield case("ComplementNB norm, count", lambda: ComplementNB(norm=True), CountVectorizer())
    yield case("ComplementNB, two classes", ComplementNB, tags=2)
    yield case("BernoulliNB", BernoulliNB, CountVectorizer(binary=True))
    yield case("BernoulliNB, two classes", BernoulliNB, tags=2)


def calibrated():
    def case(name, classifier, vectorizer=None, **options):
        return Case("calibrated " + name, lambda: make_pipeline(vectorizer or tfidf(), classifier()), **options)

    kinds = [
        ("LinearSVC", svc, None),
        ("SGD hinge", lambda: sgd("hinge"), None),
        ("Ridge", RidgeClassifier, None),
        ("MultinomialNB", MultinomialNB, CountVectorizer()),
    ]
    for name, base, vectorizer in kinds:
        for method in ("sigmoid", "isotonic"):
            def build(base=base, method=method, **options):
                return CalibratedClassifierCV(base(), method=method, cv=3, **options)

            yield case("%s %s" % (name, method), build, vectorizer)
            yield case("%s %s of one" % (name, method), lambda build=build: build(ensemble=False), vectorizer, since=(0, 24))
    for method in ("sigmoid", "isotonic"):
        yield case(
            "LinearSVC %s, two classes" % method,
            lambda method=method: CalibratedClassifierCV(svc(), method=method, cv=3),
            tags=2,
        )
    yield case("Logistic sigmoid, two classes", lambda: CalibratedClassifierCV(logistic(), cv=3), tags=2)
    yield Case("calibrated prefit", prefit, before=(1, 8))
    yield Case("calibrated frozen", frozen, since=(1, 6))


def prefit(texts, labels):
    vectorizer, classifier = tfidf(), svc()
    matrix = vectorizer.fit_transform(texts)
    classifier.fit(matrix, labels)
    return make_pipeline(vectorizer, CalibratedClassifierCV(classifier, cv="prefit").fit(matrix, labels))


def frozen(texts, labels):
    from sklearn.frozen import FrozenEstimator

    vectorizer, classifier = tfidf(), svc()
    matrix = vectorizer.fit_transform(texts)
    classifier.fit(matrix, labels)
    return make_pipeline(vectorizer, CalibratedClassifierCV(FrozenEstimator(classifier)).fit(matrix, labels))


def of_several():
    def case(name, classifier, **options):
        return Case(name, lambda: make_pipeline(tfidf(), classifier()), **options)

    def vote(**options):
        return VotingClassifier(
            [("lr", logistic()), ("sgd", sgd("modified_huber")), ("nb", MultinomialNB())], voting="soft", **options
        )

    yield case("OneVsRest LinearSVC", lambda: OneVsRestClassifier(svc()))
    yield case("OneVsRest Logistic", lambda: OneVsRestClassifier(logistic()))
    yield case("OneVsRest SGD log", lambda: OneVsRestClassifier(sgd()))
    yield case("OneVsRest Logistic liblinear, two classes", lambda: OneVsRestClassifier(logistic(solver="liblinear")), tags=2)
    yield case("OneVsOne LinearSVC", lambda: OneVsOneClassifier(svc()))
    yield case("OneVsOne Logistic", lambda: OneVsOneClassifier(logistic()))
    yield case("Voting soft", vote)
    yield case("Voting soft, weighted", lambda: vote(weights=[2, 1, 0.5]))
    yield case("Voting soft, two classes", vote, tags=2)


def searched():
    steps = {"classifier": svc}

    def halving(kind, *args):
        import sklearn.experimental.enable_halving_search_cv  # noqa: F401
        from sklearn import model_selection

        return getattr(model_selection, kind)(*args, cv=3, random_state=0, min_resources=40)

    whole = lambda: make_pipeline(word(), svc())  # noqa: E731
    grid = {"linearsvc__C": [0.1, 1.0], "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)]}
    yield Case("GridSearchCV", lambda: GridSearchCV(whole(), grid, cv=3))
    yield Case("GridSearchCV in a pipeline", lambda: make_pipeline(tfidf(), GridSearchCV(logistic(), {"C": [1, 10]}, cv=3)))
    yield Case("GridSearchCV of a calibrated one", lambda: make_pipeline(
        tfidf(), CalibratedClassifierCV(GridSearchCV(svc(), {"C": [1, 10]}, cv=3), cv=3)))
    yield Case("RandomizedSearchCV", lambda: RandomizedSearchCV(whole(), grid, n_iter=3, cv=3, random_state=0))
    yield Case("HalvingGridSearchCV", lambda: halving("HalvingGridSearchCV", whole(), grid), since=(0, 24))
    yield Case("HalvingRandomSearchCV", lambda: halving("HalvingRandomSearchCV", whole(), grid), since=(0, 24))


def labelled():
    def case(name, labels, **options):
        return Case("labels " + name, lambda: make_pipeline(tfidf(), logistic()), labels=labels, **options)

    with_encoder = [label_encoder_json]
    yield case("objects", lambda tags: np.array(tags, dtype=object))
    yield case("integers", lambda tags: numbers(tags, [3, -7, 20, 100]))
    yield case("integers, two classes", lambda tags: numbers(tags, [0, 1]), tags=2)
    yield case("booleans", lambda tags: np.array(tags) == "computer-vision", tags=2)
    yield case("label_encoder.json", numbers, save=with_encoder)
    yield case("label_encoder.json, two classes", numbers, save=with_encoder, tags=2)
    yield case("label_encoder.json and threshold", numbers, save=[label_encoder_and_threshold])
    yield case("LabelEncoder", numbers, save=[label_encoder_pickle])
    yield Case(
        "labels label_encoder.json, no probabilities", lambda: make_pipeline(tfidf(), svc()), labels=numbers, save=with_encoder
    )


def files():
    def case(name, *save, **options):
        return Case("files " + name, lambda: make_pipeline(tfidf(), logistic()), save=list(save), **options)

    for protocol in (2, 3, 4, 5):
        yield case("pickle, protocol %d" % protocol, pickled(protocol))
    for method in ("zlib", "gzip", "bz2", "lzma", "xz", "lz4"):
        yield case("joblib " + method, compressed(method), needs=["lz4"] if method == "lz4" else ())
    yield case("vectorizer.pkl and model.pkl", two_files("vectorizer.pkl", "model.pkl"))
    yield case("two of any name", two_files("features.joblib", "clf.gz"))
    yield Case(
        "files two of any name, a union and a calibrated one",
        lambda: make_pipeline(words_and_chars(), CalibratedClassifierCV(svc(), cv=3)), save=[two_files("a.pkl", "b.pkl")],
    )
    yield case("among others", among_others)
    yield case("two skops", two_skops, needs=["skops"])
    yield case("skops, deflated", deflated_skops, needs=["skops"])
    for kind in ("cloudpickle", "pickle", "skops"):
        yield case("MLflow " + kind, mlflow(kind), needs=["mlflow"])
    yield case("MLflow, signature and example", mlflow("cloudpickle", example=True), needs=["mlflow"])
    yield Case(
        "files MLflow, named column", lambda: make_pipeline(ColumnTransformer([("text", word(), "text")]), svc()),
        input=frame, save=[mlflow("cloudpickle", example=True)], needs=["mlflow"],
    )


def refused():
    def case(name, *steps, names, **options):
        return Case("refused " + name, lambda: make_pipeline(*steps), refused=names, **options)

    rbf = GridSearchCV(SVC(kernel="rbf"), {"C": [1, 10]}, cv=3)
    yield case("GridSearchCV of an RBF SVM", tfidf(), rbf, names=["SVC"])
    yield case("SVC, linear", tfidf(), SVC(kernel="linear"), names=["SVC"])
    yield case("HashingVectorizer", HashingVectorizer(n_features=512), sgd(), names=["HashingVectorizer"])
    yield case("custom tokenizer", word(tokenizer=split_words), sgd(), names=["tokenizer", "split_words"], save=[joblib_directory])
    yield case("tokenizer str.split", word(tokenizer=str.split), sgd(), names=["tokenizer"], save=[joblib_directory])
    yield case("custom preprocessor", word(preprocessor=no_digits), sgd(), names=["preprocessor", "no_digits"], save=[joblib_directory])
    yield case("custom analyzer", word(analyzer=split_words), sgd(), names=["analyzer", "split_words"], save=[joblib_directory])
    yield case("token_pattern with look-ahead", word(token_pattern=r"(?u)\b(?!\d)\w\w+\b"), sgd(), names=["token_pattern", "(?!"])
    yield case("random forest", tfidf(), RandomForestClassifier(n_estimators=5, random_state=0), names=["RandomForestClassifier"])
    yield case("nearest centroid", tfidf(), NearestCentroid(), names=["NearestCentroid"])
    yield case("nearest neighbours", tfidf(), KNeighborsClassifier(), names=["KNeighborsClassifier"])
    yield case("FunctionTransformer", tfidf(), FunctionTransformer(np.sqrt), sgd(), names=["FunctionTransformer"])
    yield case(
        "Normalizer after TruncatedSVD", tfidf(), TruncatedSVD(n_components=20, random_state=0), Normalizer(), sgd(),
        names=["Normalizer", "TruncatedSVD"],
    )
    yield Case(
        "refused Voting hard", lambda: make_pipeline(tfidf(), VotingClassifier([("lr", logistic()), ("svc", svc())])),
        refused=["voting", "hard"],
    )
    yield Case(
        "refused Voting with a forest",
        lambda: make_pipeline(tfidf(), VotingClassifier(
            [("lr", logistic()), ("rf", RandomForestClassifier(n_estimators=5, random_state=0))], voting="soft")),
        refused=["RandomForestClassifier"],
    )
    yield Case(
        "refused calibrated temperature", lambda: make_pipeline(tfidf(), CalibratedClassifierCV(svc(), method="temperature", cv=3)),
        since=(1, 8), refused=["method", "temperature"],
    )
    yield Case(
        "refused two text columns",
        lambda: make_pipeline(ColumnTransformer([("title", word(), "title"), ("text", word(), "text")]), logistic()),
        input=two_columns, needs=["pandas"], refused=["ColumnTransformer"], save=[joblib_directory],
    )
    yield Case(
        "refused dict", lambda: make_pipeline(tfidf(), logistic()), save=[one_dict], refused=["dict"],
    )
    yield Case(
        "refused two models in one directory", lambda: make_pipeline(tfidf(), logistic()), save=[two_models],
        refused=["first.pkl", "second.pkl"],
    )
    yield Case(
        "refused vectorizer alone", lambda: make_pipeline(tfidf(), logistic()), save=[vectorizer_alone],
        refused=["TfidfVectorizer"],
    )


TABLE = [vectorizers, unions, between, classifiers, calibrated, of_several, searched, labelled, files, refused]


def split_words(text):
    return text.lower().split()


def no_digits(text):
    return re.sub(r"\d", "", text.lower())


# ---- labels and inputs


def names(tags):
    return np.array(tags)


def numbers(tags, values=None):
    known = sorted(set(tags))
    return np.array([(values or range(len(known)))[known.index(tag)] for tag in tags])


def columns(texts):
    return np.array([[text] for text in texts], dtype=object)


def frame(texts):
    import pandas

    return pandas.DataFrame({"text": texts})


def two_columns(texts):
    import pandas

    return pandas.DataFrame({"title": [text.partition(" ")[0] for text in texts], "text": texts})


# ---- what is written


class Fitted:
    """A fitted pipeline and what it was fitted on."""

    def __init__(self, case, pipeline, texts, tags):
        self.case, self.pipeline, self.texts, self.tags = case, pipeline, texts, tags

    def halves(self):
        """What is before the classifier, and the classifier."""
        *before, (_, classifier) = self.pipeline.steps
        return before[0][1] if len(before) == 1 else make_pipeline(*(step for _, step in before)), classifier


def directory(place, name):
    path = place / name
    path.mkdir()
    return path


def joblib_directory(fitted, place):
    joblib.dump(fitted.pipeline, directory(place, "joblib") / "model.pkl")


def skops_file(fitted, place):
    if has("skops"):
        import skops.io

        skops.io.dump(fitted.pipeline, place / "pipeline.skops")


def deflated_skops(fitted, place):
    import skops.io

    skops.io.dump(fitted.pipeline, place / "deflated.skops", compression=zipfile.ZIP_DEFLATED, compresslevel=6)


def two_skops(fitted, place):
    import skops.io

    path = directory(place, "skops")
    for name, half in zip(("vectorizer.skops", "classifier.skops"), fitted.halves()):
        skops.io.dump(half, path / name)


def pickled(protocol):
    def save(fitted, place):
        if protocol > pickle.HIGHEST_PROTOCOL:
            raise Skip("this Python has no such protocol")
        with (place / "classifier.pickle").open("wb") as file:
            pickle.dump(fitted.pipeline, file, protocol=protocol)

    return save


def compressed(method):
    def save(fitted, place):
        joblib.dump(fitted.pipeline, place / ("text." + method), compress=(method, 3))

    return save


def two_files(vectorizer, classifier):
    def save(fitted, place):
        path = directory(place, "two")
        for name, half in zip((vectorizer, classifier), fitted.halves()):
            joblib.dump(half, path / name, compress=3 if name.endswith(".gz") else 0)

    return save


def among_others(fitted, place):
    path = directory(place, "among-others")
    joblib.dump(fitted.pipeline, path / "2024-11-24_final.joblib")
    (path / "README.md").write_text("# The tagger\n")
    (path / "requirements.txt").write_text("scikit-learn==%s\n" % sklearn.__version__)
    (path / "metrics.json").write_text('{"f1": 0.9}\n')
    directory(path, "plots")


def one_dict(fitted, place):
    vectorizer, classifier = fitted.halves()
    joblib.dump({"vectorizer": vectorizer, "model": classifier}, place / "both.joblib")


def two_models(fitted, place):
    path = directory(place, "two")
    joblib.dump(fitted.pipeline, path / "first.pkl")
    joblib.dump(fitted.pipeline, path / "second.pkl")


def vectorizer_alone(fitted, place):
    joblib.dump(fitted.halves()[0], place / "vectorizer.joblib")


def encoder(fitted):
    return {"class_to_index": {tag: i for i, tag in enumerate(sorted(set(fitted.tags)))}}


def label_encoder_json(fitted, place):
    path = directory(place, "labelled")
    joblib.dump(fitted.pipeline, path / "model.pkl")
    (path / "label_encoder.json").write_text(json.dumps(encoder(fitted)))


def label_encoder_and_threshold(fitted, place):
    label_encoder_json(fitted, place)
    (place / "labelled" / "args.json").write_text(json.dumps({"threshold": THRESHOLD}))


def label_encoder_pickle(fitted, place):
    path = directory(place, "encoded")
    joblib.dump(fitted.pipeline, path / "classifier.joblib")
    joblib.dump(LabelEncoder().fit(fitted.tags), path / "label_encoder.joblib")


THRESHOLD = 0.35


def mlflow(kind, example=False):
    """As mlflow.sklearn.save_model leaves a model."""

    def save(fitted, place):
        import inspect
        import logging

        import mlflow.sklearn

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
        options = {}
        parameters = inspect.signature(mlflow.sklearn.save_model).parameters
        if kind == "skops":
            if "skops_trusted_types" not in parameters:
                raise Skip("this MLflow has no skops")
            import skops.io

            options["skops_trusted_types"] = skops.io.get_untrusted_types(data=skops.io.dumps(fitted.pipeline))
        if example:
            rows = fitted.texts[:3]
            options["input_example"] = frame(rows)
            options["signature"] = mlflow.models.infer_signature(frame(rows), np.array(fitted.tags[:3]))
        mlflow.sklearn.save_model(
            fitted.pipeline, str(place / "mlflow"), serialization_format=kind,
            pip_requirements=["scikit-learn==" + sklearn.__version__], **options
        )

    return save


class Skip(Exception):
    """This Python cannot make it."""


def answers(fitted, texts):
    """What scikit-learn answers to the texts: JSON values, and no field for what the pipeline lacks."""
    pipeline, case = fitted.pipeline, fitted.case
    inputs = case.input(texts)
    classes = [plain(c) for c in pipeline.classes_]
    tags = [plain(c) for c in pipeline.predict(inputs)]
    if case.labels is numbers:  # an encoder beside the model has the tags
        known = sorted(set(fitted.tags))
        classes, tags = known, [known[int(tag)] for tag in tags]
    result = {"classes": classes, "tags": tags}
    if hasattr(pipeline, "predict_proba"):
        result["probabilities"] = pipeline.predict_proba(inputs).astype(float).tolist()
    if hasattr(pipeline, "decision_function"):
        scores = pipeline.decision_function(inputs).astype(float)
        result["scores"] = scores.reshape(len(texts), -1).tolist()  # two classes have one score
    if label_encoder_and_threshold in case.save:
        result["tags"] = [
            tag if max(row) > THRESHOLD else "other" for tag, row in zip(tags, result["probabilities"])
        ]
    for key in ("probabilities", "scores"):
        assert np.isfinite(result.get(key, 0)).all(), key
    return result


def plain(label):
    """The label as a tag."""
    return str(label.item() if hasattr(label, "item") else label)


def make(case, rows, texts, out):
    known = sorted({tag for _, tag in rows})[: case.tags]
    rows = [row for row in rows if row[1] in known]
    train, tags = [text for text, _ in rows], [tag for _, tag in rows]
    if case.build.__code__.co_argcount:
        pipeline = case.build(train, case.labels(tags))
    else:
        pipeline = case.build().fit(case.input(train), case.labels(tags))
    for vectorizer in vectorizers_in(pipeline):
        vars(vectorizer).pop("stop_words_", None)  # every n-gram that is not in the vocabulary: nothing needs it
    fitted = Fitted(case, pipeline, train, tags)
    place = out / slug(case.name)
    place.mkdir(parents=True)
    for save in case.save:
        save(fitted, place)
    texts = texts + train[:ROWS]
    expected = {
        "name": case.name,
        "scikit-learn": sklearn.__version__,
        "tolerance": case.tolerance,
        "texts": texts,
    }
    if case.refused:
        expected["refused"] = case.refused
    expected.update(answers(fitted, texts))
    (place / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), encoding="utf-8")


def vectorizers_in(pipeline):
    """Every vectorizer that a pipeline or a union holds directly."""
    steps = [step for _, step, *_ in getattr(pipeline, "steps", getattr(pipeline, "transformer_list", ()))]
    for step in steps:
        if isinstance(step, CountVectorizer):
            yield step
        yield from vectorizers_in(step)


def slug(name):
    return re.sub(r"[^\w.]+", "-", name)


ROWS = 12  # of the labelled rows whose answers are expected too

# More texts, for what the others do not ask of a vectorizer.
TEXTS = [
    "Détection d'anomalies à l’aide de réseaux de neurones",
    "Zażółć gęślą jaźń: a modél för ìmages",
    "ﬁne-tuning of ½ a ﬂow, Ⅷ, ①, ㎏ and ＷＩＤＥ learning",
    "İstanbul ǅ ẞ Ὀδυσσεύς",
    "e\u0301tude of a\u0300 naïve bayes\u0308",
    "state-of-the-art fine-tuning of BERT-like models",
    "the of and with a",
    "x y z learning 1 22 333",
]


def read_rows(path):
    """Title and description, or text; and tag."""
    with open(path, encoding="utf-8", newline="") as file:
        return [
            ((row["title"] + " " + row["description"]) if "title" in row else row["text"], row["tag"])
            for row in csv.DictReader(file)
        ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", required=True, help="JSON list of texts to answer to")
    parser.add_argument("--data", required=True, help="CSV file with title, description and tag, to train on")
    parser.add_argument("out", type=Path, help="directory to write; what it held is removed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = read_rows(options.data)
    with open(options.texts, encoding="utf-8") as file:
        texts = json.load(file) + TEXTS

    shutil.rmtree(options.out, ignore_errors=True)
    counts = collections.Counter()
    cases = [case for part in TABLE for case in part()]
    assert len({slug(case.name) for case in cases}) == len(cases), "two cases have one name"
    for case in cases:
        reason = case.missing()
        if not reason:
            try:
                make(case, rows, texts, options.out)
            except Skip as error:
                reason = str(error)
                shutil.rmtree(options.out / slug(case.name))
        if reason:
            print("skipped %s: %s" % (case.name, reason))
        counts["skipped" if reason else "made"] += 1
    print("scikit-learn %s, Python %s: %d pipelines made, %d skipped" % (
        sklearn.__version__, platform.python_version(), counts["made"], counts["skipped"]))


if __name__ == "__main__":
    sys.exit(main())
