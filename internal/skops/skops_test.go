package skops

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"tagifai/internal/pickle"
)

// allowed are the classes of the fixtures, and a few for the tests.
var allowed = pickle.Allow(func(string) string { return "is refused" },
	pickle.Classes("sklearn.pipeline", "Pipeline"),
	pickle.Classes("sklearn.feature_extraction.text", "TfidfVectorizer", "TfidfTransformer"),
	pickle.Classes("sklearn.linear_model._stochastic_gradient", "SGDClassifier"),
	pickle.Classes("sklearn.linear_model._sgd_fast", "Log", "ModifiedHuber"),
	pickle.Classes("sklearn._loss._loss", "CyHalfBinomialLoss"),
	pickle.Classes("_loss", "CyHalfBinomialLoss"),
	pickle.Classes("scipy.sparse.csr", "csr_matrix"),
	pickle.Classes("scipy.sparse._csr", "csr_matrix"),
	pickle.Mentioned("numpy", "float64"),
	pickle.Classes("a", "B"),
)

// fixtures are the files of skops among those of scikit-learn, by their paths.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "sklearn", "testdata", "*", "*.skops"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	fixtures := make(map[string][]byte)
	for _, file := range files {
		if fixtures[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return fixtures
}

func decode(data []byte) (pickle.Node, error) {
	return Decode(bytes.NewReader(data), int64(len(data)), allowed)
}

func TestFixtures(t *testing.T) {
	for name, data := range fixtures(t) {
		if !IsArchive(data) || !IsModel(bytes.NewReader(data), int64(len(data))) {
			t.Errorf("%s is not told from other files", name)
		}
		n, err := decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n.Class() == "" {
			t.Errorf("%s holds %v", name, n)
		}
	}
}

// A file is a member of an archive that a test makes.
type file struct {
	name, data string
	method     uint16
}

// archiveOf makes an archive.
func archiveOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method})
		if err == nil {
			_, err = w.Write([]byte(f.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rawArchive makes an archive as Python does: without data descriptors, so that the
// fields of a header are where the tests change them.
func rawArchive(files ...file) []byte {
	var b, directory []byte
	for _, f := range files {
		offset := len(b)
		var fields []byte
		fields = binary.LittleEndian.AppendUint16(fields, 20)
		fields = append(fields, make([]byte, 8)...) // flags, method, time, date
		fields = binary.LittleEndian.AppendUint32(fields, crc32.ChecksumIEEE([]byte(f.data)))
		fields = binary.LittleEndian.AppendUint32(fields, uint32(len(f.data)))
		fields = binary.LittleEndian.AppendUint32(fields, uint32(len(f.data)))
		fields = binary.LittleEndian.AppendUint16(fields, uint16(len(f.name)))
		fields = binary.LittleEndian.AppendUint16(fields, 0) // extra
		b = append(b, magic...)
		b = append(append(append(b, fields...), f.name...), f.data...)
		directory = append(directory, "PK\x01\x02\x14\x00"...)
		directory = append(directory, fields...)
		directory = append(directory, make([]byte, 10)...) // comment, disk, attributes
		directory = binary.LittleEndian.AppendUint32(directory, uint32(offset))
		directory = append(directory, f.name...)
	}
	offset := len(b)
	b = append(b, directory...)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(files)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(files)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(directory)))
	b = binary.LittleEndian.AppendUint32(b, uint32(offset))
	return append(b, 0, 0)
}

// set returns a copy of an archive with other bytes at a place after the last occurrence
// of a signature.
func set(data []byte, signature string, offset int, to ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[bytes.LastIndex(data, []byte(signature))+offset:], to)
	return data
}

// The places in an entry of a central directory.
const (
	entry       = "PK\x01\x02"
	entryFlags  = 8
	entryMethod = 10
	entrySum    = 16
	entryPacked = 20
	entrySize   = 24
	entryOffset = 42
)

// none is the schema of None.
const none = `{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "null", "protocol": 2}`

