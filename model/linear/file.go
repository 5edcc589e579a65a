package linear

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"tagifai/model/safetensors"
)

// The weights file has the layout of safetensors. Its tensors:
//
//	ngrams          U8  [bytes]    the vocabulary's UTF-8, one n-gram behind the other
//	ngram_ends      U32 [V]        where each ends in it
//	idf             F64 [V]        left out if use_idf is false
//	coefficients    F64 [rows, V]
//	intercepts      F64 [rows]
//
// Everything else is text in its metadata:
//
//	format, format_version                  "tagifai", and 1 or 2
//	analyzer, ngram_min, …                  the parameters of the vectorizer and the classifier
//	classes                                 their names, as a JSON list
//	provenance.*                            where the model comes from
//	checksum                                of this file
//	sha256.args.json, sha256.label_encoder.json,
//	sha256.performance.json, sha256.run_id.txt,
//	sha256.baseline.json                    of the other files of the directory
//
// All checksums are SHA-256 in hexadecimal. The one of this file is computed with its
// own 64 digits replaced by zeros; it covers every byte of the file, and so the
// checksums of the other files. Together they cover everything that a model answers
// from. Files written before the sha256.* keys were introduced lack all of them; then
// nothing but the weights file is checked.
//
// Version 1 of the format has one block, and one link without calibrators. Version 2
// can hold all weights, and is written only for those that version 1 cannot hold, so
// that older programs read whatever they can. It has more metadata (norm_of_blocks,
// links, and the weight, strip_accents, token_pattern and stop_words of each block).
// The names of what belongs to the second block end in ".1", to the third in ".2", and
// so on. Calibrators are these tensors:
//
//	sigmoids        F64 [n, 2]     slope and offset of each, 0 if it has points
//	points          F64 [p, 2]     x and y of the points of all, one behind the other
//	point_ends      U32 [n]        where those of each end; the same as before for none

// formatVersion is the newest version of the weights file that this package writes
// and reads. It reads all versions before it.
const formatVersion = 2

const (
	checksumKey     = "checksum"
	noChecksum      = "0000000000000000000000000000000000000000000000000000000000000000"
	provenanceSpace = "provenance."
	checksumSpace   = "sha256."
)

// Marshal returns the weights file. It holds sums, the checksums of other files by their
// names.
func (w *Weights) Marshal(sums map[string]string) ([]byte, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	metadata, err := w.metadata()
	if err != nil {
		return nil, err
	}
	for name, sum := range sums {
		metadata[checksumSpace+name] = sum
	}
	file, err := safetensors.Marshal(metadata, w.tensors())
	if err != nil {
		return nil, fmt.Errorf("classes, stop words and provenance: %w", err)
	}
	at := bytes.Index(file, []byte(noChecksum))
	sum := sha256.Sum256(file)
	hex.Encode(file[at:at+len(noChecksum)], sum[:])
	return file, nil
}

// Parse reads a weights file. It returns valid weights, which may share memory with the file,
// and the checksums of other files by their names. Of a trusted file neither the checksum is
// computed nor are the weights validated.
func Parse(file []byte, trusted bool) (*Weights, map[string]string, error) {
	f, err := safetensors.Parse(file)
	if err != nil {
		return nil, nil, err
	}
	meta := metadata(f.Metadata)
	if err := meta.checkFormat(); err != nil {
		return nil, nil, err
	}
	// The checksum takes as long as the rest, on another core: a fifth of the time.
	changed := make(chan error, 1)
	if trusted {
		changed <- nil
	} else {
		go func() { changed <- checkSum(file, len(file)-len(f.Body), meta[checksumKey]) }()
	}
	w, err := newWeights(meta, f)
	if err == nil && !trusted {
		if err = w.Validate(); err == nil {
			w.ownNGrams()
		}
	}
	if err := <-changed; err != nil {
		return nil, nil, err
	}
	return w, meta.checksums(), err
}

// newWeights returns the weights of a file.
func newWeights(meta metadata, f *safetensors.File) (*Weights, error) {
	w, err := meta.weights()
	if err != nil {
		return nil, err
	}
	tensors, err := f.Tensors()
	if err != nil {
		return nil, err
	}
	return w, w.fill(tensors)
}

// checkSum returns an error unless the SHA-256 of a weights file is the one in its header,
// which is the first bytes of the file.
func checkSum(file []byte, header int, want string) error {
	at := bytes.Index(file[:header], []byte(want))
	if len(want) != len(noChecksum) || at < 0 {
		return fmt.Errorf("%s: %q is not a SHA-256 in hexadecimal", checksumKey, want)
	}
	hash := sha256.New()
	hash.Write(file[:at])
	hash.Write([]byte(noChecksum))
	hash.Write(file[at+len(want):])
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%s: the file's is %s, its header says %s: it was changed or damaged", checksumKey, got, want)
	}
	return nil
}
