package pickle

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
)

// allowed are the globals of the tests: what the pickles of these tests and of the
// fixtures name.
var allowed = Allow(
	func(string) string { return "is refused" },
	Classes("sklearn.feature_extraction.text", "TfidfVectorizer", "TfidfTransformer", "CountVectorizer"),
	Classes("sklearn.linear_model._stochastic_gradient", "SGDClassifier"),
	Classes("sklearn.linear_model._logistic", "LogisticRegression"),
	Classes("sklearn.linear_model._sgd_fast", "Log", "ModifiedHuber"),
	Classes("sklearn.pipeline", "Pipeline"),
	Classes("scipy.sparse._csr", "csr_matrix"),
	Functions("numpy.random._pickle", "__randomstate_ctor", "__bit_generator_ctor"),
	Mentioned("numpy", "float64"),
)

// Pieces of pickles, written by hand.

func text(s string) string { return "\x8c" + string(rune(len(s))) + s } // at most 127 bytes
func longText(n int) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}
func named(module, name string) string { return "c" + module + "\n" + name + "\n" }
func u64(n uint64) string              { return string(binary.LittleEndian.AppendUint64(nil, n)) }

const proto = "\x80\x04"

var (
	// arrayOf is joblib's stand-in for an array, without its items.
	arrayOf = func(shape, dtype string) string {
		return named("joblib.numpy_pickle", "NumpyArrayWrapper") + ")\x81}(" +
			text("subclass") + named("numpy", "ndarray") +
			text("shape") + shape +
			text("order") + text("C") +
			text("dtype") + dtype +
			text("allow_mmap") + "\x89ub"
	}
	dtypeOf = func(name string) string {
		return named("numpy", "dtype") + text(name) + "\x89\x88\x87R(K\x03" + text("<") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
	}
	f8 = dtypeOf("f8")
)

