"""Writes the fixtures of skops and of MLflow, as generate.py does those of joblib.

Run as `PYTHONHASHSEED=0 python3 files.py` in this directory, with skops 0.9 to 0.16, each with the scikit-learn of its
time, and for the directories of MLflow, which go to ../../mlflow/testdata, with the module mlflow-skinny as well.
"""
import os
import shutil
import zipfile

import skops
import skops.io

import generate
from generate import VERSION, case, sgd, tfidf

try:
    import mlflow
    import mlflow.sklearn
except ImportError:
    mlflow = None

NGRAMS = ["to", " im", "深", "ing", "ς", "😀", "i̇", "te"]


def by_skops(thing, path):
    """Dumps compressed, to be small. MLflow's are not."""
    skops.io.dump(thing, path.replace(".pkl", ".skops"), compression=zipfile.ZIP_DEFLATED)


def by_mlflow(serialization, example=None, **kwargs):
    """A dump that makes an MLflow directory of the one that has expected.json."""

    def dump(thing, path):
        directory = os.path.dirname(path)
        shutil.rmtree(directory)
        if example is not None:
            kwargs["input_example"] = example
            kwargs["signature"] = mlflow.models.infer_signature(example, thing.predict(example))
        mlflow.sklearn.save_model(thing, directory, serialization_format=serialization, pip_requirements=[], **kwargs)

    return dump


def small():
    return tfidf(max_features=24)


def given():
    return tfidf(max_features=None, vocabulary=NGRAMS)


def main():
    print("scikit-learn", generate.sklearn.__version__, "skops", skops.__version__)
    # The values of the vocabulary are numpy's, a member of the archive for each, or Python's.
    case("skops", small(), sgd(), names=True, pipeline="all", dump=by_skops)
    case("skops-two-files", given(), sgd(loss="modified_huber"), dump=by_skops)
    if mlflow is None:
        return
    print("mlflow", mlflow.__version__)
    os.chdir("../../mlflow/testdata")
    example = [text for text in generate.TEXTS if text.strip()][:2]
    for serialization in ["cloudpickle", "pickle"] + (["skops"] if VERSION >= (1, 9) else []):
        more = {"skops_trusted_types": []} if serialization == "skops" else {}
        name = "mlflow%s-%s" % (mlflow.__version__.split(".")[0], serialization)
        case(name, given(), sgd(), names=True, pipeline="all", dump=by_mlflow(serialization, **more))
    case("mlflow%s-example" % mlflow.__version__.split(".")[0], given(), sgd(), names=True, pipeline="all",
         dump=by_mlflow("cloudpickle", example=example))


if __name__ == "__main__":
    main()
