package pickle

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// compressors write what joblib may have compressed a pickle with. There is none of
// bz2, which Go only reads.
var compressors = map[string]func(w io.Writer) (io.WriteCloser, error){
	"zlib": func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil },
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"xz": func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: lzma.MinDictCap}.NewWriter(w)
	},
	"xz in blocks": func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: lzma.MinDictCap, BlockSize: 2, CheckSum: xz.SHA256}.NewWriter(w)
	},
	"lzma": func(w io.Writer) (io.WriteCloser, error) {
		return lzma.WriterConfig{DictCap: 1 << 16, EOSMarker: true}.NewWriter(w)
	},
	"lz4": func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
}

func compress(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := compressors[name](&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fromHex(digits string) []byte {
	data, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return data
}

// What Python writes of nothing, and with bz2 of the pickle of None.
var (
	emptyXZ   = fromHex("fd377a585a000004e6d6b446000000001cdf44211fb6f37d010000000004595a")
	emptyLZMA = fromHex("5d00008000ffffffffffffffff0083fffbffffc0000000")
	emptyBZ2  = fromHex("425a683917724538509000000000")
	noneBZ2   = fromHex("425a6831314159265359130a2bd7000001d44004000001000140002000219a68334d173c5dc914e142404c28af5c")
)

// ask returns an xz file whose blocks, but for those before from, ask for a dictionary
// of this code: 40 is 4 GiB.
func ask(file []byte, from int, code byte) []byte {
	file = slices.Clone(file)
	for at := from; at < len(file); at += 4 {
		if dictionary(file[at:]) == 0 {
			continue
		}
		size := 4 * (int(file[at]) + 1)
		i := at + bytes.Index(file[at:at+size], []byte{0x21, 1})
		file[i+2] = code
		binary.LittleEndian.PutUint32(file[at+size-4:], crc32.ChecksumIEEE(file[at:at+size-4]))
	}
	return file
}

const none = proto + "N."

// containers are compressed files, good and bad.
func containers(t testing.TB) map[string]struct {
	file []byte
	want []string // in the error; nil if the file holds none
} {
	all := make(map[string]struct {
		file []byte
		want []string
	})
	add := func(name string, file []byte, want ...string) {
		all[name] = struct {
			file []byte
			want []string
		}{file, want}
	}
	for name := range compressors {
		file := compress(t, name, []byte(none))
		add(name, file)
		add(name+", of nothing", compress(t, name, nil), name[:2], "not a pickle")
		add(name+", of zeros", compress(t, name, make([]byte, 100)), name[:2], "not a pickle")
		cut := "the file ends"
		if name[:2] == "xz" {
			cut = "cut off"
		}
		add(name+", cut off", file[:len(file)*2/3], name[:2], cut)
		if name != "xz in blocks" { // which would have 8 million
			add(name+", a bomb", compress(t, name, make([]byte, alwaysFits+1)), name[:2], "grow")
		}
	}
	add("bz2", noneBZ2)
	add("bz2, of nothing", emptyBZ2, "bz2", "not a pickle")
	add("bz2, cut off", noneBZ2[:20], "bz2", "the file ends")
	add("lzma, of nothing, by Python", emptyLZMA, "lzma", "not a pickle")
	add("xz, of nothing, by Python", emptyXZ, "xz", "not a pickle")

	// Two files, one after the other, are one file to Python.
	halves := func(name string) (first, second []byte) {
		return compress(t, name, []byte(none[:2])), compress(t, name, []byte(none[2:]))
	}
	for _, name := range []string{"gzip", "xz", "lz4"} {
		first, second := halves(name)
		add(name+", two streams", slices.Concat(first, second))
	}
	first, second := halves("xz")
	add("xz, two streams with padding", slices.Concat(first, make([]byte, 8), second))
	add("xz, two streams with odd padding", slices.Concat(first, make([]byte, 5), second), "xz", "magic")
	add("xz, and then zeros", slices.Concat(compress(t, "xz", []byte(none)), make([]byte, 4)))
	add("xz, of nothing and then None", slices.Concat(emptyXZ, compress(t, "xz", []byte(none))))
	add("xz, and then text", append(compress(t, "xz", []byte(none)), "hello world!"...), "xz", "cut off")

	one, blocks := compress(t, "xz", []byte(none)), compress(t, "xz in blocks", []byte(none))
	add("xz of preset 9", ask(one, 0, 28))
	add("xz with a dictionary of 96 MiB", ask(one, 0, 29), "100663296", "67108864 that are allowed")
	add("xz with a dictionary of 4 GiB", ask(one, 0, 40), "xz", "4294967295")
	add("xz with a dictionary of no size", ask(one, 0, 41), "xz", "dictionary")
	add("xz with dictionaries of 64 MiB", ask(blocks, 0, 28), "xz", "134217728")
	add("xz with a large dictionary in the second block", ask(blocks, 16, 40), "xz", "4294971391")
	add("xz with a large dictionary in the second stream", slices.Concat(first, ask(second, 0, 40)), "xz", "4294971391")
	return all
}

func TestContainers(t *testing.T) {
	for name, c := range containers(t) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := Decode(c.file, allowed)
			runtime.ReadMemStats(&after)
			if c.want != nil {
				wantError(t, err, c.want...)
			} else if err != nil || !n.IsNone() {
				t.Errorf("got %v and error %v", n, err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 128<<20 {
				t.Errorf("%d bytes were taken", taken)
			}
		})
	}
}

// FuzzInflate looks for compressed files that make a decoder panic, hang, or return
// more than is allowed.
func FuzzInflate(f *testing.F) {
	for _, c := range containers(f) {
		if len(c.file) < 1000 {
			f.Add(c.file, false)
			f.Add(c.file, true)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, mended bool) {
		if mended {
			mend(file)
		}
		before := bytes.Clone(file)
		data, err := inflate(file)
		if !bytes.Equal(before, file) {
			t.Fatal("the input was changed")
		}
		if limit := max(alwaysFits, maxRatio*len(file)); len(data) > limit {
			t.Errorf("%d bytes became %d", len(file), len(data))
		}
		if err == nil && data[0] != pickleStart {
			t.Errorf("got no pickle: %q", data[:min(8, len(data))])
		}
	})
}

// mend sets the checksums of the headers of an xz file, lest its decoder refuse nearly
// everything at once.
func mend(file []byte) {
	const streamHeader = 12
	if len(file) < streamHeader+4 || !bytes.HasPrefix(file, emptyXZ[:6]) {
		return
	}
	binary.LittleEndian.PutUint32(file[8:], crc32.ChecksumIEEE(file[6:8]))
	block := file[streamHeader:]
	if size := 4 * (int(block[0]) + 1); size > 4 && size <= len(block) {
		binary.LittleEndian.PutUint32(block[size-4:], crc32.ChecksumIEEE(block[:size-4]))
	}
}
