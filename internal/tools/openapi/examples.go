package main

import "strings"

// payload is the example of a body of POST /predict.
const payload = `{"texts":[{"text":"Transfer learning with transformers for text classification."},` +
	`{"text":"Generative adversarial networks in both PyTorch and TensorFlow."}]}`

// sample is an example of an answer: the last member of its envelope, and the
// request target if that is not the path of the route.
type sample struct{ summary, target, last string }

const (
	overall     = `{"precision":0.9046583850931676,"recall":0.9043478260869565,"f1":0.9038363171355498,"num_samples":115}`
	noTable     = "No table of predictions is served here: the setting predictions of the service names its database"
	stored      = `{"id":"42","predicted_tag":"computer-vision","probability":0.974946340795426,"model":"default","version":"3",` + storedBy + `,"stale":true}`
	storedError = `{"id":"43","error":"the text is empty","model":"default","version":"4",` + storedBy + `,"stale":false,"keep":{"created_on":"2020-02-20"}}`
	storedBy    = `"checksum":"2b6f0cc904d137be2e1730235f5664094b831186","text_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","predicted_at":"2026-11-24T12:00:00.000001Z"`
	mlops       = `{"precision":0.75,"recall":0.6666666666666666,"f1":0.7058823529411765,"num_samples":9}`
)

// inExample puts what the examples have for the parameters of a path.
var inExample = strings.NewReplacer("{name}", "default", "{version}", "1", "{alias}", "stable", "{arg}", "learning_rate", "{id}", "42")

// sameAs says which operation has the same answers as one.
var sameAs = map[string]string{
	"predictModel": "predict", "predictVersion": "predict", "predictAlias": "predict",
	"modelStoredPrediction": "storedPrediction", "modelStoredPredictions": "storedPredictions",
	"modelVersion": "performance", "versionArgs": "args", "versionArg": "arg", "versionPerformance": "performance",
	"versionDrift": "performance",
}

