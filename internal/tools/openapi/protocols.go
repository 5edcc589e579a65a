package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// A protocol is one of others, whose answers have no envelope.
type protocol struct {
	tag, prefix, problem string                     // prefix is of the names of its answers, problem its schema of an error
	body                 func(detail string) string // an error
	examples             map[string]string          // by operation and status, or by status alone
}

// problem is what our own answers to errors are.
var envelopes = protocol{problem: "Problem"}

var protocols = []protocol{
	{
		"Open Inference Protocol", "OIP", "OIPError",
		func(detail string) string { return fmt.Sprintf(`{"error":%q}`, detail) },
		map[string]string{
			"oipServer 200":       `{"name":"tagifai","version":"1.0.0","extensions":["binary_tensor_data","classification"]}`,
			"oipLive 200":         `{"live":true}`,
			"oipReady 200":        `{"ready":true}`,
			"oipIndex 200":        `[{"name":"default","version":"1","state":"READY","reason":""}]`,
			"oipModel 200":        oipModel,
			"oipVersion 200":      oipModel,
			"oipModelReady 200":   `{"name":"default","ready":true}`,
			"oipVersionReady 200": `{"name":"default","ready":true}`,
			"oipInfer 200":        oipAnswer,
			"oipInferVersion 200": oipAnswer,
			"400":                 `{"error":"inputs[0].data[1]: is a number, not a string"}`,
			"404":                 `{"error":"model \"default\" has no version 3; there are 1, 2"}`,
			"500":                 `{"error":"Internal Server Error"}`,
			"oipReady 503":        `{"error":"The service is about to stop"}`,
		},
	},
	{
		"MLflow", "MLflow", "MLflowError",
		func(detail string) string { return fmt.Sprintf(`{"error_code":"BAD_REQUEST","message":%q}`, detail) },
		map[string]string{
			"mlflowVersion 200":     `"1.0.0"`,
			"mlflowInvocations 200": `{"predictions":["computer-vision"]}`,
			"400":                   `{"error_code":"BAD_REQUEST","message":"the body has none of dataframe_split, dataframe_records, instances, inputs"}`,
			"500":                   `{"error_code":"INTERNAL_ERROR","message":"Internal Server Error"}`,
			"503":                   `{"error_code":"TEMPORARILY_UNAVAILABLE","message":"The service is busy: try again"}`,
			"mlflowPing 503":        `{"error_code":"TEMPORARILY_UNAVAILABLE","message":"The service is about to stop"}`,
			"mlflowHealth 503":      `{"error_code":"TEMPORARILY_UNAVAILABLE","message":"The service is about to stop"}`,
		},
	},
}

const (
	oipModel = `{"name":"default","versions":["1"],"platform":"tagifai","inputs":[{"name":"text","datatype":"BYTES","shape":[-1]}],` +
		`"outputs":[{"name":"predicted_tag","datatype":"BYTES","shape":[-1]},` +
		`{"name":"probabilities","datatype":"FP64","shape":[-1,2],"parameters":{"classes":["computer-vision","other"]}}]}`
	oipRequest = `{"id":"42","inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["Object detection with YOLO"]}],` +
		`"outputs":[{"name":"predicted_tag"}]}`
	oipAnswer = `{"model_name":"default","model_version":"1","id":"42",` +
		`"outputs":[{"name":"predicted_tag","datatype":"BYTES","shape":[1],"data":["computer-vision"]}]}`
	mlflowRequest = `{"dataframe_split":{"columns":["text"],"data":[["Object detection with YOLO"]]}}`
)

// details are what errors of all protocols say, by status.
var details = map[string]string{
	"408": "Request Timeout",
	"413": "The body is larger than the limit of 8388608 bytes",
	"415": "Content-Encoding is not supported: send the body as it is, or by gzip or zstd",
	"503": "The service is busy: try again",
}

// protocolOf returns the protocol of an operation.
func protocolOf(operation *openapi3.Operation) *protocol {
	for i := range protocols {
		if slices.Contains(operation.Tags, protocols[i].tag) {
			return &protocols[i]
		}
	}
	return &envelopes
}

// completeResponse adds to a response of a protocol its example.
func (p *protocol) completeResponse(operation *openapi3.Operation, status string, response *openapi3.Response) error {
	for _, content := range response.Content {
		value := p.examples[operation.OperationID+" "+status]
		if value == "" {
			value = p.examples[status]
		}
		if value == "" && details[status] != "" {
			value = p.body(details[status])
		}
		if value == "" {
			return fmt.Errorf("%s has no example of a %s", operation.OperationID, status)
		}
		content.Example = json.RawMessage(value)
	}
	return nil
}

// completeProtocols makes the types of the protocols as narrow, or as wide, as they are.
func completeProtocols(doc *openapi3.T) {
	schemas := doc.Components.Schemas
	text := openapi3.NewStringSchema()
	// Inputs beside the texts may be anything, and what is left out may be null.
	schemas["OIPInput"].Value.Properties["data"].Value.WithItems(openapi3.NewSchema()).WithNullable()
	for _, name := range []string{"OIPInferRequest", "OIPInput", "OIPWanted", "OIPInferAnswer", "OIPOutput"} {
		schemas[name].Value.Properties["parameters"].Value.WithAnyAdditionalProperties().WithNullable()
	}
	for _, name := range []string{"id", "outputs"} {
		schemas["OIPInferRequest"].Value.Properties[name].Value.WithNullable()
	}
	for name, properties := range map[string]openapi3.Schemas{
		"instances": schemas["MLflowRequest"].Value.Properties,
		"inputs":    schemas["MLflowRequest"].Value.Properties,
		"index":     schemas["MLflowSplit"].Value.Properties, // it is not read
	} {
		anything := openapi3.NewSchema()
		anything.Description = properties[name].Value.Description
		properties[name] = anything.NewRef()
	}
	schemas["MLflowRequest"].Value.Properties["dataframe_records"].Value.WithItems(openapi3.NewObjectSchema().WithAnyAdditionalProperties())
	schemas["MLflowParams"].Value.WithNullable()
	schemas["OIPInferRequest"].Value.Example = json.RawMessage(oipRequest)
	schemas["MLflowRequest"].Value.Example = json.RawMessage(mlflowRequest)
	schemas["OIPIndexRequest"].Value.Example = json.RawMessage(`{"ready":true}`)

	binary := openapi3.NewMediaType().WithSchema(openapi3.NewStringSchema().WithFormat("binary"))
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			switch operation.OperationID {
			case "oipInfer", "oipInferVersion":
				operation.RequestBody.Value.Content["application/octet-stream"] = binary
				operation.Responses.Value("200").Value.Content["application/octet-stream"] = binary
			case "mlflowInvocations":
				table := openapi3.NewMediaType().WithSchema(text)
				table.Example = "text\nObject detection with YOLO\n"
				operation.RequestBody.Value.Content["text/csv"] = table
			}
		}
	}
}
