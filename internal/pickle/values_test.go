package pickle

import (
	"slices"
	"testing"
)

// number is numpy's scalar of a type and its bytes.
func number(dtype, data string) string {
	return named("numpy.core.multiarray", "scalar") + dtype + "C" + string(rune(len(data))) + data + "\x86R"
}

// big is a dtype of the other byte order.
func big(name string) string {
	return named("numpy", "dtype") + text(name) + "K\x00K\x01\x87R(K\x03" + text(">") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ name, pickle, want string }{
		{"None", "N", "None"},
		{"True", "\x88", "True"},
		{"int", "J\xfe\xff\xff\xff", "-2"},
		{"int of one byte", "K\xfe", "254"},
		{"int of two", "M\xfe\xff", "65534"},
		{"long of none", "\x8a\x00", "0"},
		{"long", "\x8a\x03\x00\x00\x80", "-8388608"},
		{"long of eight", "\x8b\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f", "9223372036854775807"},
		{"long of nine", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01", "an int of more than 64 bits"},
		{"float", "G?\xf8\x00\x00\x00\x00\x00\x00", "1.5"},
		{"str", text("a\n'\"\u00e9"), `'a\n'"é'`},
		{"long str", longText(100) + "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890", "'123456789012345678901234567890123456789012345678901234567890…'"},
		{"bytes of protocol 2", named("_codecs", "encode") + text("\u00e9") + text("latin1") + "\x86R", "bytes"},
		{"bytes of none", named("__builtin__", "bytes") + ")R", "bytes"},
		{"bytearray", named("builtins", "bytearray") + "C\x02ab\x85R", "bytes"},
		{"tuple", "(K\x01K\x02K\x03K\x04K\x05t", "(1, 2, 3, 4, …)"},
		{"list", "](Ne", "[None]"},
		{"set", "\x8f(K\x01\x90", "{1}"},
		{"set of protocol 2", named("__builtin__", "set") + "](K\x01e\x85R", "{1}"},
		{"frozenset", "(K\x01\x91", "{1}"},
		{"dict", "}" + text("a") + "Ns", "a dict"},
		{"OrderedDict", named("collections", "OrderedDict") + ")R(K\x00Nu", "a dict"},
		{"class", named("numpy", "float64"), "numpy.float64"},
		{"instance", named("sklearn.pipeline", "Pipeline") + ")\x81", "a Pipeline"},
		{"what is popped", "K\x01K\x020(NN1", "1"},

		{"i1", number(dtypeOf("i1"), "\xfe"), "-2"},
		{"i2", number(dtypeOf("i2"), "\xfe\xff"), "-2"},
		{"i4, big endian", number(big("i4"), "\xff\xff\xff\xfe"), "-2"},
		{"i8", number(dtypeOf("i8"), "\xfe\xff\xff\xff\xff\xff\xff\xff"), "-2"},
		{"u1", number(dtypeOf("u1"), "\xfe"), "254"},
		{"u4", number(dtypeOf("u4"), "\xfe\xff\xff\xff"), "4294967294"},
		{"u8 that is too large", number(dtypeOf("u8"), "\xfe\xff\xff\xff\xff\xff\xff\xff"), "a scalar"},
		{"b1", number(dtypeOf("b1"), "\x01"), "True"},
		{"f4", number(dtypeOf("f4"), "\x00\x00\xc0\x3f"), "1.5"},
		{"f8, big endian", number(big("f8"), "\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5"},
		{"f2", number(dtypeOf("f2"), "\x00\x00"), "a scalar"},
		{"c16", number(dtypeOf("c16"), "0123456789abcdef"), "a scalar"},
		{"U3", number(dtypeOf("U3"), "a\x00\x00\x00\xf1\x6d\x00\x00\x00\x00\x00\x00"), "'a深'"},
		{"dtype", dtypeOf("U3"), "dtype U3"},
		{"array", arrayOf("K\x02\x85", dtypeOf("i4")) + "01234567", "an array of i4 with shape [2]"},
		{"array without BUILD", named("numpy.core.multiarray", "_reconstruct") + named("numpy", "ndarray") + "K\x00\x85C\x01b\x87R", "an array of nothing yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := unpickle([]byte(proto+c.pickle+"."), allowed)
			if err != nil {
				t.Fatal(err)
			}
			if got := n.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestArrays reads the same matrix in each type, order and way of pickling it.
func TestArrays(t *testing.T) {
	const rows, columns = "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa0\x40\x00\x00\xc0\x40",
		"\x01\x00\x00\x00\x04\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00\x03\x00\x00\x00\x06\x00\x00\x00"
	reconstruct := named("numpy.core.multiarray", "_reconstruct") + named("numpy", "ndarray") + "K\x00\x85C\x01b\x87R"
	state := func(dtype, fortran, data string) string {
		return "(K\x01K\x02K\x03\x86" + dtype + fortran + data + "tb"
	}
	view := func(data, dtype, order string) string {
		return named("numpy.core.numeric", "_frombuffer") + "(" + "\x96" + u64(uint64(len(data))) + data + "\x98" + dtype + "K\x02K\x03\x86" + text(order) + "tR"
	}
	for _, c := range []struct{ name, pickle string }{
		{"joblib", arrayOf("K\x02K\x03\x86", dtypeOf("f4")) + rows},
		{"plain", reconstruct + state(dtypeOf("f4"), "\x89", "C\x18"+rows)},
		{"plain, by columns", reconstruct + state(dtypeOf("i4"), "\x88", "C\x18"+columns)},
		{"a view", view(rows, dtypeOf("f4"), "C")},
		{"a view, by columns", view(columns, dtypeOf("i4"), "F")},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := unpickle([]byte("\x80\x05"+c.pickle+"."), allowed)
			if err != nil {
				t.Fatal(err)
			}
			got, err := n.Numbers(2, 3)
			if want := []float64{1, 2, 3, 4, 5, 6}; err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v and error %v, want %v", got, err, want)
			}
		})
	}
	for _, c := range []struct{ name, pickle, want string }{
		{"too few bytes", reconstruct + state(dtypeOf("f8"), "\x89", "C\x18"+rows), "has 24 bytes of data, not 48"},
		{"a list of numbers", reconstruct + state(dtypeOf("f8"), "\x89", "]"), "the data of an array of f8 is a list"},
		{"too few objects", reconstruct + state(dtypeOf("O8"), "\x89", "]"), "an array of 6 objects has 0"},
		{"objects that are bytes", reconstruct + state(dtypeOf("O8"), "\x89", "C\x01a"), "the data of an array of O8 is bytes"},
		{"a view of objects", view("", dtypeOf("O8"), "C"), "an array of objects has data"},
		{"a view too short", view(rows, dtypeOf("f8"), "C"), "has 24 bytes of data, not 48"},
		{"a state twice", reconstruct + state(dtypeOf("f4"), "\x89", "C\x18"+rows) + state(dtypeOf("f4"), "\x89", "C\x18"+rows), "second"},
		{"a state that is none", reconstruct + "}b", "not one"},
		{"of another class", named("numpy.core.multiarray", "_reconstruct") + named("numpy", "memmap") + "K\x00\x85C\x01b\x87R", "numpy.ndarray"},
		{"a scalar too short", number(dtypeOf("f8"), "1"), "1 bytes of data for a type of 8"},
		{"a dtype with fields", named("numpy", "dtype") + text("f8") + "\x85R(K\x03" + text("<") + "N}Ntb", "fields"},
		{"a dtype of no order", named("numpy", "dtype") + text("f8") + "\x85R(K\x03" + text("x") + "NNNtb", "'x'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := unpickle([]byte("\x80\x05"+c.pickle+"."), allowed)
			wantError(t, err, c.want)
		})
	}
}

// TestTextsOfNothing asks for the items of an array of any number of texts without
// characters, which takes no bytes of the file.
func TestTextsOfNothing(t *testing.T) {
	n, err := unpickle([]byte(proto+arrayOf("J\xff\xff\xff\x7f\x85", dtypeOf("U0"))+"."), allowed)
	if err != nil {
		t.Fatal(err)
	}
	if texts, ok := n.Texts(); ok {
		t.Errorf("got %d texts", len(texts))
	}
}
