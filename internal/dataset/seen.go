package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/model"
)

// SeenFile is the file of an artifact directory that tells which texts the model was
// trained on, without having them: it has 32 bits of a hash of each. Of a text that is not
// among a hundred thousand, they say wrongly that it is with a chance of 1 : 40,000.
const SeenFile = "training_texts.json"

// maxSeen is the number of texts that the file has at most. Of more, it has those with the
// lowest hashes: a sample, which tells how many of other texts were among them.
const maxSeen = 1 << 20

// Seen are the texts that a model was trained on.
type Seen struct {
	Texts  int    `json:"texts"`
	Hashes []byte `json:"sha256_32"` // of four bytes each, big endian, ascending

	hashes []uint32
}

// hashOf ignores case and white space, so that a text is known in another spelling.
func hashOf(text string) uint32 {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(strings.Fields(text), " "))))
	return binary.BigEndian.Uint32(sum[:])
}

// NewSeen returns the set of these texts, or a sample if they are very many.
func NewSeen(texts []string) *Seen { return newSeen(texts, maxSeen) }

// newSeen returns the set of these texts, or a sample of so many.
func newSeen(texts []string, most int) *Seen {
	s := new(Seen)
	for _, text := range texts {
		s.hashes = append(s.hashes, hashOf(text))
	}
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	s.Texts = len(s.hashes)
	s.hashes = s.hashes[:min(len(s.hashes), most)]
	for _, hash := range s.hashes {
		s.Hashes = binary.BigEndian.AppendUint32(s.Hashes, hash)
	}
	return s
}

// JSON returns what the file holds.
func (s *Seen) JSON() ([]byte, error) {
	data, err := json.Marshal(s)
	return append(data, '\n'), err
}

// ReadSeen reads the file of the artifact directory that is the root of fsys. It returns
// nil if there is none.
func ReadSeen(fsys fs.FS) (*Seen, error) {
	data, err := model.ReadFile(fsys, SeenFile, 8*maxSeen)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := new(Seen)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", SeenFile, err)
	}
	if len(s.Hashes)%4 != 0 {
		return nil, fmt.Errorf("%s: sha256_32: %d bytes are not hashes of four bytes each", SeenFile, len(s.Hashes))
	}
	for hash := range slices.Chunk(s.Hashes, 4) {
		s.hashes = append(s.hashes, binary.BigEndian.Uint32(hash))
	}
	if !slices.IsSorted(s.hashes) || len(s.hashes) > s.Texts || len(s.hashes) == 0 && s.Texts > 0 {
		return nil, fmt.Errorf("%s: sha256_32: %d hashes of %d texts, which are wanted in ascending order", SeenFile, len(s.hashes), s.Texts)
	}
	return s, nil
}

// An Overlap says how many rows of a data set a model was trained on.
type Overlap struct {
	Seen   int // rows that it was trained on
	Rows   int // rows of which that is known: all, unless it was trained on very many texts
	Unseen *Dataset
}

// Overlap compares the texts with those of a data set.
func (s *Seen) Overlap(d *Dataset) Overlap {
	unseen := *d
	unseen.Rows = nil
	o := Overlap{Unseen: &unseen}
	for _, row := range d.Rows {
		hash := hashOf(row.Text)
		if s.Texts > len(s.hashes) && hash > s.hashes[len(s.hashes)-1] {
			continue // not in the sample
		}
		o.Rows++
		if _, found := slices.BinarySearch(s.hashes, hash); found {
			o.Seen++
		} else {
			unseen.Rows = append(unseen.Rows, row)
		}
	}
	return o
}
