package pickle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// openLZMA opens a file of the old format: properties, size of the dictionary, size of
// the content, and the LZMA stream.
func openLZMA(data []byte, limit int) (io.Reader, error) {
	if len(data) < lzma.HeaderLen {
		return nil, errTruncated
	}
	// The decoder takes the whole dictionary at once. A stream never refers back
	// further than to its beginning, so no more is needed than it may grow to.
	header := bytes.Clone(data[:lzma.HeaderLen])
	dictionary := min(binary.LittleEndian.Uint32(header[1:]), uint32(limit))
	binary.LittleEndian.PutUint32(header[1:], dictionary)
	return lzma.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(data[lzma.HeaderLen:])))
}

// xzChecks are the checks of the content that a stream may have, by their number.
var xzChecks = map[byte]func() hash.Hash{
	1:  func() hash.Hash { return crc32.NewIEEE() },
	4:  func() hash.Hash { return crc64.New(crc64.MakeTable(crc64.ECMA)) },
	10: sha256.New,
}

// openXZ opens a stream of one block with the LZMA2 filter alone, which is what Python
// writes. It reads the container by itself: package xz gives a block whatever
// dictionary it asks for, and that may be 4 GiB.
//
//	stream header  magic 6, 0, check 1, CRC-32 4
//	block header   size / 4 - 1, flags, [sizes], filter 0x21, 1, dictionary, zeros, CRC-32 4
//	block          LZMA2, zeros up to a multiple of 4, the check
func openXZ(data []byte, limit int) (io.Reader, error) {
	const streamHeader = 12
	if len(data) < streamHeader+1 {
		return nil, errTruncated
	}
	size := (int(data[streamHeader]) + 1) * 4
	if len(data) < streamHeader+size {
		return nil, errTruncated
	}
	header, rest := data[streamHeader:streamHeader+size], data[streamHeader+size:]
	fields, sum := header[:size-4], header[size-4:]
	if crc32.ChecksumIEEE(fields) != binary.LittleEndian.Uint32(sum) {
		return nil, errors.New("the checksum of the block header is wrong")
	}
	filters := fields[2:]
	for _, flag := range []byte{0x40, 0x80} { // the compressed and the uncompressed size
		if fields[1]&flag != 0 {
			_, n := binary.Uvarint(filters)
			filters = filters[max(n, 0):]
		}
	}
	if fields[1]&^0xc0 != 0 || len(filters) < 3 || filters[0] != 0x21 || filters[1] != 1 {
		return nil, errors.New("filters other than LZMA2 are not supported")
	}
	dictionary, err := lzma.DecodeDictCap(filters[2])
	if err != nil {
		return nil, err
	}
	x := &xzReader{block: bytes.NewReader(rest)}
	if sum := xzChecks[data[7]]; sum != nil {
		x.check = sum()
	} else if data[7] != 0 {
		return nil, fmt.Errorf("check %d is not supported", data[7])
	}
	// As above; and the decoder wants no less than lzma.MinDictCap.
	config := lzma.Reader2Config{DictCap: int(max(min(dictionary, int64(limit)), lzma.MinDictCap))}
	x.lzma2, err = config.NewReader2(x.block)
	return x, err
}

// An xzReader reads the content of a block, and then the check behind it.
type xzReader struct {
	block *bytes.Reader
	lzma2 io.Reader
	check hash.Hash // nil without one
}

func (x *xzReader) Read(p []byte) (int, error) {
	n, err := x.lzma2.Read(p)
	if x.check == nil {
		return n, err
	}
	x.check.Write(p[:n])
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	padding := (4 - (x.block.Size()-int64(x.block.Len()))%4) % 4
	want := make([]byte, x.check.Size())
	if _, err := x.block.Seek(padding, io.SeekCurrent); err != nil {
		return n, err
	}
	if _, err := io.ReadFull(x.block, want); err != nil {
		return n, errTruncated
	}
	// Of the sums, xz keeps the CRCs little endian.
	got := x.check.Sum(nil)
	if len(got) <= 8 {
		slices.Reverse(got)
	}
	if !bytes.Equal(got, want) {
		return n, errors.New("the checksum of the content is wrong: the file is damaged")
	}
	return n, io.EOF
}
