package tfidf

// AlignAny is [Reader.Align] without the shortcut for plain texts.
func (r *Reader) AlignAny(tape, a, b *Aligned, text string) { r.align(r.Analyzer, tape, a, b, text) }

// AlignAnyWords is the same of [Reader.AlignWords].
func (r *Reader) AlignAnyWords(tape, a, b *Aligned, text string) {
	r.align(r.ofWords(), tape, a, b, text)
}
