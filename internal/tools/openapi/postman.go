package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The parts of a Postman collection, v2.1, that we write.
type (
	postmanCollection struct {
		Info     map[string]string `json:"info"`
		Item     []postmanFolder   `json:"item"`
		Variable []postmanPair     `json:"variable"`
	}
	postmanFolder struct {
		Name        string        `json:"name"`
		Description string        `json:"description"`
		Item        []postmanItem `json:"item"`
	}
	postmanItem struct {
		Name    string         `json:"name"`
		Request postmanRequest `json:"request"`
		Event   []postmanEvent `json:"event"`
	}
	postmanRequest struct {
		Method      string        `json:"method"`
		Description string        `json:"description"`
		Header      []postmanPair `json:"header"`
		Body        *postmanBody  `json:"body,omitempty"`
		URL         postmanURL    `json:"url"`
	}
	postmanURL struct {
		Raw   string        `json:"raw"`
		Host  []string      `json:"host"`
		Path  []string      `json:"path"`
		Query []postmanPair `json:"query,omitempty"`
	}
	postmanBody struct {
		Mode string `json:"mode"`
		Raw  string `json:"raw"`
	}
	postmanPair struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	postmanEvent struct {
		Listen string        `json:"listen"`
		Script postmanScript `json:"script"`
	}
	postmanScript struct {
		Type string   `json:"type"`
		Exec []string `json:"exec"`
	}
)

// collection makes a Postman collection of a document: a folder for each tag,
// in it a request for each example of an answer that a request can be made for.
func collection(doc *openapi3.T) ([]byte, error) {
	c := postmanCollection{
		Info: map[string]string{
			"name":        doc.Info.Title,
			"description": doc.Info.Description,
			"version":     doc.Info.Version,
			"schema":      "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
		},
		Variable: []postmanPair{{"baseUrl", "http://localhost:8000"}},
	}
	for _, tag := range doc.Tags {
		folder := postmanFolder{Name: tag.Name, Description: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
			operations := doc.Paths.Value(path).Operations()
			for _, method := range slices.Sorted(maps.Keys(operations)) {
				operation := operations[method]
				if !slices.Contains(operation.Tags, tag.Name) {
					continue
				}
				items, err := requests(method, path, operation)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", method, path, err)
				}
				folder.Item = append(folder.Item, items...)
			}
		}
		c.Item = append(c.Item, folder)
	}
	return indent(c)
}

// requests makes a request for each example of a success, whose envelope says
// with what URL, and, where there is a body, one that is refused.
func requests(method, path string, operation *openapi3.Operation) ([]postmanItem, error) {
	var body *postmanBody
	if operation.RequestBody != nil {
		schema := operation.RequestBody.Value.Content["application/json"].Schema.Value
		example, err := json.MarshalIndent(schema.Example, "", "  ")
		if err != nil {
			return nil, err
		}
		body = &postmanBody{"raw", string(example)}
	}
	if protocolOf(operation) != &envelopes {
		target, err := url.Parse(inExample.Replace(path))
		if err != nil {
			return nil, err
		}
		title := strings.TrimSuffix(operation.Summary, ".")
		items := []postmanItem{bareRequest(title, method, operation.Description, target, body, http.StatusOK)}
		if body != nil && operation.RequestBody.Value.Required {
			items = append(items, bareRequest(title+": an empty object", method, "Refused, with what is wrong.", target, &postmanBody{"raw", "{}"}, http.StatusBadRequest))
		}
		return items, nil
	}
	var items []postmanItem
	examples := operation.Responses.Value("200").Value.Content["application/json"].Examples
	// What a setting turns on is a 404 without it, and the collection is for any service.
	mayBeOff := false
	if refused := operation.Responses.Value("404"); refused != nil {
		_, mayBeOff = refused.Value.Content["application/json"].Examples["off"]
	}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		answer, ok := examples[name].Value.Value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the example %s is not an object", name)
		}
		title := strings.TrimSuffix(operation.Summary, ".")
		if len(examples) > 1 {
			title += ": " + strings.ToLower(examples[name].Value.Summary)
		}
		target, err := url.Parse(fmt.Sprint(answer["url"]))
		if err != nil {
			return nil, err
		}
		if mayBeOff {
			items = append(items, request(title, method, operation.Description, target, body, map[int]string{http.StatusOK: "data", http.StatusNotFound: "detail"}))
			continue
		}
		items = append(items, request(title, method, operation.Description, target, body, map[int]string{http.StatusOK: "data"}))
		if body != nil {
			items = append(items, request(title+": an empty object", method, "Refused, with all that is wrong.", target,
				&postmanBody{"raw", "{}"}, map[int]string{http.StatusUnprocessableEntity: "detail"}))
		}
	}
	return items, nil
}

// request makes a request and the tests of its answer, whose envelope ends in last, by the
// status that it may have.
func request(name, method, description string, target *url.URL, body *postmanBody, last map[int]string) postmanItem {
	var query []postmanPair
	values := target.Query()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[key] {
			query = append(query, postmanPair{key, value})
		}
	}
	var statuses, lasts []string
	for _, status := range slices.Sorted(maps.Keys(last)) {
		statuses = append(statuses, strconv.Itoa(status))
		lasts = append(lasts, strconv.Itoa(status)+`: "`+last[status]+`"`)
	}
	script := []string{
		`pm.test("status ` + strings.Join(statuses, " or ") + `", () => pm.expect(pm.response.code).to.be.oneOf([` + strings.Join(statuses, ", ") + `]));`,
		`pm.test("envelope", () => {`,
		`  const answer = pm.response.json();`,
		`  const last = {` + strings.Join(lasts, ", ") + `}[pm.response.code];`,
		`  pm.expect(Object.keys(answer)).to.eql(["message", "method", "status-code", "timestamp", "url", last]);`,
		`  pm.expect(answer["status-code"]).to.eql(pm.response.code);`,
		`  pm.expect(answer.method).to.eql("` + method + `");`,
		`});`,
	}
	item := newRequest(name, method, description, target, body, script)
	item.Request.URL.Query = query
	return item
}

// bareRequest makes a request whose answer has no envelope and this status.
func bareRequest(name, method, description string, target *url.URL, body *postmanBody, status int) postmanItem {
	code := strconv.Itoa(status)
	return newRequest(name, method, description, target, body, []string{`pm.test("status ` + code + `", () => pm.response.to.have.status(` + code + `));`})
}

func newRequest(name, method, description string, target *url.URL, body *postmanBody, script []string) postmanItem {
	header := []postmanPair{{"Accept", "application/json"}}
	if body != nil {
		header = append(header, postmanPair{"Content-Type", "application/json"})
	}
	return postmanItem{
		Name: name,
		Request: postmanRequest{
			Method:      method,
			Description: description,
			Header:      header,
			Body:        body,
			URL: postmanURL{
				Raw:  "{{baseUrl}}" + target.RequestURI(),
				Host: []string{"{{baseUrl}}"},
				Path: strings.Split(strings.TrimPrefix(target.Path, "/"), "/"),
			},
		},
		Event: []postmanEvent{{"test", postmanScript{"text/javascript", script}}},
	}
}
