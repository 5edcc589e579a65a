package main

import (
	"encoding/json"

	"github.com/getkin/kin-openapi/openapi3"
)

// open are the paths that need no credential, unless a setting says otherwise.
var open = map[string]bool{"/": true, "/livez": true, "/readyz": true}

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
	doc.Components.Responses["Unauthorized"] = refusal(doc, "401", "A key or a token is needed, or the one that was sent does not count.",
		`"detail":"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"`)
	doc.Components.Responses["Forbidden"] = refusal(doc, "403", "The key or the token does not allow this; the detail names the action or the model.",
		`"detail":"The action predict is needed, which the credential does not have"`)
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if open[path] {
				operation.Security = openapi3.NewSecurityRequirements()
				continue
			}
			operation.Responses.Set("401", &openapi3.ResponseRef{Ref: "#/components/responses/Unauthorized"})
			operation.Responses.Set("403", &openapi3.ResponseRef{Ref: "#/components/responses/Forbidden"})
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

// refusal is an answer of any route, so that its example is of one of them.
func refusal(doc *openapi3.T, status, description, detail string) *openapi3.ResponseRef {
	content := openapi3.NewContentWithSchemaRef(ref("Problem", doc.Components.Schemas["Problem"].Value), []string{"application/json"})
	content["application/json"].Example = json.RawMessage(envelope("POST", "/predict", status, detail))
	response := openapi3.NewResponse().WithDescription(description).WithContent(content)
	response.Headers = openapi3.Headers{
		"X-Request-Id":     {Ref: "#/components/headers/RequestId"},
		"WWW-Authenticate": {Ref: "#/components/headers/Challenge"},
	}
	return &openapi3.ResponseRef{Value: response}
}
