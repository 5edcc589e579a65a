package main

import (
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// open are the paths that need no credential, unless a setting says otherwise.
var open = map[string]bool{
	"/": true, "/livez": true, "/readyz": true, "/ping": true, "/health": true, "/v2/health/live": true, "/v2/health/ready": true,
}

// addSecurity adds the credentials that a service may ask for, and its answers to who has
// none that will do.
func addSecurity(doc *openapi3.T) {
	token := openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer")
	token.Description = "A key, or a JSON Web Token, as `Authorization: Bearer …`. Only a service that was started with keys or tokens asks for it."
	key := openapi3.NewSecurityScheme().WithType("apiKey").WithIn(openapi3.ParameterInHeader).WithName("X-API-Key")
	key.Description = "A key, as the header `X-API-Key`."
	doc.Components.SecuritySchemes = openapi3.SecuritySchemes{"bearer": {Value: token}, "key": {Value: key}}
	none := openapi3.NewSecurityRequirement()
	doc.Security = openapi3.SecurityRequirements{
		none, openapi3.NewSecurityRequirement().Authenticate("bearer"), openapi3.NewSecurityRequirement().Authenticate("key"),
	}

	doc.Components.Headers["Challenge"] = &openapi3.HeaderRef{Value: challenge()}
	for _, p := range append(protocols, envelopes) {
		doc.Components.Responses[p.prefix+"Unauthorized"] = p.refusal(doc, "401", "A key or a token is needed, or the one that was sent does not count.",
			"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key")
		doc.Components.Responses[p.prefix+"Forbidden"] = p.refusal(doc, "403", "The key or the token does not allow this; the detail names the action or the model.",
			"The action predict is needed, which the credential does not have")
	}
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if open[path] {
				operation.Security = openapi3.NewSecurityRequirements()
				continue
			}
			prefix := protocolOf(operation).prefix
			operation.Responses.Set("401", &openapi3.ResponseRef{Ref: "#/components/responses/" + prefix + "Unauthorized"})
			operation.Responses.Set("403", &openapi3.ResponseRef{Ref: "#/components/responses/" + prefix + "Forbidden"})
		}
	}
}

func challenge() *openapi3.Header {
	return &openapi3.Header{Parameter: openapi3.Parameter{
		Description: "What is needed or what is wrong, as RFC 6750 has it.",
		Required:    true,
		Schema:      openapi3.NewStringSchema().NewRef(),
		Example:     `Bearer realm="TagIfAI"`,
	}}
}

// refusal is an answer of any route of a protocol, so that its example is of one of them.
func (p *protocol) refusal(doc *openapi3.T, status, description, detail string) *openapi3.ResponseRef {
	response := openapi3.NewResponse().WithDescription(description).WithContent(p.problems(doc, status, detail))
	response.Headers = openapi3.Headers{
		"X-Request-Id":     {Ref: "#/components/headers/RequestId"},
		"WWW-Authenticate": {Ref: "#/components/headers/Challenge"},
	}
	return &openapi3.ResponseRef{Value: response}
}

// problems is the content of an error, with an example of it.
func (p *protocol) problems(doc *openapi3.T, status, detail string) openapi3.Content {
	content := openapi3.NewContentWithSchemaRef(ref(p.problem, doc.Components.Schemas[p.problem].Value), []string{"application/json"})
	var body string
	if p.body != nil {
		body = p.body(detail)
	} else {
		body = envelope("POST", "/predict", status, fmt.Sprintf(`"detail":%q`, detail))
	}
	content["application/json"].Example = json.RawMessage(body)
	return content
}
