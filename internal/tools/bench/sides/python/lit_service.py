"""The Pipeline in MODEL, served by LitServe, in CORES workers with batching: python3 lit_service.py PORT."""
import os
import sys

import joblib
import litserve


class Tagger(litserve.LitAPI):
    def setup(self, device):
        self.pipeline = joblib.load(os.environ["MODEL"])

    def decode_request(self, request):
        return request["texts"]

    def batch(self, inputs):
        return inputs

    def predict(self, requests):
        rows = iter(self.pipeline.predict_proba([text for texts in requests for text in texts]).tolist())
        return [[next(rows) for _ in texts] for texts in requests]

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"predictions": output}


if __name__ == "__main__":
    litserve.LitServer(
        Tagger(max_batch_size=32, batch_timeout=0.001), accelerator="cpu", workers_per_device=int(os.environ["CORES"])
    ).run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
