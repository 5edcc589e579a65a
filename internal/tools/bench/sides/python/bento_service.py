"""The Pipeline in MODEL, served by BentoML, in CORES workers with adaptive batching: bentoml serve bento_service:Tagger."""
import os

import bentoml
import joblib


@bentoml.service(workers=int(os.environ["CORES"]))
class Tagger:
    def __init__(self):
        self.pipeline = joblib.load(os.environ["MODEL"])

    @bentoml.api(batchable=True)
    def predict(self, texts: list[str]) -> list[list[float]]:
        return self.pipeline.predict_proba(texts).tolist()