// nodeOf is the JSON of a node.
func nodeOf(class, loader string, fields ...string) string {
	module, name := "builtins", class
	if i := strings.LastIndexByte(class, '.'); i >= 0 {
		module, name = class[:i], class[i+1:]
	}
	return fmt.Sprintf(`{"__class__": %q, "__module__": %q, "__loader__": %q%s}`, name, module, loader, strings.Join(append([]string{""}, fields...), ", "))
}

func jsonNodeOf(text string) string {
	return nodeOf("str", "JsonNode", fmt.Sprintf(`"content": %q`, text))
}

func listOf(items ...string) string {
	return nodeOf("list", "ListNode", `"content": [`+strings.Join(items, ", ")+`]`)
}

// root makes a node the whole schema.
func root(node string) string { return node[:len(node)-1] + `, "protocol": 2}` }

// npyOf makes an .npy.
func npyOf(header, data string) string {
	return "\x93NUMPY\x01\x00" + string(rune(len(header))) + "\x00" + header + data
}

func nested(depth int) string {
	s := jsonNodeOf("1")
	for range depth {
		s = listOf(s)
	}
	return root(s)
}

const (
	eight     = "{'descr': '<i8', 'fortran_order': False, 'shape': (), }"
	zeros     = "\x00\x00\x00\x00\x00\x00\x00\x00"
	fileField = `"type": "numpy", "file": "1.npy"`
)

type hostileArchive struct {
	name string
	data []byte
	want []string
}

var (
	hostileOnce     sync.Once
	hostileArchives []hostileArchive
)

// hostile are archives that have to be refused, and what the error names. They are made once:
// with the race detector that takes half a minute.
func hostile(t testing.TB) []hostileArchive {
	hostileOnce.Do(func() { hostileArchives = makeHostile(t) })
	return hostileArchives
}

