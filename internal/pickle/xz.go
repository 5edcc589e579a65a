package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// openLZMA opens a file of the old format: properties, size of the dictionary, size of
// the content, and the LZMA stream.
func openLZMA(data []byte, limit int) (io.Reader, error) {
	if len(data) < lzma.HeaderLen {
		return nil, errTruncated
	}
	// The decoder allocates the whole dictionary at once. It needs no more than the
	// content may grow to, as a stream never refers back beyond its beginning.
	header := bytes.Clone(data[:lzma.HeaderLen])
	dictionary := min(binary.LittleEndian.Uint32(header[1:]), uint32(limit))
	binary.LittleEndian.PutUint32(header[1:], dictionary)
	return lzma.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(data[lzma.HeaderLen:])))
}

// openXZ opens a file of the xz format. Its reader allocates whatever dictionary the
// header of a block asks for, up to 4 GiB, so their sum is limited first.
func openXZ(data []byte, limit int) (io.Reader, error) {
	const largestPreset = 64 << 20 // the dictionary of preset 9, however short the content
	allowed := int64(max(limit, largestPreset))
	if size := dictionaries(data); size > allowed {
		return nil, fmt.Errorf("the dictionaries of its blocks have %d bytes, more than the %d that are allowed", size, allowed)
	}
	// Its reader takes a file that ends in front of a block or the index for whole.
	if !bytes.HasSuffix(bytes.TrimRight(data, "\x00"), []byte("YZ")) {
		return nil, errors.New("it does not end as such a file does: is it cut off?")
	}
	return xz.NewReader(bytes.NewReader(data))
}

// dictionaries returns the sum of the dictionaries of all blocks of an xz file. Where
// its blocks begin is known only once it is decoded. But every part of a file has a
// length that is a multiple of four, so it is enough to look for block headers there:
// a checksum tells them from other data.
func dictionaries(data []byte) int64 {
	sum := int64(0)
	for at := 0; at < len(data); at += 4 {
		sum += dictionary(data[at:])
	}
	return sum
}

// dictionary returns the size of the dictionary of the block header that data begins
// with, and 0 if it begins with something else:
//
//	size / 4 - 1, flags, [compressed size], [uncompressed size], filter 0x21, 1, dictionary, zeros, CRC-32
func dictionary(data []byte) int64 {
	const compressed, uncompressed = 0x40, 0x80 // flags: the size is there
	size := 4 * (int(data[0]) + 1)
	if size < 8 || size > len(data) || data[1]&^(compressed|uncompressed) != 0 {
		return 0
	}
	fields, sum := data[:size-4], data[size-4:size]
	rest := fields[2:]
	for _, flag := range []byte{compressed, uncompressed} {
		if data[1]&flag != 0 {
			_, n := binary.Uvarint(rest)
			rest = rest[max(n, 0):]
		}
	}
	filter, n := binary.Uvarint(rest)
	rest = rest[max(n, 0):]
	if filter != 0x21 || len(rest) < 2 || rest[0] != 1 {
		return 0
	}
	dictionary, err := lzma.DecodeDictCap(rest[1])
	if err != nil || crc32.ChecksumIEEE(fields) != binary.LittleEndian.Uint32(sum) {
		return 0
	}
	return dictionary
}
