"""Writes the fixtures of whole pipelines: everything that is read beside what generate.py has.

Run as `PYTHONHASHSEED=0 python3 pipelines.py` in this directory, with the newest scikit-learn for all of them, and with an
older one for those whose objects it lays out otherwise. The texts and rows are those of generate.py.

pipelines/VERSION/NAME/model.pkl
pipelines/VERSION/NAME/expected.json    tags, and probabilities and scores where there are any, of every third text
"""
import json
import os
import shutil
import warnings

import joblib
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
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
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler
from sklearn.svm import LinearSVC

from generate import LOG, ROWS_ALL, TAGS, TEXTS, VERSION


def tfidf(low=2, high=3, max_features=24, **options):
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(low, high), max_features=max_features, **options)


def word(max_features=24, **options):
    return TfidfVectorizer(max_features=max_features, **options)


def count(max_features=24, **options):
    return CountVectorizer(max_features=max_features, **options)


def sgd(loss=LOG, **options):
    return SGDClassifier(loss=loss, random_state=0, max_iter=20, tol=None, alpha=1e-2, **options)


def svc():
    return LinearSVC(random_state=0)


def logistic(**options):
    return LogisticRegression(**options)


def case(name, *steps, tags=4, labels=np.array, input=list):
    known = TAGS[:tags]
    rows = [row for row in ROWS_ALL if row[1] in known]
    pipeline = make_pipeline(*steps)
    pipeline.fit(input([text for text, _ in rows]), labels([tag for _, tag in rows]))
    place = "pipelines/%d.%d/%s" % (VERSION + (name,))
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    forget(pipeline)
    joblib.dump(pipeline, place + "/model.pkl")
    texts = TEXTS[::3]
    expected = {"tags": [str(tag) for tag in pipeline.predict(input(texts)).tolist()]}
    if hasattr(pipeline, "predict_proba"):
        expected["probabilities"] = pipeline.predict_proba(input(texts)).astype(float).tolist()
    if hasattr(pipeline, "decision_function"):
        expected["scores"] = pipeline.decision_function(input(texts)).astype(float).reshape(len(texts), -1).tolist()
    with open(place + "/expected.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(expected, separators=(",", ":")) + "\n")
    print("  %s: %d bytes" % (place, sum(os.path.getsize(os.path.join(place, file)) for file in os.listdir(place))))


def forget(thing):
    """Removes what older versions keep of a vectorizer: every n-gram that is not in the vocabulary."""
    vars(thing).pop("stop_words_", None)
    for step in getattr(thing, "steps", []) + getattr(thing, "transformer_list", []):
        if hasattr(step[1], "__dict__"):
            forget(step[1])


def vectorizers():
    case("stop-words-english", word(stop_words="english", ngram_range=(1, 2)), sgd())
    case("stop-words-list", word(stop_words=["the", "of", "and", "with"]), sgd())
    case("accents-unicode", tfidf(strip_accents="unicode"), sgd())
    case("accents-ascii", word(strip_accents="ascii"), sgd())
    case("pattern-one-letter", word(token_pattern=r"(?u)\b\w+\b"), sgd())
    case("pattern-not-space", word(token_pattern=r"\S+"), sgd())
    case("pattern-letters", word(token_pattern=r"[a-zA-Z]+", lowercase=False), sgd())
    case("pattern-group", word(token_pattern=r"(?u)\b([a-z]+)ing\b"), sgd())
    case("pattern-hyphen", word(token_pattern=r"\w+(?:-\w+)*", stop_words=["state-of-the-art"]), sgd())
    union = [("word", word(ngram_range=(1, 2))), ("char", tfidf()), ("none", "drop")]
    case("union", FeatureUnion(union, transformer_weights={"word": 0.7}), logistic())
    case("union-normalized", FeatureUnion(union[:2], transformer_weights={"char": 1.6}), Normalizer(), logistic())
    case(
        "union-of-pipelines",
        FeatureUnion([
            ("word", make_pipeline(count(), TfidfTransformer(sublinear_tf=True))),
            ("char", make_pipeline(tfidf(), SelectKBest(chi2, k=9))),
        ]),
        svc(),
    )
    case(
        "columns",
        ColumnTransformer([("word", word(), 0), ("char", tfidf(), 0)], transformer_weights={"char": 2}), logistic(),
        input=lambda texts: np.array([[text] for text in texts], dtype=object),
    )


def between():
    case("select-k-best", tfidf(), SelectKBest(chi2, k=9), sgd())
    case("select-then-tfidf", count(), SelectKBest(chi2, k=9), TfidfTransformer(norm="l1"), sgd())
    case("select-percentile", tfidf(), SelectPercentile(chi2, percentile=30), sgd())
    case("select-from-model", tfidf(), SelectFromModel(LinearSVC(penalty="l1", dual=False, random_state=0)), sgd())
    case("select-median", tfidf(), SelectFromModel(svc(), threshold="1.1*median", max_features=8, norm_order=2), sgd())
    case("variance", tfidf(), VarianceThreshold(2e-3), sgd())
    case("scaled", word(), MaxAbsScaler(), StandardScaler(with_mean=False), logistic())
    case("scaled-normalized", count(), MaxAbsScaler(), Normalizer(), logistic())
    case("svd", tfidf(), TruncatedSVD(n_components=5, random_state=0), logistic())
    case("svd-standardized", tfidf(), TruncatedSVD(n_components=5, random_state=0), StandardScaler(), svc())


def classifiers():
    for loss in ("hinge", "modified_huber", "squared_hinge", "perceptron", "epsilon_insensitive"):
        case("sgd-" + loss.replace("_", "-"), tfidf(), sgd(loss))
    case("sgd-hinge-two-classes", tfidf(), sgd("hinge"), tags=2)
    case("sgd-huber-two-classes", tfidf(), sgd("modified_huber"), tags=2)
    case("logistic-cv", tfidf(), LogisticRegressionCV(Cs=2, cv=3))
    case("svc", tfidf(), svc())
    case("svc-two-classes", tfidf(), svc(), tags=2)
    case("perceptron", tfidf(), Perceptron(random_state=0))
    case("passive-aggressive", tfidf(), PassiveAggressiveClassifier(random_state=0))
    case("integers", tfidf(), logistic(), labels=lambda tags: np.array([7 * TAGS.index(tag) - 7 for tag in tags]))
    case("booleans", tfidf(), logistic(), labels=lambda tags: np.array([tag == TAGS[0] for tag in tags]))
    case("one-vs-rest", tfidf(), OneVsRestClassifier(logistic(solver="liblinear")))
    case("one-vs-rest-svc", tfidf(), OneVsRestClassifier(svc()))
    case("one-vs-one", tfidf(), OneVsOneClassifier(svc()))
    case("one-vs-one-two-classes", tfidf(), OneVsOneClassifier(svc()), tags=2)
    members = [("lr", logistic()), ("sgd", sgd("modified_huber")), ("nb", MultinomialNB())]
    case("voting", tfidf(), VotingClassifier(members, voting="soft", weights=[2, 1, 0.5]))


def of_each_layout():
    """Objects that versions lay out otherwise."""
    case("ridge", tfidf(), RidgeClassifier())
    case("ridge-two-classes", tfidf(), RidgeClassifier(), tags=2)
    case("ridge-cv", tfidf(), RidgeClassifierCV(alphas=[0.1, 1]))
    case("multinomial-nb", count(), MultinomialNB(alpha=0.1))
    case("multinomial-nb-two-classes", tfidf(), MultinomialNB(), tags=2)
    case("complement-nb", tfidf(), ComplementNB())
    case("bernoulli-nb", tfidf(), BernoulliNB())
    case("bernoulli-nb-two-classes", count(binary=True), BernoulliNB(), tags=2)
    case("calibrated-sigmoid", tfidf(), CalibratedClassifierCV(svc(), cv=2))
    case("calibrated-isotonic", tfidf(), CalibratedClassifierCV(sgd("hinge"), cv=2, method="isotonic"))
    case("calibrated-two-classes", tfidf(), CalibratedClassifierCV(svc(), cv=2, method="isotonic"), tags=2)
    case("calibrated-nb", count(), CalibratedClassifierCV(MultinomialNB(), cv=2))
    case("grid-search", tfidf(), GridSearchCV(svc(), {"C": [0.1, 1]}, cv=2, scoring="f1_macro"))
    case("float32", tfidf(dtype=np.float32), logistic())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    of_each_layout()
    if VERSION >= (1, 9):
        vectorizers()
        between()
        classifiers()
