package linear

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/model/tfidf"
)

// metadata is the header's __metadata__.
type metadata map[string]string

// version returns the first version of the format that can hold the weights, which are
// valid.
func (w *Weights) version() int {
	v, l := &w.Blocks[0].Vectorizer, &w.Links[0]
	switch {
	case len(w.Blocks) > 1, v.StripAccents != tfidf.KeepAccents, v.TokenPattern != "", v.StopWords != nil:
		return 2
	case len(w.Links) > 1, l.Calibrators != nil, l.Weight != 1, l.Loss == NoLoss, l.Loss == OneVsOne:
		return 2
	}
	return 1
}

// key is the name of what the i-th block has.
func key(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
}

// A linkData is a [Link] in the metadata.
type linkData struct {
	Loss       Loss    `json:"loss"`
	Weight     float64 `json:"weight"`
	Calibrated bool    `json:"calibrated"`
}

// metadata returns what the file says of the weights beside their tensors.
func (w *Weights) metadata() (metadata, error) {
	version := w.version()
	m := metadata{
		"format":         "tagifai",
		"format_version": strconv.Itoa(version),
		checksumKey:      noChecksum,
	}
	if err := m.set("classes", w.Classes); err != nil {
		return nil, err
	}
	for name, value := range w.Provenance {
		m[provenanceSpace+name] = value
	}
	for i := range w.Blocks {
		v := &w.Blocks[i].Vectorizer
		m[key("analyzer", i)] = string(v.Analyzer)
		m[key("norm", i)] = string(v.Norm)
		for name, field := range ints(v) {
			m[key(name, i)] = strconv.Itoa(*field)
		}
		for name, field := range flags(v) {
			m[key(name, i)] = strconv.FormatBool(*field)
		}
		if version == 1 {
			continue
		}
		m[key("strip_accents", i)] = string(v.StripAccents)
		m[key("token_pattern", i)] = v.TokenPattern
		if err := m.set(key("stop_words", i), v.StopWords); err != nil {
			return nil, err
		}
		if err := m.set(key("weight", i), w.Blocks[i].Weight); err != nil {
			return nil, err
		}
	}
	if version == 1 {
		m["loss"] = string(w.Links[0].Loss)
		return m, nil
	}
	var links []linkData
	for i := range w.Links {
		l := &w.Links[i]
		links = append(links, linkData{l.Loss, l.Weight, l.Calibrators != nil})
	}
	m["blocks"] = strconv.Itoa(len(w.Blocks))
	m["norm_of_blocks"] = string(w.Norm)
	return m, m.set("links", links)
}

// ints are the parameters that are numbers, by their names in the file.
func ints(v *tfidf.Vectorizer) map[string]*int {
	return map[string]*int{"ngram_min": &v.NgramMin, "ngram_max": &v.NgramMax}
}

// flags are those that are on or off.
func flags(v *tfidf.Vectorizer) map[string]*bool {
	return map[string]*bool{
		"lowercase": &v.Lowercase, "use_idf": &v.UseIDF, "sublinear_tf": &v.SublinearTF,
		"binary": &v.Binary, "clean": &v.Clean, "stem": &v.Stem,
	}
}

func (m metadata) checkFormat() error {
	if m["format"] != "tagifai" {
		return fmt.Errorf("format: %q, not \"tagifai\": these are not the weights of a tagifai model", m["format"])
	}
	if v, err := strconv.Atoi(m["format_version"]); err != nil || v < 1 || v > formatVersion {
		return fmt.Errorf("format_version: %q, this program reads versions 1 to %d", m["format_version"], formatVersion)
	}
	return nil
}

// set sets a value to the JSON of v.
func (m metadata) set(name string, v any) error {
	text, err := json.Marshal(v)
	m[name] = string(text)
	return err
}

func (m metadata) get(name string, v any) error {
	if err := json.Unmarshal([]byte(m[name]), v, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%s: %q is not what is wanted: %w", name, m[name], err)
	}
	return nil
}

// weights returns what the metadata says of the weights.
func (m metadata) weights() (*Weights, error) {
	w := &Weights{Norm: tfidf.NoNorm}
	if err := json.Unmarshal([]byte(m["classes"]), &w.Classes); err != nil {
		return nil, fmt.Errorf("classes: %q is not a JSON list of names", m["classes"])
	}
	for key, value := range m {
		if name, ok := strings.CutPrefix(key, provenanceSpace); ok {
			if w.Provenance == nil {
				w.Provenance = make(map[string]string)
			}
			w.Provenance[name] = value
		}
	}
	newest := m["format_version"] != "1"
	blocks := 1
	if newest {
		var err error
		if blocks, err = strconv.Atoi(m["blocks"]); err != nil || blocks < 1 || blocks > len(m) {
			return nil, fmt.Errorf("blocks: %q is not a number of blocks that the metadata has", m["blocks"])
		}
		w.Norm = tfidf.Norm(m["norm_of_blocks"])
		var links []linkData
		if err := m.get("links", &links); err != nil {
			return nil, err
		}
		for _, l := range links {
			link := Link{Loss: l.Loss, Weight: l.Weight}
			if l.Calibrated {
				link.Calibrators = []Calibrator{} // as many as there are rows: fill makes them
			}
			w.Links = append(w.Links, link)
		}
	} else {
		loss := Loss(m["loss"])
		if loss == NoLoss || loss == OneVsOne {
			return nil, fmt.Errorf("loss: %q, which version 1 of the format has not", loss)
		}
		w.Links = []Link{{Loss: loss, Weight: 1}}
	}
	for i := range blocks {
		b, err := m.block(i, newest)
		if err != nil {
			return nil, err
		}
		w.Blocks = append(w.Blocks, b)
	}
	return w, nil
}

// block returns what the metadata says of the i-th block.
func (m metadata) block(i int, newest bool) (Block, error) {
	b := Block{Weight: 1}
	v := &b.Vectorizer
	v.Analyzer, v.Norm = tfidf.Analyzer(m[key("analyzer", i)]), tfidf.Norm(m[key("norm", i)])
	for name, field := range ints(v) {
		n, err := strconv.Atoi(m[key(name, i)])
		if err != nil {
			return b, fmt.Errorf("%s: %q is not a whole number", key(name, i), m[key(name, i)])
		}
		*field = n
	}
	for name, field := range flags(v) {
		switch m[key(name, i)] {
		case "true":
			*field = true
		case "false":
		default:
			return b, fmt.Errorf("%s: %q is neither true nor false", key(name, i), m[key(name, i)])
		}
	}
	if !newest {
		return b, nil
	}
	v.StripAccents, v.TokenPattern = tfidf.Accents(m[key("strip_accents", i)]), m[key("token_pattern", i)]
	if err := m.get(key("stop_words", i), &v.StopWords); err != nil {
		return b, err
	}
	if len(v.StopWords) == 0 {
		v.StopWords = nil
	}
	return b, m.get(key("weight", i), &b.Weight)
}

// checksums returns the checksums of other files.
func (m metadata) checksums() map[string]string {
	sums := make(map[string]string)
	for key, sum := range m {
		if name, ok := strings.CutPrefix(key, checksumSpace); ok {
			sums[name] = sum
		}
	}
	return sums
}
