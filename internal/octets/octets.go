// Package octets has what it takes to look through the strings of JSON eight bytes at a time,
// as one number.
package octets

// Numbers with the same byte eight times.
const (
	Each     = 0x0101010101010101
	Quotes   = '"' * Each
	Slashes  = '\\' * Each
	Controls = ' ' * Each // control characters are below these
	Highest  = 0x80 * Each
)

// Load returns the first eight bytes of s, the first as the lowest. The compiler loads them
// at once. A shorter s is a panic.
func Load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
