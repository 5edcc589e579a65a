"""Asks a service by MLflow's client of a scoring server, and with bodies that pandas writes."""

import json

import numpy as np
import pandas as pd
from mlflow.exceptions import RestException
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from service import address, post, report, same, texts

host, port = address.rsplit(":", 1)
client = ScoringServerClient(host, port)
client.wait_server_ready(timeout=5)
assert client.get_version()

frame = pd.DataFrame({"n": range(len(texts)), "text": texts})
likely = {"predict_method": "predict_proba"}
for data in frame, frame[["text"]], np.array(texts), np.array([[t] for t in texts]):
    same(client.invoke(data).get_predictions()[0])
    same(client.invoke(data, params={"predict_method": "predict"}).get_predictions()[0])
    same(got_probabilities=client.invoke(data, params=likely).get_predictions().to_numpy())

bodies = [
    ("dataframe_split", frame.to_dict(orient="split")),
    ("dataframe_records", frame.to_dict(orient="records")),
    ("instances", texts),
    ("instances", frame.to_dict(orient="records")),
    ("inputs", texts),
    ("inputs", frame.to_dict(orient="list")),
]
for name, value in bodies:
    status, answer = post("/invocations", json.dumps({name: value}))
    assert status == 200, (name, answer)
    same(answer["predictions"])
    status, answer = post("/invocations", json.dumps({name: value, "params": likely}))
    assert status == 200, (name, answer)
    same(got_probabilities=answer["predictions"])
for index in True, False:
    status, answer = post("/invocations", frame.to_csv(index=index), "text/csv")
    assert status == 200, answer
    same(answer["predictions"])

# MLflow knows our errors by the names that they have.
for path, body, kind, code in [
    ("/invocations", "{}", "application/json", "BAD_REQUEST"),
    ("/invocations", "{}", "text/plain", "BAD_REQUEST"),
    ("/invocations/nope", "{}", "application/json", "ENDPOINT_NOT_FOUND"),
]:
    status, answer = post(path, body, kind)
    wrong = RestException(answer)
    assert status >= 400 and wrong.error_code == code and wrong.message.startswith(f"{code}: "), (status, answer)
report()
