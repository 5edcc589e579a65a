package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"tagifai/internal/server/exchange"
)

// complete adds what the annotations cannot say: examples of more than a value,
// headers, alternatives, and the answers that net/http gives by itself.
func complete(doc *openapi3.T) error {
	doc.Servers = openapi3.Servers{{URL: "/", Description: "This service."}}
	doc.Components.Headers = openapi3.Headers{"RequestId": {Value: requestID()}}
	doc.Components.Responses = openapi3.ResponseBodies{"HeaderTooLarge": {Value: headerTooLarge()}}
	if err := completeSchemas(doc.Components.Schemas); err != nil {
		return err
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				completeParameter(parameter.Value)
			}
			for status, response := range operation.Responses.Map() {
				if err := completeResponse(operation, path, method, status, response.Value); err != nil {
					return err
				}
			}
			operation.Responses.Set("431", &openapi3.ResponseRef{Ref: "#/components/responses/HeaderTooLarge"})
		}
	}
	completeProtocols(doc)
	addSecurity(doc)
	addLimits(doc)
	return nil
}

// completeParameter adds what the annotation of a parameter cannot say.
func completeParameter(p *openapi3.Parameter) {
	switch p.Name {
	case "filter":
		p.Examples = openapi3.Examples{
			"overall": example("One part", `"overall"`),
			"all":     example("All of it", `""`),
		}
	case "include":
		p.AllowEmptyValue = true // asks for nothing
	case "id":
		p.Example = "42"
		if p.In == openapi3.ParameterInQuery {
			p.Example = []string{"42", "7"}
			p.AllowEmptyValue = true
		}
	case "name", "version", "alias", "arg":
		p.Example = inExample.Replace("{" + p.Name + "}")
	}
}

func requestID() *openapi3.Header {
	schema := openapi3.NewStringSchema().WithPattern(exchange.RequestIDPattern)
	return &openapi3.Header{Parameter: openapi3.Parameter{
		Description: "The request's name in the log of the service: the client's own `X-Request-Id`, if it sent one that fits the pattern.",
		Required:    true,
		Schema:      schema.NewRef(),
		Example:     "f3b0c442a98e1c149afbf4c8996fb924",
	}}
}

// headerTooLarge is the answer of net/http itself, so that it has no envelope.
func headerTooLarge() *openapi3.Response {
	content := openapi3.NewContentWithSchema(openapi3.NewStringSchema(), []string{"text/plain"})
	content["text/plain"].Example = "431 Request Header Fields Too Large"
	return openapi3.NewResponse().WithDescription("The header of the request is too large.").WithContent(content)
}

// completeResponse adds to one response its header and its examples.
func completeResponse(operation *openapi3.Operation, path, method, status string, response *openapi3.Response) error {
	response.Headers = openapi3.Headers{"X-Request-Id": {Ref: "#/components/headers/RequestId"}}
	if p := protocolOf(operation); p != &envelopes {
		return p.completeResponse(operation, status, response)
	}
	content := response.Content["application/json"]
	given := examples[operation.OperationID+" "+status]
	if base, ok := sameAs[operation.OperationID]; ok && given == nil {
		given = examples[base+" "+status]
	}
	if given == nil {
		given = examples[status]
	}
	if content == nil || given == nil {
		return fmt.Errorf("%s %s has no example of a %s", method, path, status)
	}
	content.Examples = openapi3.Examples{}
	for name, e := range given {
		target := inExample.Replace(path)
		if base := sameAs[operation.OperationID]; base == "" {
			target = cmp.Or(e.target, target)
		} else if _, query, ok := strings.Cut(e.target, "?"); ok && needsQuery(operation) {
			target += "?" + query
		}
		content.Examples[name] = example(e.summary, envelope(method, target, status, e.last))
	}
	return nil
}

// needsQuery reports whether a request must have a query.
func needsQuery(operation *openapi3.Operation) bool {
	return slices.ContainsFunc(operation.Parameters, func(p *openapi3.ParameterRef) bool {
		return p.Value.In == openapi3.ParameterInQuery && p.Value.Required
	})
}

func example(summary, value string) *openapi3.ExampleRef {
	e := openapi3.NewExample(json.RawMessage(value))
	e.Summary = summary
	return &openapi3.ExampleRef{Value: e}
}

// completeSchemas makes the types of the wire as narrow as they are.
func completeSchemas(schemas openapi3.Schemas) error {
	for _, name := range []string{"PredictPayload", "Performance", "ModelVersion", "Args", "StoredPrediction", "Item"} {
		if schemas[name] == nil {
			return fmt.Errorf("the document has no %s", name)
		}
	}
	for _, schema := range schemas {
		if timestamp := schema.Value.Properties["timestamp"]; timestamp != nil {
			timestamp.Value.Pattern = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$`
		}
	}
	schemas["PredictPayload"].Value.Example = json.RawMessage(payload)

	item := schemas["Item"].Value.Properties
	step := openapi3.NewAnyOfSchema(openapi3.NewStringSchema(), openapi3.NewIntegerSchema())
	item["loc"].Value.WithItems(step).WithMinItems(1)
	item["ctx"].Value.WithAnyAdditionalProperties()

	schemas["StoredPrediction"].Value.Properties["keep"].Value.WithAnyAdditionalProperties()
	schemas["Args"].Value.Properties["args"].Value.WithAnyAdditionalProperties()

	// A metric that could not be computed is null.
	number := openapi3.NewFloat64Schema().WithFormat("double").WithNullable()
	metrics := openapi3.NewObjectSchema().WithProperties(map[string]*openapi3.Schema{
		"precision": number, "recall": number, "f1": number, "num_samples": number,
	}).WithRequired([]string{"precision", "recall", "f1", "num_samples"})
	schemas["Metrics"] = metrics.NewRef()
	each := openapi3.NewObjectSchema()
	each.AdditionalProperties.Schema = ref("Metrics", metrics)
	schemas["MetricsByName"] = each.NewRef()
	all := openapi3.NewObjectSchema()
	all.Properties = openapi3.Schemas{"overall": ref("Metrics", metrics), "class": ref("MetricsByName", each), "slices": ref("MetricsByName", each)}
	all.Required = []string{"overall", "class"}
	schemas["AllMetrics"] = all.NewRef()
	performance := openapi3.NewSchema()
	performance.AnyOf = openapi3.SchemaRefs{ref("AllMetrics", all), ref("Metrics", metrics), ref("MetricsByName", each)}
	performance.Description = "All metrics, or the part that was asked for."
	schemas["Performance"].Value.Properties["performance"] = performance.NewRef()
	schemas["ModelVersion"].Value.Properties["performance"] = performance.NewRef()
	for name, description := range descriptions {
		if schemas[name] == nil {
			return fmt.Errorf("there is a description of %s, but no %s", name, name)
		}
		schemas[name].Value.Description = description
	}
	return nil
}

func ref(name string, schema *openapi3.Schema) *openapi3.SchemaRef {
	return openapi3.NewSchemaRef("#/components/schemas/"+name, schema)
}

// envelope returns an answer as the service writes it.
func envelope(method, target, status, last string) string {
	var code int
	_, _ = fmt.Sscan(status, &code)
	return fmt.Sprintf(`{"message":%q,"method":%q,"status-code":%d,"timestamp":"2021-03-21T13:13:46.696429","url":"http://localhost:8000%s",%s}`,
		http.StatusText(code), method, code, target, last)
}