// examples are, by operation and status or by status alone, the named examples
// of the answers.
var examples = map[string]map[string]sample{
	"health 200": {"up": {"The service is up", "", `"data":{}`}},
	"livez 200":  {"alive": {"The process is alive", "", `"data":{}`}},
	"readyz 200": {"ready": {"Requests are welcome", "", `"data":{}`}},
	"readyz 503": {"draining": {"The service is about to stop", "", `"detail":"The service is about to stop"`}},
	"performance 200": {
		"all": {"All of it", "", `"data":{"performance":{"overall":` + overall + `,"class":{"mlops":` + mlops + `},"slices":{}}}`},
		"overall": {"One part", "/performance?filter=overall",
			`"data":{"performance":` + overall + `}`},
		"class": {"The classes", "/performance?filter=class",
			`"data":{"performance":{"mlops":` + mlops + `}}`},
	},
	"health 503": {"empty": {"Nothing to predict with yet", "", `"detail":"Service Unavailable"`}},
	"models 200": {
		"page": {"A page", "/models?limit=1", `"data":{"models":[{"name":"default","aliases":{"next":"4","stable":"3"},"default":true}],"next":"default"}`},
		"behind": {"A model that is not what it should be", "", `"data":{"models":[{"name":"default","aliases":{"stable":"3"},"default":true,` +
			`"behind":"stable should be version 4: version 4 of \"default\": model.safetensors: is missing, unlike in manifest.json"}]}`},
	},
	"models 422": {"limit": {"A limit that is too large", "/models?limit=2000", `"detail":[{"loc":["query","limit"],"msg":"ensure this value is less than or equal to 1000","type":"value_error.number.not_le","ctx":{"limit_value":1000}}]`}},
	"model 200": {"shown": {"A model", "", `"data":{"name":"default","aliases":{"stable":"3"},"default":true,` +
		`"versions":[{"version":"2","state":"available"},{"version":"3","state":"loaded"},{"version":"4","state":"loaded"}],` +
		`"canary":{"version":"4","percent":5},"history":[{"time":"2026-11-24T12:00:00Z","by":"ann@ops","what":"stable","from":"2","to":"3"}]}`}},
	"modelVersion 200": {"shown": {"A version", "", `"data":{"name":"default","version":"1","run_id":"38a3902ad4ad5b88a03d238fe2430fa4","format":"tagifai",` +
		`"classes":["computer-vision","mlops","natural-language-processing","other"],"ngrams":39824,"bytes":2573312,` +
		`"checksum":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",` +
		`"provenance":{"source":"/srv/runs/first","time":"2026-11-24T12:00:00Z","tool":"tagifai 1.0.0","by":"ann@ops"},` +
		`"performance":{"overall":` + overall + `,"class":{"mlops":` + mlops + `},"slices":{}}}`}},
	"versionDrift 200": {
		"compared": {"The last hour and day", "", `"data":{"name":"default","version":"1",` +
			`"baseline":{"from":"out of 5 folds","texts":764,"unknown_ngram_ratio":0.1312,"accuracy":0.8665},` +
			`"windows":[{"window":"1h","since":"2026-11-24T11:00:00Z","texts":1000,"sampled":310,"unknown_ngram_ratio":0.4127,"expected_accuracy":0.7431,` +
			`"features":[{"feature":"class","psi":0.8123,"psi_by_chance":0.0375,"js_distance":0.3315,"verdict":"drifted",` +
			`"bins":[{"bin":"computer-vision","baseline":0.4,"current":0.1},{"bin":"other","baseline":0.6,"current":0.9}]}]}]}`},
		"alone": {"A version without a baseline", "", `"data":{"name":"default","version":"1",` +
			`"reason":"the model has no baseline.json; tagifai train writes one, and tagifai baseline makes one of labelled texts",` +
			`"windows":[{"window":"1h","since":"2026-11-24T11:00:00Z","texts":1000,"sampled":310,"unknown_ngram_ratio":0.4127,"features":[]}]}`},
	},
	"storedPrediction 200": {
		"stored": {"A prediction", "", `"data":` + stored},
		"error":  {"A row that could not be predicted", "/predictions/43", `"data":` + storedError},
	},
	"storedPrediction 404": {
		"missing": {"No such id", "", `"detail":"There is no prediction of model \"default\" for the id \"42\""`},
		"off":     {"No table", "", `"detail":"` + noTable + `"`},
	},
	"storedPrediction 503":  {"away": {"The database is away", "", `"detail":"The database of the predictions cannot be read: try again"`}},
	"storedPredictions 200": {"some": {"Two ids", "/predictions?id=42&id=7", `"data":{"predictions":[` + stored + `],"missing":["7"]}`}},
	"storedPredictions 404": {"off": {"No table", "", `"detail":"` + noTable + `"`}},
	"storedPrediction 413":  {"large": {"Too large", "", `"detail":"The answer would be too large: ask for less at once"`}},
	"storedPredictions 413": {"large": {"Too large", "/predictions?id=42&id=7", `"detail":"The answer would be too large: ask for less at once"`}},
	"storedPredictions 422": {"none": {"No id", "", `"detail":[{"loc":["query","id"],"msg":"field required","type":"value_error.missing"}]`}},
	"storedPredictions 503": {"away": {"The database is away", "", `"detail":"The database of the predictions cannot be read: try again"`}},
	"404":                   {"unknown": {"No such version", "", `"detail":"model \"default\" has no version 3; there are 1, 2"`}},
	"args 200":              {"all": {"All arguments", "", `"data":{"args":{"analyzer":"char_wb","ngram_max_range":6,"learning_rate":0.14688087680118794,"subset":null}}`}},
	"arg 200": {
		"known":   {"An argument", "/args/learning_rate", `"data":{"learning_rate":0.14688087680118794}`},
		"unknown": {"No such argument", "/args/nope", `"data":{"nope":""}`},
	},
	"predict 200": {"two": {"Two texts", "", `"data":{"predictions":[` +
		`{"input_text":"Transfer learning with transformers for text classification.","predicted_tag":"natural-language-processing"},` +
		`{"input_text":"Generative adversarial networks in both PyTorch and TensorFlow.","predicted_tag":"computer-vision"}]}`},
		"with-include": {"With all that include can ask for", "/predict?include=probabilities,model,version", `"data":{"predictions":[` +
			`{"input_text":"Object detection with YOLO","predicted_tag":"computer-vision","probabilities":` +
			`{"computer-vision":0.974946340795426,"mlops":0.010593278881191315,"natural-language-processing":0.0030596355498260733,"other":0.011400744773556775}}],` +
			`"model":"38a3902ad4ad5b88a03d238fe2430fa4","version":{"name":"default","version":"1"}}`}},
	"400":             {"unreadable": {"Not UTF-8", "", `"detail":"There was an error parsing the body"`}},
	"408":             {"slow": {"Too slow", "", `"detail":"Request Timeout"`}},
	"performance 409": {"non_number": {"A metric is not a number", "", `"detail":"overall.f1 is NaN, which JSON cannot represent"`}},
	"args 409":        {"non_number": {"An argument is not a number", "", `"detail":"power_t is NaN, which JSON cannot represent"`}},
	"arg 409":         {"non_number": {"It is not a number", "/args/power_t", `"detail":"power_t is NaN, which JSON cannot represent"`}},
	"413":             {"large": {"Too large", "", `"detail":"The body is larger than the limit of 8388608 bytes"`}},
	"415":             {"compressed": {"Compressed", "", `"detail":"Content-Encoding is not supported: send the body as it is, or by gzip or zstd"`}},
	"422": {
		"missing": {"No texts", "", `"detail":[{"loc":["body","texts"],"msg":"field required","type":"value_error.missing"}]`},
		"rules": {"Two errors", "", `"detail":[` +
			`{"loc":["body","texts",0,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}},` +
			`{"loc":["body","texts",2,"text"],"msg":"str type expected","type":"type_error.str"}]`},
		"syntax": {"Not JSON", "", `"detail":[{"loc":["body",23],"msg":"a property name in double quotes is wanted: line 2 column 14 (char 23)","type":"value_error.jsondecode",` +
			`"ctx":{"msg":"a property name in double quotes is wanted","pos":23,"lineno":2,"colno":14}}]`},
		"type": {"Not announced as JSON", "", `"detail":[{"loc":["body"],"msg":"value is not a valid dict","type":"type_error.dict",` +
			`"ctx":{"content_type":"application/x-www-form-urlencoded","wanted":"application/json"}}]`},
	},
	"500": {"failure": {"A failure of the service", "", `"detail":"Internal Server Error"`}},
	"503": {"busy": {"Too much to do", "", `"detail":"The service is busy: try again"`}},
}

