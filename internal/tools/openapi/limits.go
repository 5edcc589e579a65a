package main

import (
	"github.com/getkin/kin-openapi/openapi3"
)

// unlimited are the paths that are answered however many requests a client sends.
var unlimited = open

// addLimits adds the answer to a client that sends too much.
func addLimits(doc *openapi3.T) {
	for name, header := range map[string]openapi3.Parameter{
		"RetryAfter":      {Description: "Seconds after which to try again.", Schema: openapi3.NewIntegerSchema().WithMin(1).NewRef(), Example: 3},
		"RateLimit":       {Description: "How much is left (r), and in how many seconds it is all back (t): draft-ietf-httpapi-ratelimit-headers-10.", Schema: openapi3.NewStringSchema().NewRef(), Example: `"requests";r=0;t=5, "texts";r=600;t=0`},
		"RateLimitPolicy": {Description: "How much a client may send (q) in how many seconds (w).", Schema: openapi3.NewStringSchema().NewRef(), Example: `"requests";q=20;w=5, "texts";q=600;w=60`},
	} {
		header.Required = true
		doc.Components.Headers[name] = &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: header}}
	}
	for _, p := range append(protocols, envelopes) {
		response := openapi3.NewResponse().WithDescription("The client sends too many requests, or has too many texts predicted. Only a service that was started with such limits says so.").
			WithContent(p.problems(doc, "429", "The client sends too many requests: try again later"))
		response.Headers = openapi3.Headers{
			"X-Request-Id":     {Ref: "#/components/headers/RequestId"},
			"Retry-After":      {Ref: "#/components/headers/RetryAfter"},
			"RateLimit":        {Ref: "#/components/headers/RateLimit"},
			"RateLimit-Policy": {Ref: "#/components/headers/RateLimitPolicy"},
		}
		doc.Components.Responses[p.prefix+"TooManyRequests"] = &openapi3.ResponseRef{Value: response}
	}
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if !unlimited[path] {
				operation.Responses.Set("429", &openapi3.ResponseRef{Ref: "#/components/responses/" + protocolOf(operation).prefix + "TooManyRequests"})
			}
		}
	}
}