// hostile are pickles that nobody's model is, and what is said of them.
var hostile = []struct {
	name   string
	pickle string
	want   []string // in the error
}{
	// What would be run.
	{"os.system", proto + named("os", "system") + text("true") + "\x85R.", []string{"os.system", "byte 2"}},
	{"posix.system", proto + named("posix", "system") + text("true") + "\x85R.", []string{"posix.system"}},
	{"os.system by STACK_GLOBAL", proto + text("os") + text("system") + "\x93" + text("true") + "\x85R.", []string{"os.system"}},
	{"os.system by INST", proto + "(" + text("true") + "ios\nsystem\n.", []string{"os.system"}},
	{"os.system by OBJ", proto + "(" + named("os", "system") + text("true") + "o.", []string{"os.system"}},
	{"eval", proto + named("builtins", "eval") + text("1") + "\x85R.", []string{"builtins.eval"}},
	{"exec in protocol 2", "\x80\x02" + named("__builtin__", "exec") + text("1") + "\x85R.", []string{"__builtin__.exec"}},
	{"getattr", proto + named("builtins", "getattr") + ".", []string{"builtins.getattr"}},
	{"a path through dots", proto + text("numpy") + text("ndarray.tofile") + "\x93.", []string{"numpy.ndarray.tofile"}},
	{"a name of another's module", proto + named("joblib.numpy_pickle", "load") + ".", []string{"joblib.numpy_pickle.load"}},
	{"a name with a line feed", proto + text("os\n") + text("system") + "\x93.", []string{`"os\n.system"`}},
	{"runpy", proto + named("runpy", "_run_code") + ".", []string{"runpy._run_code"}},
	{"persistent id", proto + text("x") + "Q.", []string{"BINPERSID"}},
	{"extension registry", proto + "\x82\x01.", []string{"EXT1"}},
	{"buffer from elsewhere", "\x80\x05\x97.", []string{"NEXT_BUFFER"}},
	{"a class that is called", proto + named("numpy", "ndarray") + ")R.", []string{"numpy.ndarray", "called"}},
	{"an instance of a type", proto + named("numpy", "ndarray") + ")\x81.", []string{"numpy.ndarray", "instance"}},
	{"a text that is called", proto + text("x") + ")R.", []string{"a str is called"}},
	{"no arguments but a list", proto + named("numpy", "dtype") + "]R.", []string{"called with a list"}},
	{"another class", proto + named("sklearn.svm._classes", "LinearSVC") + ")\x81.", []string{"sklearn.svm._classes.LinearSVC is refused"}},
	{
		"a tokenizer",
		proto + named("sklearn.feature_extraction.text", "TfidfVectorizer") + ")\x81}(" + text("tokenizer") + named("__main__", "split") + "ub.",
		[]string{"TfidfVectorizer.tokenizer", "__main__.split", "refused"},
	},

	// What is cut short or out of order.
	{"only a protocol", proto, []string{"ends"}},
	{"no value", proto + ".", []string{"stack"}},
	{"protocol 0", "\x80\x00N.", []string{"protocol 0"}},
	{"protocol 6", "\x80\x06N.", []string{"protocol 6"}},
	{"no opcode", proto + "\xff.", []string{"opcode 0xff"}},
	{"POP of nothing", proto + "0.", []string{"stack"}},
	{"POP below a mark", proto + "N(0.", []string{"stack"}},
	{"POP_MARK without one", proto + "N1.", []string{"mark"}},
	{"TUPLE3 of two", proto + "NN\x87.", []string{"stack"}},
	{"SETITEMS with half a pair", proto + "}(Nu.", []string{"without a value"}},
	{"SETITEMS of a list", proto + "](NNu.", []string{"a dict", "a list"}},
	{"APPENDS to a dict", proto + "}(Ne.", []string{"a list", "a dict"}},
	{"ADDITEMS to a list", proto + "](N\x90.", []string{"a set", "a list"}},
	{"APPEND to nothing", proto + "Na.", []string{"stack"}},
	{"BUILD of None", proto + "N}b.", []string{"None gets a state"}},
	{"BUILD twice", proto + named("sklearn.pipeline", "Pipeline") + ")\x81}b}b.", []string{"sklearn.pipeline.Pipeline", "twice"}},
	{"a memo slot that is empty", proto + "h\x05.", []string{"memo slot 5"}},
	{"a memo slot in a gap", proto + "Nq\x05h\x04.", []string{"memo slot 4"}},
	{"STACK_GLOBAL of numbers", proto + "K\x01K\x02\x93.", []string{"an int"}},
	{"GLOBAL without an end", proto + "cos", []string{"no end"}},
	{"text cut off", proto + longText(100) + "abc", []string{"100 bytes", "ends"}},
	{"integer cut off", proto + "J\x01\x02", []string{"ends"}},

	// What asks for much.
	{"4 GiB of text", proto + longText(1<<32-1) + ".", []string{"4294967295", "ends"}},
	{"16 EiB of text", proto + "\x8d" + u64(1<<64-1) + ".", []string{"ends"}},
	{"8 EiB of bytes", proto + "\x8e" + u64(1<<63) + ".", []string{"ends"}},
	{"8 EiB of bytearray", "\x80\x05\x96" + u64(1<<63-1) + ".", []string{"ends"}},
	{"2 GiB of integer", proto + "\x8b\xff\xff\xff\x7f.", []string{"ends"}},
	{"a huge frame", proto + "\x95" + u64(1<<63) + "N.", []string{"ends"}},
	{"a huge memo slot", proto + "Nr\xff\xff\xff\xff.", []string{"memo slot 4294967295"}},
	{"a deep stack", proto + strings.Repeat("N", maxStack+1) + ".", []string{"stack"}},
	{"many marks", proto + strings.Repeat("(", maxStack+1) + ".", []string{"marks"}},
	{"many lists", proto + strings.Repeat("]0", 1<<16) + "N.", []string{"objects"}},
	{"many items", proto + "](" + strings.Repeat("N", 60000) + "e(" + strings.Repeat("N", 60000) + "e.", []string{"items"}},
	{"an array of 4 GiB", proto + arrayOf("M\x00\x80M\x00\x80\x86", f8) + ".", []string{"ends", "[32768 32768]"}},
	{"an array of 8 EiB", proto + arrayOf("J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", f8) + ".", []string{"larger than any"}},
	{"an array of overflow", proto + arrayOf("("+strings.Repeat("J\x00\x00\x00\x40", 6)+"t", f8) + ".", []string{"larger than any"}},
	{"a negative array", proto + arrayOf("J\xff\xff\xff\xff\x85", f8) + ".", []string{"dimension", "-1"}},
	{"an array of many dimensions", proto + arrayOf("("+strings.Repeat("K\x01", 9)+"t", f8) + ".", []string{"shape"}},
	{"an array of fractions", proto + arrayOf("G?\xe0\x00\x00\x00\x00\x00\x00\x85", f8) + ".", []string{"dimension", "0.5"}},
	{"an array of what is no type", proto + arrayOf("K\x01\x85", text("f8")) + ".", []string{"no dtype"}},
	{"an array of records", proto + named("numpy", "dtype") + text("V16") + "\x89\x88\x87R.", []string{"'V16'"}},
	{"an array of giant text", proto + named("numpy", "dtype") + text("U99999999999") + "\x89\x88\x87R.", []string{"U99999999999"}},
	{"arrays in arrays", proto + arrayOf("K\x01\x85", dtypeOf("O8")) + proto + arrayOf("K\x01\x85", dtypeOf("O8")) + ".", []string{"inside"}},
	{"an array of no objects", proto + arrayOf("K\x01\x85", dtypeOf("O8")) + proto + "N.", []string{"None"}},
	{"text decoded again and again", encodeBomb(), []string{"decoded"}},
	{"zeros decoded again and again", zerosBomb(), []string{"decoded"}},
	{"a set of a list again and again", setBomb(), []string{"items"}},
	{"a large state of many wrappers", stateBomb(), []string{"wrapper"}},
	{"a long name of a type", proto + named("numpy", "dtype") + longText(1000) + "U" + strings.Repeat("0", 998) + "1\x89\x88\x87R.", []string{"'U000"}},
	{"a long name of a global", proto + longText(1000) + strings.Repeat("x", 1000) + text("y") + "\x93.", []string{"xxx is refused"}},
}