// descriptions are those of the schemas, which swag has no comment for.
var descriptions = map[string]string{
	"AllMetrics":        "All metrics of the model.",
	"Arg":               "The argument under its name.",
	"Args":              "The arguments of the run.",
	"Canary":            "A version that gets a share of the requests that name none.",
	"Health":            "An empty object.",
	"Invalid":           "The answer to a request that is understood but not right.",
	"Item":              "One thing that is wrong with a request.",
	"Metrics":           "How well the model did on some of the data.",
	"MetricsByName":     "Metrics for each class, or for each slice of the data.",
	"Model":             "A model, its versions, and which of them is served under which name.",
	"ModelSummary":      "A model, and which version is served under which name.",
	"ModelVersion":      "What a version is, where it comes from and how well it did.",
	"Models":            "A page of the list of models.",
	"Move":              "What moved when, from where to where, and by whom.",
	"Performance":       "How well the model did.",
	"PredictPayload":    "The texts to classify.",
	"Prediction":        "A text as it was sent, and the tag that the model gives it.",
	"Predictions":       "The predictions, in the order of the texts.",
	"Problem":           "The answer to a request that failed.",
	"Provenance":        "Where a version comes from.",
	"StoredPrediction":  "What a batch has written for an id.",
	"StoredPredictions": "What batches have written for some ids.",
	"Shadow":            "A version that predicts the same texts, for comparison alone.",
	"VersionName":       "The name of a version.",
	"VersionState":      "Whether a version answers.",
	"Text":              "One text to classify.",
}
