package deployment

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// definitions are the files that define kinds whose Go types have hundreds of packages
// behind them, in the modules of those who make them. They have all that a server checks.
var definitions = map[string]struct{ module, file string }{
	"ScaledObject":     {"github.com/kedacore/keda/v2@v2.21.0", "config/crd/bases/keda.sh_scaledobjects.yaml"},
	"InferenceService": {"github.com/kserve/kserve@v0.19.0", "config/crd/full/serving.kserve.io_inferenceservices.yaml"},
}

// custom decodes an object of such a kind: a field that its definition does not have is an
// error, and so is a value that is not as it says.
func custom(kind string, text []byte) (*unstructured.Unstructured, error) {
	schema, err := schemaOf(kind)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := yaml.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, &internal, nil); err != nil {
		return nil, err
	}
	fields, err := structural.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	if unknown := pruning.PruneWithOptions(object, fields, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}); len(unknown) > 0 {
		return nil, fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	data, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	var values spec.Schema
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	if err := validate.NewSchemaValidator(&values, nil, "", strfmt.Default).Validate(object).AsError(); err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: object}, nil
}

// schemaOf returns the schema of the version that kind's objects have here. The go command
// fetches the module, once, and verifies it.
func schemaOf(kind string) (*apiextensionsv1.JSONSchemaProps, error) {
	d := definitions[kind]
	out, err := exec.Command("go", "mod", "download", "-json", d.module).Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download %s: %w: %s", d.module, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, filepath.FromSlash(d.file)))
	if err != nil {
		return nil, err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &definition); err != nil {
		return nil, err
	}
	for _, version := range definition.Spec.Versions {
		if version.Storage {
			return version.Schema.OpenAPIV3Schema, nil
		}
	}
	return nil, fmt.Errorf("%s has no version", d.file)
}
