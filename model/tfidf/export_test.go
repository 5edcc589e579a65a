package tfidf

// AlignAny is [Reader.Align] without the shortcut for plain texts.
func (r *Reader) AlignAny(tape, a, b *Aligned, text string) { r.align(tape, a, b, text) }
