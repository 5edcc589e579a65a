"""The service that this project takes the place of: the same routes, on FastAPI and scikit-learn.

ARTIFACT names the artifact directory.
"""
import datetime
import http
import json
import os
import pathlib
from typing import List, Optional

import fastapi
import joblib
import pydantic


class Classifier:
    """What is in an artifact directory."""

    def __init__(self, directory):
        self.args = self.read(directory / "args.json")
        self.performance = self.read(directory / "performance.json")
        self.index = self.read(directory / "label_encoder.json")["class_to_index"]
        self.name = {index: name for name, index in self.index.items()}
        self.vectorizer = joblib.load(directory / "vectorizer.pkl")
        self.model = joblib.load(directory / "model.pkl")
        # Without a class other, the most probable class is always the answer.
        self.threshold = self.args["threshold"] if "other" in self.index else None

    @staticmethod
    def read(file):
        return json.loads(file.read_text(encoding="utf-8"))

    def tags(self, texts):
        probabilities = self.model.predict_proba(self.vectorizer.transform(texts))
        best = probabilities.argmax(axis=1)
        if self.threshold is not None:
            best[probabilities.max(axis=1) <= self.threshold] = self.index["other"]
        return [self.name[index] for index in best.tolist()]


class Text(pydantic.BaseModel):
    text: str = pydantic.Field(min_length=1)


class Payload(pydantic.BaseModel):
    texts: List[Text] = pydantic.Field(min_items=1)


app = fastapi.FastAPI(title="TagIfAI")
classifier: Classifier


@app.on_event("startup")
def load():
    global classifier
    classifier = Classifier(pathlib.Path(os.environ["ARTIFACT"]))


def answer(request, data):
    return {
        "message": http.HTTPStatus.OK.phrase,
        "method": request.method,
        "status-code": http.HTTPStatus.OK,
        "timestamp": datetime.datetime.now().isoformat(),
        "url": str(request.url),
        "data": data,
    }


@app.get("/")
def health(request: fastapi.Request):
    return answer(request, {})


@app.get("/performance")
def performance(request: fastapi.Request, filter: Optional[str] = None):
    return answer(request, {"performance": classifier.performance.get(filter, classifier.performance)})


@app.get("/args")
def args(request: fastapi.Request):
    return answer(request, {"args": classifier.args})


@app.get("/args/{arg}")
def arg(request: fastapi.Request, arg: str):
    return answer(request, {arg: classifier.args.get(arg, "")})


@app.post("/predict")
def predict(request: fastapi.Request, payload: Payload):
    texts = [item.text for item in payload.texts]
    predictions = [{"input_text": text, "predicted_tag": tag} for text, tag in zip(texts, classifier.tags(texts))]
    return answer(request, {"predictions": predictions})