func makeHostile(t testing.TB) []hostileArchive {
	schema := func(text string, more ...file) []byte {
		return rawArchive(append([]file{{name: schemaName, data: text}}, more...)...)
	}
	two := schema(none, file{name: "b.npy", data: "x"})
	array := func(header, data string) []byte {
		return schema(root(nodeOf("numpy.ndarray", "NdArrayNode", fileField)), file{name: "1.npy", data: npyOf(header, data)})
	}
	dict := func(content, types string) []byte {
		return schema(root(nodeOf("dict", "DictNode", `"content": `+content, `"key_types": `+types)))
	}
	npz := func(inner []byte) []byte {
		return schema(root(nodeOf("scipy.sparse._csr.csr_matrix", "SparseMatrixNode", `"type": "scipy", "file": "1.npz"`)), file{name: "1.npz", data: string(inner)})
	}
	bomb := strings.Repeat(" ", 80<<20)
	return []hostileArchive{
		// Archives.
		{"empty", nil, []string{"not a zip archive"}},
		{"no archive", []byte("hello"), []string{"not a zip archive"}},
		{"cut off", two[:len(two)-10], []string{"not a zip archive"}},
		{"without its beginning", two[20:], []string{"schema.json", "offset"}},
		{"no schema", rawArchive(file{name: "a.npy", data: "x"}), []string{"no member", "schema.json"}},
		{"a name twice", schema(none, file{name: schemaName, data: none}), []string{"two members", "schema.json"}},
		{"a path up", schema(none, file{name: "../x", data: "x"}), []string{"../x", "path"}},
		{"an absolute path", schema(none, file{name: "/etc/passwd", data: "x"}), []string{"/etc/passwd", "path"}},
		{"a path of Windows", schema(none, file{name: `..\x`, data: "x"}), []string{"path"}},
		{"a directory", schema(none, file{name: "a/"}), []string{"path"}},
		{"no name", schema(none, file{name: "", data: "x"}), []string{"path"}},
		{"encrypted", set(two, entry, entryFlags, 1), []string{"encrypted"}},
		{"another compression", set(two, entry, entryMethod, 12), []string{"method 12"}},
		{"a wrong sum", set(schema(none), entry, entrySum, 1, 2, 3, 4), []string{"schema.json", "checksum"}},
		{"too large a size", set(two, entry, entrySize, 2), []string{"b.npy", "sizes"}},
		{"a size beyond the file", set(two, entry, entryPacked, 0xff, 0xff, 0, 0, 0xff, 0xff), []string{"b.npy", "sizes"}},
		{"a size of 4 GiB", set(two, entry, entrySize, 0xfe, 0xff, 0xff, 0xff), []string{"b.npy", "sizes"}},
		{"a zip64 size that is missing", set(two, entry, entrySize, 0xff, 0xff, 0xff, 0xff), []string{"b.npy", "sizes"}},
		{"a member inside of another", set(two, entry, entryOffset, 0), []string{"overlap"}},
		{"an offset beyond the file", set(two, entry, entryOffset, 0xff, 0xff, 0xff), []string{"b.npy"}},
		{"more members than it says", set(two, "PK\x05\x06", 8, 1, 0, 1), []string{"zip"}},
		{"a zip64 directory that is none", set(two, "PK\x05\x06", 8, 0xff, 0xff, 0xff, 0xff), []string{"zip"}},
		{"a bomb", archiveOf(t, file{schemaName, none, zip.Store}, file{"a.npy", bomb, zip.Deflate}), nil},
		{"a bomb that is read", archiveOf(t, file{schemaName, none + bomb, zip.Deflate}), []string{"schema.json", "grows"}},
		{"a bomb in a matrix", npz(archiveOf(t, file{"data.npy", bomb, zip.Deflate})), []string{"1.npz", "data.npy", "grows"}},
		{
			"a bomb that is read again and again",
			archiveOf(t, file{schemaName, root(listOf(repeat(100, nodeOf("numpy.ndarray", "NdArrayNode", fileField))...)), zip.Store},
				file{"1.npy", npyOf("{'descr': '<i8', 'fortran_order': False, 'shape': (131072,), }", strings.Repeat(zeros, 131072)), zip.Deflate}),
			[]string{"1.npy", "grows"},
		},

		// Schemas.
		{"no JSON", schema("hello"), []string{"schema.json", "invalid"}},
		{"a list", schema("[]"), []string{"schema.json"}},
		{"nothing", schema(""), []string{"schema.json"}},
		{"two schemas", schema(none + none), []string{"schema.json", "follows"}},
		{"cut-off JSON", schema(none[:40]), []string{"schema.json", "EOF"}},
		{"no protocol", schema(jsonNodeOf("1")), []string{"protocol 0", "0.9"}},
		{"a later protocol", schema(strings.Replace(none, `"protocol": 2`, `"protocol": 3`, 1)), []string{"protocol 3"}},
		{"a protocol that is no number", schema(strings.Replace(none, `"protocol": 2`, `"protocol": true`, 1)), []string{"true", "integer"}},
		{"deep nodes", schema(nested(101)), []string{"more than 100"}},
		{"deep JSON", schema(strings.Replace(none, `"null"`, strings.Repeat("[", 20000)+strings.Repeat("]", 20000), 1)), []string{"schema.json"}},
		{"deep JSON that is skipped", schema(strings.Replace(none, `"protocol"`, `"x": `+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`, "protocol"`, 1)), []string{"schema.json"}},
		{"a long text", schema(root(jsonNodeOf(`"` + strings.Repeat("a", 2<<20) + `"`))), []string{"a text of more than"}},
		{"a class that is not allowed", schema(root(nodeOf("os.system", "ObjectNode", `"content": `+nodeOf("dict", "DictNode", `"content": {}`)))), []string{"os.system is refused"}},
		{"a type that is not allowed", schema(root(nodeOf("subprocess.Popen", "TypeNode"))), []string{"subprocess.Popen is refused"}},
		{
			"a function in an attribute",
			schema(root(nodeOf("a.B", "ObjectNode", `"content": `+nodeOf("dict", "DictNode", `"content": {"tokenizer": `+nodeOf("mine.split", "FunctionNode")+`}`)))),
			[]string{"B.tokenizer is mine.split", "is refused"},
		},
		{"a method", schema(root(nodeOf("a.B", "MethodNode", `"content": {"func": "run", "obj": `+nodeOf("a.B", "ObjectNode")+`}`))), []string{"a.B.run is refused"}},
		{"a partial function", schema(root(nodeOf("functools.partial", "PartialNode", `"content": {}`))), []string{"functools.partial is refused"}},
		{"an operator", schema(root(nodeOf("operator.methodcaller", "OperatorFuncNode", `"attrs": {}`))), []string{"operator.methodcaller is refused"}},
		{"a class made of arguments", schema(root(nodeOf("os.system", "ConstructorFromReduceNode", `"content": {}`))), []string{"os.system is refused"}},
		{"a loss of another class", schema(root(nodeOf("os.system", "LossNode", `"content": {}`))), []string{"os.system is refused"}},
		{"a dict of another class", schema(root(nodeOf("os.Dict", "DictNode", `"content": {}`))), []string{"os.Dict is refused"}},
		{"a list of another class", schema(root(nodeOf("os.List", "ListNode", `"content": []`))), []string{"os.List is refused"}},
		{"a generator of another class", schema(root(nodeOf("os.system", "RandomStateNode", `"content": {}`))), []string{"os.system is refused"}},
		{"a scalar of another class", schema(root(nodeOf("os.system", "NdArrayNode", fileField))), []string{"os.system is refused"}},
		{"another loader", schema(root(nodeOf("a.B", "EvilNode", `"content": {}`))), []string{"EvilNode"}},
		{"no loader", schema(`{"__class__": "str", "protocol": 2}`), []string{"__loader__"}},
		{"no content", schema(root(nodeOf("dict", "DictNode"))), []string{"content is missing"}},
		{"content before the loader", schema(`{"content": "null", "__loader__": "JsonNode", "protocol": 2}`), []string{"before the loader"}},
		{"content before the class", schema(`{"__loader__": "ObjectNode", "content": {}, "__class__": "B", "protocol": 2}`), []string{"before its class"}},
		{"content twice", schema(root(nodeOf("str", "JsonNode", `"content": "1", "content": "2"`))), []string{"content twice"}},
		{"content that is not JSON", schema(root(jsonNodeOf("os.system"))), []string{"os.system"}},
		{"content of another kind", schema(root(nodeOf("str", "JsonNode", `"content": 1`))), []string{"JsonNode"}},
		{"a name that is no text", schema(`{"__class__": 1, "protocol": 2}`), []string{"name"}},
		{"half a surrogate", schema(root(nodeOf("str", "JsonNode", `"content": "\"\\ud800\""`))), []string{"schema.json"}},

		// References.
		{"a reference to nothing", schema(root(nodeOf("None", "CachedNode", `"__id__": 7`))), []string{"object 7", "not known"}},
		{"a reference without an id", schema(root(nodeOf("None", "CachedNode"))), []string{"not known"}},
		{"an object inside of itself", schema(root(nodeOf("list", "ListNode", `"content": [`+nodeOf("list", "ListNode", `"content": []`, `"__id__": 7`)+`]`, `"__id__": 7`))), []string{"object 7", "inside of itself"}},
		{"an id that is no number", schema(root(nodeOf("list", "ListNode", `"content": []`, `"__id__": "7"`))), []string{"integer"}},
		{"a list that refers to itself", schema(root(nodeOf("list", "ListNode", `"__id__": 7`, `"content": [`+nodeOf("None", "CachedNode", `"__id__": 7`)+`]`))), []string{"object 7", "not known"}},

		// Dicts.
		{"keys of a class that is refused", dict(`{"a": `+jsonNodeOf("1")+`}`, listOf(nodeOf("os.system", "TypeNode"))), []string{"os.system is refused"}},
		{"keys of a class that is no key", dict(`{"a": `+jsonNodeOf("1")+`}`, listOf(nodeOf("a.B", "TypeNode"))), []string{"a.B"}},
		{"keys that are no numbers", dict(`{"a": `+jsonNodeOf("1")+`}`, listOf(nodeOf("int", "TypeNode"))), []string{`"a"`, "int"}},
		{"fewer types", dict(`{"a": `+jsonNodeOf("1")+`}`, listOf()), []string{"fewer types"}},
		{"more types", dict(`{}`, listOf(nodeOf("str", "TypeNode"))), []string{"more types"}},
		{"types before keys", schema(`{"__loader__": "DictNode", "key_types": [], "protocol": 2}`), []string{"key_types"}},

		// Arrays.
		{"no member", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", fileField))), []string{"no member", "1.npy"}},
		{"a member that is not an array", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", fileField)), file{name: "1.npy", data: "hello"}), []string{"1.npy", "numpy.save"}},
		{"another version", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", fileField)), file{name: "1.npy", data: "\x93NUMPY\x09\x00aaaaaaaa"}), []string{"1.npy", "version 9"}},
		{"a header beyond the file", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", fileField)), file{name: "1.npy", data: "\x93NUMPY\x01\x00\xff\x00aaaaaaaa"}), []string{"1.npy", "header"}},
		{"too little data", array("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", zeros), []string{"1.npy", "bytes of data"}},
		{"too much data", array("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", zeros+"x"), []string{"1.npy", "bytes of data"}},
		{"a shape larger than any", array("{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", zeros), []string{"1.npy", "shape"}},
		{"a negative shape", array("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", zeros), []string{"1.npy", "'shape'"}},
		{"objects", array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "\x80\x04."), []string{"1.npy", "type '|O'"}},
		{"fields", array("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", zeros), []string{"1.npy", "'descr'"}},
		{"an unknown type", array("{'descr': '<x8', 'fortran_order': False, 'shape': (1,), }", zeros), []string{"1.npy", "<x8"}},
		{"no byte order", array("{'descr': 'f8', 'fortran_order': False, 'shape': (1,), }", zeros), []string{"1.npy"}},
		{"a header that is no dict", array("[]", ""), []string{"1.npy", "dict"}},
		{"a header without an end", array("{'descr': '<f8'", ""), []string{"1.npy"}},
		{"a header with something else", array("{'a': 1}", ""), []string{"1.npy", "'a'"}},
		{"a scalar that is an array", schema(root(nodeOf("numpy.int64", "NdArrayNode", fileField)), file{name: "1.npy", data: npyOf("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", zeros)}), []string{"1.npy", "one number"}},
		{"a scalar without data", schema(root(nodeOf("numpy.int64", "NdArrayNode", fileField)), file{name: "1.npy", data: npyOf(eight, "")}), []string{"1.npy", "0 bytes"}},
		{"objects of another shape", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", `"content": [`+jsonNodeOf("1")+`], "type": "json", "shape": `+nodeOf("tuple", "TupleNode", `"content": [`+jsonNodeOf("2")+`]`)))), []string{"2 objects has 1"}},
		{"a shape that is none", schema(root(nodeOf("numpy.ndarray", "NdArrayNode", `"content": [], "type": "json", "shape": `+jsonNodeOf("2")))), []string{"shape"}},
		{"a matrix that is no archive", npz([]byte("hello")), []string{"1.npz", "not a zip archive"}},
		{"a matrix with a broken array", npz(rawArchive(file{name: "data.npy", data: "hello"})), []string{"1.npz", "data.npy"}},
		{"a matrix of another shape", npz(rawArchive(file{name: "shape.npy", data: npyOf("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", zeros)})), []string{"1.npz", "shape.npy"}},
	}
}

func repeat(n int, s string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// TestHostile has all of them refused, without taking much memory.
func TestHostile(t *testing.T) {
	limit := uint64(96 << 20)
	if raced {
		limit *= 2
	}
	for _, c := range hostile(t) {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := decode(c.data)
			runtime.ReadMemStats(&after)
			if taken := after.TotalAlloc - before.TotalAlloc; taken > limit+8*uint64(len(c.data)) {
				t.Errorf("%d bytes were taken for a file of %d", taken, len(c.data))
			}
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatalf("got %v", n)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
		})
	}
}

// TestValues reads what a model has few of.
func TestValues(t *testing.T) {
	array := file{name: "1.npy", data: npyOf(eight, "\x07\x00\x00\x00\x00\x00\x00\x00")}
	dict := func(key, class string) string {
		return nodeOf("dict", "DictNode", `"content": {`+key+`: `+jsonNodeOf("1")+`}`, `"key_types": `+listOf(nodeOf(class, "TypeNode")))
	}
	for _, c := range []struct{ name, node, want string }{
		{"None", jsonNodeOf("null"), "None"},
		{"a bool", jsonNodeOf("true"), "True"},
		{"an int", jsonNodeOf("-3"), "-3"},
		{"an int of many digits", jsonNodeOf("123456789012345678901234567890"), "an int of more than 64 bits"},
		{"a float", jsonNodeOf("1e-3"), "0.001"},
		{"no number", jsonNodeOf("NaN"), "NaN"},
		{"infinity", jsonNodeOf("-Infinity"), "-Inf"},
		{"a text", nodeOf("str", "JsonNode", `"content": "\"\\u6df1\\ud83d\\ude00\\n\""`), `'深😀\n'`},
		{"a scalar", nodeOf("numpy.int64", "NdArrayNode", fileField), "7"},
		{"an array of objects", nodeOf("numpy.ndarray", "NdArrayNode", `"content": [`+jsonNodeOf("1")+`], "type": "json", "shape": `+nodeOf("tuple", "TupleNode", `"content": [`+jsonNodeOf("1")+`]`)), "an array of O8 with shape [1]"},
		{"a type", nodeOf("numpy.dtype", "DTypeNode", `"content": `+nodeOf("numpy.ndarray", "NdArrayNode", `"type": "numpy", "file": "0.npy"`)), "dtype f4"},
		{"a class", nodeOf("numpy.float64", "TypeNode"), "numpy.float64"},
		{"an object without attributes", nodeOf("builtins.object", "ObjectNode"), "a object"},
		{"a generator of random numbers", nodeOf("numpy.random.mtrand.RandomState", "RandomStateNode", `"content": {}`), "a RandomState"},
		{"a masked array", nodeOf("numpy.ma.MaskedArray", "MaskedArrayNode", `"content": {}`), "a MaskedArray"},
		{"a slice", nodeOf("slice", "SliceNode", `"content": {"start": 0}`), "a slice"},
		{"keys that are texts", dict(`"a"`, "str"), "a dict"},
		{"keys that are numbers", dict(`"1"`, "numpy.int64"), "a dict"},
		{"keys that are floats", dict(`"0.5"`, "float"), "a dict"},
		{"a set", nodeOf("set", "SetNode", `"content": [`+jsonNodeOf("1")+`]`), "{1}"},
		{"an object in two places", listOf(nodeOf("list", "ListNode", `"content": [`+jsonNodeOf("1")+`]`, `"__id__": 7`), nodeOf("None", "CachedNode", `"__id__": 7`)), "[a list, a list]"},
		{"a dict with defaults", nodeOf("collections.defaultdict", "DefaultDictNode", `"content": {"main": `+dict(`"a"`, "str")+`, "default_factory": {}}`), "a dict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := rawArchive(file{name: schemaName, data: root(c.node)}, array,
				file{name: "0.npy", data: npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "")})
			n, err := decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if got := n.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if n, err := decode(rawArchive(file{name: schemaName, data: root(dict(`"1"`, "int"))})); err != nil {
		t.Error(err)
	} else if _, _, err := n.Numbered(); err == nil {
		t.Error("a key that is a number passes for a text")
	}
}
