package tfidf

import "fmt"

// A Reader is a [Vectorizer] that is ready to read texts. It is immutable and safe for
// concurrent use.
type Reader struct {
	Vectorizer
	tokens *tokens
	stop   map[string]struct{} // StopWords; nil if there are none
	chars  Vectorizer          // of characters, which is char for words
	late   Vectorizer          // the same without Lowercase, for what is in lower case already
}

// Scratch is what a Reader scribbles on while it reads a text. The zero value is ready for
// use, by one Reader at a time.
type Scratch struct {
	// Tape is that of the last text.
	Tape []byte

	text, cleaned []byte
	bounds        []uint32 // of the words on the tape
	matches       matches
}

// NewReader returns an error if the token pattern is not supported.
func NewReader(v Vectorizer) (*Reader, error) {
	tokens, err := parseTokens(v.TokenPattern)
	if err != nil {
		return nil, fmt.Errorf("token_pattern: %w", err)
	}
	r := &Reader{Vectorizer: v, tokens: tokens, chars: v}
	if v.Analyzer == Word {
		r.chars.Analyzer = Char
	}
	r.late = r.chars
	r.late.Lowercase = false
	if len(v.StopWords) > 0 {
		r.stop = make(map[string]struct{}, len(v.StopWords))
		for _, word := range v.StopWords {
			r.stop[word] = struct{}{}
		}
	}
	return r, nil
}

// Tape returns the tape of text, which is s.Tape, with [TapeEnd] behind it. It is valid until
// s is used again.
func (r *Reader) Tape(s *Scratch, text string) []byte {
	s.Tape = append(r.tape(s, text), TapeEnd...)
	return s.Tape
}

// Words sets s.Tape to a tape of text on which the words lie, with [TapeEnd] behind it. It
// returns where each begins and where it ends. With the default token pattern it returns
// all runs of \w, also those of one character, which are no words.
func (r *Reader) Words(s *Scratch, text string) []uint32 {
	if r.plainWords() {
		s.bounds = appendBounds(s.bounds[:0], r.charTape(s, text))
	} else {
		s.bounds = appendSpaced(s.bounds[:0], r.tape(s, text))
	}
	s.Tape = append(s.Tape, TapeEnd...)
	return s.bounds
}

// Words returns what [Reader.Words] does for a text whose tape s has already, of a Reader
// that [Reader.Follows] the one that made it.
func (s *Scratch) Words() []uint32 {
	s.bounds = appendBounds(s.bounds[:0], s.Tape[:len(s.Tape)-len(TapeEnd)])
	return s.bounds
}

// Follows reports whether the words of r are on the tape that the Reader before makes, so
// that [Scratch.Words] finds them there.
func (r *Reader) Follows(before *Reader) bool {
	return r.SingleWords() && r.plainWords() && (before.Analyzer != Word || before.SingleWords() && before.plainWords()) &&
		r.Lowercase == before.Lowercase && r.Clean == before.Clean && r.Stem == before.Stem && r.StripAccents == before.StripAccents
}

// SingleWords reports whether all n-grams are single words.
func (r *Reader) SingleWords() bool { return r.Analyzer == Word && r.NgramMax == 1 }

// plainWords reports whether words are those of \w\w+, all of them.
func (r *Reader) plainWords() bool { return r.tokens == nil && r.stop == nil }