// zerosBomb makes the same long text of nothing many times.
func zerosBomb() string {
	return proto + named("numpy.core.multiarray", "scalar") + "q\x000" + dtypeOf("U2500") + "q\x010" +
		"B" + longText(10000)[1:] + strings.Repeat("\x00", 10000) + "q\x020" + strings.Repeat("h\x00h\x01h\x02\x86R0", 10000) + "N."
}

// setBomb makes sets of the same long list, and adds to each.
func setBomb() string {
	return proto + named("builtins", "set") + "q\x000](" + strings.Repeat("N", 4000) + "eq\x010" +
		strings.Repeat("h\x00h\x01\x85R(N\x900", 10000) + "N."
}

// stateBomb makes arrays of nothing of a wrapper whose state takes long to search.
func stateBomb() string {
	return proto + "}(" + strings.Repeat("K\x00N", 3000) + "uq\x000" + named("joblib.numpy_pickle", "NumpyArrayWrapper") + "q\x010" +
		strings.Repeat("h\x01)\x81h\x00b0", 10000) + "N."
}

// encodeBomb decodes the same long text many times.
func encodeBomb() string {
	again := "h\x00h\x01h\x02\x86R0"
	return proto + named("_codecs", "encode") + "q\x000" + longText(10000) + strings.Repeat("a", 10000) + "q\x010" +
		text("latin1") + "q\x020" + strings.Repeat(again, 1000) + "N."
}

func TestUnpickleRefuses(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			_, err := unpickle([]byte(c.pickle), allowed)
			wantError(t, err, c.want...)
		})
	}
}

// wantError checks that err mentions all of want.
func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error %q does not mention %q", err, w)
		}
	}
}

// TestUnpickleTakesLittle holds what is taken for hostile pickles, and for the densest
// ones that the limits let through, against their size.
func TestUnpickleTakesLittle(t *testing.T) {
	const atFirst, perByte = 1 << 20, 96
	dense := hostile
	for name, piece := range map[string]string{
		"texts":            text("") + "0",
		"memo":             "N\x940",
		"tuples":           "N\x85\x940N\x940NNN000",
		"lists":            "]\x940NNN000N0",
		"get and append":   "NNNNNN000000]K\x01a0",
		"texts and append": "](" + strings.Repeat(text(""), 1000) + "e0",
	} {
		dense = append(dense, struct {
			name   string
			pickle string
			want   []string
		}{name, proto + strings.Repeat(piece, 1<<20/len(piece)) + "N.", nil})
	}
	for _, c := range dense {
		t.Run(c.name, func(t *testing.T) {
			data := []byte(c.pickle)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := unpickle(data, allowed)
			runtime.ReadMemStats(&after)
			if c.want == nil && err != nil {
				t.Fatal(err)
			}
			taken := after.TotalAlloc - before.TotalAlloc
			if limit := uint64(atFirst + perByte*len(data)); taken > limit {
				t.Errorf("%d bytes of pickle took %d, more than %d", len(data), taken, limit)
			}
			t.Logf("%d bytes of pickle took %d", len(data), taken)
		})
	}
}
