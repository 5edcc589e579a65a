"""Puts the two pickles of an artifact directory into one scikit-learn Pipeline: python3 pipeline.py ARTIFACT OUT.

OUT gets model.joblib; where MLflow is installed, also its model directory mlflow, which answers with predict_proba.
"""
import importlib.util
import pathlib
import sys

import joblib
from sklearn.pipeline import make_pipeline


def main(artifact, out):
    artifact, out = pathlib.Path(artifact), pathlib.Path(out)
    pipeline = make_pipeline(joblib.load(artifact / "vectorizer.pkl"), joblib.load(artifact / "model.pkl"))
    out.mkdir(parents=True)
    joblib.dump(pipeline, out / "model.joblib")
    if importlib.util.find_spec("mlflow"):
        import mlflow.sklearn

        mlflow.sklearn.save_model(
            pipeline, str(out / "mlflow"), serialization_format="cloudpickle", pyfunc_predict_fn="predict_proba"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
