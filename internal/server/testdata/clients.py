"""Asks a service by the clients of other servers, and by POST /predict, and compares."""

import asyncio
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as aio

address = sys.argv[1]
texts = ["CNNs for image segmentation.", "Transformers for NLP, ümlauts and 🙂", "Kubernetes for MLOps"]


def predict():
    body = json.dumps({"texts": [{"text": t} for t in texts]}).encode()
    request = urllib.request.Request(f"http://{address}/predict?include=probabilities", body, {"Content-Type": "application/json"})
    predictions = json.load(urllib.request.urlopen(request))["data"]["predictions"]
    return [p["predicted_tag"] for p in predictions], [list(p["probabilities"].values()) for p in predictions]


tags, probabilities = predict()
compared = 0


def same(got_tags, got_probabilities):
    global compared
    got = [t.decode() if isinstance(t, bytes) else t for t in got_tags]
    assert got == tags, got
    assert np.array_equal(np.array(got_probabilities), np.array(probabilities)), got_probabilities
    compared += 1


def inputs(module, binary):
    tensor = module.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array([t.encode() for t in texts], dtype=object), binary_data=binary)
    return [tensor]


def outputs(module, binary):
    return [module.InferRequestedOutput(name, binary_data=binary) for name in ("predicted_tag", "probabilities")]


def explained(module):
    return [*outputs(module, True), module.InferRequestedOutput("explanation", binary_data=True)]


client = triton.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("default")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
metadata = client.get_model_metadata("default", "stable")
assert [o["name"] for o in metadata["outputs"]] == ["predicted_tag", "probabilities", "scores", "explanation"], metadata
assert client.get_model_repository_index()[0]["name"] == "default"
for binary in (True, False):
    for asked in (None, outputs(triton, True), outputs(triton, False)):
        answer = client.infer("default", inputs(triton, binary), outputs=asked, request_id="42")
        assert answer.get_response()["id"] == "42"
        same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
answer = client.infer("default", inputs(triton, True), request_compression_algorithm="gzip")
same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
for algorithm in ("gzip", "deflate"):  # with explanations, which make the answer long
    answer = client.infer("default", inputs(triton, True), outputs=explained(triton), response_compression_algorithm=algorithm)
    same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
best = client.infer("default", inputs(triton, True), outputs=[triton.InferRequestedOutput("probabilities", class_count=1)])
assert [b[0].decode().split(":")[2] for b in best.as_numpy("probabilities")] == tags
try:
    client.infer("nope", inputs(triton, True))
    raise SystemExit("there is a model nope")
except triton.InferenceServerException as wrong:
    assert "nope" in wrong.message(), wrong


async def asynchronous():
    async with aio.InferenceServerClient(address) as client:
        for binary in (True, False):
            answer = await client.infer("default", inputs(aio, binary), outputs=outputs(aio, binary))
            same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
        answer = await client.infer("default", inputs(aio, True), outputs=explained(aio))  # which accepts gzip by itself
        same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))


asyncio.run(asynchronous())

mlserver = Path(sys.executable).with_name("mlserver")
if mlserver.exists():
    with tempfile.TemporaryDirectory() as work:
        asked, answered = Path(work, "asked.txt"), Path(work, "answered.txt")
        request = {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}]}
        asked.write_text(json.dumps(request) + "\n")
        subprocess.run([mlserver, "infer", "-u", address, "-m", "default", "-i", asked, "-o", answered, "--workers", "1"], check=True, capture_output=True)
        tag, probability = json.loads(answered.read_text())["outputs"]
        same(tag["data"], np.array(probability["data"]).reshape(probability["shape"]))

# The types of MLServer are made of its OpenAPI documents.
try:
    from mlserver import types
except ImportError:
    pass
else:

    def valid(model, method, path, body=None):
        global compared
        request = urllib.request.Request(f"http://{address}{path}", body and json.dumps(body).encode(), method=method)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as wrong:
            answer = wrong
        getattr(types, model).model_validate_json(answer.read())
        compared += 1

    text = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}
    every = [{"name": n} for n in ("predicted_tag", "probabilities", "scores", "explanation")]
    classes = [{"name": "scores", "parameters": {"classification": 2}}]
    valid("MetadataServerResponse", "GET", "/v2")
    valid("MetadataModelResponse", "GET", "/v2/models/default")
    valid("MetadataModelErrorResponse", "GET", "/v2/models/nope")
    valid("RepositoryIndexResponse", "POST", "/v2/repository/index", {"ready": True})
    valid("InferenceResponse", "POST", "/v2/models/default/infer", {"inputs": [text]})
    valid("InferenceResponse", "POST", "/v2/models/default/infer", {"id": "1", "parameters": {"a": 1}, "inputs": [text], "outputs": every})
    valid("InferenceResponse", "POST", "/v2/models/default/versions/1/infer", {"inputs": [text], "outputs": classes})
    valid("InferenceErrorResponse", "POST", "/v2/models/default/infer", {"inputs": []})

try:
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
except ImportError:
    pass
else:

    async def kserve():
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        url = f"http://{address}"
        assert await client.is_server_live(url) and await client.is_server_ready(url) and await client.is_model_ready(url, "default")
        tensor = InferInput("text", [len(texts)], "BYTES", texts)
        answer = await client.infer(url, InferRequest("default", [tensor]), model_name="default")
        tag, probability = answer.outputs
        same(tag.data, np.array(probability.data).reshape(probability.shape))

    asyncio.run(kserve())

print(compared, "answers are as they should be")
